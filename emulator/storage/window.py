"""What is counted: a charge against a window, and how the window then stands."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

# Key, most, seconds, cost: take `cost` from a counter that allows `most` in a window of so many seconds. A plain tuple,
# because several are made for each request and a class would take three times as long.
Charge: TypeAlias = tuple[str, int, float, int]


class Window(Struct):
    """What is used of a counter until `resets_at` (seconds since the epoch); `refused` when the charge did not fit.

    It may be the store's own, which later charges change: read it at once, and change nothing.
    """

    used: int
    resets_at: float
    refused: bool = False
