"""A value that is kept packed until somebody asks for it: most of what a playbook carries along, few ever look at."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Deferred(Generic[T]):
    """`value`, which comes out of a pickle only when it is first asked for."""

    def __init__(self, value: T) -> None:
        self._value: T | None = value
        self._packed: bytes | None = None

    @property
    def value(self) -> T:
        if self._packed is not None:
            self._value, self._packed = pickle.loads(self._packed), None
        return self._value  # type: ignore[return-value]

    def __reduce__(self) -> tuple[Callable[[bytes], Deferred[Any]], tuple[bytes]]:
        return _packed, (pickle.dumps(self.value, pickle.HIGHEST_PROTOCOL),)


def _packed(data: bytes) -> Deferred[Any]:
    deferred: Deferred[Any] = Deferred(None)
    deferred._packed = data
    return deferred
