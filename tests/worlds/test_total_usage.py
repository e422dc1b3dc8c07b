"""What all worlds have used is summed, once somebody counts: those that begin later and those that have ended too."""

from __future__ import annotations

import pytest

from emulator.worlds.total_usage import TotalUsage
from tests.apis import aiexport_calls as aiexport
from tests.running import Emulated


def test_nothing_is_counted_until_somebody_asks(emulator: Emulated) -> None:
    total = TotalUsage()
    total.begin(emulator.app.worlds.default)
    assert emulator.app.worlds.default.ledger.usage is None
    assert (total.counting, total.total([emulator.app.worlds.default])) == (False, None)


@pytest.mark.one_worker("it asks one process, without the control API")
def test_worlds_that_have_ended_count(emulator: Emulated) -> None:
    worlds = emulator.app.worlds
    worlds.count_usage()
    emulator.running.call(_made(emulator))
    aiexport.caller(emulator).get("/models", headers={"X-Emulator-World": "w"})
    aiexport.caller(emulator).get("/models")
    emulator.exchanges(1)
    emulator.running.call(worlds.delete("w"))
    counted = worlds.usage()
    assert counted is not None
    usage, live = counted
    assert (usage.operations["aiexport", "models.list"].outcomes["ok"], live) == (2, 1)


async def _made(emulator: Emulated) -> None:
    emulator.app.worlds.create("w")
