"""Fixtures: the files of data that APIs and scenarios name, each read and compiled once for all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from emulator import paths as resources
from emulator.compile.canned import load_canned
from emulator.errors import Diagnostic, DocumentError, Location
from emulator.generate.canned import CannedReply
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import MAX_BYTES, Document, read
from emulator.language.expressions import Language

SENTENCES = "sentences.yaml"  # what simulated replies are made of


class Fixtures:
    """The fixtures in `folder`, or beside the file that names them; `files` are those that were looked into.

    `checked` are the digests of files that were checked before.
    """

    def __init__(self, folder: Path, language: Language, checked: Collection[str] = ()) -> None:
        self.folder = folder
        self._checked = checked
        self.files: dict[Path, None] = {}
        self._language = language
        self._documents: dict[Path, Document] = {}
        self._canned: dict[Path, list[CannedReply]] = {}

    def find(self, name: str, beside: Path, location: Location) -> Document:
        """Reads a fixture that a file names at a location. Raises DocumentError."""
        for folder in (self.folder, beside.absolute().parent):
            path = (folder / name).resolve()
            if path.is_file() and path.is_relative_to(folder.resolve()):
                self.files[(folder / name).absolute()] = None
                return self._read(path)
        known = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.yaml"))
        text = f"no fixture {name!r} below {self.folder.name}/ or beside this file; {did_you_mean(name, known)}"
        raise DocumentError([Diagnostic(location, text)])

    def attached(self, name: str, beside: Path, location: Location) -> bytes:
        """Reads a file that a file names at a location, and that lies beside it or further down.

        Raises DocumentError when there is none such, or it has more than MAX_BYTES.
        """
        folder = beside.absolute().parent
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise DocumentError([Diagnostic(location, f"{name!r} lies outside the folder of this file")])
        self.files[(folder / name).absolute()] = self.files[path] = None  # looked for again when it comes to be there
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            known = sorted(each.name for each in path.parent.glob(f"*{path.suffix}")) if path.parent.is_dir() else []
            text = f"{name!r} can't be read: {error.strerror}; {did_you_mean(path.name, known)}"
            raise DocumentError([Diagnostic(location, text)]) from error
        if len(content) > MAX_BYTES:
            raise DocumentError([Diagnostic(location, f"{name!r} has more than {MAX_BYTES >> 20} MiB")])
        return content

    def canned(self, document: Document) -> list[CannedReply]:
        """Compiles a fixture of canned replies. Raises DocumentError with every diagnostic."""
        if document.path not in self._canned:
            self._canned[document.path] = load_canned(document, self._language, document.digest in self._checked)
        return self._canned[document.path]

    @cached_property
    def sentences(self) -> Mapping[str, Any]:
        """The content of the package's own sentences.yaml."""
        content: Mapping[str, Any] = self._read(resources.fixtures() / SENTENCES).data
        return content

    def _read(self, path: Path) -> Document:
        self.files[path] = None
        if path not in self._documents:
            self._documents[path] = read(path)
        return self._documents[path]
