"""Text index: which of many rules can match a text, found in one pass over it.

A rule that looks for a text by `contains` or `matches` has a key: up to KEY_LENGTH characters that the text must have.
All keys of a field are one regular expression, a trie, which finds those in a text, whatever their number. Rules
without a key, such as those whose expression is all wildcards, are asked always.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from msgspec import Struct

KEY_LENGTH = 16
# What is read of a regular expression; anything else may mean anything, and the expression then has no key.
_TOKEN = re.compile(
    r"""(?P<literal>[\w\ !"#%&',/:;<=>@`~-]|\\[^\w\s])(?P<after>[*+?]\??\+?|\{\d+(?:,\d*)?\}[?+]?|)
    |(?P<open>\((?:\?:|\?P<\w+>)?)(?!\?)
    |(?P<close>\)(?:[*+?]\??\+?|\{\d+(?:,\d*)?\}[?+]?)?)
    |(?P<other>(?:\\[bBdDsSwWAZ]|[.^$]|\[\^?(?:[\w\ !"#%&'()*+,./:;<=>?@`~^$|{}-]|\\[dswDSW]|\\[^\w\s])+\])
        (?:[*+?]\??\+?|\{\d+(?:,\d*)?\}[?+]?)?)
    |(?P<bar>\|)""",
    re.VERBOSE | re.ASCII,
)


class TextWant(Struct, frozen=True):
    """Texts of which each must be in whatever a rule matches; `folded`: in either case."""

    texts: tuple[str, ...]
    folded: bool = False


def wanted_by(operand: Any) -> TextWant | None:
    """Returns what a field must have for an operand such as `{contains: text}`; None when that can't be known."""
    if not isinstance(operand, dict):
        return None
    contained, pattern = operand.get("contains"), operand.get("matches")
    if isinstance(contained, str) and contained:
        return TextWant((contained,))
    return _wanted_by_pattern(pattern) if isinstance(pattern, str) else None


def _wanted_by_pattern(pattern: str) -> TextWant | None:
    """Reads the literal parts of a regular expression that are outside all groups and alternatives."""
    folded = pattern.startswith("(?i)")
    at, depth, runs = 4 * folded, 0, [""]
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None or (token["bar"] and not depth):
            return None
        at = token.end()
        depth += bool(token["open"]) - bool(token["close"])
        if depth < 0:
            return None
        if token["literal"] and not depth:
            runs[-1] += "" if _is_optional(token["after"]) else token["literal"][-1]
            if not token["after"]:
                continue
        runs.append("")
    texts = tuple(
        dict.fromkeys(run.lower() if folded else run for run in runs if run and (run.isascii() or not folded))
    )
    return TextWant(texts, folded) if texts and not depth else None


def _is_optional(quantifier: str) -> bool:
    return quantifier[:1] in ("*", "?") or quantifier.startswith("{0")


class TextIndex:
    """Positions of the rules that want certain texts of one field, in order of their first rule."""

    def __init__(self, wants: Sequence[tuple[int, TextWant]]) -> None:
        self._all = [position for position, _ in wants]
        shares = Counter(key for _, want in wants for key in _keys(want))
        self._exact: dict[str, list[int]] = {}
        self._folded: dict[str, list[int]] = {}
        for position, want in wants:
            key = min(_keys(want), key=lambda each: (shares[each], -len(each)))
            (self._folded if want.folded else self._exact).setdefault(key, []).append(position)

    @cached_property
    def _find_exact(self) -> KeyFinder:
        return KeyFinder(self._exact)

    @cached_property
    def _find_folded(self) -> KeyFinder:
        return KeyFinder(self._folded)

    def positions(self, found: Any) -> Iterable[int]:
        """Returns the positions of all rules that may match what was found, and of few others."""
        if not isinstance(found, str):
            return self._all if isinstance(found, list | dict) else ()  # `contains` looks for an item, too
        positions: Iterable[int] = self._find_exact(found) if self._exact else ()
        if self._folded:
            # Of other letters, two may be alike to a regular expression that are not so in lower case.
            folded = self._find_folded(found.lower()) if found.isascii() else chain(*self._folded.values())
            positions = [*positions, *folded]
        return positions


def _keys(want: TextWant) -> set[str]:
    """The beginnings and ends of the texts: either can be the key."""
    return {part for text in want.texts for part in (text[:KEY_LENGTH], text[-KEY_LENGTH:])}


class KeyFinder:
    """Finds which keys are in a text."""

    def __init__(self, keys: Mapping[str, Sequence[int]]) -> None:
        self._search = re.compile(f"(?=({_trie(keys)}))", re.DOTALL).finditer
        # The longest key that begins at a place is found; whatever else begins there is a beginning of it.
        self._positions = {
            key: [position for end in range(1, len(key) + 1) for position in keys.get(key[:end], ())] for key in keys
        }

    def __call__(self, text: str) -> set[int]:
        found = {match[1] for match in self._search(text)}
        return {position for key in found for position in self._positions[key]}


def _trie(words: Iterable[str]) -> str:
    """A regular expression for the longest of some words."""
    root: dict[str, Any] = {}
    for word in words:
        node = root
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return _written(root)


def _written(node: Mapping[str, Any]) -> str:
    branches = [re.escape(letter) + _written(below) for letter, below in node.items() if letter]
    if not branches:
        return ""
    whole = branches[0] if len(branches) == 1 and "" not in node else f"(?:{'|'.join(branches)})"
    return f"{whole}?" if "" in node else whole
