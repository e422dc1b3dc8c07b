"""Parts of a document: what is not of the expected kind is reported at its place, and read as nothing."""

from __future__ import annotations

import pytest

from tests.importer.conftest import Imports


@pytest.mark.parametrize(
    ("text", "read", "message"),
    [
        ("a: 7", "text", "expected text; found the number 7"),
        ("a: b", "entries", "expected a mapping; found text"),
        ("a: {}", "items", "expected a list; found a mapping"),
        ("a: []", "flag", "expected true or false; found a list"),
        ("a:", "entries", "expected a mapping; found nothing"),
        ("a: true", "items", "expected a list; found true or false"),
    ],
)
def test_another_kind_is_reported(text: str, read: str, message: str, imports: Imports) -> None:
    part, _ = imports.part(f"# one\n{text}\n")
    assert not getattr(part, read)("a")
    (found,) = part.findings.problems.found
    assert (found.place.line, found.place.column, found.message) == (2, 1, message)


def test_what_is_not_there_is_nothing(imports: Imports) -> None:
    part, _ = imports.part("a: 1\n")
    assert [part.text("b"), part.entries("b"), part.items("b"), part.flag("b"), part.get("b")] == [
        "",
        {},
        [],
        False,
        None,
    ]
    assert part.findings.problems.found == []


def test_a_note_of_several_places_is_one(imports: Imports) -> None:
    part, _ = imports.part("a: 1\nb: 2\nc: 3\n")
    for each in part.mapping().values():
        each.note("left out")
    assert [(each.place.line, each.message) for each in part.findings.notes()] == [
        (1, "left out (and at 2 more places)")
    ]
