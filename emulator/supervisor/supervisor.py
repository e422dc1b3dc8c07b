"""The parent of the workers: starts them, reports once that all are ready, starts again what died, and ends with all.

The first worker starts alone, so that what is wrong is said once. A worker ends when its standard input does, so none
is left when the parent was killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from msgspec import json
from msgspec.structs import replace

import emulator
from emulator.clock.system_time import pause, steady
from emulator.server.listeners import Reserved
from emulator.supervisor.order import Order, WorkerReady
from emulator.supervisor.private_store import PrivateStore

LOG = logging.getLogger("emulator")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TIME_TO_END = 15.0  # real seconds that workers have to end
OFTEN, WITHIN = 3, 60.0  # deaths within so many real seconds that are too many
MAX_WAIT = 30.0  # real seconds before a worker is started again that dies again and again
RETRY = 1.0  # real seconds until a store is started again that could not be


class Child:
    """A worker's place: the process that has it, and when the last ones died."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.process: asyncio.subprocess.Process | None = None
        self.ready = ""
        self.deaths: deque[float] = deque(maxlen=20)

    @property
    def name(self) -> str:
        """Its number and its process."""
        return f"worker {self.order.number} (process {self.process.pid if self.process else '?'})"


class Supervisor:
    """Runs `count` workers. `show` prints what is shown when all of them are ready.

    `order` is what every worker gets, but for its number; `store` is the one that ends with them, if there is one.
    `program` is the Python that a worker runs.
    """

    def __init__(
        self,
        count: int,
        order: Order,
        reserved: Reserved,
        show: Callable[[str], None],
        store: PrivateStore | None,
        program: str,
    ) -> None:
        # Neither the working folder nor that of a script is where the workers find the package.
        self._command = [sys.executable, "-P", "-c", program]
        paths = [str(Path(emulator.__file__).parent.parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, dict.fromkeys(paths)))}
        token = token_hex(4)
        orders = (replace(order, number=each, id=f"{token}-{each}") for each in range(1, count + 1))
        self._children = [Child(each) for each in orders]
        self._reserved, self._show, self._store = reserved, show, store
        self._now = steady()
        self._stop = asyncio.Event()
        self._signals = 0
        self._status = 0

    async def run(self) -> int:
        """Runs until a signal comes, or a worker can't start at first; returns the exit status."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        tasks: list[asyncio.Task[None]] = []
        try:
            if self._store is not None:
                await self._store.start()
                tasks.append(loop.create_task(self._watch_store(self._store)))
            tasks.append(loop.create_task(self._begin(tasks)))
            await self._stop.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._end()
            if self._store is not None:
                await self._store.end()
        return self._status

    def _on_signal(self) -> None:
        """Stops the server; a second signal does so at once."""
        self._signals += 1
        self._stop.set()
        if self._signals > 1:
            for child in self._children:
                _send(child.process, signal.SIGKILL)

    # ------------------------------------------------------------------ workers

    async def _begin(self, tasks: list[asyncio.Task[None]]) -> None:
        """Starts the first worker, then the others, and shows what the first reported when all are ready."""
        first, *others = self._children
        if await self._start_at_first(first):
            tasks.append(asyncio.get_running_loop().create_task(self._watch(first)))
            started = await asyncio.gather(*map(self._start_at_first, others))
            if all(started):
                tasks.extend(asyncio.get_running_loop().create_task(self._watch(child)) for child in others)
                self._show(first.ready)

    async def _start_at_first(self, child: Child) -> bool:
        """Starts a worker for the first time; when it can't, the server ends as the worker did."""
        await self._start(child)
        if child.ready:
            child.order = replace(child.order, arms=False)
            return True
        assert child.process is not None
        self._status = max(1, await child.process.wait())
        self._stop.set()
        return False

    async def _start(self, child: Child) -> None:
        """Starts a worker, and waits until it is ready or has ended."""
        child.ready = ""
        reading, writing = os.pipe()
        order = replace(child.order, report=writing)
        try:
            child.process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                pass_fds=(writing, *(number for numbers in order.sockets.values() for number in numbers)),
                process_group=0,  # Ctrl-C comes to the parent alone
            )
        except OSError as error:
            os.close(reading)
            LOG.error("worker %d can't be started: %s", child.order.number, error.strerror or error)
            return
        finally:
            os.close(writing)
        stdin = child.process.stdin
        assert stdin is not None
        with suppress(OSError):
            stdin.write(json.encode(order) + b"\n")
            await stdin.drain()
        child.ready = await _report(reading)

    async def _watch(self, child: Child) -> None:
        """Starts a worker again whenever it has died."""
        while child.process is not None:
            status = await child.process.wait()
            now = self._now()
            child.deaths.append(now)
            recent = sum(now - each < WITHIN for each in child.deaths)
            wait = 0.0 if recent < OFTEN else min(2.0 ** (recent - OFTEN), MAX_WAIT)
            if recent < OFTEN:
                LOG.warning("%s %s; it is started again", child.name, _ending(status))
            else:
                LOG.error(
                    "%s %s, as it did %d times within %d s; it is started again in %g s",
                    *(child.name, _ending(status), recent, WITHIN, wait),
                )
            await pause(wait)
            await self._start(child)

    async def _watch_store(self, store: PrivateStore) -> None:
        """Starts the store again whenever it has died; the workers write back what it held."""
        while store.process is not None:
            status = await store.process.wait()
            LOG.warning("the private store (process %d) %s; it is started again", store.process.pid, _ending(status))
            try:
                await store.start()
            except Exception as error:
                LOG.error("%s", error)
                await pause(RETRY)

    async def _end(self) -> None:
        """Ends the workers: politely, then by force."""
        processes = [child.process for child in self._children if child.process is not None]
        for process in processes:
            _send(process, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(TIME_TO_END):
                await asyncio.gather(*(process.wait() for process in processes))
        for process in processes:
            if process.returncode is None:
                LOG.error("process %d does not end, and is killed", process.pid)
                _send(process, signal.SIGKILL)
                await process.wait()
        self._reserved.close()


def _send(process: asyncio.subprocess.Process | None, number: signal.Signals) -> None:
    if process is not None and process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(number)


def _ending(status: int) -> str:
    if status < 0:
        with suppress(ValueError):
            return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"


async def _report(descriptor: int) -> str:
    """Returns what a worker reports through a pipe; empty when it has ended without."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    pipe: Any = os.fdopen(descriptor, "rb")
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        line = await reader.readline()
        return json.decode(line, type=WorkerReady).ready if line else ""
    finally:
        transport.close()
