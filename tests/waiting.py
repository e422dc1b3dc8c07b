"""Waiting in tests for what another thread or process does, however slow the machine is."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic

PATIENCE = 120.0  # real seconds after which something has failed
TICK = 0.01
CLIENT_TIMEOUT = "EMULATOR_CLIENT_TIMEOUT"  # how long the emulator's own clients wait, which is 30 s by default


def until(seen: Callable[[], object], message: Callable[[], object] = str, tick: float = TICK) -> None:
    """Wait until `seen()` is true, asking each `tick` seconds; an AssertionError with `message()` when that takes too
    long."""
    ticker, end = Event(), monotonic() + PATIENCE
    while not seen():
        assert monotonic() < end, message()
        ticker.wait(tick)
