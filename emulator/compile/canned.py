"""Compiles files of canned replies."""

from __future__ import annotations

from typing import Any

from pydantic import Field, RootModel

from emulator.compile.names import NameChecker
from emulator.errors import Diagnostic, DocumentError, Location
from emulator.generate.canned import CONTEXT_NAMES, CannedReply, compile_pattern, normalise
from emulator.generate.sentences import SplitText
from emulator.generate.tokens import pieces
from emulator.language.document.reader import Document
from emulator.language.expressions import Language
from emulator.language.expressions.template import compile_tree
from emulator.language.schema.api import Model
from emulator.language.schema.validate import validate


class CannedEntry(Model):
    """One entry of a file of canned replies: for which prompts (`match` or `pattern`), and what is said.

    `reply` and the values in `json` are templates. They may use `prompt` and `topic` (its beginning), `groups` and
    `named` (of the pattern), `earlier` (what the user said before, oldest first), `previous` (the last of it),
    `earlier_topic` (its beginning) and `heard` (what was last answered).
    """

    match: list[str] = Field([], description="Whole prompts; case, spacing and punctuation at the ends do not count.")
    pattern: str | None = Field(None, description="A regular expression for the whole prompt; case does not count.")
    reply: str = Field(description="The text answered.")
    json_reply: dict[str, Any] | None = Field(None, alias="json", description="The object answered in JSON mode.")


class CannedFile(RootModel[list[CannedEntry]]):
    """A file of canned replies."""


def load_canned(document: Document, language: Language, checked: bool = False) -> list[CannedReply]:
    """Compiles a file of canned replies; raises DocumentError with every diagnostic.

    Patterns are compiled to be checked, unless they were `checked` before: they are needed for few prompts, and the
    library takes a while to import.
    """
    entries = validate(document, CannedFile).root
    diagnostics: list[Diagnostic] = []
    replies: list[CannedReply] = []
    seen: dict[str, Location] = {}
    for index, entry in enumerate(entries):
        exact = _exact(document, index, entry, seen, diagnostics)
        if entry.pattern is not None and not checked:
            _check_pattern(document, index, entry.pattern, diagnostics)
        checker = NameChecker(language, document.place)
        diagnostics += checker.unknown_in(document.data[index], ("reply", "json"), (index,), CONTEXT_NAMES)
        try:
            replies.append(_compile(document, language, index, entry, exact))
        except DocumentError as error:
            diagnostics.extend(error.diagnostics)
    if diagnostics:
        raise DocumentError(diagnostics)
    return replies


def _exact(
    document: Document, index: int, entry: CannedEntry, seen: dict[str, Location], diagnostics: list[Diagnostic]
) -> tuple[str, ...]:
    exact = []
    for number, text in enumerate(entry.match):
        place = document.place((index, "match", number))
        key = normalise(text).casefold()
        if not key:
            diagnostics.append(Diagnostic(place, "nothing to match; expected a prompt"))
        elif key in seen:
            diagnostics.append(Diagnostic(place, f"the prompt {text!r} is answered already, at {seen[key]}"))
        else:
            seen[key] = place
            exact.append(key)
    if bool(entry.match) == (entry.pattern is not None):
        found = "both" if entry.match else "neither"
        diagnostics.append(Diagnostic(document.place((index,)), f"expected match or pattern, found {found}"))
    return tuple(exact)


def _check_pattern(document: Document, index: int, pattern: str, diagnostics: list[Diagnostic]) -> None:
    try:
        compile_pattern(pattern)
    except ValueError as error:
        diagnostics.append(Diagnostic(document.place((index, "pattern")), str(error)))


def _compile(
    document: Document,
    language: Language,
    index: int,
    entry: CannedEntry,
    exact: tuple[str, ...],
) -> CannedReply:
    reply = compile_tree(entry.reply, language, document.place, (index, "reply"))
    object_ = None
    if entry.json_reply is not None:
        object_ = compile_tree(entry.json_reply, language, document.place, (index, "json"))
    return CannedReply(
        document.place((index,)),
        exact,
        entry.pattern,
        reply,
        object_,
        _written(str(reply.value({}))) if reply.constant else None,
        _written(object_.json({}).decode()) if object_ is not None and object_.constant else None,
    )


def _written(text: str) -> SplitText:
    return SplitText(text, tuple(pieces(text)))
