"""openapi-typescript makes types of the emulator's own documents, and code that uses them compiles under `--strict`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from emulator import Emulator
from tests.clients.conftest import PATIENCE, PROGRAMS, command, made, node_path, plain

pytestmark = pytest.mark.slow

DOCUMENTS = {"control": "/openapi.json", **{name: f"/openapi/{name}.json" for name in ("aiexport", "aixplain")}}
OPTIONS = ["--strict", "--noEmit", "--module", "nodenext", "--lib", "es2022", "--skipLibCheck"]


def test_types_made_of_the_documents_compile_under_strict(server: Emulator, tmp_path: Path) -> None:
    for name, path in DOCUMENTS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(server.client.get(path)))
    shutil.copy(PROGRAMS / "types.ts", tmp_path)
    compiler = str(made("node") / "node_modules" / ".bin" / "tsc")
    for words in (command("node", "types.cjs", *DOCUMENTS), [compiler, *OPTIONS, "types.ts"]):
        env = {**plain(tmp_path), "NODE_PATH": node_path()}
        done = subprocess.run(
            words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
