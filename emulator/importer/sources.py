"""Sources: the files of somebody's document, and what references in and between them lead to; nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from emulator.importer.part import Findings, Identity, Part
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import Document, read

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//")
MAX_WITHIN = 50
_SHOWN = 100  # characters of the name of a file
_EXAMPLE = "#/components/schemas/NAME"
_NOTHING = object()


class Sources:
    """Reads each file once, and follows references between them."""

    def __init__(self, path: Path, findings: Findings) -> None:
        self.findings = findings
        self._documents: dict[Path, Document | None] = {}
        self._folder = path.resolve().parent
        self.main = self._read(path.resolve())

    @property
    def root(self) -> Part | None:
        """The whole document; None when it can't be read."""
        return None if self.main is None else Part(self.main, (), self.main.data, self.findings)

    def _read(self, path: Path) -> Document | None:
        if path not in self._documents:
            problems = self.findings.problems
            self._documents[path] = problems.attempt(read, path, problems.found)
        return self._documents[path]

    def order(self, part: Part) -> tuple[int, int, int]:
        """Returns where a part stands among all others: its file, its line and its column."""
        files = [None if each is None else each.file for each in self._documents.values()]
        return files.index(part.document.file), part.place.line, part.place.column

    def resolve(self, part: Part, within: frozenset[Identity] = frozenset()) -> Part | None:
        """Returns what a part stands for: itself, or what its reference leads to at last.

        None for a reference that leads nowhere, or in a circle; that is reported. `within`: the references whose
        own path leads by this one.
        """
        first, seen = part, within
        while isinstance(part.value, dict) and "$ref" in part.value:
            reference = first.get("$ref") or first
            if part.identity in seen:
                reference.problem(f"this reference leads in a circle, by {part.value.get('$ref')!r}")
                return None
            if len(within) > MAX_WITHIN:
                reference.problem(f"this reference leads by more than {MAX_WITHIN} others")
                return None
            seen |= {part.identity}
            target = self._target(part, seen)
            if target is None:
                return None
            part = target
        return part

    def _target(self, part: Part, within: frozenset[Identity]) -> Part | None:
        """Returns what the reference of a part leads to; None when that is nothing, which is reported."""
        reference = part.get("$ref")
        assert reference is not None
        text = reference.value
        if not isinstance(text, str):
            reference.problem(f"expected text such as '{_EXAMPLE}'")
            return None
        file, _, pointer = text.partition("#")
        if _ADDRESS.match(file):
            reference.problem(f"{text!r} leads to another server, and nothing is fetched; save it beside this file")
            return None
        if pointer and not pointer.startswith("/"):
            reference.problem(f"{text!r} names an anchor; expected a path such as '{_EXAMPLE}'")
            return None
        document = part.document if not file else self._beside(reference, unquote(file))
        return None if document is None else self._walk(reference, document, pointer, within)

    def _beside(self, reference: Part, file: str) -> Document | None:
        name = reference.document.path.name
        try:
            path = (reference.document.path.parent / file).resolve()
            if not path.is_relative_to(self._folder):
                reference.problem(f"{file!r} lies outside of the document's folder; expected a file beside {name}")
            elif not path.is_file():
                reference.problem(f"there is no file {file!r} beside {name}")
            else:
                return self._read(path)
        except (OSError, ValueError, RuntimeError) as error:  # the last is of links that lead in a circle
            reason = error.strerror if isinstance(error, OSError) else str(error)
            reference.problem(f"the file {file[:_SHOWN]!r} beside {name} can't be read: {reason}")
        return None

    def _walk(self, reference: Part, document: Document, pointer: str, within: frozenset[Identity]) -> Part | None:
        part = Part(document, (), document.data, self.findings)
        for step in (unquote(each).replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]):
            if isinstance(part.value, dict) and "$ref" in part.value and step not in part.value:
                resolved = self.resolve(part, within)
                if resolved is None:
                    return None
                part = resolved
            key = int(step) if isinstance(part.value, list) and step.isdecimal() else step
            value = _item(part.value, key)
            if value is _NOTHING:
                known = part.value if isinstance(part.value, dict) else ()
                reference.problem(f"{reference.value!r} leads nowhere: no {step!r}; {did_you_mean(step, known)}")
                return None
            part = part.at(key, value)
        return part


def _item(value: Any, key: str | int) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return _NOTHING
