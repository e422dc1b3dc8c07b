"""The pipeline: every request gets an answer in its API's shape and stands in the journal, whatever it is."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import httpx
import pytest

from emulator.engine.pipeline import Pipeline
from emulator.http.request import Request
from tests import loopback
from tests.apis.aiexport_calls import ENTERPRISE, PRO, asking, caller, refused
from tests.apis.aixplain_calls import DEMO
from tests.repeating import RepeatingBackend
from tests.running import Emulated
from tests.small import KEY, Small
from tests.waiting import PATIENCE
from tests.wire import Wire, request

BROKEN = """
body:
  route: GET /body
  rules:
    - reply:
        body:
          fine: 1
          broken: "{{ 1 // (query.by | int) }}"
header:
  route: GET /header
  rules: [{reply: {headers: {X-Echo: "{{ query.echo }}"}, body: {}}}]
status:
  route: GET /status
  rules: [{reply: {status: "{{ query.status | int }}", body: {}}}]
stream:
  route: GET /stream
  rules:
    - reply:
        stream: {events: [{data: fine}, {$each: "{{ [1, 0] }}", data: "{{ 1 // item }}"}]}
step:
  route: GET /step
  rules:
    - do: [{update: things, id: nobody, set: {}}]
      reply: {body: {}}
check:
  route: GET /check
  checks: [{when: "{{ 1 // (query.zero | default(0)) }}", error: invalid}]
  rules: [{reply: {body: {}}}]
cost:
  route: GET /cost
  cost: {calls: "{{ query.cost }}"}
  rules: [{reply: {body: {}}}]
settle:
  route: GET /settle
  settle: {calls: "{{ query.left | default(-1) }}"}
  rules: [{reply: {body: {}}}]
usage:
  route: GET /usage
  usage: {asset: a, tokens: "{{ query.tokens }}", latency_ms: "{{ query.latency | default(0) }}"}
  rules: [{reply: {body: {}}}]
stray:
  route: GET /stray
  rules:
    - do: [{put: keys, id: stray-key, record: {id: stray-key, workspace: w, tier: nowhere}}]
      reply: {body: {}}
fine:
  route: GET /fine
  rules: [{reply: {body: {fine: true}}}]
"""
THINGS = "collections: {tokens: {}, things: {}}"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/body?by=0", "zero"),
        ("/body?by=x", "zero"),
        ("/header?echo=a%0d%0aX-Evil:%201", "header"),
        ("/header?echo=caf%C3%A9", "header"),
        ("/header?echo=%00", "header"),
        ("/status?status=99", "99 is not a status"),
        ("/status?status=600", "600 is not a status"),
        ("/stream", "zero"),
        ("/check", "zero"),
        ("/cost?cost=x", "'x' is not an amount"),
        ("/cost", "absent"),
        ("/settle", "-1 is not an amount"),
    ],
)
def test_a_template_that_fails_is_500_in_the_apis_shape_with_its_place_and_the_server_goes_on(
    small: Small, target: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = small(BROKEN, THINGS)
    client = emulator.client("small", headers=KEY)
    answer = client.get(target)
    assert answer.status_code == 500
    body = answer.json()
    assert (set(body), body["kind"]) == ({"ok", "kind", "said", "about"}, "internal")
    place = answer.headers["x-emulator-error"]
    assert "small.yaml:" in place
    assert words in place
    assert "x-evil" not in answer.headers
    assert client.get("/fine").json() == {"fine": True}
    broken, fine = emulator.exchanges(2)
    assert (broken.status, broken.outcome) == (500, "complete")
    assert words in broken.error
    assert (fine.status, fine.error) == (200, "")
    assert [record.levelno for record in caplog.records if record.name == "emulator"] == [logging.ERROR]


@pytest.mark.parametrize("target", ["/usage?tokens=x", "/usage", "/usage?tokens=1&latency=soon", "/usage?tokens=nan"])
def test_usage_that_cannot_be_worked_out_is_not_recorded_and_harms_no_answer(small: Small, target: str) -> None:
    emulator = small(BROKEN, THINGS)
    assert emulator.client("small", headers=KEY).get(target).json() == {}
    assert emulator.app.state.ledger.statistics("small", "a", 1_767_225_600, 1_767_225_600, "ann") is None


def test_limit_headers_that_fail_are_a_500_too(small: Small) -> None:
    emulator = small(BROKEN, THINGS + '\nlimit_headers: {X-Left: "{{ 1 // (query.zero | default(0)) }}"}')
    answer = emulator.client("small", headers=KEY).get("/fine")
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal")
    assert "zero" in answer.headers["x-emulator-error"]
    assert answer.headers["date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    (exchange,) = emulator.exchanges(1)
    assert (exchange.operation, exchange.status) == ("fine", 500)


def test_a_mistake_of_the_engine_is_a_500_that_says_where(small: Small, caplog: pytest.LogCaptureFixture) -> None:
    """A scenario gives a key a tier that there is not; nothing at load could have known."""
    emulator = small(BROKEN, THINGS)
    assert emulator.client("small", headers=KEY).get("/stray").status_code == 200
    answer = emulator.client("small", headers={"X-Key": "stray-key"}).get("/fine")
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal")
    assert "nowhere" in answer.headers["x-emulator-error"]
    assert emulator.exchanges(2)[1].status == 500
    assert emulator.client("small", headers=KEY).get("/fine").status_code == 200


def test_an_error_shape_that_fails_still_gives_an_answer(small: Small) -> None:
    from tests.small import HEAD

    errors = HEAD[HEAD.index("errors:") :].replace("{{ error.param }}", "{{ 1 // (query.zero | default(0)) }}")
    answer = small(BROKEN, f"{THINGS}\n{errors}").client("small").get("/fine")
    assert answer.status_code == 500
    assert answer.json()
    assert "zero" in answer.headers["x-emulator-error"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", ["/v2/models", "/sdk/models/stats", "/v2/messages"])
def test_a_method_that_a_path_does_not_take_is_405_with_those_it_takes(
    emulator: Emulated, method: str, path: str
) -> None:
    with Wire(emulator.running.port) as wire:
        answer = wire.ask(method, path, [("x-api-key", PRO)])
        assert answer.status == 405
        allow = answer.header("allow")
        assert allow is not None
        assert set(allow.split(", ")) <= {"GET", "HEAD", "OPTIONS", "POST"}
        assert method in answer.body.decode()
        assert wire.ask("GET", "/v2/models", [("x-api-key", PRO)]).status == 200


def test_requests_sent_in_one_go_are_answered_in_their_order(emulator: Emulated) -> None:
    headers = [("x-api-key", PRO), ("content-type", "application/json")]
    with Wire(emulator.running.port) as wire:
        wire.send(
            request("GET", "/v2/models?limit=1", headers)
            + request("POST", "/v2/messages", headers, b'{"broken"')
            + request("POST", "/v2/messages/stream", headers, httpx.Request("POST", "/", json=asking()).content)
            + request("GET", "/nowhere", headers)
            + request("GET", "/v2/models?limit=2", headers)
        )
        answers = [wire.answer() for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 400, 200, 404, 200]
    assert [len(answers[at].json()["data"]) for at in (0, 4)] == [1, 2]
    assert answers[2].body.endswith(b"\n\n")
    assert [exchange.status for exchange in emulator.exchanges(5)] == [200, 400, 200, 404, 200]


@pytest.mark.slow
def test_two_hundred_clients_at_once_are_all_answered_and_counted(emulator: Emulated) -> None:
    async def ask(client: httpx.AsyncClient, number: int) -> int:
        if number % 4 == 0:
            answer = await client.post("/v2/messages/stream", json=asking(f"Question {number}?"))
            assert answer.content.endswith(b"\n\n")
        elif number % 4 == 1:
            answer = await client.post("/v2/messages", json={"model": number})
        else:
            answer = await client.post("/v2/messages", json=asking(f"Question {number}?"))
        return answer.status_code

    async def all_at_once() -> list[int]:
        limits = httpx.Limits(max_connections=200)
        headers = {"X-API-Key": PRO}
        async with loopback.AsyncClient(
            base_url=emulator.origin,
            headers=headers,
            limits=limits,
            timeout=PATIENCE,
        ) as client:
            return await asyncio.gather(*(ask(client, number) for number in range(200)))

    statuses = asyncio.run(all_at_once())
    assert statuses == [400 if number % 4 == 1 else 200 for number in range(200)]
    exchanges = emulator.exchanges(200)
    assert sorted(exchange.number for exchange in exchanges) == list(range(1, 201))
    window = emulator.app.state.store.windows.peek("aiexport/demo-pro/requests", 60)
    assert window is not None
    assert window.used == 200, "one that is refused for what it says counts as well"


def test_of_a_header_sent_twice_the_last_one_counts(emulator: Emulated) -> None:
    with Wire(emulator.running.port) as wire:
        twice = [("x-api-key", "axp_test_revoked"), ("x-api-key", ENTERPRISE)]
        assert wire.ask("GET", "/v2/models", twice).status == 200
        assert wire.ask("GET", "/v2/models", reversed(twice)).status == 401
        kinds = [("x-api-key", PRO), ("content-type", "text/html"), ("content-type", "application/json")]
        assert wire.ask("POST", "/v2/messages", kinds, b"{}").status == 400
        assert wire.ask("POST", "/v2/messages", [kinds[0], kinds[2], kinds[1]], b"{}").status == 415


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /v2/models HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\n evil: folded\r\n\r\n",
        b"GET /v2/mod\xc3\xa9ls HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v2/models HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /v2/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        b"POST /v2/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"POST /v2/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v2/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnothex\r\n",
    ],
)
def test_what_is_no_http_is_turned_away_and_the_server_goes_on(emulator: Emulated, raw: bytes) -> None:
    """Such bytes are refused before there is a request, by the server's parser and in its words."""
    with Wire(emulator.running.port) as wire:
        wire.send(raw)
        status, _ = wire.head()
        assert status == 400
    assert caller(emulator, PRO).get("/models").status_code == 200


def test_what_asks_for_another_protocol_is_answered_over_http(emulator: Emulated) -> None:
    for protocol in ("websocket", "h2c"):
        with Wire(emulator.running.port) as wire:
            upgrade = [("x-api-key", PRO), ("connection", "Upgrade"), ("upgrade", protocol)]
            assert wire.ask("GET", "/v2/models?limit=1", upgrade).status == 200


def test_a_request_without_a_host_or_of_http_1_0_is_answered(emulator: Emulated) -> None:
    with Wire(emulator.running.port) as wire:
        wire.send(b"GET /v2/models?limit=1 HTTP/1.0\r\nX-API-Key: axp_test_pro\r\n\r\n")
        answer = wire.answer()
        assert (answer.status, answer.header("connection")) == (200, "close")
        assert wire.ended


def test_the_journal_keeps_what_was_asked_and_answered(emulator: Emulated) -> None:
    client = caller(emulator, PRO)
    answer = client.post("/messages?a=%20b", json=asking(), headers=[(b"X-Note", b"\xe9")])
    refused(client.post("/messages", content=b"{"), 400, "invalid_request_error")
    client.get("/nowhere")
    made, broken, lost = emulator.exchanges(3)
    assert (made.number, made.at, made.method, made.path, made.query) == (
        1,
        emulator.clock.now(),
        "POST",
        "/v2/messages",
        "a=%20b",
    )
    assert (made.api, made.operation, made.workspace, made.caller) == (
        "aiexport",
        "messages.create",
        "demo-pro",
        "axp_********_pro",
    )
    assert made.rule.startswith("scenarios/apis/")
    assert (made.status, made.reply_body, made.sent_bytes) == (200, answer.content, len(answer.content))
    assert made.body.startswith(b'{"model"')
    assert (b"x-api-key", b"axp_********_pro") in made.headers
    assert (b"x-note", b"\xe9") in made.headers
    assert dict(made.reply_headers)[b"date"] == b"Thu, 01 Jan 2026 00:00:00 GMT"
    assert (broken.operation, broken.rule, broken.status, broken.body) == ("messages.create", "", 400, b"{")
    assert "not valid JSON" in broken.error
    assert (lost.api, lost.operation, lost.status) == ("", "", 404)
    assert "nowhere" in lost.error


def test_an_operation_of_one_host_is_not_found_on_the_other(emulator: Emulated) -> None:
    body = b'{"text": "Hi"}'
    path = "/api/v2/execute/695fce4c27b4e3580e43d126"
    for host, status in (
        ("models.aixplain.com", 200),
        ("MODELS.aixplain.com:443", 200),
        ("platform-api.aixplain.com", 404),
        ("api.aiexport.io", 404),
        ("localhost:8484", 200),
        ("[::1]:8484", 200),
        ("anything.example", 200),
    ):
        with Wire(emulator.running.port) as wire:
            lines = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {DEMO}\r\nContent-Length: {len(body)}\r\n\r\n"
            wire.send(lines.encode() + body)
            answer = wire.answer()
            assert answer.status == status, host
            if host == "api.aiexport.io":
                assert answer.json()["type"] == "error"


UNDER_WAY = """
fine:
  route: POST /fine
  rules: [{reply: {body: {fine: true}}}]
stream:
  route: POST /stream
  rules: [{reply: {stream: {events: [{data: 1}]}}}]
late:
  route: POST /late
  rules: [{fault: {latency: 1s}, reply: {body: {fine: true}}}]
paced:
  route: POST /paced
  rules: [{reply: {stream: {pace: {first: 1s}, events: [{$each: [1], data: "{{ item }}"}]}}}]
changing:
  route: POST /changing
  rules:
    - do: [{put: things, id: "1", record: {id: "1"}}]
      reply: {stream: {pace: {first: 1s}, events: [{$each: [1], data: "{{ item }}"}]}}
"""
LOCAL = [("host", "localhost"), ("content-type", "application/json")]


def outcomes(wire: Wire) -> list[tuple[str, str]]:
    """What the control API says of each exchange: its path and its outcome."""
    told = wire.ask("GET", "/_emulator/exchanges", LOCAL).json()["exchanges"]
    return [(exchange["path"], exchange["outcome"]) for exchange in told]


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("path", ["/late", "/paced", "/changing"])
def test_an_exchange_is_told_while_its_answer_is_under_way_and_who_waits_hears_of_its_end(
    small: Small, path: str, parts: int
) -> None:
    emulator = small(UNDER_WAY, THINGS)
    raw = request("POST", path, KEY.items(), b"{}")
    order = json.dumps({"when": {"path": path, "outcome": "complete"}, "timeout": "20s"}).encode()
    with (
        Wire(emulator.running.port) as asks,
        Wire(emulator.running.port) as waits,
        Wire(emulator.running.port) as looks,
    ):
        cut = len(raw) if parts == 1 else len(raw) - 1
        asks.send(raw[:cut])
        if parts == 2:
            assert outcomes(looks) == []
            asks.send(raw[cut:])
        emulator.entered(1)
        assert outcomes(looks) == [(path, "open")]
        waits.send(request("POST", "/_emulator/exchanges/wait", LOCAL, order))
        for _ in range(3):
            assert outcomes(looks) == [(path, "open")]
        emulator.advance(1)
        assert [exchange["outcome"] for exchange in waits.answer().json()["exchanges"]] == ["complete"]
        assert asks.answer().status == 200
        assert outcomes(looks) == [(path, "complete")]


def test_an_answer_that_takes_no_time_comes_into_the_journal_complete_and_another_one_open(small: Small) -> None:
    emulator = small(UNDER_WAY, THINGS)
    with Wire(emulator.running.port) as wire:
        for path in ("/fine", "/stream"):
            assert wire.ask("POST", path, KEY.items(), b"").status == 200
        for count, path in enumerate(("/late", "/paced", "/changing"), 3):
            wire.send(request("POST", path, KEY.items(), b""))
            emulator.entered(count)
            emulator.advance(1)
            assert wire.answer().status == 200
    at_once = "open" if isinstance(emulator.app.state.store, RepeatingBackend) else "complete"
    assert emulator.noted.entered == [at_once, at_once, "open", "open", "open"]


@pytest.mark.one_worker("it looks into one process")
def test_in_a_scenario_of_latencies_a_crowd_begins_one_by_one(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their requests are all there at once; between two of them the server has time for what is due."""
    emulator = small(UNDER_WAY, THINGS, "latency: {reply: 1s}")
    sent = threading.Event()
    begun: list[int] = []
    decided: dict[int, Request] = {}
    decide = Pipeline._decide

    def noted(pipeline: Pipeline, request: Request, *args: Any, **more: Any) -> Any:
        decided[id(request)] = request  # a store elsewhere may have it decided again
        return decide(pipeline, request, *args, **more)

    async def count() -> None:
        """How many there are in each pass of the server's loop, which sleeps until all were sent."""
        assert sent.wait(PATIENCE)
        while len(decided) < 20:
            begun.append(len(decided))
            await emulator.clock.sleep(0)

    monkeypatch.setattr(Pipeline, "_decide", noted)

    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(emulator.running.port)) for _ in range(20)]
        for wire in wires:
            assert wire.ask("GET", "/_emulator/health", LOCAL).status == 200
        counting = asyncio.run_coroutine_threadsafe(count(), emulator.running.loop)
        for wire in wires:
            wire.send(request("POST", "/fine", KEY.items(), b""))
        sent.set()
        counting.result(PATIENCE)
        emulator.advance(1)
        assert {wire.answer().status for wire in wires} == {200}
    assert max(after - before for before, after in pairwise(begun)) == 1
    assert begun[-1] == 19
