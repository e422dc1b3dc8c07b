"""Test with a report for CI: `emulator run` writes what was called, expected and wrong to files.

CI servers show JUnit as tests, pull requests show Markdown, and browsers' developer tools open HAR. In GitHub Actions,
failures also become annotations at their lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.slow

SCENARIO = """\
scenario: nightly
extends: default
expect:
  - {on: models.list, times: 1}
  - {on: batch.create, times: 1}   # the program forgets it
"""
# The program under test: it calls the real host, and `run` redirects the call.
PROGRAM = """
import os, urllib.request

url, key = "https://api.aiexport.io/v2/models", os.environ["API_KEY"]
urllib.request.urlopen(urllib.request.Request(url, headers={"X-API-Key": key})).read()
"""


def test_the_reports_say_which_expectation_was_not_met(tmp_path: Path) -> None:
    (tmp_path / "nightly.yaml").write_text(SCENARIO)
    (tmp_path / "nightly.py").write_text(PROGRAM)
    reports = ["--report", "junit=report.xml", "--report", "md=report.md", "--report", "har=report.har"]
    command = [sys.executable, "-m", "emulator", "run", "--scenario", "./nightly.yaml", *reports]
    actions = {**os.environ, "GITHUB_ACTIONS": "true"}

    done = subprocess.run(
        [*command, "--", sys.executable, "nightly.py"],
        cwd=tmp_path,
        env=actions,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 5  # an expectation was not met
    assert "::error file=nightly.yaml,line=5" in done.stdout + done.stderr
    cases = ElementTree.parse(tmp_path / "report.xml").iter("testcase")
    failed = [case.get("name", "") for case in cases if case.find("failure") is not None]
    assert failed == ["batch.create exactly once (nightly.yaml:5)"]
    assert "batch.create" in (tmp_path / "report.md").read_text()
    (entry,) = json.loads((tmp_path / "report.har").read_text())["log"]["entries"]
    assert entry["request"]["url"].endswith("/v2/models")
