"""Reads a YAML file: text → plain data that knows the line and column of every part of it."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.builder import Builder
from emulator.language.document.nodes import DocumentNode

SUFFIXES = (".yaml", ".yml")  # of the files that are documents


class Document:
    """One file as plain Python, and where each part of it stands; what aliases share is shared, so don't change it.

    `file` is what diagnostics call it: relative to the working directory when it lies below. `path` is where it is, and
    `digest` the SHA-256 of its bytes, empty for what is not a whole file.
    """

    def __init__(self, file: str, data: Any, root: DocumentNode | None, path: Path, digest: str = "") -> None:
        self.file = file
        self.path = path
        self.digest = digest
        self.data = data
        self.root = root

    def with_data(self, data: Any) -> Document:
        """The same file, of which only this much is used; everything stands where it stood."""
        return Document(self.file, data, self.root, self.path, self.digest if data is self.data else "")

    def place(self, path: tuple[str | int, ...], key: bool = False) -> Location:
        """Tell where the value at `path` (or its key) stands; for what is missing, where its nearest ancestor does."""
        root = self.root
        if root is None:
            return Location(self.file, 1, 1)
        node, mark = root, root.mark
        for step in path:
            entry = node.entry(step)
            if entry is None:
                break
            key_mark, use, node = entry
            mark = key_mark if key else use
        return Location(self.file, mark.line + 1, mark.column + 1)


MAX_BYTES = 8 << 20
PRIVATE = ".put"  # how the names of the server's own folders end, whose files are shown by their names alone
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BARE_TEMPLATE = re.compile(r"(?:^|[:\-,\[]\s+)\{[{%]")
_QUOTE = "text with ',', ':', braces or brackets in it needs quotes here"
_PLAIN_WORDS = {
    "did not find expected ',' or '}'": f"expected ',' or '}}' here; {_QUOTE}, or a '}}' is missing",
    "did not find expected ',' or ']'": f"expected ',' or ']' here; {_QUOTE}, or a ']' is missing",
    "block sequence entries are not allowed in this context": (
        "a list can't begin here; put '- ' on a line of its own, or write the list as [a, b]"
    ),
    "mapping keys are not allowed in this context": "a key can't stand here; begin it on a line of its own",
    "did not find expected <document start>": (
        "expected one mapping; is a ':' missing, or the line before indented less?"
    ),
    "found unexpected document indicator": "'---' or '...' can't stand inside quoted text",
    "did not find expected alphabetic or numeric character": (
        "'*' and '&' begin the name of an anchor; write text that begins with one in quotes"
    ),
    "did not find expected comment or line break": "expected the end of the line after '|' or '>'",
    "did not find expected hexdecimal number": "expected hexadecimal digits after this escape",
    "found undefined tag handle": "'!' begins a tag; write text that begins with it in quotes",
    "did not find expected whitespace or line break": "'!' begins a tag; write text that begins with it in quotes",
    "found a tab character that violates indentation": "a tab can't indent; use spaces",
    "found a tab character where an indentation space is expected": "a tab can't indent; use spaces",
    "mapping values are not allowed in this context": (
        "a ':' can't stand here; quote text that holds ': ', and begin a key in the same column as its neighbours"
    ),
    "did not find expected key": "expected a key here, or the end of this part; is a quote or the indentation wrong?",
    "did not find expected '-' indicator": "expected '- ' here; a list and a key can't stand in the same column",
    "did not find expected node content": "expected a value here",
    "found unexpected end of stream": "the text ends before the quote does",
    "found unexpected ':'": "expected a space after this ':', or quotes around the text",
    "could not find expected ':'": "expected ':' after this key",
    "found character that cannot start any token": "a value can't begin with this character; write it in quotes",
    "found unknown escape character": "unknown escape; write the text in single quotes to keep its backslashes",
}


def read(path: Path, found: list[Diagnostic] | None = None) -> Document:
    """Read a file; raises DocumentError with every diagnostic, also when it can't be read.

    With `found`, that gets the diagnostics of a file that can be understood in spite of them.
    """
    file = _shown(path)
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DocumentError([Diagnostic(Location(file, 1, 1), f"can't be read: {reason or error}")]) from error
    document = parse(text, file, found)
    return Document(file, document.data, document.root, path.absolute(), sha256(text).hexdigest())


def parse(text: str | bytes, file: str, found: list[Diagnostic] | None = None) -> Document:
    """Parses YAML (and so JSON). Raises DocumentError with every diagnostic found in one pass; see `read`."""
    decoded = _decode(text, file)
    builder = Builder(file)
    try:
        root = builder.build(yaml.parse(decoded, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise DocumentError([*builder.diagnostics, _syntax(error, decoded, file)]) from error
    if builder.diagnostics and found is None:
        raise DocumentError(builder.diagnostics)
    if found is not None:
        found.extend(builder.diagnostics)
    return Document(file, None if root is None else root.value, root, Path(file))


def _shown(path: Path) -> str:
    if path.parent.name.endswith(PRIVATE):
        return path.name
    absolute, here = os.path.abspath(path), os.getcwd()
    return os.path.relpath(absolute, here) if absolute.startswith(here.rstrip(os.sep) + os.sep) else str(path)


def _decode(raw: str | bytes, file: str) -> str:
    if len(raw) > MAX_BYTES:
        raise DocumentError([Diagnostic(Location(file, 1, 1), f"the file has more than {MAX_BYTES >> 20} MiB")])
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
    except UnicodeDecodeError as error:
        place = _place_after(error.object[: error.start].decode("utf-8"), file)
        message = f"expected UTF-8, found the byte 0x{error.object[error.start]:02x}"
        raise DocumentError([Diagnostic(place, message)]) from error
    text = text.removeprefix("\ufeff")
    diagnostics = [
        Diagnostic(
            _place_after(text[: found.start()], file), f"the character U+{ord(found[0]):04X} can't stand in YAML"
        )
        for found in islice(_UNPRINTABLE.finditer(text), 10)
    ]
    if diagnostics:
        raise DocumentError(diagnostics)
    return text


def _place_after(text: str, file: str) -> Location:
    lines = re.split("\r\n|\r|\n", text)
    return Location(file, len(lines), len(lines[-1]) + 1)


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Diagnostic:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Diagnostic(Location(file, 1, 1), str(error).partition("\n")[0])
    problem = getattr(error, "problem", None) or "it can't be read"
    lines = re.split("\r\n|\r|\n", text)
    line = lines[mark.line] if mark.line < len(lines) else ""
    message = _PLAIN_WORDS.get(problem) or f"this is not YAML: {problem}"
    if "\t" in line[: mark.column + 1] and not line[: mark.column + 1].strip(" \t-"):
        message = "a tab can't indent; use spaces"
    elif _BARE_TEMPLATE.search(line):
        message = 'a value that begins with a template must be quoted, as in "{{ … }}"'
    began = getattr(error, "context_mark", None)
    if began is not None and began.line != mark.line:
        message += f" (the part it stands in begins on line {began.line + 1})"
    return Diagnostic(Location(file, mark.line + 1, mark.column + 1), message)
