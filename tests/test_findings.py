"""Every fault that users met is held by a test that names it, so that it can't come back unseen."""

from __future__ import annotations

from emulator.language.document.reader import read
from tests.marks import TESTS, marked

AREAS: dict[str, dict[str, str | list[str]]] = read(TESTS / "oracle" / "findings.yaml").data
FINDINGS = {id for area in AREAS.values() for id in area if id != "open"}
OPEN = {id for area in AREAS.values() for id in area.get("open", ())}


def test_every_finding_is_held_by_a_test() -> None:
    assert sorted(FINDINGS - OPEN - {finding for finding, _ in marked("finding")}) == []


def test_what_is_open_is_listed_and_has_no_test_yet() -> None:
    assert sorted(OPEN - FINDINGS) == []
    assert sorted(OPEN & {finding for finding, _ in marked("finding")}) == []


def test_no_test_holds_a_finding_that_is_not_listed() -> None:
    assert [f"{place}: {finding}" for finding, place in marked("finding") if finding not in FINDINGS] == []
