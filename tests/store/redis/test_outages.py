"""Whatever happens to Redis in the midst of traffic on two processes, counts are exact, and a 503 says why."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec import Struct

from tests.process import Serving
from tests.redis_server import MISSING, Server, installed
from tests.store.redis.limit_traffic import AMOUNT, JOBS, RATES, TOTALS, Traffic, counts, scenario
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not installed(), reason=MISSING)]
REPLY_SECONDS = 5.0  # after which a process gives up waiting for a reply
ROUNDS = 2  # of each client: all together ask twice as often as is let through
ONCE = (*TOTALS, JOBS)  # limits that no time gives back


class Pair(Struct):
    """Two processes on one store, which keeps its data on disk."""

    store: Server
    processes: list[Serving]

    def advance(self) -> None:
        """Lets a minute pass, so that the limits a minute are full again."""
        response = self.processes[0].client.post("/_emulator/clock", json={"advance": 60}, timeout=PATIENCE)
        assert response.is_success, response.text

    def healthy(self) -> bool:
        return all(each.client.get("/_emulator/health").status_code == 200 for each in self.processes)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    store = Server("--appendonly", "yes")
    with ExitStack() as stack:
        stack.callback(store.end)
        folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
        options = ("--clock", "frozen", "--store", store.url, "--journal-entries", "50000", "--quiet")
        path = scenario(folders[0], 60)
        yield Pair(store, [stack.enter_context(Serving(each, *options, "--scenario", path)) for each in folders])


def flush(store: Server) -> None:
    store.client.flushall()


def flush_scripts(store: Server) -> None:
    store.client.script_flush()


def pause(store: Server) -> None:
    store.client.client_pause(500, all=True)


def pause_long(store: Server) -> None:
    store.client.client_pause(int((REPLY_SECONDS + 1) * 1000), all=True)


def disconnect(store: Server) -> None:
    for kind in ("normal", "pubsub"):
        store.client.client_kill_filter(_type=kind, skipme=True)


def restart(store: Server) -> None:
    store.kill()
    store.start()


def restart_empty(store: Server) -> None:
    store.kill()
    shutil.rmtree(Path(store.folder, "appendonlydir"))
    store.start()


EVENTS = [flush, flush_scripts, pause, pause_long, disconnect, restart, restart_empty]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_counts_are_exact_whatever_happens_to_the_store(pair: Pair, event: Callable[[Server], None]) -> None:
    before = counts(pair.processes[1])
    traffic = Traffic(pair.processes)
    with traffic.in_the_background():
        until(lambda: traffic.answered >= 12)
        event(pair.store)
        asked = traffic.served
        until(lambda: traffic.served >= asked + 40)
    assert (traffic.lost, traffic.odd) == (0, [])
    Traffic(pair.processes).run(ROUNDS)
    for process in pair.processes:
        found = counts(process)
        assert {kind: found[kind] - before[kind] for kind in RATES} == dict.fromkeys(RATES, AMOUNT)
        assert {kind: found[kind] for kind in ONCE} == dict.fromkeys(ONCE, AMOUNT)
    assert all(traffic.admitted(kind) <= AMOUNT for kind in RATES)
    until(pair.healthy)
    pair.advance()


def test_a_store_that_is_away_is_an_error_in_the_shape_of_the_api_and_nothing_is_charged(pair: Pair) -> None:
    before = counts(pair.processes[0])
    traffic = Traffic(pair.processes)
    with traffic.in_the_background():
        until(lambda: traffic.answered >= 12)
        pair.store.kill()
        asked = traffic.unavailable
        until(lambda: traffic.unavailable >= asked + 40)
        pair.store.start()
        asked = traffic.served
        until(lambda: traffic.served >= asked + 40)
    assert (traffic.lost, traffic.odd) == (0, [])
    Traffic(pair.processes).run(ROUNDS)
    found = counts(pair.processes[1])
    assert {kind: found[kind] - before[kind] for kind in RATES} == dict.fromkeys(RATES, AMOUNT)
    pair.advance()
