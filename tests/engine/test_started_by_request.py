"""Faults of what a request starts: asked for by a rule, by the header or armed in the world, and kept with the job."""

from __future__ import annotations

import json
from typing import Any

import httpx

from emulator.worlds.registry import WorldRegistry
from tests.receiver import receiving
from tests.running import Emulated
from tests.small import KEY, Small

MORE = """
collections: {tokens: {}, notes: {}}
jobs:
  work:
    timeline: {waiting: 0s, working: 1s, done: 2s}
    cancel: {ended: 0s}
    failed: broken
    webhook:
      url: "{{ job.data.url | default(none) }}"
      secret: whsec_c21hbGwtc2VjcmV0
      body: {id: "{{ job.id }}", status: "{{ job.status }}"}
      retries: [10s]
"""
OPERATIONS = """
start:
  route: POST /jobs
  request: {type: object}
  rules:
    - do: [{start: work, data: "{{ body }}", as: job}]
      reply: {body: {id: "{{ job.id }}", status: "{{ job.status }}"}}
get:
  route: GET /jobs/{id}
  rules: [{reply: {body: {status: "{{ job(path.id).status }}"}}}]
sign_in:
  route: POST /tokens
  auth: false
  request: {type: object}
  rules:
    - do:
        - {put: tokens, id: "{{ body.id }}", record: {workspace: ann, tier: basic}, ttl: 1h}
        - {put: notes, id: "{{ body.id }}", record: {}}
      reply: {body: {}}
"""


def start(client: httpx.Client, fault: str | None = None, **data: Any) -> str:
    headers = KEY if fault is None else {**KEY, "X-Emulator-Fault": fault}
    response = client.post("/jobs", json=data, headers=headers)
    assert response.status_code == 200, response.text
    id: str = response.json()["id"]
    return id


def status(client: httpx.Client, id: str) -> str:
    seen: str = client.get(f"/jobs/{id}", headers=KEY).json()["status"]
    return seen


def arm(emulated: Emulated, **order: Any) -> None:
    emulated.app.state.armed.arm(order)


def test_a_rule_of_a_scenario_may_ask_for_a_fault_so_many_times(small: Small) -> None:
    scenario = """
      rules:
        - {on: start, when: {times: 2}, fault: fail}
        - {on: start, when: {body.slow: true}, fault: {stuck: {state: waiting}}}
    """
    emulated = small(OPERATIONS, MORE, scenario)
    client = emulated.client("small")
    ids = [start(client) for _ in range(3)] + [start(client, slow=True)]
    emulated.advance(100)
    assert [status(client, id) for id in ids] == ["broken", "broken", "done", "waiting"]


def test_a_header_asks_for_the_job_of_its_request_only(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    client = emulated.client("small")
    ids = [start(client, "fail; state=ended"), start(client)]
    emulated.advance(100)
    assert [status(client, id) for id in ids] == ["ended", "done"]


def test_an_armed_fault_waits_for_a_job_to_start_and_for_its_key(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    client = emulated.client("small")
    before = start(client)
    arm(emulated, fault="stuck", times=1, key="key-of-ann")
    assert status(client, before) == "waiting"  # a request that starts no job does not use it up
    other = client.post("/jobs", json={}, headers={"X-Key": "key-of-bob"}).json()["id"]
    ids = [start(client), start(client)]
    emulated.advance(100)
    assert [status(client, id) for id in (before, *ids)] == ["done", "working", "done"]
    assert [job.id for job in emulated.app.pipeline.services["small"].jobs.all(workspace="bob", state="done")] == [
        other
    ]
    assert emulated.app.state.armed.list()[0].played == 1


def test_what_goes_wrong_with_a_job_is_in_its_record_and_survives_a_reload_and_a_snapshot(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    client = emulated.client("small")
    with receiving() as receiver:
        arm(emulated, fault="drop", params={"tries": 1}, on="small/start")
        id = start(client, "flap; state=done; times=1, fail; after=6s", url=receiver.url)
        emulated.app.state.armed.clear()
        job = emulated.app.pipeline.services["small"].jobs.find(id)
        assert job is not None
        assert [name for name, _ in job.faults] == ["flap", "fail", "drop"]
        assert dict(job.faults)["drop"] == {"tries": 1}
        worlds = emulated.app.worlds
        emulated.running.call(restored(worlds, json.loads(json.dumps(worlds.snapshot("default")))))
        emulated.advance(2)
        assert status(client, id) == "done"
        emulated.running.call(reloaded(worlds))  # while it only seems to be done
        emulated.advance(1)
        assert status(client, id) == "working"
        emulated.advance(3)
        assert (status(client, id), receiver.got) == ("done", [])  # flapped for 2 s, and did not live to fail
        emulated.advance(10)
        assert len(receiver.got) == 1


async def restored(worlds: WorldRegistry, snapshot: Any) -> None:
    await worlds.restore("default", snapshot)


async def reloaded(worlds: WorldRegistry) -> None:
    world = worlds.default
    worlds.adopt(world, world.playbook)


def test_a_fault_that_does_not_fit_the_job_is_refused_and_starts_none(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    client = emulated.client("small")
    arm(emulated, fault="flap", params={"state": "wating"})
    refused = client.post("/jobs", json={}, headers=KEY)
    assert refused.status_code == 400
    assert refused.json()["said"] == (
        "fault flap: unknown state 'wating'; expected one of: waiting, working, done; did you mean 'waiting'?"
    )
    assert emulated.app.pipeline.services["small"].jobs.all() == []


def test_an_exchange_names_the_faults_on_the_job_the_webhook_and_the_token_that_it_set_off(small: Small) -> None:
    scenario = """
      rules: [{on: start, when: {body.slow: true}, fault: stuck}]
    """
    emulated = small(OPERATIONS, MORE, scenario)
    client = emulated.client("small")
    arm(emulated, fault="delay", nth=2)
    start(client, "latency=0s, fail")
    start(client, slow=True)
    client.post("/tokens", json={"id": "t-1"}, headers={"X-Emulator-Fault": "expire_token; uses=1"})
    status(client, start(client))
    expected = [("latency", "fail"), ("stuck", "delay"), ("expire_token",), (), ()]
    assert [each.faults for each in emulated.exchanges(5)] == expected


def test_a_fault_on_jobs_is_not_named_where_no_job_has_started(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    client = emulated.client("small")
    client.post("/jobs", json={}, headers=KEY | {"X-Emulator-Fault": "flap; state=wating"})
    client.post("/tokens", json={"id": "t-1"}, headers={"X-Emulator-Fault": "stuck, drop"})
    assert [each.faults for each in emulated.exchanges(2)] == [(), ()]


def test_only_records_that_are_credentials_are_spoilt_as_tokens(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    client = emulated.client("small")
    client.post("/tokens", json={"id": "t-1"}, headers={"X-Emulator-Fault": "expire_token; uses=1, revoke_key"})
    client.post("/tokens", json={"id": "t-2"}, headers={"X-Emulator-Fault": "fail"})
    for token, statuses in {"t-1": [200, 401], "t-2": [200, 200]}.items():
        bearer = {"Authorization": f"Bearer {token}"}
        assert [client.post("/jobs", json={}, headers=bearer).status_code for _ in range(2)] == statuses
