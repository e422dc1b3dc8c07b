"""Worlds: isolated universes, in which the same calls give the same ids and draws."""

from __future__ import annotations

import asyncio

import pytest

from emulator.clock.world_clock import Clock, manual
from emulator.engine.state import EXCHANGES, STORED_TYPES, WorldEnded, WorldState
from emulator.errors import ConfigError
from emulator.store.memory import MemoryBackend


def world(name: str = "default", seed: int = 0) -> WorldState:
    return WorldState(name, seed, MemoryBackend(manual(), types=STORED_TYPES))


def drawn(world: WorldState) -> list[object]:
    return [world.root, world.chance(7).random(), world.store.counters.increment(EXCHANGES)]


def test_the_same_calls_give_the_same_ids_and_draws() -> None:
    assert drawn(world()) == drawn(world())


@pytest.mark.parametrize("other", [world("other"), world(seed=1)], ids=["name", "seed"])
def test_another_name_or_seed_gives_others(other: WorldState) -> None:
    assert not set(map(str, drawn(other)[:2])) & set(map(str, drawn(world())[:2]))


def test_what_an_exchange_draws_does_not_depend_on_others() -> None:
    first = world()
    first.chance(1).random()
    assert first.chance(2).random() == world().chance(2).random() != world().chance(3).random()


def test_worlds_share_nothing() -> None:
    one, two = world(), world("two")
    one.store.records.put("c", "id", 1)
    one.ledger.record("api", "asset", "key", "ws", one.clock.now(), True, 1.0, 1)
    assert two.store.records.get("c", "id") is None
    assert two.ledger.statistics("api", "asset", one.clock.now(), one.clock.now(), "ws") is None
    numbers = [each.store.counters.increment(EXCHANGES) for each in (one, one, two)]
    assert numbers == [1, 2, 1]


def test_a_world_goes_on_from_where_another_was() -> None:
    first, second = world(), world("other", seed=9)
    asyncio.run(second.clock.advance(60))
    drawn(first)
    first.issue("token-1")
    second.load(first.store.dump())
    assert (second.root, second.began, second.issued()) == (first.root, first.began, ["token-1"])
    assert drawn(second) == drawn(first)


@pytest.mark.parametrize(
    ("collection", "rows", "reason"),
    [
        ("world", [], "the origin of the world is missing"),
        ("world", [["origin", {"root": "default", "began": 0.0}, None]], r"world/origin: .*matching regex"),
        ("world", [["origin", {"root": "0/default", "began": -1}, None]], r"world/origin: .*>= 0"),
        ("faults", [["fault_1", {"order": {"fault": "sttaus"}, "armed_at": 0}, None]], "did you mean 'status'"),
        ("faults", [["fault_1", {"order": {"fault": "status"}, "armed_at": -1}, None]], "faults/fault_1: "),
        ("messages", [["msg_1", {"message": 5}, None]], "messages/msg_1: "),
    ],
)
def test_a_dump_that_no_world_can_go_on_from_is_refused_and_changes_nothing(
    collection: str, rows: list[object], reason: str
) -> None:
    here = world()
    before = here.store.dump()
    with pytest.raises(ConfigError, match=reason):
        here.load({**before, "records": {**before["records"], collection: rows}})
    assert here.store.dump() == before


def test_only_so_many_issued_credentials_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.engine.state.MAX_ISSUED", 2)
    here = world()
    for name in ("a", "b", "c"):
        here.issue(name)
    assert here.issued() == ["b", "c"]


def test_a_world_that_was_cleared_draws_and_remembers_as_a_new_one() -> None:
    cleared = world()
    cleared.load(world("elsewhere", seed=7).store.dump())
    drawn(cleared)
    cleared.store.records.put("c", "id", 1)
    cleared.armed.arm({"fault": "status", "params": {"status": 500}})
    cleared.clear()
    assert (cleared.store.records.get("c", "id"), cleared.armed.list()) == (None, ())
    assert drawn(cleared) == drawn(world())


def test_who_attends_is_told_that_the_world_ended_and_others_are_left_alone() -> None:
    async def run() -> list[str]:
        ended, other = world("ended"), world("other")
        told: list[str] = []

        async def attend(where: WorldState) -> None:
            try:
                with where.attend():
                    await where.clock.sleep(10)
                    told.append("slept")
            except WorldEnded as error:
                told.append(str(error))

        tasks = [asyncio.create_task(attend(where)) for where in (ended, ended, other)]
        await other.clock.sleep(0)
        await ended.end()
        await ended.end()
        await other.clock.advance(10)
        await asyncio.gather(*tasks)
        assert not ended.clock.pending()
        return told

    assert asyncio.run(run()) == ["the world 'ended' was reset, restored or deleted meanwhile"] * 2 + ["slept"]


def test_who_ends_a_world_while_attending_goes_on() -> None:
    async def run() -> bool:
        here = world()
        with here.attend():
            await here.end()
            return True

    assert asyncio.run(run())


def test_a_task_that_is_cancelled_by_somebody_else_is_cancelled() -> None:
    async def run() -> bool:
        here = world()

        async def attend() -> None:
            with here.attend():
                await here.clock.sleep(10)

        task = asyncio.create_task(attend())
        await here.clock.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(run())


def test_two_who_end_a_world_wait_for_the_same_leavers() -> None:
    async def run() -> int:
        here = WorldState("w", 0, MemoryBackend(Clock(0.0, 0.0)))
        left: list[int] = []

        async def attend() -> None:
            try:
                with here.attend():
                    try:
                        await here.clock.sleep(10)
                    finally:
                        await here.clock.sleep(0)  # it takes a moment to leave
                        left.append(1)
            except WorldEnded:
                pass

        task = asyncio.create_task(attend())
        await here.clock.sleep(0)
        await asyncio.gather(here.end(), here.end())
        found = len(left)
        await task
        return found

    assert asyncio.run(run()) == 1
