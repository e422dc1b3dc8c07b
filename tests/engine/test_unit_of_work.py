"""A request is one unit of work: run twice, the first time in vain, it gives what it gives when it is run once."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from emulator.http.exact_json import LONG_BODY
from emulator.http.exchange import Exchange
from emulator.store.memory import MemoryBackend
from emulator.worlds import registry
from tests import small
from tests.apis import aiexport_calls as aiexport
from tests.apis import aixplain_calls as aixplain
from tests.receiver import Receiver, receiving
from tests.repeating import RepeatingBackend
from tests.running import Emulated, Running
from tests.wire import Wire, request

# Not of connections and real time, and not how an exchange that was open came into the journal.
NOTED = sorted(
    {"number", "at", "path", "reply_headers", *Exchange.__annotations__}
    - {"peer", "real", "real_took", "ended", "begun", "reply_head", "reply_lines"}
)
Story = Callable[[Emulated, Receiver], Iterator[httpx.Response]]
STEPS = """
put:
  route: PUT /things/{id}
  rules:
    - do: [{put: things, id: "{{ path.id }}", record: {id: "{{ path.id }}", n: 0, all: []}, as: made}]
      reply: {status: 201, body: "{{ made }}"}
change:
  route: POST /things/{id}
  rules:
    - when: {nth: 3}
      reply: {error: conflict, message: The third one.}
    - do:
        - {update: things, id: "{{ path.id }}", set: {n: "{{ things[path.id].n + 1 }}"}, missing: fail}
        - {append: things, id: "{{ path.id }}", field: all, values: "{{ things[path.id].n }}"}
        - {update: things, id: "{{ query.other | default(path.id) }}", set: {seen: true}, missing: fail, as: it}
      reply: {body: {it: "{{ it }}", id: "{{ new_id(12) }}", key: "{{ caller.key }}"}}
remove:
  route: DELETE /things/{id}
  rules: [{do: [{remove: things, id: "{{ path.id }}", missing: fail}], reply: {status: 204}}]
broken:
  route: POST /broken
  cost: {calls: 2}
  settle: {calls: 1}
  rules:
    - do: [{put: things, id: before, record: {id: before}}]
      reply: {body: {broken: "{{ 1 // (query.by | default(0) | int) }}"}}
picky:
  route: GET /picky
  rules: [{when: {query.a: x}, reply: {body: {}}}]
"""


def small_story(emulator: Emulated, receiver: Receiver) -> Iterator[httpx.Response]:
    ann, bob = (emulator.client("small", headers={"X-Key": f"key-of-{name}"}) for name in ("ann", "bob"))
    emulator.app.state.armed.arm({"fault": "status", "params": {"status": 503}, "times": 2, "on": "change"})
    emulator.app.state.armed.arm({"fault": "latency", "params": {"delay": "0s"}, "every": 2})
    for client in (ann, bob):
        for id in "ab":
            yield client.put(f"/things/{id}")
        for at in range(6):
            yield client.post(f"/things/{'ab'[at % 2]}", params={"other": "nobody"} if at == 4 else {})
    for target in ("/broken", "/broken?by=1", "/things/nobody"):
        yield ann.post(target)
    for method, target in (("DELETE", "/things/a"), ("DELETE", "/things/a"), ("OPTIONS", "/things/b")):
        yield ann.request(method, target)
    for target in ("/picky", "/picky?a=x", "/nowhere"):
        yield ann.get(target)
        yield ann.head(target)
    yield emulator.client("small").get("/picky")


def aiexport_story(emulator: Emulated, receiver: Receiver) -> Iterator[httpx.Response]:
    pro, free = aiexport.caller(emulator), aiexport.caller(emulator, aiexport.FREE)
    enterprise = aiexport.caller(emulator, aiexport.ENTERPRISE)
    emulator.app.state.armed.arm({"fault": "status", "params": {"status": 529}, "every": 5, "on": "messages.*"})
    message = aiexport.asking("What is 2 + 2?")
    for at in range(7):
        yield pro.post("/messages", json={**message, "stream": at % 2 == 1})
    for _ in range(12):
        yield free.post("/messages", json=message)
    zipped = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    yield pro.post("/messages", content=gzip.compress(json.dumps(message).encode()), headers=zipped)
    yield pro.post("/messages", content=b"no gzip", headers=zipped)
    yield pro.post("/messages", content=b"x" * 500_000)
    yield pro.post("/messages", json=aiexport.asking("x" * LONG_BODY))
    yield pro.post("/messages", json={"model": "nobody"}, headers={"X-Emulator-Provenance": "1"})
    batch = {"requests": [message, {"model": 1}, message], "webhook_url": receiver.url}
    for _ in range(2):
        made = pro.post("/batch", json=batch, headers={"Idempotency-Key": "once"})
        yield made
    other = pro.post("/batch", json=batch)
    yield other
    emulator.advance(1)
    yield pro.post(f"/batch/{other.json()['id']}/cancel")
    yield pro.get(f"/batch/{made.json()['id']}", headers={"X-Emulator-Fault": "status; status=418"})
    emulator.advance(3_600)
    yield pro.get(f"/batch/{made.json()['id']}/results")
    yield pro.get("/batch")
    grant = {"grant_type": "client_credentials", "client_id": "demo-enterprise", "client_secret": "demo-secret"}
    token = emulator.client("aiexport").post(
        "/oauth/token", data=grant, headers={"X-Emulator-Fault": "expire_token; uses=1"}
    )
    yield token
    bearer = {"Authorization": f"Bearer {token.json().get('access_token')}"}
    yield emulator.client("aiexport").get("/models", headers=bearer)
    keys = enterprise.get("/keys")
    yield keys
    rotated = enterprise.post(f"/keys/{keys.json()['data'][0]['id']}/rotate")
    yield rotated
    yield aiexport.caller(emulator, rotated.json().get("key", "none")).get("/models")


def aixplain_story(emulator: Emulated, receiver: Receiver) -> Iterator[httpx.Response]:
    client = aixplain.caller(emulator)
    for asset in (aixplain.LLM, aixplain.SLOW_LLM, aixplain.FAILING, aixplain.TRANSLATION, "nobody"):
        run = aixplain.execute(client, asset, text="Hello!")
        yield run
        url = run.json().get("data") or run.json().get("url")
        for seconds in (0, 5, 600) if isinstance(url, str) and url.startswith("http") else ():
            emulator.advance(seconds)
            yield client.get(httpx.URL(url).path)
    for _ in range(2):
        yield client.post(f"/v2/agents/{aixplain.AGENT}/run", json={"query": "What is 2 + 2?", "sessionId": "s"})
        emulator.advance(60)
    for _ in range(4):
        yield aixplain.execute(aixplain.caller(emulator, aixplain.LIMITED), text="Hello!")
    day = {"startDay": "2026-01-01", "endDay": "2026-01-02", "modelId": aixplain.LLM}
    yield client.post("/sdk/models/stats", json=day)
    yield aixplain.caller(emulator, None).get("/sdk/models/stats")


@contextmanager
def emulating(running: Running, folder: Path, story: Story) -> Iterator[Emulated]:
    settings = replace(running.settings, max_body=400_000)
    if story is small_story:
        emulated = small.play(running, folder, STEPS, "collections: {tokens: {}, things: {}}", settings=settings)
    else:
        emulated = Emulated(running, ("default",), settings=settings)
    yield emulated
    emulated.close()


def told(
    running: Running, folder: Path, story: Story, receiver: Receiver, logged: pytest.LogCaptureFixture
) -> dict[str, Any]:
    """All that a story leaves behind: responses, state, exchanges, webhooks and the log."""
    logged.clear()
    receiver.got.clear()
    with emulating(running, folder, story) as emulator:
        responses = [(each.status_code, each.headers.multi_items(), each.content) for each in story(emulator, receiver)]
        exchanges = emulator.exchanges(len(responses))
        running.call(emulator.app.state.sender.wait(0))
        emulator.advance(3_600)
        state = emulator.app.state.store.dump()
        units = getattr(emulator.app.state.store, "units", 0)
    for timed in ("attempts", "messages"):
        state["records"].pop(timed, None)
    return {
        "responses": responses,
        "state": state,
        "exchanges": [{name: getattr(each, name) for name in NOTED} for each in exchanges],
        "webhooks": {headers["webhook-id"]: json.loads(body) for headers, body in receiver.got},  # in any order
        "log": [(each.levelname, each.getMessage()) for each in logged.records if each.name.startswith("emulator")],
        "units": units,
    }


@pytest.mark.one_worker("it looks into one process")
@pytest.mark.parametrize("story", [small_story, aiexport_story, aixplain_story])
def test_run_twice_it_leaves_what_it_leaves_when_run_once(
    running: Running, tmp_path: Path, story: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "emulator")
    with receiving() as receiver:
        monkeypatch.setattr(registry, "MemoryBackend", MemoryBackend)
        once = told(running, tmp_path, story, receiver, caplog)
        monkeypatch.setattr(registry, "MemoryBackend", RepeatingBackend)
        twice = told(running, tmp_path, story, receiver, caplog)
    assert len({status for status, _, _ in once["responses"]}) >= 4
    assert len(once["log"]) >= 3 or story is not small_story
    assert (once.pop("units"), twice.pop("units") >= len(once["responses"])) == (0, True)
    for part, what in once.items():
        assert twice[part] == what, part


@pytest.mark.one_worker("it looks into one process")
def test_requests_and_ends_of_jobs_change_state_in_units_of_work_only(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MemoryBackend", RepeatingBackend)
    for story in (small_story, aixplain_story):
        with receiving() as receiver, emulating(running, tmp_path, story) as emulator:
            store = emulator.app.state.store
            assert isinstance(store, RepeatingBackend)
            for number, _ in enumerate(story(emulator, receiver)):
                if number == 0:  # what was armed for the story
                    store.strays.clear()
            assert number > 10
            assert store.strays == []


def test_a_request_whose_client_leaves_has_a_number_too(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MemoryBackend", RepeatingBackend)
    emulator = Emulated(running, ("default",))
    with Wire(running.port) as wire:
        wire.send(request("POST", "/v2/messages", [("x-api-key", aiexport.PRO)], b"{}")[:-1])
        wire.leave()
    (left,) = emulator.exchanges(1)
    assert (left.number, left.outcome, left.path) == (1, "left", "/v2/messages")
    emulator.close()
