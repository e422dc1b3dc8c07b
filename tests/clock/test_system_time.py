"""The system's time: what the clocks of worlds, and limits in real seconds, are made from."""

from __future__ import annotations

import asyncio
import time

import pytest

from emulator.clock.system_time import cpu_seconds, pause, steady, system


def test_a_test_that_freezes_time_does_not_freeze_the_emulators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert system() > 1_767_225_600


def test_steady_time_never_goes_back() -> None:
    now = steady()
    seen = [now() for _ in range(100)]
    assert seen == sorted(seen)


def test_other_tasks_run_during_a_pause() -> None:
    seen = []

    async def note(name: str) -> None:
        seen.append(f"{name} begins")
        await pause(0)
        seen.append(f"{name} ends")

    async def both() -> None:
        await asyncio.gather(note("one"), note("two"))

    asyncio.run(both())
    assert seen == ["one begins", "two begins", "one ends", "two ends"]


def test_computing_takes_seconds_of_the_processor() -> None:
    begun = cpu_seconds()
    while (now := cpu_seconds()) == begun:
        pass
    assert now > begun
