"""`emulator schema`: prints the schemas for editors, or writes them and points the scenarios of a folder at them."""

from __future__ import annotations

import json
import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

from emulator import paths as resources
from emulator.app import load
from emulator.check.editor import editor_schema
from emulator.errors import ConfigError, DocumentError
from emulator.language.document.reader import SUFFIXES, read
from emulator.playbook.apis import Api
from emulator.project import NAMES as PROJECT_FILES

FOLDER = ".emulator"  # where the schemas are written
KINDS = ("scenario", "api", "project")
MODELINE = "# yaml-language-server: $schema="
POINTED = re.compile(rb"#\s*yaml-language-server:\s*\$schema=")


def schema_text(kind: str, folder: Path) -> str:
    """Returns the schema of files of a kind as JSON, with the names that the files of a folder have."""
    return _text(kind, *_offered(folder))


def _text(kind: str, apis: list[Api], scenarios: list[str]) -> str:
    return json.dumps(editor_schema(kind, apis, scenarios), indent=2, ensure_ascii=False) + "\n"


def _offered(folder: Path) -> tuple[list[Api], list[str]]:
    """The APIs and the scenarios whose names the schemas of a folder list."""
    files = [(path, each) for path, each in _documents(folder) if each != "project"]
    apis: dict[str, Api] = {}
    for name in ("default", *(str(path) for path, _ in files)):
        try:
            apis |= {**load((name,)).apis, **apis}
        except DocumentError:  # `emulator check` says why; what it would have named is not listed
            continue
    own = [str(path.relative_to(folder)) for path, each in files if each == "scenario"]
    shipped = [file.stem for file in resources.scenarios().glob("*.yaml")]
    return list(apis.values()), [*shipped, *own]


def write_schemas(folder: Path) -> list[str]:
    """Writes all schemas into `.emulator` below a folder, and a line that editors read into its YAML files.

    Returns what was written, a sentence each. Raises ConfigError for what can't be written.
    """
    written = []
    try:
        (folder / FOLDER).mkdir(exist_ok=True)
        offered = _offered(folder)
        for kind in KINDS:
            path = schema_path(kind, folder)
            path.write_text(_text(kind, *offered), encoding="utf-8")
            written.append(f"wrote {path.relative_to(folder)}")
        for path, kind in _documents(folder):
            if _point(path, modeline(kind, path, folder)):
                written.append(f"added the schema to {path.relative_to(folder)}")
    except OSError as error:
        raise ConfigError(f"can't write {error.filename}: {error.strerror}") from error
    return written


def schema_path(kind: str, folder: Path) -> Path:
    """Returns where the schema of files of a kind is written for a folder."""
    return folder / FOLDER / f"{kind}.schema.json"


def modeline(kind: str, path: Path, folder: Path) -> str:
    """Returns the line by which a file's editor finds the schema of its kind."""
    return MODELINE + Path(os.path.relpath(schema_path(kind, folder), path.parent)).as_posix()


def _documents(folder: Path) -> Iterator[tuple[Path, str]]:
    """The project file, scenarios and API files in a folder and in its `apis/`, each with its kind."""
    for below in ("", "apis/"):
        for path in sorted(path for suffix in SUFFIXES for path in folder.glob(f"{below}*{suffix}")):
            if not below and path.name in PROJECT_FILES:
                yield path, "project"
                continue
            try:
                data = read(path).data
            except DocumentError:
                continue
            kind = next((kind for kind in KINDS if isinstance(data, dict) and kind in data), None)
            if kind is not None:
                yield path, kind


def _point(path: Path, line: str) -> bool:
    """Adds the line with the schema as a file's first, unless it has one; returns whether it was added.

    The rest of the file stays as it is, byte for byte: its line ends are used, and a byte order mark stays the first.
    """
    data = path.read_bytes()
    mark = BOM_UTF8 if data.startswith(BOM_UTF8) else b""
    text = data.removeprefix(mark)
    if any(POINTED.match(each) for each in text.splitlines()[:5]):
        return False
    end = b"\r\n" if b"\r\n" in text else b"\n"
    path.write_bytes(mark + line.encode() + end + text)
    return True
