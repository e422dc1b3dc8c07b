"""Part: a value of somebody's document with its place, and readers that report what is not of the expected kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from emulator.errors import Diagnostic, Location
from emulator.language.document.diagnostics import Diagnostics
from emulator.language.document.reader import Document

Path = tuple[str | int, ...]
Identity = tuple[str, Path]
_KINDS: dict[type, str] = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}


class Findings:
    """What keeps a document from being imported, and notes of what is left out of it without harm."""

    def __init__(self) -> None:
        self.problems = Diagnostics()
        self._notes: dict[str, dict[Location, None]] = {}

    def note(self, place: Location, text: str) -> None:
        """Adds a note; what is said of several places is one note."""
        self._notes.setdefault(text, {})[place] = None

    def notes(self) -> list[Diagnostic]:
        """Returns the notes, each at the first of its places, with the number of the others."""
        found = []
        for text, places in self._notes.items():
            first, *others = places
            more = f" (and at {len(others)} more place{'s' if len(others) > 1 else ''})" if others else ""
            found.append(Diagnostic(first, text + more))
        return sorted(found)


class Part(Struct, frozen=True):
    """A value of a document: where it stands, and what it is."""

    document: Document
    path: Path
    value: Any
    findings: Findings

    @property
    def place(self) -> Location:
        return self.document.place(self.path, key=bool(self.path) and isinstance(self.path[-1], str))

    @property
    def identity(self) -> Identity:
        """What is the same for two parts that stand at one place."""
        return str(self.document.path), self.path

    def problem(self, message: str) -> None:
        """Reports why this can't be imported."""
        self.findings.problems.add(self.place, message)

    def note(self, text: str) -> None:
        """Reports what is left out, or read in a way of its own."""
        self.findings.note(self.place, text)

    def at(self, key: str | int, value: Any) -> Part:
        """Returns what stands below."""
        return Part(self.document, (*self.path, key), value, self.findings)

    def get(self, key: str) -> Part | None:
        """Returns what stands under a key; None when there is nothing, or this is no mapping."""
        if not isinstance(self.value, dict) or key not in self.value:
            return None
        return self.at(key, self.value[key])

    def entries(self, key: str) -> dict[str, Part]:
        """Returns the entries of the mapping under a key; a value of another kind is reported."""
        part = self.get(key)
        return {} if part is None else part.mapping()

    def mapping(self) -> dict[str, Part]:
        """Returns the entries of this mapping; a value of another kind is reported."""
        if not self._is(dict):
            return {}
        return {name: self.at(name, each) for name, each in self.value.items()}

    def items(self, key: str) -> list[Part]:
        """Returns the items of the list under a key; a value of another kind is reported."""
        part = self.get(key)
        return [] if part is None or not part._is(list) else list(part._each())

    def _each(self) -> Iterator[Part]:
        return (self.at(number, value) for number, value in enumerate(self.value))

    def text(self, key: str, default: str = "") -> str:
        """Returns the text under a key; a value of another kind is reported."""
        part = self.get(key)
        return default if part is None or not part._is(str) else str(part.value)

    def flag(self, key: str) -> bool:
        """Whether a key is true; a value of another kind is reported."""
        part = self.get(key)
        return part is not None and part._is(bool) and bool(part.value)

    def _is(self, kind: type) -> bool:
        if isinstance(self.value, kind):
            return True
        found = _KINDS.get(type(self.value), f"the number {self.value}")
        self.problem(f"expected {_KINDS[kind]}; found {found}")
        return False
