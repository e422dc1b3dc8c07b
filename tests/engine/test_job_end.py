"""The end of a job: what its kind changes then, and that what fails there harms nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulator.errors import DocumentError
from tests.running import Emulated
from tests.small import KEY, Small

OPERATIONS = """
start:
  route: POST /start
  request: {type: object}
  rules:
    - do: [{start: walk, data: {name: "{{ body.name | default('ann') }}"}, as: job}]
      reply: {body: "{{ job.id }}"}
seen:
  route: GET /seen/{name}
  rules:
    - reply: {body: "{{ seen[path.name] | default(none) }}"}
shown:
  route: GET /jobs/{id}
  rules:
    - reply: {body: "{{ job(path.id).status }}"}
"""
MORE = """
collections:
  tokens: {}
  seen: {records: [{id: bob, ends: []}]}
jobs:
  walk:
    timeline: {walking: 0s, home: 2s}
    cancel: {lost: 0s}
    do:
      - {when: "{{ job.data.name == 'bob' }}", append: seen, field: ends, id: bob, values: "{{ job.status }}"}
      - {when: "{{ job.data.name == 'eve' }}", append: seen, field: ends, id: nobody, values: "{{ job.status }}"}
      - when: "{{ job.data.name == 'ann' }}"
        put: seen
        id: ann
        record: {id: ann, ended: "{{ job.status }}", at: "{{ now }}"}
"""
MANUAL_START = 1_767_225_600.0


@pytest.fixture
def walks(small: Small) -> Emulated:
    return small(OPERATIONS, MORE)


def seen(emulated: Emulated, name: str) -> Any:
    return emulated.client("small", headers=KEY).get(f"/seen/{name}").json()


def start(emulated: Emulated, **body: Any) -> str:
    id: str = emulated.client("small", headers=KEY).post("/start", json=body).json()
    return id


def test_steps_run_when_the_job_has_ended_and_not_before(walks: Emulated) -> None:
    start(walks)
    walks.advance(1.9)
    assert seen(walks, "ann") is None
    walks.advance(0.1)
    assert seen(walks, "ann") == {"id": "ann", "ended": "home", "at": MANUAL_START + 2}


def test_they_see_how_it_ended(walks: Emulated) -> None:
    client = walks.client("small", headers=KEY)
    client.base_url = walks.origin
    client.post(f"/_emulator/jobs/{start(walks)}/fail").raise_for_status()
    assert seen(walks, "ann")["ended"] == "failed"


def test_they_run_once_however_often_the_job_is_looked_at(walks: Emulated) -> None:
    id = start(walks, name="bob")
    walks.advance(2)
    client = walks.client("small", headers=KEY)
    assert [client.get(f"/jobs/{id}").json() for _ in range(3)] == ["home"] * 3
    walks.advance(60)
    assert seen(walks, "bob")["ends"] == ["home"]


def test_a_step_that_fails_is_reported_and_harms_nothing(walks: Emulated) -> None:
    told: list[dict[str, Any]] = []

    async def listen() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))

    async def stop() -> None:
        asyncio.get_running_loop().set_exception_handler(None)

    id = start(walks, name="eve")
    walks.running.call(listen())
    walks.advance(2)
    walks.running.call(stop())
    assert [context["message"] for context in told] == ["the steps at the end of a job failed"]
    assert "small.yaml:" in str(told[0]["exception"])
    assert walks.client("small", headers=KEY).get(f"/jobs/{id}").json() == "home"


@pytest.mark.parametrize("step", ["{start: walk}", '{cancel: "{{ job.id }}"}'])
def test_a_job_starts_and_cancels_no_other_at_its_end(small: Small, step: str) -> None:
    with pytest.raises(DocumentError, match="at its end a job changes records only"):
        small(OPERATIONS, f"jobs: {{walk: {{timeline: {{home: 0s}}, do: [{step}]}}}}\n")


def test_a_step_names_a_collection_that_is_there(small: Small) -> None:
    with pytest.raises(DocumentError, match=r"unknown collection 'sen'; .*did you mean 'seen'"):
        small(OPERATIONS, MORE.replace("put: seen", "put: sen"))
