"""A folder of scenarios that a test writes itself, with a mark « wherever it expects a complaint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

import pytest

from emulator.app import LANGUAGE
from emulator.compile.api import ENGINE_ERRORS
from emulator.compile.loader import Loader
from emulator.errors import DocumentError, Location
from emulator.playbook.apis import Api, Operation, Playbook

MARK = "«"
STORY = "scenario: story\nabout: A test.\napis: {demo: }\n"
PARTS = {
    "api": "api: demo\n",
    "title": "title: Demo\n",
    "version": "version: '1'\n",
    "errors": "errors:\n  shape: {error: '{{ error.kind }}'}\n  kinds:\n"
    + "".join(f"    {kind}: {{status: 400}}\n" for kind in ENGINE_ERRORS),
    "operations": "operations:\n  echo.create:\n    route: POST /echo\n    rules: [{reply: {body: {said: 1}}}]\n",
}


def api(more: str = "", operations: str = "", name: str = "demo") -> str:
    """The text of an API file; `more` adds or replaces top-level parts, `operations` replaces the only one."""
    more = dedent(more)
    written = {line.partition(":")[0] for line in more.splitlines() if line and line[0] not in f" #-{MARK}"}
    parts = {key: text for key, text in PARTS.items() if key not in written}
    if operations:
        parts["operations"] = "operations:\n" + indent(dedent(operations), "  ")
    if "api" in parts:
        parts["api"] = f"api: {name}\n"
    last = parts.pop("operations", "")
    return "".join(parts.values()) + more + last


def operation(text: str, route: str = "POST /echo") -> str:
    """An API with one operation, `echo.create`, that says this."""
    return api(operations=f"echo.create:\n  route: {route}\n" + indent(dedent(text), "  "))


def rule(text: str, more: str = "") -> str:
    """An API with one operation that has one rule, written from its first column; `more` are parts of the API."""
    lines = indent(dedent(text).strip("\n"), "      ")
    return api(more, f"echo.create:\n  route: POST /echo\n  rules:\n    - {lines.strip()}\n")


@dataclass(frozen=True)
class Library:
    """`folder` holds scenarios, its `apis/` APIs, and `fixtures` data."""

    folder: Path

    @property
    def fixtures(self) -> Path:
        return self.folder / "fixtures"

    def write(self, name: str, text: str) -> Path:
        """Write a file, without its marks."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(MARK, ""))
        return path

    def load(self, *names: str, **files: str) -> Playbook:
        """Load scenarios (`story` unless others are named); `files` are written before, `api` and `story` by role."""
        self._write(files)
        return Loader(self.folder, self.fixtures, LANGUAGE).load(names or ("story",))

    def demo(self, text: str, story: str = STORY) -> Api:
        """The API of this text."""
        return self.load(api=text, story=story).apis["demo"]

    def echo(self, text: str, story: str = STORY) -> Operation:
        """The only operation of the API of this text."""
        return self.demo(text, story).operations["echo.create"]

    def refused(self, *names: str, **files: str) -> list[str]:
        """What is complained of, in the order of the places, each of which must be marked, and each mark be meant."""
        written = self._write(files)
        with pytest.raises(DocumentError) as caught:
            self.load(*names)
        found = [complaint.place for complaint in caught.value.diagnostics]
        marked = sorted(place for path, text in written for place in marks(path, text))
        assert found == marked, f"\n{caught.value}\nmarked: {', '.join(map(str, marked))}"
        return [complaint.message for complaint in caught.value.diagnostics]

    def _write(self, files: dict[str, str]) -> list[tuple[Path, str]]:
        places = {"api": "apis/demo.yaml", "story": "story.yaml"}
        if files and "story" not in files:
            files = {**files, "story": STORY}
        return [(self.write(places.get(name, name), text), text) for name, text in files.items()]


def marks(path: Path, text: str) -> list[Location]:
    """Where the marks of a text stand once they are taken out."""
    return [
        Location(str(path), row, column - at + 1)
        for row, line in enumerate(text.split("\n"), 1)
        for at, column in enumerate(column for column, letter in enumerate(line) if letter == MARK)
    ]
