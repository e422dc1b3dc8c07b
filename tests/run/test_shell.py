"""What `emulator env` prints is what a shell reads back."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from emulator.run.shell import lines

NASTY = """it's "quoted" \\ $HOME `x` \\' \n two lines"""


@pytest.mark.parametrize("shell", ["sh", "fish"])
def test_a_shell_reads_the_values_as_they_are(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    script = "\n".join([*lines({"NASTY": NASTY}, shell), "printenv NASTY"])
    said = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == f"{NASTY}\n"


def test_every_variable_is_exported_in_quotes() -> None:
    assert list(lines({"B": "it's", "A": "1"}, "sh")) == ["export A='1'", """export B='it'"'"'s'"""]
    assert list(lines({"A": "it's \\"}, "fish")) == [r"set -gx A 'it\'s \\'"]
