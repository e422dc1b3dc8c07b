"""What `emulator env` prints is what a shell reads back."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.environment.variables import fish_quoted, lines

NASTY = """it's "quoted" \\ $HOME `x` \\' \n two lines"""
# In fish's single quotes the only escapes are \' and \\; any other backslash stands for itself.
FISH_WORD = re.compile(r"'((?:\\['\\]|\\(?!['\\])|[^'\\])*)'", re.S)


def read_by_fish(word: str) -> str:
    """What fish takes a word in single quotes for, which must be all of the word."""
    found = FISH_WORD.fullmatch(word)
    assert found is not None
    return re.sub(r"\\(['\\])", r"\1", found[1])


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_reads_the_values_as_they_are(shell: str) -> None:
    script = "\n".join([*lines({"NASTY": NASTY}, "sh"), "printenv NASTY"])
    said = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == f"{NASTY}\n"


@given(st.text(alphabet=st.sampled_from("a'\\\" $`\n;é"), max_size=20) | st.text())
def test_fish_reads_the_values_as_they_are(value: str) -> None:
    assert read_by_fish(fish_quoted(value)) == value


def test_every_variable_is_exported_in_quotes() -> None:
    assert list(lines({"B": "it's", "A": "1"}, "sh")) == ["export A='1'", """export B='it'"'"'s'"""]
    assert list(lines({"A": "it's \\"}, "fish")) == [r"set -gx A 'it\'s \\'"]
