"""What a world has on record, as a sequence that asks the server anew at each look."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, overload

from emulator.testing.client import Client, ControlError

Item = TypeVar("Item")


class Listing(Sequence[Item]):
    """What a world has on record, the oldest first."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @abstractmethod
    def all(self) -> list[Item]:
        """What there is at this moment."""

    @abstractmethod
    def _missing(self, count: int) -> str:
        """What is told to whoever looks for one that is not among the `count` there are."""

    @property
    def last(self) -> Item:
        """The newest. Raises IndexError, which says what there is instead, when there is none."""
        return self[-1]

    def _waited(self, path: str, order: dict[str, Any]) -> Any:
        """The answer to a question that waits. Raises AssertionError when what it waits for does not come."""
        try:
            return self._client.post(path, order, waits=True)
        except ControlError as error:
            if error.status != 408:
                raise
            raise AssertionError(str(error)) from None

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[Item]:
        return iter(self.all())

    @overload
    def __getitem__(self, at: int) -> Item: ...

    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...

    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        found = self.all()
        if not isinstance(at, slice) and not -len(found) <= at < len(found):
            raise IndexError(self._missing(len(found)))
        return found[at]
