"""Event loop: uvloop's where it is installed, else asyncio's, which is slower and otherwise the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Returns what makes the loop, as asyncio.Runner takes it."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work)
