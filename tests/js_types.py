"""The types of the npm package: `python -m tests.js_types [FOLDER]` writes `openapi` and `types` in clients/js, or in a
copy of it.

`openapi/control.d.ts` is what openapi-typescript makes of the control API's document; `types` is what tsc reads in the
package's sources, which it checks under `--strict` meanwhile.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emulator import Emulator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "clients" / "js"
TOOLS = ROOT / ".clients" / "js" / "node_modules"
FOLDERS = ("openapi", "types")
WORLD = ("X-Emulator-World", "world")  # what the client sends by itself
HEAD = "// Generated from the OpenAPI document of the control API: python -m tests.js_types\n"


def document() -> dict[str, Any]:
    """The document of the control API, without what a client never reads: errors, and which world is meant."""
    with Emulator() as emulator:
        whole: dict[str, Any] = emulator.client.get("/openapi.json")
    for path in whole["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            operation["responses"] = {status: each for status, each in responses.items() if status < "300"}
            named = operation.get("parameters", [])
            operation["parameters"] = [each for each in named if each.get("name") not in WORLD]
    return whole


def write(package: Path) -> None:
    """Writes the types of a copy of the package. Raises AssertionError, with the compiler's words, if it is wrong."""
    for folder in FOLDERS:
        shutil.rmtree(package / folder, ignore_errors=True)
        (package / folder).mkdir()
    control = package / "openapi" / "control.d.ts"
    with TemporaryDirectory() as folder:
        source = Path(folder) / "control.json"
        source.write_text(json.dumps(document()))
        options = ["--default-non-nullable", "false", "--empty-objects-unknown"]
        _run("openapi-typescript", str(source), *options, "--output", str(control))
    control.write_text(HEAD + control.read_text().partition("*/\n")[2].lstrip("\n"))
    modules = package / "node_modules"
    modules.symlink_to(TOOLS)
    try:
        _run("tsc", "--project", str(package))
    finally:
        modules.unlink()


def _run(tool: str, *words: str) -> None:
    assert TOOLS.exists(), f"{tool} is not installed: scripts/clients installs it"
    done = subprocess.run([str(TOOLS / ".bin" / tool), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
