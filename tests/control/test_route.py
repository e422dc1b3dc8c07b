"""An entry reads its annotations when it is made, not when it is first parsing."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from emulator.control import parsing
from emulator.control.routes import TABLE
import msgspec
for name in [name for name in sys.modules if name.startswith("emulator")]:
    del sys.modules[name]
for entry in TABLE:
    if entry.example is not None:
        parsing.fit_body(entry.example, entry.body)
    if entry.query is not None:
        try:
            parsing.fit_query(b"", entry.query)
        except parsing.ControlFailure:
            pass
    try:
        msgspec.convert({}, entry.answer)
    except msgspec.ValidationError:
        pass
print(len(TABLE))
"""


def test_requests_are_read_after_the_modules_were_taken_out_of_sys_modules() -> None:
    """As `pytester.runpytest_inprocess` does, which puts sys.modules back as it was."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30
