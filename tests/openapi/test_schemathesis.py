"""Schemathesis plays what the documents say, edge by edge, and finds nothing: no other status, media type or shape."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import Emulator

CHECKS = "status_code_conformance,content_type_conformance,response_schema_conformance,negative_data_rejection"


@pytest.mark.slow
@pytest.mark.parametrize(("api", "key"), [("aixplain", "aix_test_demo"), ("aiexport", "axp_test_enterprise")])
def test_it_finds_nothing(api: str, key: str, tmp_path: Path) -> None:
    with Emulator(scenarios=["default"], journal_entries=10_000) as emulator:
        document = f"{emulator.url}/_emulator/openapi/{api}.json"
        command = [str(Path(sys.executable).with_name("schemathesis")), "run", document, "--url", emulator.url]
        options = ["--header", f"x-api-key: {key}", "--phases", "examples,coverage", "--seed", "1", "--checks", CHECKS]
        alone = {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}
        done = subprocess.run(
            [*command, *options], cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout[-8_000:]
        failed = emulator.client.post("/exchanges/query", {"when": {"status": 500}})["exchanges"]
    assert "Tested: " in done.stdout
    assert [(each["method"], each["path"], each["error"]) for each in failed] == []
