"""Guesses what was meant when a word is not known."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

_LONGEST = 100  # comparing takes the square of the length, and nobody mistypes a page
_MOST_COMPARED = 1_000
_MOST_LISTED = 30


def closest(word: str, known: Collection[str]) -> str | None:
    """Give the known word that looks most like `word`, or None when nothing comes near."""
    if len(word) > _LONGEST or len(known) > _MOST_COMPARED:
        return None
    by_case = {each.casefold(): each for each in known}
    found = get_close_matches(word.casefold(), by_case, n=1)
    return by_case[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give `expected one of: a, b; did you mean 'a'?` to end a complaint with; a long list is left out or cut."""
    choices = list(known)
    found = closest(word, choices)
    guess = f"did you mean {found!r}?" if found is not None else ""
    if not choices:
        return "there are none"
    if len(choices) > _MOST_LISTED:
        return guess or f"expected one of: {', '.join(choices[:_MOST_LISTED])}, …"
    return f"expected one of: {', '.join(choices)}" + (f"; {guess}" if guess else "")
