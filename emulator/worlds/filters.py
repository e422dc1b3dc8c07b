"""Filters: a `when` over exchanges, written as text in a URL or on a command line."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from emulator.compile.questions import (
    MAX_SHOWN,
    PlaybookOf,
    Question,
    compile_query,
    refuse_of_rules,
    unknown_fields,
)
from emulator.compile.when import WhenCompiler
from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import Document, parse
from emulator.language.expressions import Language
from emulator.playbook.apis import Playbook
from emulator.playbook.matching import Matcher

FILE = "filter"  # what diagnostics call the text
MAX_LENGTH = 10_000  # characters
EXPECTED = "expected a field and what it must be, such as `status: 500`, or an expression in {{ }}"
HINT = (
    "a filter is written as `when` in a rule: `status: {gte: 400}`; several conditions stand on lines of their own or "
    "as in `{status: 429, outcome: complete}`; an expression is written `{{ status >= 400 }}`"
)


def compile_filter(
    text: str, language: Language, playbook: Playbook, playbook_of: PlaybookOf | None = None
) -> Question | None:
    """Returns the question that a filter stands for, None for an empty one, which everything fits.

    `text` is YAML as after `when:` in a rule, or one expression. Raises DocumentError with everything that is wrong in
    it, each with line and column: names that exchanges, APIs or operations do not have, with the nearest one.
    """
    if not text.strip():
        return None
    document = _read(text)
    place_of = partial(document.place, key=True)
    found = unknown_fields(document.data, language, place_of)
    found += _unknown_values(document, playbook)
    if found:
        raise DocumentError(found)
    return compile_query(document.data, language, document.place, playbook_of)


def compile_where(text: str, language: Language) -> Matcher:
    """Returns the matcher of a filter over records, whose fields may have any name. Raises DocumentError as
    `compile_filter` does."""
    if not text.strip():
        return Matcher()
    document = _read(text)
    refuse_of_rules(document.data, partial(document.place, key=True), "a record is asked for its fields")
    return WhenCompiler(language, document.place).compile(document.data, ())


def _read(text: str) -> Document:
    """Reads conditions, or takes an expression as it is, whose braces are no YAML."""
    start = Location(FILE, 1, 1)
    if len(text) > MAX_LENGTH:
        raise DocumentError([Diagnostic(start, f"a filter has at most {MAX_LENGTH:,} characters")])
    if text.lstrip().startswith(("{{", "{%")):
        return Document(FILE, text.strip(), None, Path(FILE))
    try:
        document = parse(text.rstrip(), FILE)
    except DocumentError as error:
        raise DocumentError(_within(each, text.rstrip()) for each in error.diagnostics) from None
    if isinstance(document.data, dict):
        return document
    name, colon, value = text.strip().partition(":")
    cure = f"write `{name}: {value}`, with a space" if colon and isinstance(document.data, str) else EXPECTED
    found = f"{text.strip()[:MAX_SHOWN]!r} is not a condition; "
    raise DocumentError([Diagnostic(start, f"{found}{cure}")])


def _within(diagnostic: Diagnostic, text: str) -> Diagnostic:
    """Returns a diagnostic about the end of the text with the place of its last character, not of a line after it."""
    lines = text.split("\n")
    if diagnostic.place.line <= len(lines):
        return diagnostic
    return Diagnostic(Location(FILE, len(lines), len(lines[-1]) + 1), diagnostic.message.partition(" (the part")[0])


def _unknown_values(document: Document, playbook: Playbook) -> list[Diagnostic]:
    """What it says of `api` and `operation` that none has; patterns and templates may say anything."""
    operations = dict.fromkeys(each for api in playbook.apis.values() for each in api.operations)
    found = []
    for field, known in (("api", playbook.apis), ("operation", operations)):
        value: Any = document.data.get(field) if isinstance(document.data, dict) else None
        for at, name in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(name, str) and name and "{" not in name and name not in known:
                path = (field, at) if isinstance(value, list) else (field,)
                message = f"no {'API' if field == 'api' else field} {name!r}; {did_you_mean(name, known)}"
                found.append(Diagnostic(document.place(path), message))
    return found
