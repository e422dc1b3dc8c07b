"""Records: a fixture's with what the world has added, changed and removed laid over it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.clock.world_clock import manual
from emulator.playbook.model import CollectionPlan
from emulator.store.memory import MemoryBackend
from emulator.store.records import Records

FIXTURE = {"a": {"id": "a"}, "b": {"id": "b"}}
IDS = st.sampled_from("abcd")


def records(most: int = 100) -> Records:
    return Records(CollectionPlan("things", "id", FIXTURE, most), "api", MemoryBackend(manual()))


def test_what_is_not_there_is_not_there() -> None:
    things = records()
    assert things.get("x") is None
    assert things.get("x", 7) == 7
    assert "x" not in things
    with pytest.raises(KeyError):
        things["x"]


def test_ids_are_texts() -> None:
    things = records()
    things.put("7", {"id": 7})
    assert things.get(7) == {"id": 7}


def test_two_apis_and_two_worlds_do_not_share_records() -> None:
    store = MemoryBackend(manual())
    plan = CollectionPlan("things", "id", {}, 100)
    Records(plan, "one", store).put("x", 1)
    assert Records(plan, "one", store).get("x") == 1
    assert Records(plan, "other", store).get("x") is None
    assert Records(plan, "one", MemoryBackend(manual())).get("x") is None


def test_what_is_added_is_bounded_and_the_oldest_goes_first() -> None:
    things = records(most=2)
    for id in "xyz":
        things.put(id, {"id": id})
    assert [id for id, _ in things.items()] == ["a", "b", "y", "z"]


def test_a_record_lives_as_long_as_it_is_said_to() -> None:
    store = MemoryBackend(manual())
    things = Records(CollectionPlan("things", "id", FIXTURE, 10), "api", store)
    things.put("a", {"id": "A"}, ttl=10)
    things.put("x", {"id": "x"}, ttl=10)
    asyncio.run(store.clock.advance(5))
    things.change("a", {"id": "A!"})
    things.change("x", {"id": "x!"}, ttl=10)
    asyncio.run(store.clock.advance(5))
    assert things["a"] == {"id": "a"}  # the fixture's shows again
    assert things["x"] == {"id": "x!"}


def test_removing_survives_a_snapshot() -> None:
    """What is dumped and loaded is equal to what was there, and not the same object."""
    store = MemoryBackend(manual())
    plan = CollectionPlan("things", "id", FIXTURE, 10)
    Records(plan, "api", store).remove("a")
    other = MemoryBackend(manual())
    other.load(store.dump())
    assert [id for id, _ in Records(plan, "api", other).items()] == ["b"]
    assert "a" not in Records(plan, "api", other)


class Laid(RuleBasedStateMachine):
    """Whatever is put and removed in whatever order, the collection is the dictionary that it stands for."""

    @initialize()
    def begin(self) -> None:
        self.things = records()
        self.model: dict[str, dict[str, Any]] = {id: dict(record) for id, record in FIXTURE.items()}

    @rule(id=IDS, value=st.integers(0, 3))
    def put(self, id: str, value: int) -> None:
        self.things.put(id, {"id": id, "value": value})
        self.model[id] = {"id": id, "value": value}

    @rule(id=IDS)
    def remove(self, id: str) -> None:
        assert self.things.remove(id) is (self.model.pop(id, None) is not None)

    @rule(id=IDS, value=st.integers(0, 3))
    def change(self, id: str, value: int) -> None:
        self.things.change(id, {"id": id, "value": value})
        self.model[id] = {"id": id, "value": value}

    @invariant()
    def it_is_what_it_stands_for(self) -> None:
        assert dict(self.things.items()) == self.model
        assert len(self.things) == len(self.model)
        assert all((id in self.things) is (id in self.model) for id in "abcd")


TestLaid = Laid.TestCase
TestLaid.settings = settings(max_examples=50, stateful_step_count=20, deadline=None, derandomize=True)
