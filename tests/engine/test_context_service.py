"""A site: an API in a world; what another playbook takes over, and who is told when a job ends."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from emulator.engine.context import Service
from tests.running import loaded
from tests.small import KEY, Small

OPERATIONS = """
start:
  route: POST /start
  rules:
    - do: [{start: work, data: {url: "{{ query.url | default(none) }}"}, as: job}]
      reply: {body: "{{ job.id }}"}
state:
  route: GET /jobs/{id}
  rules: [{reply: {body: "{{ job(path.id).status | default('none') }}"}}]
"""
MORE = """
jobs:
  work:
    timeline: {begun: 0s, done: 5s}
    webhook:
      url: "{{ job.data.url }}"
      secret: whsec_c2VjcmV0
      body: {id: "{{ job.id }}", broken: "{{ 1 // (job.data.zero | default(0)) }}"}
"""


def test_a_reload_keeps_what_the_world_remembers(small: Small) -> None:
    emulated = small(OPERATIONS, MORE.replace("1 // (job.data.zero | default(0))", "now"))
    client = emulated.client("small", headers=KEY)
    job = client.post("/start").json()
    emulated.advance(2)

    async def adopt() -> None:
        emulated.adopt(emulated.app.playbook)

    emulated.running.call(adopt())
    assert client.get(f"/jobs/{job}").json() == "begun"
    emulated.advance(3)
    assert client.get(f"/jobs/{job}").json() == "done"


def test_a_webhook_that_cannot_be_written_is_told_and_harms_nobody(
    small: Small, caplog: pytest.LogCaptureFixture
) -> None:
    emulated = small(OPERATIONS, MORE)
    client = emulated.client("small", headers=KEY)
    job = client.post("/start?url=http://127.0.0.1:9/").json()
    told: list[dict[str, Any]] = []

    async def listen() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))

    async def stop() -> None:
        asyncio.get_running_loop().set_exception_handler(None)

    emulated.running.call(listen())
    emulated.advance(5)
    emulated.running.call(stop())
    assert [context["message"] for context in told] == ["a webhook could not be written"]
    assert "small.yaml:" in str(told[0]["exception"])
    assert client.get(f"/jobs/{job}").json() == "done"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_job_whose_webhook_has_no_url_tells_nobody(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    client = emulated.client("small", headers=KEY)
    job = client.post("/start").json()
    emulated.advance(5)
    assert client.get(f"/jobs/{job}").json() == "done"


def test_every_name_that_an_operation_may_use_can_be_made(small: Small) -> None:
    for name in ("default", "strict", "async-everything"):
        playbook = loaded(name)
        for api in playbook.apis.values():
            world = small("fine: {route: GET /fine, rules: [{reply: {body: {}}}]}").app.state
            service = Service(api, playbook.latency, world)
            for operation in api.operations:
                assert service.names[operation][0].keys() >= service.makers.keys(), (api.name, operation)
            scope = service.background(job={})
            assert scope["switches"] == api.switches
            assert not scope["answer"]
            assert not scope["caller"]
            service.jobs.close()


def test_no_text_is_generated_for_a_request_that_is_refused(small: Small) -> None:
    """A text that can't be generated is an error of the emulator: it must not show where a limit refuses."""
    asked = """
    ask:
      route: POST /ask
      request: {type: object}
      answer: words
      cost: {words: "{{ prompt.tokens }}"}
      rules: [{reply: {text: "{{ answer.text }}"}}]
    """
    answers = """
    answers: {words: {messages: "{{ body.said }}", text: "{{ 1 // body.none }}"}}
    tiers: {basic: {limits: {calls: 1000/minute, words: 2/minute}, data: {}}}
    """
    emulated = small(asked, answers)
    client = emulated.client("small", headers=KEY)
    assert client.post("/ask", json={"said": "a prompt of eight tokens or so", "none": 0}).status_code == 429
    assert client.post("/ask", json={"said": "short", "none": 0}).status_code == 500
