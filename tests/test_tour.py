"""docs/tour.md is true: whoever types it into one shell, from top to bottom, sees what it shows."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from emulator.settings.listen import Listen
from tests.pages import README, ROOT, Block, blocks
from tests.process import Serving, environment
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "tour.md"
ORIGIN = f"http://{Listen()}"
DIFFERS = "…"
END = "--- typed ---"
SLEEP = f"""sleep() {{
  curl -s {ORIGIN}/_emulator/clock -H 'Content-Type: application/json' -d "{{\\"advance\\": $1}}" >/dev/null
}}"""


class Shell:
    """One shell for the whole page: what a block defines is there for those after it."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["sh"],
            cwd=folder,
            env=environment(NO_PROXY="*", no_proxy="*"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, script: str) -> str:
        """Type some lines, and give all that they print, complaints included."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{script}\necho '{END}'\n")
        stdin.flush()
        said = ""
        for line in stdout:
            said += line
            if said.endswith(f"{END}\n"):
                return said.removesuffix(f"{END}\n")
        raise AssertionError(f"the shell has ended: {said}")

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 0


def fits(shown: str, said: str) -> bool:
    """Whether a text is as the page shows it; `…` stands for what differs, within a line."""
    return re.fullmatch(re.escape(shown).replace(DIFFERS, "[^\n]+"), said) is not None


def steps() -> Iterator[tuple[Block, str]]:
    """What is typed, and what the page shows after it."""
    page = blocks(PAGE)
    for block, after in zip(page, [*page[1:], None], strict=True):
        if block.language == "sh":
            yield block, after.text if after is not None and after.language == "text" else ""


def test_the_tour_is_what_one_sees_who_types_it(tmp_path: Path) -> None:
    (start, _), *tour = steps()
    (command,) = start.text.splitlines()
    script, *arguments = command.split()
    assert script == "scripts/serve"
    with Serving(tmp_path, *arguments) as serving, ExitStack() as stack:
        shell = Shell(tmp_path)
        stack.callback(shell.close)
        assert shell.type(SLEEP.replace(ORIGIN, serving.origin)) == ""
        for block, shown in tour:
            # Where a run is polled, time passes only in steps of the page's, and for the latency of each answer.
            polled = "sleep " in block.text
            order = {"freeze": polled, "auto": polled}
            serving.client.post("/_emulator/clock", json=order).raise_for_status()
            said = shell.type(block.text.replace(ORIGIN, serving.origin)).replace(serving.origin, ORIGIN)
            assert fits(shown, said), f"{block.place} shows:\n{shown}\nbut it is:\n{said}"


def test_the_readme_leads_to_the_tour() -> None:
    assert "(docs/tour.md)" in README.read_text()


@pytest.mark.parametrize(
    ("shown", "said", "fit"),
    [
        ("at …\n", "at 09:00\n", True),
        ("at …\n", "at 09:00\nand more\n", False),
        ("a.c\n", "abc\n", False),
        ("", "sh: 1: pick: not found\n", False),
    ],
)
def test_only_what_the_page_leaves_open_may_differ(shown: str, said: str, fit: bool) -> None:
    assert fits(shown, said) is fit
