"""`emulator schema`: prints the schemas for editors, or writes them and points the scenarios of a folder at them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from emulator import paths as resources
from emulator.app import load
from emulator.check.editor import editor_schema
from emulator.errors import ConfigError, DocumentError
from emulator.language.document.reader import SUFFIXES, read
from emulator.playbook import Api

FOLDER = ".emulator"  # where the schemas are written
KINDS = ("scenario", "api")
MODELINE = "# yaml-language-server: $schema="


def schema_text(kind: str, folder: Path) -> str:
    """Returns the schema of `scenario` or `api` files as JSON, with the names that the files of a folder have."""
    files = list(_documents(folder))
    apis: dict[str, Api] = {}
    for name in ("default", *(str(path) for path, _ in files)):
        try:
            apis |= {**load((name,)).apis, **apis}
        except DocumentError:  # `emulator check` says why; what it would have named is not listed
            continue
    own = [str(path.relative_to(folder)) for path, each in files if each == "scenario"]
    shipped = [file.stem for file in resources.scenarios().glob("*.yaml")]
    return json.dumps(editor_schema(kind, list(apis.values()), [*shipped, *own]), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[str]:
    """Writes both schemas into `.emulator` below a folder, and a line that editors read into its scenarios and APIs.

    Returns what was written, a sentence each. Raises ConfigError for what can't be written.
    """
    written = []
    try:
        (folder / FOLDER).mkdir(exist_ok=True)
        for kind in KINDS:
            path = folder / FOLDER / f"{kind}.schema.json"
            path.write_text(schema_text(kind, folder))
            written.append(f"wrote {path.relative_to(folder)}")
        for path, kind in _documents(folder):
            if _point(path, Path(os.path.relpath(folder / FOLDER / f"{kind}.schema.json", path.parent)).as_posix()):
                written.append(f"added the schema to {path.relative_to(folder)}")
    except OSError as error:
        raise ConfigError(f"can't write {error.filename}: {error.strerror}") from error
    return written


def _documents(folder: Path) -> Iterator[tuple[Path, str]]:
    """The scenarios and API files in a folder and in its `apis/`, each with its kind."""
    for below in ("", "apis/"):
        for path in sorted(path for suffix in SUFFIXES for path in folder.glob(f"{below}*{suffix}")):
            try:
                data = read(path).data
            except DocumentError:
                continue
            kind = next((kind for kind in KINDS if isinstance(data, dict) and kind in data), None)
            if kind is not None:
                yield path, kind


def _point(path: Path, schema: str) -> bool:
    """Adds the line with the schema as a file's first, unless it has one; returns whether it was added."""
    text = path.read_text()
    if any(line.startswith(MODELINE) for line in text.splitlines()[:5]):
        return False
    path.write_text(f"{MODELINE}{schema}\n{text}")
    return True
