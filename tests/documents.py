"""YAML files are parsed once in each process that runs tests: most tests load the released APIs, a third of which is
reading the same two files again.
"""

from __future__ import annotations

from functools import lru_cache

from emulator.errors import Diagnostic
from emulator.language.document import reader
from emulator.language.document.reader import Document

parse_anew = reader.parse  # the reader's own, which makes a document of its own at each call


def share() -> None:
    """Gives all who read a file with this content, by this name, one document, which nobody changes."""
    setattr(reader, "parse", parse)  # noqa: B010 - types say it is constant


def parse(text: str | bytes, file: str, found: list[Diagnostic] | None = None) -> Document:
    """Does what the reader's `parse` does."""
    document = _parsed(text, file)
    return parse_anew(text, file, found) if document is None else document


@lru_cache(maxsize=32)
def _parsed(text: str | bytes, file: str) -> Document | None:
    """The document, or None if something is wrong in it."""
    found: list[Diagnostic] = []
    document = parse_anew(text, file, found)
    return None if found else document
