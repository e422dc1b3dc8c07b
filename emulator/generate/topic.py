"""What a prompt is about: a phrase of the prompt that reads well inside a sentence, and the kind of request."""

from __future__ import annotations

import re
from typing import NamedTuple

_READ = 300
_WORDS = 9
_LONGEST = 80


class Topic(NamedTuple):
    """`kind` is one of how, ask, why, whether, make, help, say; `phrase` is empty when nothing was found."""

    kind: str
    phrase: str

    @property
    def noun(self) -> str:
        """The phrase where a noun is wanted: "how to plan a project" rather than "plan a project"."""
        return f"how to {self.phrase}" if self.kind == "help" else self.phrase


_OPENING = re.compile(
    r"(?:(?:hi|hello|hey|ok|okay|so|well|and|now|please|thanks|thank you|(?:can|could|would|will) you(?: please)?"
    r"|i(?:'d| would) like you to|i (?:want|need) you to)\b[\s,!.:]*)+",
    re.I,
)
_ASKED = "do|can|should|would|could|did|must"
_ASKING = "how what when where which"
_AUXILIARY = "is are was were do does did can could should would will has have may might must"
_VERBS = "write draft create generate compose make give show suggest list tell name recommend build design propose"
_ABOUT = "explain describe discuss outline define compare analyze analyse review summarize summarise"
_FORMS = [
    ("how", _ASKING, rf"(how|what|when|where|which) (?:(?:{_ASKED}) (?:i|we|you|one|people)|to) (?=\w)"),
    ("ask", "what who where which when", r"\w+(?: is| are| was| were)(?: meant by)? (?=\w)"),
    ("ask", "what's who's where's when's", r"\S+ (?=\w)"),
    ("ask", "how what", r"(?:how|what) about (?=\w)"),
    ("why", "why", rf"why (?:is|are|was|were|does|has|have|don't|doesn't|can't|{_ASKED}) (?=\w)"),
    ("ask", "tell", r"tell (?:me|us)(?: more)? about (?=\w)"),
    ("ask", "teach", r"teach me(?: about)? (?=\w)"),
    ("ask", "help", r"help (?:me|us) with (?=\w)"),
    ("help", "help", r"help (?:me|us)(?: to)? (?=\w)"),
    ("ask", _ABOUT, r"\w+(?: to me)?(?: about)? (?=\w)"),
    ("make", _VERBS, r"\w+(?: me| us)? (?=\w)"),
    ("whether", _AUXILIARY, r"\w+ (?=\w)"),
]


def _by_first_word() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """The forms by the word they begin with, so that a prompt is tried against three at most."""
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for kind, openers, pattern in _FORMS:
        for opener in openers.split():
            table.setdefault(opener, []).append((kind, re.compile(pattern, re.I)))
    return table


_KINDS = _by_first_word()
_END = re.compile(r"[.?!;:,(\[{<\"“”\n](?:(?<![.?!;:])|(?=\s|\Z))")
_WORD = re.compile(r"[^\W_][\w'’+#-]*")
_TURNED = {"my": "your", "our": "your", "i": "you", "I": "you", "me": "you", "we": "you", "us": "you", "your": "my"}
_SMALL_WORDS = """
    a about above add after again all already also although always am an and another any anyone anything are as ask
    at away back be because become been before being best better between big both bring but by came can cannot
    change come could day did different do does doing don't done down each else even ever every everything explain
    few find first for from full get give go going good got great had happen happened has have having he help her
    here high him his how i if important in into is it it's its just keep kind know large last learn least less let
    let's like little long look lot love made main make many may me mean means might more most much must my need
    never new next nice no none not nothing now of off often ok on once one only or other our out over own part
    people please put quite rather real really recommend right said same say see seem she should show simple since
    small so some something sometimes still such suggest sure take tell than that that's the their them then there
    these they thing things think this those through time to today together too top try two under until up us use
    used using very want was way we well went were what what's when where which while who why will wish with within
    without wonder word words work works would wrote yes yet you your
"""
_DULL = frozenset(_SMALL_WORDS.split())


def find(prompt: str) -> Topic:
    """The topic of a prompt; reads its first sentence, of its first 300 characters."""
    text = prompt[:_READ].lstrip()
    opening = _OPENING.match(text)
    if opening is not None:
        text = text[opening.end() :]
    for kind, pattern in _KINDS.get(text.partition(" ")[0].lower(), ()):
        match = pattern.match(text)
        if match is not None:
            return _topic(kind, match, text[match.end() :])
    return Topic("say", _keywords(text))


def _topic(kind: str, opener: re.Match[str], rest: str) -> Topic:
    if kind in ("why", "whether"):
        return Topic(kind, _keywords(rest))
    phrase = _phrase(rest)
    return Topic(kind, f"{opener[1].lower()} to {phrase}" if kind == "how" and phrase else phrase)


def _phrase(text: str) -> str:
    """The first words up to the end of the sentence, turned towards the reader; no dangling small words."""
    end = _END.search(text)
    words = (text[: end.start()] if end is not None else text).split()[: _WORDS + 1]
    cut = len(words) > _WORDS
    del words[_WORDS:]
    if not _TURNED.keys().isdisjoint(words):
        words = [_TURNED.get(word, word) for word in words]
    while cut and words and words[-1].lower() in _DULL:
        words.pop()
    phrase = " ".join(words).strip(" .?!-–—'’`*_#>|").rstrip(",;:")
    return phrase if len(phrase) <= _LONGEST else ""


def _keywords(text: str) -> str:
    """The first and the last word with a meaning of its own."""
    words = [word for word in _WORD.findall(text) if 1 < len(word) <= _LONGEST // 2 and word.lower() not in _DULL]
    if not words:
        return ""
    first, last = words[0], words[-1]
    return f"{first} and {last}" if first.lower() != last.lower() else first
