"""Canned replies: YAML entries compiled into replies, and the look-up from a prompt to its reply."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import regex
from msgspec import Struct
from pydantic import Field, RootModel

from emulator.errors import Complaint, DocumentError, Place, TemplateError
from emulator.scenario.document import Document
from emulator.scenario.expression import Language
from emulator.scenario.parts import Part
from emulator.scenario.template import Template, compile_tree
from emulator.scenario.validate import validate
from emulator.serving.tokens import pieces

_READ = 1_000
_SECONDS = 0.1
_EDGES = " .!?…\"'"
_QUOTES = str.maketrans("“”„‘’", '"""\'\'')
# What would mean something else as one alternative of several: numbered references, recursion, flags, verbs.
_APART = regex.compile(r"\\[1-9gGK]|\(\?(?:P?[=>&]|[0-9(R+-]|[A-Za-z]+[):])|\(\*")


class CannedEntry(Part):
    """One entry of a file of canned replies: for which prompts (`match` or `pattern`), and what is said.

    `reply` and the values in `json` are templates. They may use `prompt`, `topic` (what the prompt is about),
    `groups` and `named` (of the pattern), `earlier` (what the user said before, oldest first), `previous` (the
    last of it), `earlier_topic` (what that was about) and `heard` (what was last answered).
    """

    match: list[str] = Field([], description="Whole prompts; case, spacing and punctuation at the ends do not count.")
    pattern: str | None = Field(None, description="A regular expression for the whole prompt; case does not count.")
    reply: str = Field(description="The text answered.")
    json_reply: dict[str, Any] | None = Field(None, alias="json", description="The object answered in JSON mode.")


class CannedFile(RootModel[list[CannedEntry]]):
    """A file of canned replies."""


class Written(NamedTuple):
    """A text with its pieces."""

    text: str
    pieces: Sequence[str]


class CannedReply(Struct, frozen=True):
    """One compiled entry. `fixed` and `fixed_json` are there when the reply depends on nothing."""

    place: Place
    exact: tuple[str, ...]
    pattern: regex.Pattern[str] | None
    reply: Template
    json: Template | None
    fixed: Written | None
    fixed_json: Written | None


class Found(NamedTuple):
    """A reply, and the match of its pattern if it has one."""

    reply: CannedReply
    match: regex.Match[str] | None


def normalise(prompt: str) -> str:
    """The prompt as it is compared: its first 1,000 characters on one line, no punctuation at the ends."""
    text = " ".join(prompt[:_READ].split())
    return (text if text.isascii() else text.translate(_QUOTES)).strip(_EDGES)


def load_canned(document: Document, language: Language) -> list[CannedReply]:
    """Compile a file of canned replies; raises DocumentError with every complaint."""
    entries = validate(document, CannedFile).root
    complaints: list[Complaint] = []
    replies: list[CannedReply] = []
    seen: dict[str, Place] = {}
    for index, entry in enumerate(entries):
        exact = _exact(document, index, entry, seen, complaints)
        pattern = _pattern(document, index, entry, complaints)
        try:
            replies.append(_compile(document, language, index, entry, exact, pattern))
        except DocumentError as error:
            complaints.extend(error.complaints)
    if complaints:
        raise DocumentError(complaints)
    return replies


def _exact(
    document: Document, index: int, entry: CannedEntry, seen: dict[str, Place], complaints: list[Complaint]
) -> tuple[str, ...]:
    exact = []
    for number, text in enumerate(entry.match):
        place = document.place((index, "match", number))
        key = normalise(text).casefold()
        if not key:
            complaints.append(Complaint(place, "nothing to match; expected a prompt"))
        elif key in seen:
            complaints.append(Complaint(place, f"the prompt {text!r} is answered already, at {seen[key]}"))
        else:
            seen[key] = place
            exact.append(key)
    if bool(entry.match) == (entry.pattern is not None):
        found = "both" if entry.match else "neither"
        complaints.append(Complaint(document.place((index,)), f"expected match or pattern, found {found}"))
    return tuple(exact)


def _pattern(
    document: Document, index: int, entry: CannedEntry, complaints: list[Complaint]
) -> regex.Pattern[str] | None:
    if entry.pattern is None:
        return None
    try:
        return regex.compile(entry.pattern, regex.IGNORECASE)
    except regex.error as error:
        complaints.append(Complaint(document.place((index, "pattern")), f"not a regular expression: {error}"))
        return None


def _compile(
    document: Document,
    language: Language,
    index: int,
    entry: CannedEntry,
    exact: tuple[str, ...],
    pattern: regex.Pattern[str] | None,
) -> CannedReply:
    reply = compile_tree(entry.reply, language, document.place, (index, "reply"))
    object_ = None
    if entry.json_reply is not None:
        object_ = compile_tree(entry.json_reply, language, document.place, (index, "json"))
    return CannedReply(
        document.place((index,)),
        exact,
        pattern,
        reply,
        object_,
        _written(str(reply.value({}))) if reply.constant else None,
        _written(object_.json({}).decode()) if object_ is not None and object_.constant else None,
    )


def _written(text: str) -> Written:
    return Written(text, tuple(pieces(text)))


class Repertoire:
    """All canned replies, asked in order: whole prompts by one look-up first, then the patterns."""

    def __init__(self, replies: Sequence[CannedReply]) -> None:
        self._exact: dict[str, Found] = {}
        self._patterns = [(reply, reply.pattern) for reply in replies if reply.pattern is not None]
        self._joined, self._apart = _join([pattern for _, pattern in self._patterns])
        self._matched = lru_cache(maxsize=1_024)(self._match)
        self._remembered = lru_cache(maxsize=1_024)(self._find)
        for reply in replies:
            for text in reply.exact:
                self._exact.setdefault(text, Found(reply, None))

    def find(self, prompt: str) -> Found | None:
        """The reply to a prompt, if it has one; raises TemplateError when a pattern takes longer than 0.1 s."""
        # Long prompts are not kept, so that what is remembered stays small.
        return self._remembered(prompt) if len(prompt) <= _READ else self._find(prompt)

    def _find(self, prompt: str) -> Found | None:
        text = normalise(prompt)
        found = self._exact.get(text.casefold())
        if found is not None:
            return found
        return self._matched(text) if self._patterns else None

    def _match(self, text: str) -> Found | None:
        for number in self._candidates(text):
            reply, pattern = self._patterns[number]
            try:
                match = pattern.fullmatch(text, timeout=_SECONDS)
            except TimeoutError:
                raise TemplateError(reply.place, f"the pattern took longer than {_SECONDS} s on this prompt") from None
            if match is not None:
                return Found(reply, match)
        return None

    def _candidates(self, text: str) -> Iterable[int]:
        """The patterns that may match, in order; one pass over all of them costs little more than one of them."""
        if self._joined is None:
            return self._apart
        try:
            match = self._joined.fullmatch(text, timeout=_SECONDS)
        except TimeoutError:
            return range(len(self._patterns))
        if match is None:
            return self._apart
        named = match.groupdict()
        first = next(number for number in range(len(self._patterns)) if named.get(_alternative(number)) is not None)
        return sorted([first, *self._apart])


def _alternative(number: int) -> str:
    return f"_alternative_{number}"


def _join(patterns: Sequence[regex.Pattern[str]]) -> tuple[regex.Pattern[str] | None, list[int]]:
    """One pattern with all of them as named alternatives, and the numbers of those that can't be one."""
    apart = [number for number, pattern in enumerate(patterns) if _APART.search(pattern.pattern)]
    named = [
        f"(?P<{_alternative(number)}>{pattern.pattern})"
        for number, pattern in enumerate(patterns)
        if number not in apart
    ]
    return (regex.compile("|".join(named), regex.IGNORECASE) if named else None), apart
