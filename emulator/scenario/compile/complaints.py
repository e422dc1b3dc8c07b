"""Collecting complaints, so that a wrong file is told everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from emulator.errors import Complaint, DocumentError, Place
from emulator.scenario.suggest import did_you_mean


class Catching:
    """A `with` block whose complaints are noted instead of raised."""

    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, DocumentError):
            return False
        self._complaints.found.extend(error.complaints)
        return True


class Complaints:
    """What is wrong so far; `raise_any` ends the loading when there is something."""

    def __init__(self) -> None:
        self.found: list[Complaint] = []

    def add(self, place: Place, message: str) -> None:
        self.found.append(Complaint(place, message))

    def catching(self) -> Catching:
        """Note the complaints of one part, and let the next part be looked at all the same."""
        return Catching(self)

    def attempt(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """`make(*arguments)`, or None when it complained."""
        with self.catching():
            return make(*arguments)
        return None

    def require_known(self, name: str, known: Iterable[str], what: str, place: Place) -> None:
        """Complain when `name` is not one of `known`."""
        names = list(known)
        if name not in names:
            self.add(place, f"unknown {what} {name!r}; {did_you_mean(name, names)}")

    def raise_any(self) -> None:
        if self.found:
            raise DocumentError(self.found)
