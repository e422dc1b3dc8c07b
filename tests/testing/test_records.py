"""Records in a test's hands: a mapping, read and written."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator
from emulator.testing.records import Records


@pytest.fixture
def agents(emulator: Emulator) -> Records:
    return emulator.records("aixplain", "agents")


def test_they_are_a_mapping(agents: Records) -> None:
    fixture = list(agents)
    agents["a1"] = {"name": "Mine"}
    assert agents["a1"] == {"id": "a1", "name": "Mine"}
    assert list(agents) == [*fixture, "a1"] == list(agents.all())
    assert len(agents) == len(fixture) + 1
    assert "a1" in agents
    del agents["a1"]
    assert "a1" not in agents
    with pytest.raises(KeyError, match="no record 'a1' in 'agents'"):
        agents["a1"]
    with pytest.raises(KeyError):
        del agents["a1"]


def test_they_are_found_by_their_fields(agents: Records) -> None:
    agents["a1"] = {"name": "Mine", "model": {"id": "m1"}, "version": 2}
    assert list(agents.where(name="Mine")) == ["a1"]
    assert list(agents.where({"model.id": "m1"}, version={"gte": 2})) == ["a1"]
    assert agents.where(name="Yours") == {}


def test_some_fields_are_changed_and_all_are_cleared(emulator: Emulator, agents: Records) -> None:
    agents["a1"] = {"name": "Mine", "status": "draft"}
    assert agents.change("a1", name="Yours") == {"id": "a1", "name": "Yours", "status": "draft"}
    agents.clear()
    assert dict(agents) == {}
    emulator.reset()
    assert agents
    assert "a1" not in agents


def test_coroutines_await_the_same(agents: Records) -> None:
    async def use() -> dict[str, Any]:
        await agents.clear_async()
        await agents.put_async("a1", {"name": "Mine"})
        await agents.change_async("a1", name="Yours")
        assert list(await agents.where_async(name="Yours")) == ["a1"]
        return await agents.all_async()

    assert asyncio.run(use()) == {"a1": {"id": "a1", "name": "Yours"}}


def test_ids_may_be_of_any_kind(emulator: Emulator) -> None:
    sessions = emulator.records("aixplain", "sessions")
    sessions["demo/s 1?"] = {"id": "s 1?", "messages": []}
    assert list(sessions) == ["demo/s 1?"]
    assert sessions["demo/s 1?"]["key"] == "demo/s 1?"


def test_what_is_no_record_is_refused(agents: Records) -> None:
    for wrong in (["a"], "a", None):
        with pytest.raises(TypeError, match="a record is a mapping, not"):
            agents["a1"] = wrong  # type: ignore[assignment]
    with pytest.raises(ControlError, match="expected 'a1', as in the path"):
        agents["a1"] = {"id": "a2"}
    assert "a1" not in agents


def test_what_there_is_not_is_said_with_the_nearest(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="did you mean 'agents'"):
        emulator.records("aixplain", "agent")["a1"]


@pytest.mark.emulator(frozen=True)
def test_a_job_begins_where_the_test_wants(emulator: Emulator, http: httpx.Client, hello: dict[str, Any]) -> None:
    job = emulator.jobs.start("batch", key=emulator.key("pro"), items=[hello] * 4, finished=2)
    assert http.get(f"/batch/{job['id']}").json()["request_counts"]["succeeded"] == 2
    assert emulator.requests(seeded={"contains": f"aiexport/batch/{job['id']}"}).last.operation == "batch.get"
