"""The backend of a test that plays no world: in memory, or where `pytest --store` says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from emulator.clock.world_clock import Clock
from emulator.engine.state import STORED_TYPES
from emulator.store.backend import Backend
from emulator.store.journal import Journal
from emulator.worlds import registry

OPEN: ContextVar[list[Backend]] = ContextVar("OPEN")


def backend(clock: Clock) -> Backend:
    """A backend as the default world has one; made in a story, it is closed at its end."""
    made: Backend = getattr(registry, "MemoryBackend")(clock, Journal(), STORED_TYPES)  # noqa: B009 - set by conftest.py
    OPEN.get([]).append(made)
    return made


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Runs a story in a loop of its own."""

    async def run() -> None:
        OPEN.set([])
        try:
            await story()
        finally:
            for each in OPEN.get():
                await each.close()

    asyncio.run(run())
