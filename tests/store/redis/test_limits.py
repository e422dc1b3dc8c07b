"""N processes, M clients: each limit lets through exactly what it says, while one of the processes is killed."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from math import inf
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from emulator.store.redis.sums import MAX_SKEW
from tests.process import Serving
from tests.store.redis.conftest import Start
from tests.store.redis.limit_traffic import (
    AMOUNT,
    CLIENTS,
    JOBS,
    KINDS,
    PAUSE,
    RATES,
    TOTALS,
    Traffic,
    admitted,
    counts,
    hang,
    scenario,
)
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow
Rows = list[dict[str, Any]]
OPEN, STOPPED, REFUSED = ("open", 200), ("stopped", 200), ("complete", 429)
SELDOM = 0.5  # real seconds between two looks at the whole journal, which the process under test has to send
LARGE_JOURNAL = ("--journal-entries", "50000", "--quiet")  # it keeps all of the traffic
ROUNDS = 2  # of each client: all together ask twice as often as is let through


def kill(process: Serving) -> None:
    process.process.send_signal(signal.SIGKILL)
    process.process.wait(PATIENCE)


def test_every_kind_of_limit_is_exact_while_a_process_is_killed_and_at_the_edge_of_its_window(
    start: Start, tmp_path: Path
) -> None:
    options = (*LARGE_JOURNAL, "--clock", "frozen", "--scenario", scenario(tmp_path, 60))
    one, other = start(*options), start(*options)
    traffic = Traffic([one, other], hold_after=20)
    with traffic.in_the_background(ROUNDS):
        traffic.interrupt(lambda: kill(one))
    assert 0 < traffic.lost <= CLIENTS
    Traffic([other]).run(ROUNDS)
    assert counts(other) == dict.fromkeys(KINDS, AMOUNT)
    assert all(traffic.admitted(kind) <= AMOUNT for kind in KINDS)

    third = start(*options)
    _advance(other, 59.999)  # aligned windows have ended by now, and all of the bucket has come back but a little
    Traffic([other, third]).run(ROUNDS)
    before = counts(third)
    assert before == dict.fromkeys(KINDS, AMOUNT) | {"aligned": 2 * AMOUNT, "bucket": 2 * AMOUNT - 1}
    _advance(third, 0.001)
    traffic = Traffic([other, third], hold_after=20)
    with traffic.in_the_background(ROUNDS):
        traffic.interrupt(lambda: kill(other))
    assert 0 < traffic.lost <= CLIENTS
    Traffic([third]).run(ROUNDS)
    assert counts(third) == before | dict.fromkeys(RATES, 2 * AMOUNT)


def _advance(process: Serving, seconds: float) -> None:
    response = process.client.post("/_emulator/clock", json={"advance": seconds}, timeout=PATIENCE)
    assert response.is_success, response.text


@pytest.mark.parametrize("speed", [50, 1000])
def test_no_window_of_a_clock_at_speed_has_more_while_a_process_is_killed(
    start: Start, tmp_path: Path, speed: int
) -> None:
    span = 4 * speed  # four seconds of real time, in which slow processes fill a window too
    options = (*LARGE_JOURNAL, "--clock", f"x{speed}", "--scenario", scenario(tmp_path, span, "month"))
    one, other = start(*options), start(*options)
    traffic = Traffic([one, other])
    with traffic.in_the_background():
        until(lambda: _full(other) >= 1, tick=SELDOM)
        kill(one)
        killed, before = _now(other), _full(other)
        until(lambda: _full(other) >= before + 2, tick=SELDOM)
    rows = admitted(other)
    for kind in ("first", "aligned"):
        assert max(_windows(rows[kind]).values()) == AMOUNT, kind
    resets = sorted(int(reset) for reset in _windows(rows["first"]))
    assert all(later - earlier >= span - 1 for earlier, later in pairwise(resets))
    skew = MAX_SKEW * speed
    assert all(took >= span - skew for took in _longest(rows["sliding"], AMOUNT + 1, killed))
    for count in range(AMOUNT + 1, len(rows["bucket"]) + 1):
        for took in _longest(rows["bucket"], count, killed):
            assert count <= AMOUNT + (took + skew) * AMOUNT / span + 1e-6
    assert {kind: len(rows[kind]) for kind in (*TOTALS, JOBS)} == dict.fromkeys((*TOTALS, JOBS), AMOUNT)


def _windows(rows: Rows) -> Counter[str]:
    """How many were let through in each window, by when it ends."""
    return Counter(each["reply_headers"]["x-ratelimit-reset"] for each in rows)


def _full(process: Serving) -> int:
    """How many windows are full, of each of the kinds that have some."""
    rows = admitted(process)
    return min(list(_windows(rows[kind]).values()).count(AMOUNT) for kind in ("first", "aligned"))


def _longest(rows: Rows, count: int, killed: float) -> Iterator[float]:
    """In how many seconds so many exchanges in a row were charged at most: each is charged once its body is there, at
    any moment until it has ended; what a killed process had begun, it charged before it was killed."""
    ends = [
        each["at"] + each["took"] if each["outcome"] == "complete" else killed if each["at"] < killed else inf
        for each in rows
    ]
    for first in range(len(rows) - count + 1):
        yield max(ends[first : first + count]) - rows[first]["at"]


def _now(process: Serving) -> float:
    """The time of the world, in seconds since the epoch."""
    now: float = process.client.get("/_emulator/clock", timeout=PATIENCE).json()["now"]
    return now


@pytest.mark.parametrize("clock", ["frozen", "x1000"])
def test_as_many_are_under_way_as_may_be_before_and_after_a_process_is_killed(
    start: Start, tmp_path: Path, clock: str
) -> None:
    options = (*LARGE_JOURNAL, "--clock", clock, "--scenario", scenario(tmp_path, 60))
    one, other = start(*options), start(*options)
    with ExitStack() as stack, ThreadPoolExecutor(2 * AMOUNT) as pool:
        for at_once in (True, False):
            stack.enter_context(hang(one, at_once))
        until(lambda: [each in (OPEN, STOPPED) for each in _asked(other).values()] == [True, True])
        asked = [pool.submit(hang, (one, other)[number % 2], number % 4 < 2) for number in range(2 * AMOUNT)]
        for each in asked:
            stack.callback(each.result().close)
        until(lambda: len(_asked(other)) == 2 * AMOUNT + 2)
        assert _all_but_the_amount_refused(other)
        stack.enter_context(hang(other, at_once=True))
        until(lambda: len(_asked(other)) == 2 * AMOUNT + 3)
        assert _all_but_the_amount_refused(other)
        kill(one)

        def all_again() -> bool:
            Event().wait(5 * PAUSE)
            before = len(_asked(other))
            stack.enter_context(hang(other, at_once=before % 2 == 0))
            until(lambda: len(_asked(other)) > before)
            found = list(_asked(other).values())
            assert found.count(OPEN) <= AMOUNT
            return found.count(OPEN) == AMOUNT and STOPPED in found

        until(all_again)
        for number in range(AMOUNT):
            stack.enter_context(hang(other, at_once=number % 2 == 0))
        assert all_again()


def _all_but_the_amount_refused(process: Serving) -> bool:
    """Whether as many are under way as may be, and all others were refused. A process that the machine has not let run
    for seconds is taken to be dead, and what was under way in it has stopped: others may have come in its place."""
    found = Counter(_asked(process).values())
    begun = found[OPEN] + found[STOPPED]
    return found[OPEN] <= AMOUNT <= begun and found[REFUSED] == found.total() - begun


def _asked(process: Serving) -> dict[int, tuple[str, int]]:
    """Outcome and status of all exchanges, by their numbers."""
    response = process.client.get("/_emulator/exchanges", timeout=PATIENCE)
    assert response.is_success, response.text
    return {each["number"]: (each["outcome"], each["status"]) for each in response.json()["exchanges"]}
