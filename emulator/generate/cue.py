"""The names that canned replies may use; each is worked out only when a reply asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.generate import topic
from emulator.generate.conversation import Conversation

if TYPE_CHECKING:
    import regex


class Cue(dict[str, Any]):
    """What a reply answers to. What there is not (an earlier message, a pattern's groups) is missing, so absent."""

    __slots__ = ("match", "talk")

    def __init__(self, talk: Conversation, match: regex.Match[str] | None) -> None:
        self.talk = talk
        self.match = match

    def __missing__(self, name: str) -> Any:
        value = MAKERS[name](self.talk, self.match)
        if value is None:
            raise KeyError(name)
        self[name] = value
        return value


def _groups(talk: Conversation, match: regex.Match[str] | None) -> list[str] | None:
    """The whole match, then each group; a group that took no part is empty."""
    return None if match is None else [match[0], *(group or "" for group in match.groups())]


def _named(talk: Conversation, match: regex.Match[str] | None) -> dict[str, str] | None:
    return None if match is None else {name: group or "" for name, group in match.groupdict().items()}


def _earlier_topic(talk: Conversation, match: regex.Match[str] | None) -> str | None:
    return None if talk.previous is None else topic.find(talk.previous).noun or talk.previous


# By name, as the replies see it.
MAKERS: Mapping[str, Callable[[Conversation, regex.Match[str] | None], Any]] = {
    "prompt": lambda talk, match: talk.prompt,
    "topic": lambda talk, match: topic.find(talk.prompt).noun,
    "groups": _groups,
    "named": _named,
    "earlier": lambda talk, match: talk.earlier,
    "previous": lambda talk, match: talk.previous,
    "earlier_topic": _earlier_topic,
    "heard": lambda talk, match: talk.heard,
}
