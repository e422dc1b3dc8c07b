"""Armed faults: where and when they play, and that nothing is half armed."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from emulator.clock.world_clock import Clock, manual
from emulator.engine.state import STORED_TYPES
from emulator.errors import ConfigError
from emulator.faults import Armed
from emulator.faults.armed import MAX_ARMED
from emulator.faults.base import OF_ANSWERS, OF_STREAMS, Family
from emulator.faults.content import Answer
from emulator.store.memory import MemoryBackend
from tests.faults.conftest import BODY, Faulty, content


@pytest.fixture
def clock() -> Clock:
    return manual()


@pytest.fixture
def armed(clock: Clock) -> Armed:
    return Armed(MemoryBackend(clock))


def played(
    armed: Armed, clock: Clock, count: int = 1, operation: str = "messages.create", key: str | None = "ann"
) -> list[bool]:
    """Whether the fault played, one request after the other."""
    return [bool(armed.pick(operation, "api", key, clock.now(), Random(number))) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("when", "plays"),
    [
        ({}, [1, 1, 1, 1, 1, 1]),
        ({"times": 2}, [1, 1, 0, 0, 0, 0]),
        ({"nth": 3}, [0, 0, 1, 0, 0, 0]),
        ({"every": 2}, [0, 1, 0, 1, 0, 1]),
        ({"every": 2, "times": 4}, [0, 1, 0, 1, 0, 0]),
        ({"probability": 0}, [0, 0, 0, 0, 0, 0]),
        ({"probability": 1}, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_when_an_armed_fault_applies(armed: Armed, clock: Clock, when: dict[str, Any], plays: list[int]) -> None:
    order = armed.arm({"fault": "reset_peer", **when})
    assert played(armed, clock, 6) == list(map(bool, plays))
    assert order.played == sum(plays)


def test_chance_is_drawn_from_the_seed_and_times_counts_what_it_let_through(armed: Armed, clock: Clock) -> None:
    armed.arm({"fault": "reset_peer", "probability": 0.3})
    first = played(armed, clock, 1_000)
    assert 250 < sum(first) < 350
    assert played(armed, clock, 1_000) == first
    armed.clear()
    armed.arm({"fault": "reset_peer", "probability": 0.3, "times": 2})
    assert sum(played(armed, clock, 1_000)) == 2


@pytest.mark.parametrize(
    ("on", "operation", "plays"),
    [
        (None, "messages.create", True),
        ("messages.create", "messages.create", True),
        ("messages.*", "messages.stream", True),
        ("messages.*", "batch.create", False),
        (["batch.*", "messages.create"], "messages.create", True),
        ("api/messages.*", "messages.create", True),
        ("other/messages.*", "messages.create", False),
    ],
)
def test_where_an_armed_fault_applies(armed: Armed, clock: Clock, on: Any, operation: str, plays: bool) -> None:
    armed.arm({"fault": "reset_peer", "on": on, "key": "ann"})
    assert played(armed, clock, 1, operation) == [plays]
    assert played(armed, clock, 1, operation, key="bob") == [False]
    assert played(armed, clock, 1, operation, key=None) == [False]


def test_only_faults_of_the_families_that_are_requested_play_and_count(armed: Armed, clock: Clock) -> None:
    armed.arm({"fault": "cut_after", "params": 3, "times": 1})
    armed.arm({"fault": "malformed_json", "times": 1})
    now = clock.now()
    assert [each.name for each in armed.pick("a.b", "api", None, now, Random(1), {"body", "wire"})] == [
        "malformed_json"
    ]
    assert [each.name for each in armed.pick("a.b", "api", None, now, Random(1), {"stream"})] == ["cut_after"]
    assert armed.pick("a.b", "api", None, now, Random(1)) == ()


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ({}, "`fault` is missing; expected one of: status"),
        ({"fault": 5}, "`fault` is missing"),
        ({"fault": "reset_pear"}, "did you mean 'reset_peer'?"),
        ({"fault": "cut_after"}, "fault cut_after: events is missing"),
        ({"fault": "cut_after", "params": {"events": "x"}}, "fault cut_after: events: expected a whole number"),
        ({"fault": "reset_peer", "time": 2}, "unknown key 'time'; expected one of: fault, params, on, key, times"),
        ({"fault": "reset_peer", "times": 0}, "times: expected a whole number from 1; found 0"),
        ({"fault": "reset_peer", "times": True}, "times: expected a whole number from 1"),
        ({"fault": "reset_peer", "probability": 1.5}, "probability: expected a number from 0 to 1; found 1.5"),
        ({"fault": "reset_peer", "after": 5}, "after: expected a duration"),
        ({"fault": "reset_peer", "for": "1s each"}, "for: 'each' needs something to count"),
        ({"fault": "reset_peer", "key": 5}, "key: expected text; found 5"),
        ({"fault": "reset_peer", "on": 5}, "on: expected the name of an operation, or a list of those; found 5"),
        ({"fault": "reset_peer", "on": [5]}, "on: expected text; found 5"),
    ],
)
def test_nothing_is_half_armed(armed: Armed, order: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        armed.arm(order)
    assert complaint in str(caught.value)
    assert armed.list() == ()
    assert armed.arm({"fault": "reset_peer"}).id == "fault_1"


def test_they_are_listed_and_disarmed_by_id(armed: Armed) -> None:
    assert [armed.arm({"fault": name}).id for name in ("reset_peer", "garbage", "timeout")] == [
        "fault_1",
        "fault_2",
        "fault_3",
    ]
    armed.disarm("fault_2")
    assert [each.fault.name for each in armed.list()] == ["reset_peer", "timeout"]
    with pytest.raises(ConfigError, match="no armed fault 'fault_2'; expected one of: fault_1, fault_3"):
        armed.disarm("fault_2")
    armed.clear()
    assert armed.list() == ()
    with pytest.raises(ConfigError, match="there are none"):
        armed.disarm("fault_1")


@pytest.mark.bound("armed faults")
def test_there_is_an_end_to_how_many_are_armed(armed: Armed) -> None:
    for _ in range(1_000):
        armed.arm({"fault": "timeout"})
    with pytest.raises(ConfigError, match="disarm some first"):
        armed.arm({"fault": "timeout"})
    assert len(armed.list()) == 1_000


@pytest.mark.finding("I1")
def test_a_fault_that_is_used_up_is_asked_no_more_and_takes_no_place(armed: Armed, clock: Clock) -> None:
    for _ in range(3):
        for _ in range(MAX_ARMED):
            armed.arm({"fault": "empty_response", "times": 1})
        assert armed.full
        assert len(armed.pick("a.b", "api", None, clock.now(), Random(1))) == MAX_ARMED
        assert (bool(armed.waiting), armed.count, armed.full) == (False, 0, False)


@pytest.mark.finding("I1")
@pytest.mark.parametrize(
    ("when", "requests", "played"),
    [
        ({"times": 2}, 2, 2),
        ({"nth": 3}, 3, 1),
        ({"nth": 3, "times": 2}, 2, 0),
        ({"every": 2, "times": 3}, 3, 1),
    ],
)
def test_when_a_fault_is_used_up(armed: Armed, clock: Clock, when: dict[str, int], requests: int, played: int) -> None:
    one = armed.arm({"fault": "empty_response", **when})
    for number in range(requests):
        assert (bool(armed.waiting), one.used_up(clock.now())) == (True, False)
        armed.pick("a.b", "api", None, clock.now(), Random(number))
    assert (bool(armed.waiting), one.used_up(clock.now())) == (False, True)
    assert (one.played, one.seen) == (played, requests)
    assert armed.pick("a.b", "api", None, clock.now(), Random(1)) == ()
    assert one.seen == requests


@pytest.mark.finding("I1")
def test_a_fault_whose_time_is_over_is_used_up(armed: Armed, clock: Clock) -> None:
    for _ in range(MAX_ARMED):
        armed.arm({"fault": "empty_response", "for": "10s"})
    asyncio.run(clock.advance(10))
    assert armed.pick("a.b", "api", None, clock.now(), Random(1)) == ()
    assert not armed.waiting
    for _ in range(MAX_ARMED):
        armed.arm({"fault": "empty_response", "for": "10s"})
    asyncio.run(clock.advance(10))
    armed.arm({"fault": "empty_response"})
    assert armed.count == 1


@pytest.mark.finding("I1")
def test_the_last_faults_that_were_used_up_are_listed_and_the_others_forgotten(clock: Clock) -> None:
    store = MemoryBackend(clock)
    armed = Armed(store)
    waiting = armed.arm({"fault": "timeout", "on": "c.d"})
    for number in range(1_500):
        armed.arm({"fault": "empty_response", "times": 1})
        armed.pick("a.b", "api", None, clock.now(), Random(number))
    listed = armed.list()
    assert [each.id for each in listed] == ["fault_1", *(f"fault_{number}" for number in range(502, 1_502))]
    assert [each.played for each in listed] == [0] + [1] * 1_000
    armed.disarm("fault_700")
    armed.disarm(waiting.id)
    assert [each.id for each in armed.list()][197:199] == ["fault_699", "fault_701"]
    assert len(store.dump()["counters"]) == 1 + 2 * 999
    armed.clear()
    assert (armed.list(), store.dump()["counters"]) == ((), {"faults": 1_501})


@pytest.mark.finding("I1")
def test_faults_that_are_used_up_survive_a_dump(clock: Clock) -> None:
    store = MemoryBackend(clock, types=STORED_TYPES)
    armed = Armed(store)
    armed.arm({"fault": "empty_response", "times": 1})
    armed.arm({"fault": "timeout"})
    armed.pick("a.b", "api", None, clock.now(), Random(1), OF_ANSWERS)
    other = MemoryBackend(clock, types=STORED_TYPES)
    other.load(store.dump())
    assert [(each.id, each.played) for each in Armed(other).list()] == [("fault_1", 1), ("fault_2", 1)]
    assert Armed(other).count == 1


def test_requests_meet_what_is_armed(faulty: Faulty) -> None:
    faulty.arm("empty_response", on="small/one", times=1)
    faulty.arm("truncate_body", {"bytes": 4}, key="key-of-ann", nth=2)
    faulty.arm("reset_peer", key="key-of-bob")
    answers = [faulty.everything(None) for _ in range(3)]
    assert [content(received) for received, _ in answers] == [b"", BODY[:4], BODY]
    assert [exchange.faults for exchange in faulty.emulated.exchanges(3)] == [
        ("empty_response",),
        ("truncate_body",),
        (),
    ]


def test_windows_are_counted_from_when_it_is_armed(faulty: Faulty) -> None:
    faulty.emulated.advance(100)
    faulty.arm("empty_response", **{"after": "5s", "for": "10s"})
    got = []
    for _ in range(4):
        got.append(content(faulty.everything(None)[0]) == b"")
        faulty.emulated.advance(5)
    assert got == [False, True, True, False]


def test_a_request_that_is_refused_anyway_uses_no_fault_up(faulty: Faulty) -> None:
    faulty.arm("empty_response", times=1)
    with faulty.wire() as wire:
        assert wire.ask("POST", "/one", [("X-Key", "key-that-was-revoked")], b"").status == 403
        assert wire.ask("POST", "/nowhere", [], b"").status == 404
    assert faulty.everything(None) == (b"", "closed")


def test_where_one_refuses_those_on_streams_are_not_used_up(armed: Armed, clock: Clock) -> None:
    cut = armed.arm({"fault": "cut_after", "params": {"events": 2}, "times": 1})
    armed.arm({"fault": "status", "params": {"status": 503}, "times": 1})
    first = armed.pick("one", "small", None, clock.now(), Random(1), OF_STREAMS)
    assert [fault.name for fault in first] == ["status"]
    assert cut.played == 0
    second = armed.pick("one", "small", None, clock.now(), Random(1), OF_STREAMS)
    assert [fault.name for fault in second] == ["cut_after"]


def test_an_answer_has_one_fault_the_oldest_and_the_next_waits(armed: Armed, clock: Clock) -> None:
    assert not armed.waits("content")
    for kind in ("empty", "echo"):
        armed.arm({"fault": "answer", "params": kind, "times": 1})
    armed.arm({"fault": "status"})
    assert armed.waits("content")
    only: tuple[Family] = ("content",)
    played = [armed.pick("a", "b", None, clock.now(), Random(1), only) for _ in range(3)]
    kinds = [[fault.kind for fault in each if isinstance(fault, Answer)] for each in played]
    assert kinds == [["empty"], ["echo"], []]
    assert not armed.waits("content")
