"""Every fault that users met is held by a test that names it, so that it can't come back unseen."""

from __future__ import annotations

import ast
from pathlib import Path

from emulator.language.document.reader import read

TESTS = Path(__file__).resolve().parent
AREAS: dict[str, dict[str, str | list[str]]] = read(TESTS / "oracle" / "findings.yaml").data
FINDINGS = {id for area in AREAS.values() for id in area if id != "open"}
OPEN = {id for area in AREAS.values() for id in area.get("open", ())}


def marked(path: Path) -> list[tuple[str, str]]:
    """The findings that `pytest.mark.finding(…)` names in a file, and where."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    marks = [node for node in calls if ast.unparse(node.func).endswith("mark.finding")]
    return [
        (ast.literal_eval(name), f"{path.relative_to(TESTS)}:{mark.lineno}") for mark in marks for name in mark.args
    ]


MARKED = [each for path in sorted(TESTS.rglob("test_*.py")) for each in marked(path)]


def test_every_finding_is_held_by_a_test() -> None:
    assert sorted(FINDINGS - OPEN - {finding for finding, _ in MARKED}) == []


def test_what_is_open_is_listed_and_has_no_test_yet() -> None:
    assert sorted(OPEN - FINDINGS) == []
    assert sorted(OPEN & {finding for finding, _ in MARKED}) == []


def test_no_test_holds_a_finding_that_is_not_listed() -> None:
    assert [f"{place}: {finding}" for finding, place in MARKED if finding not in FINDINGS] == []
