"""What is counted of exchanges and webhooks, by real requests over a socket."""

from __future__ import annotations

import httpx
import pytest

from emulator.faults import FAULTS
from emulator.http.exchange import Exchange
from emulator.metrics.definitions import METRICS
from tests.metrics.conftest import Counted
from tests.receiver import receiving

pytestmark = pytest.mark.one_worker("each process counts what it answers")

MESSAGE = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}
PRO = {"X-API-Key": "axp_test_pro"}
CREATE = {"api": "aiexport", "operation": "messages.create"}


def client(counted: Counted) -> httpx.Client:
    return counted.client("aiexport", headers=PRO)


def test_requests_are_counted_by_api_operation_and_class_of_status(counted: Counted) -> None:
    here = client(counted)
    here.post("/messages", json=MESSAGE)
    here.post("/messages", json=MESSAGE)
    here.post("/messages", json={})
    here.get("/models")
    counted.exchanges(4)
    assert counted.value("emulator_requests_total", **CREATE, status="2xx") == 2
    assert counted.value("emulator_requests_total", **CREATE, status="4xx") == 1
    assert counted.value("emulator_requests_total", api="aiexport", operation="models.list", status="2xx") == 1
    assert counted.value("emulator_request_duration_seconds_count", **CREATE) == 3


def test_an_unknown_path_model_or_world_makes_no_label(counted: Counted) -> None:
    here = client(counted)
    for number in range(20):
        here.get(f"/nowhere/{number}")
        here.post("/messages", json={**MESSAGE, "model": f"model-{number}"})
        here.get("/models", headers={"X-Emulator-World": f"world-{number}"})
        httpx.get(f"{counted.origin}/also-nowhere-{number}")
    counted.exchanges(60)
    requests = {labels: value for (name, labels), value in counted.samples().items() if name.endswith("requests_total")}
    unknown = frozenset({"api": "unknown", "operation": "unknown", "status": "4xx"}.items())
    assert requests == {unknown: 40, frozenset({**CREATE, "status": "4xx"}.items()): 20}


def test_the_exchanges_of_worlds_that_have_ended_stay_counted(counted: Counted) -> None:
    here = client(counted)
    control = httpx.Client(base_url=f"{counted.origin}/_emulator")
    for name in ("one", "two"):
        control.put(f"/worlds/{name}", json={}).raise_for_status()
        here.get("/models", headers={"X-Emulator-World": name})
    assert counted.value("emulator_worlds") == 3
    control.delete("/worlds/one").raise_for_status()
    control.post("/worlds/two/reset").raise_for_status()
    control.close()
    assert counted.value("emulator_requests_total", api="aiexport", operation="models.list", status="2xx") == 2
    assert counted.value("emulator_worlds") == 2


def test_a_duration_is_in_real_seconds_however_the_clock_is_moved(moving: Counted) -> None:
    here = client(moving)
    with here.stream("POST", "/messages", json={**MESSAGE, "stream": True}) as response:
        moving.entered(1)
        moving.running.call(moving.clock.advance(3_600))
        response.read()
    here.get("/models")
    moving.exchanges(2)
    spent = moving.value("emulator_request_duration_seconds_sum", **CREATE)
    assert spent is not None
    assert 0 <= spent < 600


def test_time_to_the_first_event_is_that_of_streams_at_real_speed(moving: Counted, counted: Counted) -> None:
    for emulated in (counted, moving):
        emulated.play()
        client(emulated).post("/messages", json={**MESSAGE, "stream": True})
        client(emulated).post("/messages", json=MESSAGE)
        emulated.exchanges(2)
    assert moving.value("emulator_time_to_first_event_seconds_count", **CREATE) == 1
    counted.play()
    assert counted.value("emulator_time_to_first_event_seconds_count", **CREATE) is None


def test_time_to_the_first_event_has_what_comes_before_it_and_nothing_after_it(moving: Counted) -> None:
    late = {"X-Emulator-Fault": "latency=100ms, stall_after; events=1; lasts=400ms"}
    client(moving).post("/messages", json={**MESSAGE, "stream": True}, headers=late)
    moving.exchanges(1)
    first = moving.value("emulator_time_to_first_event_seconds_sum", **CREATE)
    whole = moving.value("emulator_request_duration_seconds_sum", **CREATE)
    assert first is not None
    assert whole is not None
    assert 0.1 <= first < whole
    assert whole >= 0.5


def test_a_stream_is_open_until_it_ends(counted: Counted) -> None:
    here = client(counted)
    assert counted.value("emulator_open_streams", api="aiexport") == 0
    stalled = {"X-Emulator-Fault": "stall_after; events=1"}
    with here.stream("POST", "/messages", json={**MESSAGE, "stream": True}, headers=stalled):
        counted.entered(1)
        assert counted.value("emulator_open_streams", api="aiexport") == 1
        assert counted.value("emulator_requests_total", **CREATE, status="2xx") is None
    counted.exchanges(1)
    assert counted.value("emulator_open_streams", api="aiexport") == 0
    assert counted.value("emulator_interrupted_requests_total", api="aiexport", outcome="left") == 1


def test_faults_are_counted_by_their_name_and_an_unknown_one_as_other(counted: Counted) -> None:
    here = client(counted)
    here.get("/models", headers={"X-Emulator-Fault": "status; status=503"})
    here.get("/models", headers={"X-Emulator-Fault": "status; status=500"})
    counted.exchanges(2)
    strange = Exchange(3, 0.0, "GET", "/", "")
    strange.outcome, strange.faults = "complete", ("no-such-fault",)
    counted.running.call(add(counted, strange))
    assert counted.value("emulator_faults_total", fault="status") == 2
    assert counted.value("emulator_faults_total", fault="other") == 1


async def add(counted: Counted, exchange: Exchange) -> None:
    counted.journal.add(exchange)


def test_refusals_are_counted_by_the_counter_that_refused(counted: Counted) -> None:
    here = counted.client("aiexport", headers={"X-API-Key": "axp_test_free"})
    statuses = [here.post("/messages", json=MESSAGE).status_code for _ in range(200)]
    refused = statuses.count(429)
    assert refused > 0
    here.get("/models", headers={"X-Emulator-Fault": "status; status=429", **PRO})  # by a fault, not by a limit
    counted.exchanges(201)
    refusals = {labels: value for (name, labels), value in counted.samples().items() if "refusals_total" in name}
    assert sum(refusals.values()) == refused
    assert all(dict(labels)["api"] == "aiexport" and dict(labels)["counter"] for labels in refusals)


def test_webhook_attempts_are_counted_by_outcome(counted: Counted) -> None:
    row = {"custom_id": "sum", **MESSAGE}
    with receiving(500) as receiver, httpx.Client(base_url=f"{counted.origin}/_emulator") as control:
        body = {"requests": [row], "webhook_url": receiver.url}
        client(counted).post("/batch", json=body).raise_for_status()
        control.post("/clock", json={"advance": "1h"}).raise_for_status()
        control.post("/webhooks/wait", json={"count": 2, "timeout": "30s"}).raise_for_status()
    assert counted.value("emulator_webhook_attempts_total", outcome="rejected") == 1
    assert counted.value("emulator_webhook_attempts_total", outcome="delivered") == 1


def test_the_size_of_journal_and_store_is_looked_up(counted: Counted) -> None:
    before = counted.samples()
    client(counted).post("/messages", json=MESSAGE)
    counted.exchanges(1)
    after = counted.samples()
    nothing: frozenset[tuple[str, str]] = frozenset()
    assert after["emulator_journal_exchanges", nothing] == 1
    assert after["emulator_journal_bytes", nothing] == sum(each.held for each in counted.journal)
    assert after["emulator_store_records", nothing] >= before["emulator_store_records", nothing] > 0
    assert after["emulator_store_bytes", nothing] > 0


def test_every_metric_has_a_help_line(counted: Counted) -> None:
    text = counted.scrape().text
    assert all(f"# HELP {metric.name} {metric.about}\n" in text for metric in METRICS)
    assert all(f"# TYPE {metric.name} {metric.kind.value}\n" in text for metric in METRICS)


def test_what_is_known_to_be_countable_is_there_from_the_start(counted: Counted) -> None:
    """So that Prometheus sees the first one as an increase."""
    samples = counted.samples()
    faults = {dict(labels)["fault"]: value for (name, labels), value in samples.items() if "faults_total" in name}
    assert faults == dict.fromkeys(FAULTS, 0)
    webhooks = [value for (name, _), value in samples.items() if name == "emulator_webhook_attempts_total"]
    assert webhooks == [0, 0, 0, 0]


def test_two_emulators_count_apart(counted: Counted, moving: Counted) -> None:
    moving.play()
    client(moving).get("/models")
    moving.exchanges(1)
    counted.play()
    assert counted.value("emulator_requests_total", api="aiexport", operation="models.list", status="2xx") is None
