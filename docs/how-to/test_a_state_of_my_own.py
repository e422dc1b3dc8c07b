"""Test from a state of my own: records exist and a batch is half done before the first request.

Records are the ones that templates of scenarios see, and a job starts as old as you like. The journal marks requests
that name one of them as `seeded`.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import Emulator

pytestmark = pytest.mark.emulator(frozen=True)
ROW = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "What is 5 + 5?"}]}


# The clients under test.
def named(http: httpx.Client, name: str) -> list[str]:
    """The ids of the agents that have a name."""
    page = {"q": name, "pageNumber": 0, "pageSize": 20}
    found: list[dict[str, Any]] = http.post("/v2/agents/paginate", json=page).raise_for_status().json()["results"]
    return [agent["id"] for agent in found if agent["name"] == name]


def progress(http: httpx.Client, batch: str) -> str:
    """How far a batch is, in words."""
    counts = http.get(f"/batch/{batch}").raise_for_status().json()["request_counts"]
    return f"{counts['total'] - counts['processing']} of {counts['total']}"


def agents_client(emulator: Emulator) -> httpx.Client:
    key = emulator.key("standard", api="aixplain")
    return httpx.Client(base_url=emulator.base_url("aixplain"), headers={"x-api-key": key})


def test_an_agent_is_found_that_nobody_has_saved(emulator: Emulator) -> None:
    agents = emulator.records("aixplain", "agents")
    agents.clear()  # those of the fixtures
    agents["a1"] = {"name": "Mine", "status": "onboarded"}
    agents["a2"] = {"name": "Yours", "status": "onboarded"}

    with agents_client(emulator) as http:
        assert named(http, "Mine") == ["a1"]

    assert emulator.requests("agents.search").last.seeded == ["aixplain/agents/a1"]


def test_nothing_is_found_where_there_is_nothing(emulator: Emulator) -> None:
    emulator.records("aixplain", "agents").clear()

    with agents_client(emulator) as http:
        assert named(http, "Mine") == []


def test_a_batch_is_followed_from_its_middle(emulator: Emulator) -> None:
    key = emulator.key("pro", api="aiexport")
    batch = emulator.jobs.start("batch", key=key, items=[ROW] * 10, finished=5)["id"]

    with httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": key}) as http:
        assert progress(http, batch) == "5 of 10"
        emulator.clock.advance("1s")
        assert progress(http, batch) == "10 of 10"
