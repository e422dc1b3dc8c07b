"""Another status and a late answer, over raw sockets; and what a refused request leaves behind: nothing."""

from __future__ import annotations

import json
from random import Random

from emulator.engine.context import Context
from emulator.faults import FAULTS
from emulator.http.reply import Reply
from emulator.http.request import Request
from tests.faults.conftest import BODY, Faulty, assert_silent, content
from tests.small import KEY, Small

KEEPING = """
keep:
  route: POST /keep
  rules: [{do: [{put: tokens, id: one, record: {id: one}}], reply: {body: {}}}]
kept:
  route: GET /kept
  rules: [{reply: {body: {kept: "{{ tokens['one'] is defined }}", left: "{{ limits.calls.remaining }}"}}}]
"""


def test_status_refuses_in_the_shape_of_the_api(faulty: Faulty) -> None:
    received, _ = faulty.everything("status=409")
    assert received.startswith(b"HTTP/1.1 409 ")
    assert json.loads(content(received))["kind"] == "conflict"
    received, _ = faulty.everything('status; status=418; message="No tea"')
    assert received.startswith(b"HTTP/1.1 418 ")
    assert json.loads(content(received)) == {"ok": False, "kind": "internal", "said": "No tea", "about": None}


def test_status_says_when_to_come_back(faulty: Faulty) -> None:
    for asked in ("status; status=429; retry_after=7s", "status; status=503; retry_after=6500ms"):
        received, _ = faulty.everything(asked)
        assert received.lower().count(b"\r\nretry-after: 7\r\n") == 1


def test_status_takes_any_error_of_the_api(faulty: Faulty) -> None:
    received, _ = faulty.everything("status; error=rate_limited; retry_after=1s")
    assert (received[9:12], json.loads(content(received))["kind"]) == (b"429", "rate_limited")
    received, _ = faulty.everything("status; status=503; error=rate_limited; retry_after=1s")
    assert (received[9:12], json.loads(content(received))["kind"]) == (b"503", "rate_limited")


def test_a_refused_request_changes_nothing_and_costs_nothing(small: Small) -> None:
    client = small(KEEPING).client("small", headers=KEY)
    assert client.post("/keep", headers={"X-Emulator-Fault": "status=503"}).status_code == 503
    assert client.get("/kept").json() == {"kept": False, "left": 999}
    assert client.post("/keep").status_code == 200
    assert client.get("/kept").json() == {"kept": True, "left": 997}


def test_latency_waits_on_the_clock(faulty: Faulty) -> None:
    with faulty.asked("latency=2s") as wire:
        faulty.emulated.advance(1.9)
        assert_silent(wire)
        faulty.emulated.advance(0.1)
        assert wire._file.readline() == b"HTTP/1.1 200 OK\r\n"
    assert faulty.emulated.exchanges(1)[0].took == 2.0


def test_a_refusal_is_late_too(faulty: Faulty) -> None:
    with faulty.asked("status=503, latency=2s") as wire:
        faulty.emulated.advance(2)
        assert wire.answer().status == 503
    assert faulty.emulated.exchanges(1)[0].took == 2.0


def test_latency_is_fixed_or_drawn_and_the_same_chance_draws_the_same(faulty: Faulty) -> None:
    context = Context(faulty.emulated.app.pipeline.services["small"], Request("GET", "/", "", {}, "", "http", ""))

    def drawn(seed: int, **given: object) -> float:
        return FAULTS.make("latency", given).apply(Reply(200, []), context, Random(seed)).delay

    assert drawn(1, delay="2s") == 2.0
    uniform = [drawn(seed, uniform=["100ms", "300ms"]) for seed in range(50)]
    assert all(0.1 <= delay <= 0.3 for delay in uniform)
    assert len(set(uniform)) > 40
    assert uniform == [drawn(seed, uniform=["100ms", "300ms"]) for seed in range(50)]
    lognormal = sorted(drawn(seed, lognormal={"p50": "1s", "sigma": 0.5}) for seed in range(1_001))
    assert 0.9 < lognormal[500] < 1.1
    jittered = [drawn(seed, latency=1000, jitter="100ms") for seed in range(50)]
    assert all(1.0 <= delay <= 1.1 for delay in jittered)


def test_the_status_200_is_no_fault(faulty: Faulty) -> None:
    received, _ = faulty.everything("status=200")
    assert received.startswith(b"HTTP/1.1 400 ")
    assert content(faulty.everything(None)[0]) == BODY
