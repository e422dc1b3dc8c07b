"""Several processes on one store: a scrape of any of them shows the sums of all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from emulator.app import Application
from emulator.clock.world_clock import manual
from emulator.settings.options import Settings
from tests.apis import aiexport_calls as aiexport
from tests.metrics.conftest import Counted
from tests.process import Serving
from tests.redis_server import Server
from tests.running import Running, loaded
from tests.store.redis.conftest import server as server  # a fixture
from tests.waiting import PATIENCE, until

CREATE = {"api": "aiexport", "operation": "messages.create"}
MESSAGE = aiexport.asking("What is 2 + 2?")


class Process(Counted):
    """An emulator that counts, with a server and connections of its own, as in another process."""

    def __init__(self, store: str) -> None:
        own = Running()
        own.settings = replace(own.settings, store=store)
        super().__init__(own)
        self.export = aiexport.caller(self)

    def message(self) -> None:
        self.export.post("/messages", json=MESSAGE).raise_for_status()

    def messages(self) -> float | None:
        """How many messages it shows."""
        return self.value("emulator_requests_total", **CREATE, status="2xx")

    def die(self) -> None:
        """Stops without publishing, as a process that is killed does."""
        publisher, self.app._publisher = self.app._publisher, None
        assert publisher is not None
        self.running.call(publisher._totals.close())
        self.close()

    def close(self) -> None:
        if self.running._thread.is_alive():
            super().close()
            self.running.stop()


@pytest.fixture
def start(server: Server) -> Iterator[Callable[[], Process]]:
    """Starts processes on one store."""
    begun: list[Process] = []

    def start() -> Process:
        begun.append(Process(server.url))
        return begun[-1]

    yield start
    for process in begun:
        process.close()


def settled(process: Process, messages: int) -> None:
    """Waits until it shows that all these messages have ended, which is noted after they are answered."""
    until(lambda: process.messages() == messages)


def test_a_scrape_of_either_process_shows_what_both_have_counted(start: Callable[[], Process]) -> None:
    one, other = start(), start()
    for process in (one, other, other):
        process.message()
    settled(one, 1)
    settled(other, 3)
    settled(one, 3)
    counted = one.value("emulator_request_duration_seconds_count", **CREATE)
    assert counted == other.value("emulator_request_duration_seconds_count", **CREATE) == 3
    assert one.value("emulator_worlds") == 1


def test_what_a_process_has_counted_stays_when_it_dies(start: Callable[[], Process]) -> None:
    one, other = start(), start()
    one.message()
    settled(one, 1)
    one.die()
    other.message()
    settled(other, 2)
    third = start()
    assert third.messages() == 2


def test_a_process_that_ends_publishes_what_nobody_has_asked_for(server: Server, start: Callable[[], Process]) -> None:
    one, other = start(), start()
    one.message()
    until(lambda: len(one.app.state.journal) == 1 and next(iter(one.app.state.journal)).outcome == "complete")
    asyncio.run_coroutine_threadsafe(begin_and_end(one), one.running.loop).result(PATIENCE)
    assert other.messages() == 1


async def begin_and_end(process: Process) -> None:
    publisher = process.app._publisher
    assert publisher is not None
    publisher.begin()
    await publisher.end()


def test_a_process_publishes_by_itself(start: Callable[[], Process], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.metrics.shared.EVERY", 0.01)
    one, other = start(), start()
    publisher = one.app._publisher
    assert publisher is not None
    one.running.loop.call_soon_threadsafe(publisher.begin)
    one.message()
    settled(other, 1)


def test_a_publication_that_takes_its_cancellation_for_a_lost_connection_ends_too(
    start: Callable[[], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = start()
    publisher = one.app._publisher
    assert publisher is not None
    attempts = []

    async def deaf(arguments: object) -> None:
        attempts.append(arguments)
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            if len(attempts) < 3:
                raise ConnectionError("lost") from None
            raise

    monkeypatch.setattr("emulator.metrics.shared.EVERY", 0.0)
    monkeypatch.setattr(publisher._totals, "_call", deaf)
    one.running.loop.call_soon_threadsafe(publisher.begin)
    until(lambda: len(attempts) == 1)
    task = publisher._task
    assert task is not None
    monkeypatch.setattr(publisher._totals, "publish", nothing)
    one.running.call(publisher.end())
    assert task.done()


async def nothing(*_: object) -> None:
    """Publishes nothing."""


def test_while_the_store_is_away_a_scrape_is_a_503_and_afterwards_nothing_is_counted_twice(
    server: Server, start: Callable[[], Process]
) -> None:
    one = start()
    one.message()
    settled(one, 1)
    server.kill()
    assert one.scrape().status_code == 503
    server.start()  # empty
    until(lambda: one.scrape().status_code == 200)
    assert one.messages() == 1


def test_settings_without_a_store_publish_nothing() -> None:
    assert Application(Settings(metrics=True), manual(), loaded("default"))._publisher is None


def scraped(serving: Serving) -> float:
    """How many messages a process shows."""
    text = serving.client.get("/_emulator/metrics").raise_for_status().text
    found = re.search(r'^emulator_requests_total\{.*"messages.create".*\} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.slow
def test_counters_never_go_backwards_when_a_process_is_killed(server: Server, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    arguments = "--store", server.url, "--metrics"
    with Serving(folders[0], *arguments) as one, Serving(folders[1], *arguments) as other:
        for serving in (one, other, one):
            answer = serving.client.post("/v2/messages", json=MESSAGE, headers={"X-API-Key": aiexport.PRO})
            assert answer.status_code == 200
        until(lambda: scraped(one) == scraped(other) == 3)
        one.process.kill()
        one.process.wait()
        assert scraped(other) == 3
        other.client.post("/v2/messages", json=MESSAGE, headers={"X-API-Key": aiexport.PRO})
        until(lambda: scraped(other) == 4)


@pytest.mark.slow
def test_whichever_worker_is_asked_shows_the_sum_of_all(server: Server, tmp_path: Path) -> None:
    with Serving(tmp_path, "--store", server.url, "--workers", "2", "--metrics") as workers:
        for _ in range(10):
            # Each on a connection of its own, so that both workers get some.
            answer = httpx.post(
                f"{workers.origin}/v2/messages", json=MESSAGE, headers={"X-API-Key": aiexport.ENTERPRISE}
            )
            assert answer.status_code == 200
        until(lambda: scraped(workers) == 10)
        text = [httpx.get(f"{workers.origin}/_emulator/metrics").text for _ in range(5)]
        assert all("emulator_worlds 1.0\n" in each for each in text)
