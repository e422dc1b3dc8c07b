"""The repertoire: canned replies, and the look-up from a prompt to the one that answers it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from emulator.errors import Location, TemplateError
from emulator.language.expressions.template import Template

if TYPE_CHECKING:
    import regex

_READ = 1_000
_SECONDS = 0.1
_EDGES = " .!?…\"'"
_QUOTES = str.maketrans("“”„‘’", '"""\'\'')
# What would mean something else as one alternative of several: numbered references, recursion, flags, verbs.
_APART = re.compile(r"\\[1-9gGK]|\(\?(?:P?[=>&]|[0-9(R+-]|[A-Za-z]+[):])|\(\*")


class ReplyTemplate(NamedTuple):
    """A text with its pieces."""

    text: str
    pieces: Sequence[str]


class CannedReply(Struct, frozen=True):
    """One compiled entry. `fixed` and `fixed_json` are there when the reply depends on nothing."""

    place: Location
    exact: tuple[str, ...]
    pattern: str | None
    reply: Template
    json: Template | None
    fixed: ReplyTemplate | None
    fixed_json: ReplyTemplate | None


class Found(NamedTuple):
    """A reply, and the match of its pattern if it has one."""

    reply: CannedReply
    match: regex.Match[str] | None


def normalise(prompt: str) -> str:
    """The prompt as it is compared: its first 1,000 characters on one line, no punctuation at the ends."""
    text = " ".join(prompt[:_READ].split())
    return (text if text.isascii() else text.translate(_QUOTES)).strip(_EDGES)


def compile_pattern(pattern: str) -> regex.Pattern[str]:
    """A pattern that stops when it takes too long; case does not count. Raises ValueError when it is none."""
    import regex  # its import is paid by those who use it

    try:
        return regex.compile(pattern, regex.IGNORECASE)
    except regex.error as error:
        raise ValueError(f"not a regular expression: {error}") from error


class Repertoire:
    """All canned replies, asked in order: whole prompts by one look-up first, then the patterns."""

    def __init__(self, replies: Sequence[CannedReply]) -> None:
        self._exact: dict[str, Found] = {}
        self._replies = replies
        self._matched = lru_cache(maxsize=1_024)(self._match)
        self._remembered = lru_cache(maxsize=1_024)(self._find)
        for reply in replies:
            for text in reply.exact:
                self._exact.setdefault(text, Found(reply, None))

    def __reduce__(self) -> tuple[type[Repertoire], tuple[Sequence[CannedReply]]]:
        return Repertoire, (self._replies,)

    @cached_property
    def _patterns(self) -> list[tuple[CannedReply, regex.Pattern[str]]]:
        return [(reply, compile_pattern(reply.pattern)) for reply in self._replies if reply.pattern is not None]

    @cached_property
    def _tried(self) -> tuple[regex.Pattern[str] | None, list[int]]:
        return _join([pattern for _, pattern in self._patterns])

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
        joined, apart = self._tried
        if joined is None:
            return apart
        try:
            match = joined.fullmatch(text, timeout=_SECONDS)
        except TimeoutError:
            return range(len(self._patterns))
        if match is None:
            return apart
        named = match.groupdict()
        first = next(number for number in range(len(self._patterns)) if named.get(_alternative(number)) is not None)
        return sorted([first, *apart])


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
    return (compile_pattern("|".join(named)) if named else None), apart
