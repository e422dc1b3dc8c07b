"""Collects diagnostics, so that everything that is wrong in a file is reported at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from types import TracebackType
from typing import Any

from emulator.errors import Diagnostic, DocumentError, Location

_MAX_LENGTH = 100  # comparing takes the square of the length, and nobody mistypes a page
_MAX_COMPARED = 1_000
_MAX_LISTED = 30


def closest(word: str, known: Collection[str]) -> str | None:
    """Give the known word that looks most like `word`, or None when nothing comes near."""
    if len(word) > _MAX_LENGTH or len(known) > _MAX_COMPARED:
        return None
    by_case = {each.casefold(): each for each in known}
    found = get_close_matches(word.casefold(), by_case, n=1)
    return by_case[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give `expected one of: a, b; did you mean 'a'?` to end a diagnostic with; a long list is left out or cut."""
    choices = list(known)
    found = closest(word, choices)
    guess = f"did you mean {found!r}?" if found is not None else ""
    if not choices:
        return "there are none"
    if len(choices) > _MAX_LISTED:
        return guess or f"expected one of: {', '.join(choices[:_MAX_LISTED])}, …"
    return f"expected one of: {', '.join(choices)}" + (f"; {guess}" if guess else "")


class Collecting:
    """A `with` block whose diagnostics are noted instead of raised."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, DocumentError):
            return False
        self._diagnostics.found.extend(error.diagnostics)
        return True


class Diagnostics:
    """What is wrong so far; `raise_any` ends the loading when there is something."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def add(self, place: Location, message: str) -> None:
        self.found.append(Diagnostic(place, message))

    def catching(self) -> Collecting:
        """Note the diagnostics of one part, and let the next part be looked at all the same."""
        return Collecting(self)

    def attempt(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """`make(*arguments)`, or None when it raised a DocumentError."""
        with self.catching():
            return make(*arguments)
        return None

    def require_known(self, name: str, known: Iterable[str], what: str, place: Location, cure: str = "") -> None:
        """Reports an error when `name` is not one of `known`; `cure` says what else may be done."""
        names = list(known)
        if name not in names:
            hint = "; ".join(filter(None, (did_you_mean(name, names), cure)))
            self.add(place, f"unknown {what} {name!r}; {hint}")

    def raise_any(self) -> None:
        if self.found:
            raise DocumentError(self.found)
