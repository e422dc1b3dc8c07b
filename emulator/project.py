"""The project file: settings that `serve`, `run` and pytest share in one folder.

It is `emulator.yaml`, or the table `[tool.emulator]` of pyproject.toml. Options and variables take precedence over it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from emulator.errors import ConfigError, Diagnostic, DocumentError, Location
from emulator.language.document.reader import SUFFIXES, Document, read
from emulator.language.schema.project import ProjectFile
from emulator.language.schema.validate import validate
from emulator.settings.options import PARSERS, shown

NAMES = tuple(f"emulator{suffix}" for suffix in SUFFIXES)
PYPROJECT = "pyproject.toml"
TABLE = "tool.emulator"
HEADER = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*emulator[ \t]*[\].]", re.MULTILINE)
SETTINGS = {
    "scenario": "scenarios",
    "seed": "seed",
    "clock": "clock",
    "state": "state",
    "keys": "keys",
}  # key → setting


class Project(Struct, frozen=True):
    """What a project file says: `source` is what it is called, `values` are settings by name, parsed."""

    source: str = ""
    values: Mapping[str, Any] = {}
    document: Document | None = None

    def place(self, key: str) -> Location:
        """Where a key stands."""
        assert self.document is not None
        return self.document.place((key,))


def read_project(folder: Path) -> Project:
    """Reads the project file of a folder; without one, the project says nothing.

    Paths in it begin at the folder. Raises ConfigError when there are two, DocumentError with every diagnostic.
    """
    document = _document(folder)
    if document is None:
        return Project()
    empty = document.with_data({}) if document.data is None else document
    file = validate(empty, ProjectFile)
    found: list[Diagnostic] = []
    values: dict[str, Any] = {}
    for key, name in SETTINGS.items():
        if (value := getattr(file, key)) is not None:
            try:
                values[name] = PARSERS[name][1](value)
            except ValueError as error:
                found.append(Diagnostic(document.place((key,)), f"expected {error}; found {shown(name, value)}"))
    if found:
        raise DocumentError(found)
    if "scenarios" in values:
        values["scenarios"] = tuple(_inside(folder, each) for each in values["scenarios"])
    if "state" in values:
        values["state"] = _below(folder, values["state"])
    source = document.file if document.path.name in NAMES else f"[{TABLE}] in {document.file}"
    return Project(source, values, document)


def project_file(folder: Path) -> str | None:
    """Returns the path of a folder's project file, right or wrong; None when there is none."""
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if not found and HEADER.search(_text(folder / PYPROJECT)):
        found = [folder / PYPROJECT]
    return str(found[0]) if found else None


def _document(folder: Path) -> Document | None:
    """Returns the one project file of a folder. Raises ConfigError when there are several."""
    documents = [read(folder / name) for name in NAMES if (folder / name).is_file()]
    table = _table(folder / PYPROJECT)
    if len(documents) > 1 or (documents and table is not None):
        other = f"{documents[1].file}" if table is None else f"[{TABLE}] ({table.place(())})"
        raise ConfigError(f"{documents[0].file} and {other} both set up the emulator here; remove one of them")
    return documents[0] if documents else table


def _table(path: Path) -> Document | None:
    """Returns the table of a pyproject.toml as a document; None when there is none."""
    text = _text(path)
    if HEADER.search(text) is None:
        return None
    document = TomlDocument(path, text)
    try:
        document.data = _plain(tomllib.loads(text)["tool"]["emulator"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DocumentError([Diagnostic(document.place(()), f"the file is no TOML: {error}")]) from None
    return document


def _text(path: Path) -> str:
    """Returns the text of a file; empty when it can't be read, which its other readers report."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return ""


class TomlDocument(Document):
    """A table of a TOML file, whose keys are found by looking for them: the standard library tells no positions."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(path.name, None, None, path)
        self._text = text

    def with_data(self, data: Any) -> Document:
        other = TomlDocument(self.path, self._text)
        other.data = data
        return other

    def place(self, path: tuple[str | int, ...], key: bool = False) -> Location:
        header = HEADER.search(self._text)
        begin = header.start() if header else 0
        for step in path:
            name = re.escape(str(step))
            sought = re.compile(rf"^[ \t]*(?:\[.*\.)?[\"']?(?P<key>{name})[\"']?[ \t]*(?:=|\]|\.)", re.MULTILINE)
            found = sought.search(self._text, begin)
            if found is None:
                break
            begin = found.start("key")
        line_start = self._text.rfind("\n", 0, begin) + 1
        return Location(self.file, self._text.count("\n", 0, begin) + 1, begin - line_start + 1)


def _plain(value: Any) -> Any:
    """Returns TOML's values as YAML has them: a time is text."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _inside(folder: Path, name: str) -> str:
    """Returns a scenario: a path from the folder, or a name as it is."""
    return _below(folder, name) if name.endswith(SUFFIXES) else name


def _below(folder: Path, path: str) -> str:
    """Returns a path from the folder as one from the working folder."""
    return path if folder.resolve() == Path.cwd() else str(folder / path)
