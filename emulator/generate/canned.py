"""Canned replies: prepared texts for prompts that somebody foresaw, and the look-up from a prompt to its reply."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from emulator.errors import Location, TemplateError
from emulator.generate.prompt import Conversation, beginning
from emulator.generate.sentences import SplitText
from emulator.language.expressions.runtime import LenientContext
from emulator.language.expressions.template import Template

if TYPE_CHECKING:
    import regex

_READ = 1_000  # characters of a prompt that are compared
_TIMEOUT = 0.1  # seconds for one pattern
_EDGES = " .!?…\"'"
_QUOTES = str.maketrans("“”„‘’", '"""\'\'')

CONTEXT_NAMES = ("prompt", "topic", "groups", "named", "earlier", "previous", "earlier_topic", "heard")
"""What the templates of canned replies may use, see `canned_context`."""


class CannedReply(Struct, frozen=True):
    """One entry: for which prompts it is (`exact`, normalised; or `pattern`), and what it says.

    `fixed` and `fixed_json` are there when the reply depends on nothing.
    """

    place: Location
    exact: tuple[str, ...]
    pattern: str | None
    reply: Template
    json: Template | None
    fixed: SplitText | None
    fixed_json: SplitText | None


class CannedMatch(NamedTuple):
    """A reply, and the match of its pattern if it has one."""

    reply: CannedReply
    match: regex.Match[str] | None


def normalise(prompt: str) -> str:
    """Returns a prompt as it is compared: its first 1,000 characters on one line, no punctuation at the ends."""
    text = " ".join(prompt[:_READ].split())
    return (text if text.isascii() else text.translate(_QUOTES)).strip(_EDGES)


def compile_pattern(pattern: str) -> regex.Pattern[str]:
    """Compiles a pattern whose matching can be limited in time; case does not count. Raises ValueError."""
    import regex  # its import is paid by those who use it

    try:
        return regex.compile(pattern, regex.IGNORECASE)
    except regex.error as error:
        raise ValueError(f"not a regular expression: {error}") from error


class CannedReplies:
    """All canned replies: whole prompts are looked up first, then the patterns are tried in order."""

    def __init__(self, replies: Sequence[CannedReply] = ()) -> None:
        self.replies = replies
        self._exact: dict[str, CannedMatch] = {}
        for reply in replies:
            for text in reply.exact:
                self._exact.setdefault(text, CannedMatch(reply, None))

    @cached_property
    def _patterns(self) -> list[tuple[CannedReply, regex.Pattern[str]]]:
        return [(reply, compile_pattern(reply.pattern)) for reply in self.replies if reply.pattern is not None]

    def find(self, prompt: str) -> CannedMatch | None:
        """Returns the reply to a prompt, if it has one; raises TemplateError when a pattern takes longer than 0.1 s."""
        text = normalise(prompt)
        found = self._exact.get(text.casefold())
        if found is not None:
            return found
        for reply, pattern in self._patterns:
            try:
                match = pattern.fullmatch(text, timeout=_TIMEOUT)
            except TimeoutError:
                raise TemplateError(reply.place, f"the pattern took longer than {_TIMEOUT} s on this prompt") from None
            if match is not None:
                return CannedMatch(reply, match)
        return None


def canned_context(conversation: Conversation, match: regex.Match[str] | None) -> dict[str, Any]:
    """Returns what the templates of a reply see; what does not exist (an earlier message, groups) is missing.

    `prompt` is what is answered and `topic` its beginning; `earlier` what the user said before, oldest first,
    `previous` the last of it and `earlier_topic` the beginning of that; `heard` what was last answered. `groups` has
    the whole match of a pattern and its groups, `named` the named ones; a group that took no part is empty.
    """
    previous, heard = conversation.previous, conversation.heard
    context = LenientContext(
        prompt=conversation.prompt, topic=beginning(conversation.prompt), earlier=conversation.earlier
    )
    if previous is not None:
        context["previous"], context["earlier_topic"] = previous, beginning(previous)
    if heard is not None:
        context["heard"] = heard
    if match is not None:
        context["groups"] = [match[0], *(group or "" for group in match.groups())]
        context["named"] = {name: group or "" for name, group in match.groupdict().items()}
    return context
