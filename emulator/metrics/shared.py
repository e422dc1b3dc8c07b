"""Metrics of a server of several processes: whichever is asked shows the sums of all.

Each process counts for itself, and publishes what it has counted once a second, when it is asked, and when it ends.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from emulator.clock.system_time import pause
from emulator.errors import StoreUnavailable
from emulator.metrics.definitions import OPEN_STREAMS
from emulator.metrics.observer import Observer
from emulator.metrics.tally import Gauge, Tally
from emulator.store.redis.totals import Sums, Totals

EVERY = 1.0  # real seconds between two publications
LOOK = 0.05  # real seconds after which what still runs is cancelled again


class SharedMetrics:
    """What one process counts, and the sums that it shows."""

    def __init__(self, observer: Observer, totals: Totals) -> None:
        self._observer, self._totals = observer, totals
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Publishes from here on."""
        self._task = asyncio.get_running_loop().create_task(self._live())

    async def end(self) -> None:
        """Publishes a last time, if the store is there."""
        if self._task is not None:
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait((self._task,), timeout=LOOK)  # the client may take it for a lost connection
            with suppress(StoreUnavailable):
                await self._totals.publish(self._observer.tally.flat, {})
        await self._totals.close()

    async def collect(self) -> tuple[Tally, list[Gauge]]:
        """Returns what all processes have counted, and what there is now. Raises StoreUnavailable."""
        sums = await self._publish()
        streams = Counter[str]()
        for each in sums.present:
            streams.update(each)
        open_streams: list[Gauge] = [(OPEN_STREAMS, (api,), count) for api, count in streams.items()]
        known = dict.fromkeys(self._observer.tally.flat(), 0.0)  # what nobody has counted yet has no sum
        return Tally.of({**known, **sums.totals}), [*open_streams, *self._observer.look_up()]

    async def _publish(self) -> Sums:
        present = {api: count for _, (api,), count in self._observer.open_streams()}
        return await self._totals.publish(self._observer.tally.flat, present)

    async def _live(self) -> None:
        while True:
            await pause(EVERY)
            with suppress(StoreUnavailable):
                await self._publish()
