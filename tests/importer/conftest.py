"""Imports what a test writes, and serves what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import httpx
import pytest

from emulator.errors import DocumentError
from emulator.importer.command import import_openapi
from emulator.importer.guess import Guesses
from emulator.importer.part import Findings, Part
from emulator.importer.sources import Sources
from emulator.language.document.reader import read
from tests.library import MARK, marks
from tests.running import Emulated, Running

SOURCE, API = "shop.openapi.yaml", "shop"


def operation(text: str, path: str = "/pets", method: str = "get", more: str = "") -> str:
    """A document with one operation, that says this; `more` are other parts, from their first column."""
    head = f"openapi: 3.1.0\ninfo: {{title: Shop, version: '1'}}\n{dedent(more)}paths:\n  {path}:\n    {method}:\n"
    return head + indent(dedent(text), "      ")


@dataclass
class Imports:
    """A folder in which documents are imported."""

    folder: Path
    running: Running
    notes: list[str] = field(default_factory=list)
    open: list[Emulated] = field(default_factory=list)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text.replace(MARK, ""))
        return path

    def text(self, document: str, force: bool = True) -> str:
        """The API file of a document."""
        path = self.write(SOURCE, document)
        out = self.folder / f"{API}.yaml"
        _, notes = import_openapi(path, out, None, force)
        self.notes = [each.message for each in notes]
        return out.read_text()

    def file(self, document: str) -> dict[str, Any]:
        """The API file of a document, read."""
        self.text(document)
        data: dict[str, Any] = read(self.folder / f"{API}.yaml").data
        return data

    def only(self, document: str) -> dict[str, Any]:
        """The only operation of a document."""
        (found,) = self.file(document)["operations"].values()
        assert isinstance(found, dict)
        return found

    def client(self, document: str) -> httpx.Client:
        """A client of the API of a document, served."""
        self.text(document)
        emulated = Emulated(self.running, (str(self.folder / f"{API}.yaml"),))
        self.open.append(emulated)
        return emulated.client(API)

    def refused(self, document: str, **files: str) -> list[str]:
        """Why a document is not imported; each reason stands at a mark, and nothing was written."""
        path = self.write(SOURCE, document)
        texts = [(path, document), *((self.write(name, text), text) for name, text in files.items())]
        out = self.folder / f"{API}.yaml"
        with pytest.raises(DocumentError) as caught:
            import_openapi(path, out, None, False)
        assert not out.exists()
        found = sorted(each.place for each in caught.value.diagnostics)
        assert found == sorted(place for each, text in texts for place in marks(each, text)), str(caught.value)
        return [each.message for each in caught.value.diagnostics]

    def part(self, text: str) -> tuple[Part, Sources]:
        """A document of any kind, whole, and what resolves its references."""
        sources = Sources(self.write(SOURCE, dedent(text)), Findings())
        assert sources.root is not None
        return sources.root, sources

    def guess(self, text: str, of_request: bool = False) -> Any:
        """What is made of a schema."""
        part, sources = self.part(text)
        value = Guesses(sources, of_request).value(part)
        self.notes = [each.message for each in part.findings.notes()]
        return value


@pytest.fixture
def imports(tmp_path: Path, running: Running) -> Iterator[Imports]:
    found = Imports(tmp_path, running)
    yield found
    for each in found.open:
        each.close()
