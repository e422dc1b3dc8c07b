"""aiXplain's usage statistics: the document's sample, filters and bounds, and that they tell what was really asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.apis.aixplain_calls import (
    ABORTING,
    AGENT,
    DEMO,
    ERRORS,
    FAILING,
    FAILING_AGENT,
    FAILING_AT_ONCE,
    LIMITED,
    LLM,
    SCRAPER,
    SEARCH,
    SLOW_LLM,
    TURNED,
    caller,
    execute,
    polled,
    ran,
    refused,
    run_agent,
    started,
    statistics,
)
from tests.running import Emulated

METRICS = {"totalRequests", "successfulRequests", "failedRequests", "avgLatencyMs", "avgTokensPerRequest"}
SOMEBODYS = "7c4f********2b5f"


def ask(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/sdk/models/stats", json=body)


def control(emulator: Emulated) -> httpx.Client:
    """A client of the control API."""
    client = emulator.client("aixplain")
    client.base_url = emulator.origin
    return client


def start(client: httpx.Client, asset: str) -> dict[str, Any]:
    """Starts a run of a model, a tool or an agent that has to be polled for."""
    if asset == AGENT:
        return run_agent(client, "Hello!")
    body = {"action": "search", "data": {"query": "sea"}} if asset == SEARCH else {"text": "Hello!"}
    return started(execute(client, asset, **body))


def ends(client: httpx.Client, asset: str) -> tuple[int, int, int]:
    """How many runs there were, how many of them have succeeded, and how many have failed."""
    metrics = statistics(client, asset)[0]["aggregateMetrics"]
    return metrics["totalRequests"], metrics["successfulRequests"], metrics["failedRequests"]


def by_key(client: httpx.Client, model: str = LLM) -> dict[str, Any]:
    """The statistics of each key."""
    (found,) = statistics(client, model)
    return {entry["apiKey"]: entry for entry in found["metricsByApiKey"]}


@pytest.mark.claim("AX-STATS-ROUTE", "AX-STATS-201", "AX-STATS-ONE", "AX-STATS-TOP", "AX-STATS-METRICS")
def test_the_documents_sample_is_answered_with_its_own_sums(emulator: Emulated) -> None:
    response = ask(caller(emulator), startDay="2025-12-05", endDay="2026-01-01", modelId=LLM)
    assert response.status_code == 201
    (found,) = response.json()
    assert set(found) == {"modelId", "timeRange", "aggregateMetrics", "metricsByApiKey"}
    assert found["modelId"] == LLM
    assert found["timeRange"] == {"start": "2025-12-05", "end": "2026-01-01"}
    assert found["aggregateMetrics"] == {
        "totalRequests": 87384,
        "successfulRequests": 73503,
        "failedRequests": 13881,
        "avgLatencyMs": 1000,
        "avgTokensPerRequest": 1623.17,
    }


@pytest.mark.claim("AX-STATS-BYKEY")
def test_the_demo_keys_own_part_is_that_of_the_sample_and_marked_as_its_own(emulator: Emulated) -> None:
    keys = by_key(caller(emulator))
    assert set(keys) == {"0a0e********94c1", SOMEBODYS}
    own = keys["0a0e********94c1"]
    assert own["owned"] is True
    assert own["aggregateMetrics"] == {
        "totalRequests": 75,
        "successfulRequests": 75,
        "failedRequests": 0,
        "avgLatencyMs": 2700,
        "avgTokensPerRequest": 2121.01,
    }
    assert keys[SOMEBODYS]["owned"] is False
    assert set(keys[SOMEBODYS]["aggregateMetrics"]) == METRICS


@pytest.mark.claim("AX-STATS-BYKEY")
def test_whose_a_key_is_depends_on_who_asks(emulator: Emulated) -> None:
    assert not any(entry["owned"] for entry in by_key(caller(emulator, "somebody-elses-key")).values())


@pytest.mark.claim("AX-STATS-SERIES")
def test_a_time_series_has_hour_buckets_in_order(emulator: Emulated) -> None:
    client = caller(emulator)
    series = by_key(client)["0a0e********94c1"]["timeSeries"]
    assert series[-1] == {
        "timestamp": "2025-12-29T14:00:00.000Z",
        "requests": 6,
        "successfulRequests": 6,
        "avgLatencyMs": 880,
        "avgTokensPerRequest": 491.5,
    }
    for entry in by_key(client).values():
        stamps = [bucket["timestamp"] for bucket in entry["timeSeries"]]
        assert stamps == sorted(stamps)
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00\.000Z", stamp) for stamp in stamps)
        assert sum(bucket["requests"] for bucket in entry["timeSeries"]) == entry["aggregateMetrics"]["totalRequests"]


@pytest.mark.claim("AX-STATS-EMPTY", "AX-STATS-201")
@pytest.mark.parametrize("model", ["no-such-model", SLOW_LLM])
def test_a_model_that_nobody_used_has_no_statistics(emulator: Emulated, model: str) -> None:
    assert statistics(caller(emulator), model) == []


@pytest.mark.claim("AX-STATS-EMPTY")
def test_days_without_usage_have_no_statistics(emulator: Emulated) -> None:
    assert statistics(caller(emulator), start="2025-12-05", end="2025-12-06") == []


@pytest.mark.claim("AX-STATS-KEYFILTER", "AX-STATS-ONE")
@pytest.mark.parametrize("key", [DEMO, "0a0e********94c1"])
def test_a_key_in_full_or_as_it_is_shown_narrows_the_result_to_its_activity(emulator: Emulated, key: str) -> None:
    (found,) = statistics(caller(emulator), apiKey=key)
    (only,) = found["metricsByApiKey"]
    assert only["apiKey"] == "0a0e********94c1"
    assert found["aggregateMetrics"] == only["aggregateMetrics"]


@pytest.mark.claim("AX-STATS-KEYFILTER", "AX-STATS-BYKEY")
@pytest.mark.finding("D4")
@pytest.mark.parametrize(
    "keys", [("team-a", "team-b", "x"), ("team_of_ada_1234", "team_of_bob_1234"), ("********", "****")]
)
def test_no_two_keys_are_shown_alike_and_each_is_found_by_what_is_shown(
    emulator: Emulated, keys: tuple[str, ...]
) -> None:
    for count, key in enumerate(keys, 1):
        for _ in range(count):
            started(execute(caller(emulator, key), SLOW_LLM, text="Hello!"))
    client = caller(emulator, keys[0])
    shown = by_key(client, SLOW_LLM)
    assert len(shown) == len(keys)
    assert not any(key in mask for mask in shown for key in keys if key.strip("*"))
    for count, key in enumerate(keys, 1):
        (found,) = statistics(client, SLOW_LLM, apiKey=key)
        (only,) = found["metricsByApiKey"]
        assert found["aggregateMetrics"]["totalRequests"] == count
        assert statistics(client, SLOW_LLM, apiKey=only["apiKey"]) == [found]


@pytest.mark.claim("AX-STATS-KEYFILTER", "AX-STATS-ERRORS")
@pytest.mark.finding("D4")
def test_a_mask_that_stands_for_two_keys_is_refused(emulator: Emulated) -> None:
    client = caller(emulator, "team_of_ada_1234")
    for key in ("team_of_ada_1234", "team_of_bob_1234"):
        started(execute(caller(emulator, key), SLOW_LLM, text="Hello!"))
    days = {"startDay": "2025-12-20", "endDay": "2026-01-01", "modelId": SLOW_LLM}
    refused(ask(client, **days, apiKey="team********1234"), 400, "2 keys are shown as team********1234")


@pytest.mark.claim("AX-STATS-KEYFILTER", "AX-STATS-EMPTY")
def test_a_key_that_asked_nothing_has_no_statistics(emulator: Emulated) -> None:
    assert statistics(caller(emulator), apiKey="nobody-has-this-key") == []
    assert len(statistics(caller(emulator), apiKey=None)) == 1


@pytest.mark.claim("AX-STATS-REAL")
def test_what_was_asked_adds_up(emulator: Emulated) -> None:
    client = caller(emulator, "my-very-own-secret-key")
    runs = [ran(client, text=text) for text in ("What is 2 + 2?", "Tell me about bees", "Hello!")]
    (found,) = statistics(client, apiKey="my-very-own-secret-key")
    metrics = found["aggregateMetrics"]
    assert (metrics["totalRequests"], metrics["successfulRequests"], metrics["failedRequests"]) == (3, 3, 0)
    assert metrics["avgTokensPerRequest"] == pytest.approx(
        sum(run["usage"]["total_tokens"] for run in runs) / 3, abs=0.01
    )
    assert metrics["avgLatencyMs"] == pytest.approx(sum(run["runTime"] for run in runs) * 1000 / 3, abs=0.01)
    (only,) = found["metricsByApiKey"]
    assert only["owned"] is True
    assert [(bucket["timestamp"], bucket["requests"]) for bucket in only["timeSeries"]] == [
        ("2026-01-01T00:00:00.000Z", 3)
    ]
    (everybody,) = statistics(client)
    assert everybody["aggregateMetrics"]["totalRequests"] == 87384 + 3


@pytest.mark.claim("AX-STATS-REAL", "AX-STATS-SERIES")
def test_each_hour_has_its_bucket_and_polls_count_nothing(emulator: Emulated) -> None:
    client = caller(emulator)
    for _ in range(2):
        url = execute(client, SLOW_LLM, text="Hello!").json()["data"]
        emulator.advance(3600)
        client.get(url.removeprefix(str(client.base_url).rstrip("/")))
    series = by_key(client, SLOW_LLM)["0a0e********94c1"]["timeSeries"]
    assert [(bucket["timestamp"], bucket["requests"]) for bucket in series] == [
        ("2026-01-01T00:00:00.000Z", 1),
        ("2026-01-01T01:00:00.000Z", 1),
    ]


@pytest.mark.claim("AX-STATS-REAL")
def test_streams_tools_and_agents_are_counted_too(emulator: Emulated) -> None:
    client = caller(emulator, "my-very-own-secret-key")
    assert execute(client, text="Hello!", stream=True).is_success
    assert statistics(client, LLM, apiKey="my-very-own-secret-key")[0]["aggregateMetrics"]["totalRequests"] == 1
    ran(client, SCRAPER, action="scrape", data={"url": "https://example.com"})
    run_agent(client, "What is 5 + 5?")
    emulator.advance(1)
    for asset in (SCRAPER, AGENT):
        assert statistics(client, asset)[0]["aggregateMetrics"]["successfulRequests"] == 1


@pytest.mark.claim("AX-STATS-REAL")
@pytest.mark.scenario(ERRORS)
def test_a_run_that_the_service_fails_is_counted_as_failed(emulator: Emulated) -> None:
    client = caller(emulator, "my-very-own-secret-key")
    assert execute(client, text="supplier").status_code == 480
    ran(client, text="Hello!")
    metrics = statistics(client, apiKey="my-very-own-secret-key")[0]["aggregateMetrics"]
    assert (metrics["totalRequests"], metrics["successfulRequests"], metrics["failedRequests"]) == (2, 1, 1)


@pytest.mark.claim("AX-STATS-REAL", "AX-STATS-METRICS")
@pytest.mark.finding("D1", "D3")
@pytest.mark.parametrize("model", [FAILING_AT_ONCE, FAILING, ABORTING])
def test_a_failure_inside_a_200_counts_as_failed_and_takes_time_but_no_tokens(emulator: Emulated, model: str) -> None:
    client = caller(emulator)
    assert execute(client, model, text="Hello!").is_success
    emulator.advance(1)
    (found,) = statistics(client, model)
    assert found["aggregateMetrics"] == {
        "totalRequests": 1,
        "successfulRequests": 0,
        "failedRequests": 1,
        "avgLatencyMs": 276,
        "avgTokensPerRequest": 0,
    }


@pytest.mark.claim("AX-STATS-REAL")
@pytest.mark.finding("D1")
@pytest.mark.parametrize("asset", [FAILING_AGENT, AGENT])
def test_a_run_is_counted_when_it_ends_as_it_ends(emulator: Emulated, asset: str) -> None:
    client = caller(emulator)
    run = run_agent(client, "What is 5 + 5?", asset)
    assert ends(client, asset) == (1, 0, 0)
    emulator.advance(0.9)
    assert ends(client, asset) == (1, 0, 0)
    emulator.advance(0.1)
    succeeded = polled(client, run["data"])["status"] == "SUCCESS"
    assert succeeded is (asset == AGENT)
    assert ends(client, asset) == (1, succeeded, not succeeded)
    emulator.advance(60)
    polled(client, run["data"])
    assert ends(client, asset) == (1, succeeded, not succeeded)


def fail_by_hand(emulator: Emulated, id: str) -> None:
    control(emulator).post(f"/_emulator/jobs/{id}/fail").raise_for_status()


def abort_by_hand(emulator: Emulated, id: str) -> None:
    control(emulator).post(f"/_emulator/jobs/{id}", json={"state": "ABORTED"}).raise_for_status()


@pytest.mark.claim("AX-STATS-REAL")
@pytest.mark.finding("D1", "D3")
@pytest.mark.parametrize("end", [fail_by_hand, abort_by_hand])
@pytest.mark.parametrize("asset", [SLOW_LLM, SEARCH, AGENT])
def test_a_run_that_is_ended_early_counts_as_failed_after_the_time_it_had(
    emulator: Emulated, asset: str, end: Callable[[Emulated, str], None]
) -> None:
    client = caller(emulator)
    run = start(client, asset)
    emulator.advance(0.25)
    end(emulator, run["requestId"])
    assert ends(client, asset) == (1, 0, 1)
    (found,) = statistics(client, asset)
    assert found["aggregateMetrics"]["avgLatencyMs"] == 250
    assert found["aggregateMetrics"]["avgTokensPerRequest"] == 0


@pytest.mark.claim("AX-STATS-REAL")
@pytest.mark.finding("D1")
@pytest.mark.parametrize(
    ("fault", "expected"),
    [("fail", (1, 0, 1)), ("fail; state=ABORTED", (1, 0, 1)), ("stuck", (1, 0, 0)), ("flap; times=2", (1, 1, 0))],
)
@pytest.mark.parametrize("asset", [SLOW_LLM, SEARCH, AGENT])
def test_a_run_with_a_fault_counts_as_the_fault_lets_it_end(
    emulator: Emulated, asset: str, fault: str, expected: tuple[int, int, int]
) -> None:
    client = caller(emulator)
    client.headers["X-Emulator-Fault"] = fault
    start(client, asset)
    del client.headers["X-Emulator-Fault"]
    emulator.advance(3_000)
    assert ends(client, asset) == expected
    series = by_key(client, asset)["0a0e********94c1"]["timeSeries"]
    assert [(bucket["timestamp"], bucket["requests"]) for bucket in series] == [("2026-01-01T00:00:00.000Z", 1)]


@pytest.mark.claim("AX-STATS-REAL")
@pytest.mark.finding("D1")
def test_a_run_that_is_let_end_early_counts_as_a_success_with_its_own_figures(emulator: Emulated) -> None:
    client = caller(emulator)
    run = start(client, SLOW_LLM)
    control(emulator).post(f"/_emulator/jobs/{run['requestId']}/complete").raise_for_status()
    result = polled(client, run["data"])
    metrics = statistics(client, SLOW_LLM)[0]["aggregateMetrics"]
    assert (metrics["successfulRequests"], metrics["avgTokensPerRequest"]) == (1, result["usage"]["total_tokens"])
    assert metrics["avgLatencyMs"] == pytest.approx(result["runTime"] * 1_000)


@pytest.mark.finding("D1")
def test_a_run_that_spans_a_snapshot_is_counted_once_where_it_goes_on(emulator: Emulated) -> None:
    client = caller(emulator)
    start(client, AGENT)
    saved = control(emulator).get("/_emulator/worlds/default/snapshot").raise_for_status().json()
    emulator.advance(1)
    assert ends(client, AGENT) == (1, 1, 0)
    control(emulator).put("/_emulator/worlds/default/snapshot", json=saved).raise_for_status()
    assert ends(client, AGENT) == (1, 0, 0)
    emulator.advance(1)
    assert ends(client, AGENT) == (1, 1, 0)


@pytest.mark.finding("D1")
def test_whoever_sees_a_run_end_finds_it_counted_however_late_its_timer_is(emulator: Emulated) -> None:
    client = caller(emulator)
    run = start(client, AGENT)

    async def pass_over_the_timer() -> None:
        await emulator.clock.restore(emulator.clock.now() + 1, 0.0)

    emulator.running.call(pass_over_the_timer())
    assert polled(client, run["data"])["status"] == "SUCCESS"
    assert ends(client, AGENT) == (1, 1, 0)


@pytest.mark.claim("AX-STATS-METRICS")
@pytest.mark.finding("D3")
@pytest.mark.parametrize("text", ["Hello!", "Write a poem of 300 words."])
def test_what_happened_before_is_on_the_scale_of_what_happens_now(emulator: Emulated, text: str) -> None:
    client = caller(emulator)
    before = statistics(client)[0]["aggregateMetrics"]["avgLatencyMs"]
    ran(client, text=text)
    (found,) = statistics(client, start="2026-01-01", end="2026-01-01")
    assert 0.1 < found["aggregateMetrics"]["avgLatencyMs"] / before < 10


@pytest.mark.claim("AX-STATS-REAL", "AX-TOOL-ACTIONS")
@pytest.mark.finding("D3")
def test_only_runs_are_counted(emulator: Emulated) -> None:
    client = caller(emulator, LIMITED)
    for action in ("LIST_ACTIONS", "list_inputs"):
        for _ in range(6):  # more than the key may run in a minute
            assert execute(client, SCRAPER, action=action, data={}).status_code == 200
    assert statistics(client, SCRAPER) == []
    session = client.post("/v1/sessions", json={"agentId": AGENT}).json()["id"]
    for _ in range(6):
        client.post(
            f"/v1/sessions/{session}/messages", json={"role": "assistant", "content": "Ask!"}
        ).raise_for_status()
    assert statistics(client, AGENT) == []
    client.post(f"/v1/sessions/{session}/messages", json={"role": "user", "content": "Hello!"}).raise_for_status()
    execute(client, SCRAPER, action="scrape", data={"url": "https://example.com"}).raise_for_status()
    assert ends(client, AGENT) == (1, 0, 0)
    assert ends(client, SCRAPER) == (1, 1, 0)


@pytest.mark.claim("AX-STATS-METRICS")
@pytest.mark.finding("D3")
@pytest.mark.one_worker("an automatic clock jumps in each process")
def test_a_refused_request_counts_as_failed_after_the_time_it_waited(emulator: Emulated) -> None:
    client = caller(emulator)
    control(emulator).post("/_emulator/clock", json={"auto": True}).raise_for_status()
    client.headers["X-Emulator-Fault"] = "latency; delay=2s, status; status=503"
    assert execute(client, SLOW_LLM, text="Hello!").status_code == 503
    assert client.post(f"/v2/agents/{AGENT}/run", json={"query": "Hello!"}).status_code == 503
    del client.headers["X-Emulator-Fault"]
    for asset in (SLOW_LLM, AGENT):
        assert ends(client, asset) == (1, 0, 1)
        assert statistics(client, asset)[0]["aggregateMetrics"]["avgLatencyMs"] == 2000


@pytest.mark.claim("AX-STATS-31")
def test_a_start_31_days_ago_is_taken_and_one_of_32_is_not(emulator: Emulated) -> None:
    client = caller(emulator)
    statistics(client, start="2025-12-01")
    refused(
        ask(client, startDay="2025-11-30", endDay="2026-01-01", modelId=LLM),
        400,
        "startDay cannot be more than 31 days in the past",
    )
    emulator.advance(86_400)
    refused(ask(client, startDay="2025-12-01", endDay="2026-01-01", modelId=LLM), 400, "startDay")


@pytest.mark.claim("AX-STATS-31", "AX-STATS-ERRORS")
@pytest.mark.finding("D5")
@pytest.mark.parametrize("hours", [0, 11.5, 23.99])
def test_a_day_too_early_is_told_the_earliest_one_in_utc(emulator: Emulated, hours: float) -> None:
    emulator.advance(hours * 3_600)
    said = refused(ask(caller(emulator), startDay="2025-11-30", endDay="2026-01-01", modelId=LLM), 400)
    assert said == "startDay cannot be more than 31 days in the past; the earliest day is 2025-12-01 (UTC)"
    statistics(caller(emulator), start="2025-12-01")


@pytest.mark.claim("AX-STATS-31")
@pytest.mark.finding("D5")
@pytest.mark.scenario(TURNED)
def test_a_switch_gives_clients_west_of_utc_a_day_of_grace(emulator: Emulated) -> None:
    client = caller(emulator)
    statistics(client, start="2025-11-30")
    said = refused(ask(client, startDay="2025-11-29", endDay="2026-01-01", modelId=LLM), 400)
    assert said.endswith("the earliest day is 2025-11-30 (UTC)")


@pytest.mark.claim("AX-STATS-31", "AX-STATS-PYTHON")
def test_the_seeded_usage_stays_inside_the_last_31_days_whatever_today_is(emulator: Emulated) -> None:
    emulator.advance(400 * 86_400)
    (found,) = statistics(caller(emulator), start="2027-01-23", end="2027-02-05")
    assert found["aggregateMetrics"]["totalRequests"] == 87384


@pytest.mark.claim("AX-STATS-ERRORS")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("startDay", "2025-10-01"),
        ("startDay", "yesterday"),
        ("startDay", "2025-02-30"),
        ("startDay", "2025-12-20T00:00:00Z"),
        ("startDay", "2026-W01-1"),
        ("startDay", 20251220),
        ("startDay", None),
        ("endDay", "2025-12-19"),
        ("endDay", ""),
        ("endDay", ["2025-12-25"]),
        ("modelId", ""),
        ("modelId", 7),
        ("apiKey", 7),
    ],
)
def test_bad_input_is_refused_by_its_name(emulator: Emulated, field: str, value: Any) -> None:
    good = {"startDay": "2025-12-20", "endDay": "2026-01-01", "modelId": LLM}
    refused(ask(caller(emulator), **{**good, field: value}), 400, field)


@pytest.mark.claim("AX-STATS-ERRORS")
@pytest.mark.parametrize("field", ["startDay", "endDay", "modelId"])
def test_a_missing_field_is_refused_by_its_name(emulator: Emulated, field: str) -> None:
    good = {"startDay": "2025-12-20", "endDay": "2026-01-01", "modelId": LLM}
    del good[field]
    refused(ask(caller(emulator), **good), 400, field)


@pytest.mark.claim("AX-STATS-PYTHON")
def test_the_documents_python_example_prints_the_totals(emulator: Emulated) -> None:
    client = caller(emulator)
    lines = example(client, LLM)
    assert lines == [
        "Total: 87384 Success: 73503 Failed: 13881",
        " 0a0e********94c1: 75 requests",
        f" {SOMEBODYS}: 87309 requests",
    ]
    assert example(client, "no-such-model") == ["No data for this model in the selected range"]


def example(client: httpx.Client, model: str) -> list[str]:
    """The document's example line by line; httpx for `requests`, a list for `print`, the clock's day for today."""
    printed = []
    today = date(2026, 1, 1)
    start = today - timedelta(days=14)
    response = client.post(
        "/sdk/models/stats",
        headers={"Content-Type": "application/json"},
        json={"startDay": str(start), "endDay": str(today), "modelId": model},
        timeout=120,
    )
    data = response.json()
    if data:
        m = data[0]["aggregateMetrics"]
        printed.append(f"Total: {m['totalRequests']} Success: {m['successfulRequests']} Failed: {m['failedRequests']}")
        for entry in data[0]["metricsByApiKey"]:
            printed.append(f" {entry['apiKey']}: {entry['aggregateMetrics']['totalRequests']} requests")
    else:
        printed.append("No data for this model in the selected range")
    return printed
