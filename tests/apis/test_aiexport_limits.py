"""AI Export's three plans: their limits, in the headers and in the refusals, from one clock and one set of counters."""

from __future__ import annotations

from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.apis.aiexport_calls import (
    ACME,
    ENTERPRISE,
    FINE_TUNED,
    FREE,
    HAIKU,
    OPUS,
    PRO,
    SONNET,
    asking,
    caller,
    refused,
)
from tests.running import Emulated, Running

START = 1_767_225_600
REQUESTS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
TOKENS = ("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens")


def shown(response: httpx.Response, names: tuple[str, ...]) -> list[int]:
    return [int(response.headers[name]) for name in names]


@pytest.mark.parametrize(
    ("key", "per_minute"),
    [
        pytest.param(FREE, 60, marks=pytest.mark.claim("AE-TIER-FREE")),
        pytest.param(PRO, 600, marks=pytest.mark.claim("AE-TIER-PRO")),
        pytest.param("axp_live_unknown", 600, marks=pytest.mark.claim("AE-TIER-PRO")),
        pytest.param(ACME, 6_000, marks=pytest.mark.claim("AE-TIER-ENT")),
    ],
)
def test_a_plan_admits_exactly_its_requests_of_a_minute(emulator: Emulated, key: str, per_minute: int) -> None:
    client = caller(emulator, key)
    for left in (per_minute - 1, per_minute - 2):
        assert shown(client.get("/models"), REQUESTS) == [per_minute, left, START + 60]
    if per_minute > 600:
        return
    statuses = [client.get("/models").status_code for _ in range(per_minute - 2)]
    assert set(statuses) == {200}
    refused(client.get("/models"), 429, "rate_limit_error")
    emulator.advance(59)
    refused(client.get("/models"), 429, "rate_limit_error")
    emulator.advance(1)
    assert client.get("/models").status_code == 200


@pytest.mark.claim("AE-TIER-ENT")
def test_the_enterprise_demo_agreed_on_no_limit_and_another_customer_on_its_own(emulator: Emulated) -> None:
    unlimited = caller(emulator, ENTERPRISE).get("/models")
    assert not [name for name in unlimited.headers if name.startswith("x-ratelimit")]
    agreed = caller(emulator, ACME).get("/models")
    assert agreed.headers["x-ratelimit-limit"] == "6000"
    assert "x-ratelimit-limit-tokens" not in agreed.headers


@pytest.mark.parametrize(
    ("key", "model", "per_day", "window"),
    [
        pytest.param(FREE, HAIKU, 100_000, 100_000, marks=pytest.mark.claim("AE-TIER-FREE")),
        pytest.param(PRO, SONNET, 10_000_000, 200_000, marks=pytest.mark.claim("AE-TIER-PRO")),
    ],
)
def test_a_plan_admits_its_tokens_of_a_day(emulator: Emulated, key: str, model: str, per_day: int, window: int) -> None:
    client = caller(emulator, key)
    left = per_day
    while left >= window:
        response = client.post("/messages", json=asking("x" * 4 * (window - 100), model, max_tokens=50))
        left -= response.json()["usage"]["total_tokens"]
        assert shown(response, TOKENS) == [per_day, left, START + 86_400]
    over = client.post("/messages", json=asking("x" * 4 * (left + 1), model))
    refused(over, 429, "rate_limit_error")
    assert over.headers["retry-after"] == "86400"
    assert shown(over, TOKENS)[1] == left, "what is refused costs nothing"
    emulator.advance(86_400)
    assert client.post("/messages", json=asking("x" * 4 * (left + 1), model)).status_code == 200


@pytest.mark.claim("AE-TIER-ENT")
def test_enterprise_tokens_are_unlimited(emulator: Emulated) -> None:
    client = caller(emulator, ENTERPRISE)
    body = asking("x" * 800_000, SONNET, max_tokens=1)
    assert {client.post("/messages", json=body).status_code for _ in range(51)} == {200}, "more than Pro's 10M tokens"


@pytest.mark.parametrize(
    ("key", "most"),
    [
        pytest.param(FREE, 100, marks=pytest.mark.claim("AE-TIER-FREE")),
        pytest.param(PRO, 5_000, marks=pytest.mark.claim("AE-TIER-PRO")),
        pytest.param(ENTERPRISE, 10_000, marks=[pytest.mark.claim("AE-TIER-ENT"), pytest.mark.claim("AE-BATCH-10000")]),
    ],
)
def test_a_plan_takes_batches_of_its_size(emulator: Emulated, key: str, most: int) -> None:
    client = caller(emulator, key)
    row = asking(model=HAIKU)
    refused(client.post("/batch", json={"requests": [row] * (most + 1)}), 400, "invalid_request_error", "requests")
    taken = client.post("/batch", json={"requests": [row] * most})
    assert (taken.status_code, taken.json()["request_counts"]["total"]) == (202, most)


@pytest.mark.parametrize(
    ("key", "models"),
    [
        pytest.param(FREE, {HAIKU}, marks=pytest.mark.claim("AE-TIER-FREE")),
        pytest.param(PRO, {OPUS, SONNET, HAIKU}, marks=pytest.mark.claim("AE-TIER-PRO")),
        pytest.param(ENTERPRISE, {OPUS, SONNET, HAIKU, FINE_TUNED}, marks=pytest.mark.claim("AE-TIER-ENT")),
    ],
)
def test_a_plan_has_its_models(emulator: Emulated, key: str, models: set[str]) -> None:
    client = caller(emulator, key)
    for model in (OPUS, SONNET, HAIKU):
        response = client.post("/messages", json=asking(model=model))
        if model in models:
            assert response.status_code == 200
        else:
            refused(response, 403, "permission_error", "model")
    tuned = client.post("/messages", json=asking(model=FINE_TUNED))
    assert tuned.status_code == (200 if FINE_TUNED in models else 404)


@pytest.mark.claim("AE-RL-HEADERS")
def test_headers_refusal_and_clock_agree(emulator: Emulated) -> None:
    client = caller(emulator, FREE)
    emulator.advance(7)
    first = client.get("/models")
    assert shown(first, REQUESTS) == [60, 59, START + 67]
    emulator.advance(20)
    for _ in range(59):
        last = client.get("/models")
    assert shown(last, REQUESTS) == [60, 0, START + 67]
    over = client.get("/models")
    refused(over, 429, "rate_limit_error")
    assert shown(over, REQUESTS) == [60, 0, START + 67]
    date = parsedate_to_datetime(over.headers["date"]).timestamp()
    assert int(over.headers["retry-after"]) == 40
    assert date + 40 == START + 67


@pytest.mark.claim("AE-RL-HEADERS")
@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), (asking(model="nothing"), 404), (asking(model=OPUS), 403), (asking(max_tokens=0), 400)],
)
def test_a_refused_request_costs_no_tokens(emulator: Emulated, body: dict[str, Any], status: int) -> None:
    client = caller(emulator, FREE)
    assert client.post("/messages", json=body).status_code == status
    later = client.get("/models")
    assert shown(later, REQUESTS) == [60, 58, START + 60], "it counts as one of the minute"
    assert shown(later, TOKENS)[1] == 100_000


@pytest.mark.claim("AE-RL-HEADERS")
@pytest.mark.claim("AE-TOKENS")
def test_streams_and_messages_charge_the_same_tokens(emulator: Emulated) -> None:
    client, body = caller(emulator, FREE), asking(model=HAIKU)
    used = client.post("/messages", json=body).json()["usage"]["total_tokens"]
    client.post("/messages/stream", json=body)
    assert shown(client.get("/models"), TOKENS) == [100_000, 100_000 - 2 * used, START + 86_400]


@pytest.mark.claim("AE-TIER-FREE")
@pytest.mark.claim("AE-TOKENS")
def test_the_tokens_of_a_batch_are_taken_from_the_day_when_it_is_made(emulator: Emulated) -> None:
    client, row = caller(emulator, FREE), asking(model=HAIKU)
    alone = client.post("/messages", json=row).json()["usage"]["total_tokens"]
    made = client.post("/batch", json={"requests": [row, row, {"model": "nothing"}]})
    assert shown(made, TOKENS) == [100_000, 100_000 - 3 * alone, START + 86_400]
    client.delete(f"/batch/{made.json()['id']}/cancel")
    assert shown(client.get("/models"), TOKENS)[1] == 100_000 - 3 * alone, "a cancel gives nothing back"


@pytest.mark.claim("AE-TIER-FREE")
@pytest.mark.finding("B3")
def test_a_batch_is_admitted_on_its_prompts_like_the_same_prompts_one_by_one(emulator: Emulated) -> None:
    client = caller(emulator, FREE)
    long = asking("x" * 4 * 10_000, HAIKU, max_tokens=1)
    error = refused(client.post("/batch", json={"requests": [long] * 100}), 429, "rate_limit_error")
    assert "costs 1,000,000 tokens, and the limit is 100,000 per day: it can never be admitted" in error["message"]
    assert client.get("/batch").json()["data"] == []
    assert shown(client.get("/models"), TOKENS)[1] == 100_000, "nothing was charged"
    assert client.post("/batch", json={"requests": [long] * 9}).status_code == 202
    later = refused(client.post("/batch", json={"requests": [long]}), 429, "rate_limit_error")
    refused(client.post("/messages", json=long), 429, "rate_limit_error")
    assert "and this request costs 10,000; try again in 86,400 s" in later["message"]
    emulator.advance(86_400)
    assert client.post("/batch", json={"requests": [long] * 10}).status_code == 202


@pytest.mark.finding("B3")
def test_rows_that_are_refused_by_themselves_cost_a_batch_nothing(emulator: Emulated) -> None:
    client, huge = caller(emulator, FREE), "x" * 4 * 90_000
    rows = [
        {"model": HAIKU, "messages": huge},
        {"messages": [{"role": "user", "content": huge}]},
        {"messages": 5},
        asking(model=HAIKU),
    ]
    assert client.post("/batch", json={"requests": rows}).status_code == 202


@pytest.mark.claim("AE-TIER-FREE")
def test_a_day_whose_tokens_are_used_up_admits_nothing_more(emulator: Emulated) -> None:
    client = caller(emulator, FREE)
    over = client.post("/batch", json={"requests": [asking("x" * 4 * 99_999, HAIKU, max_tokens=10)]})
    assert (over.status_code, shown(over, TOKENS)[1]) == (202, 0), "what a reply takes is known afterwards"
    refused(client.post("/batch", json={"requests": [asking(model=HAIKU)]}), 429, "rate_limit_error")
    refused(client.post("/messages", json=asking(model=HAIKU)), 429, "rate_limit_error")
    emulator.advance(86_400)
    assert client.post("/batch", json={"requests": [asking(model=HAIKU)]}).status_code == 202


@pytest.mark.claim("AE-KEY-WORKSPACE")
def test_the_keys_of_a_workspace_share_its_counters_and_no_others(emulator: Emulated) -> None:
    old = caller(emulator, FREE)
    id_ = old.get("/keys").json()["data"][0]["id"]
    new = caller(emulator, old.post(f"/keys/{id_}/rotate").json()["key"])
    assert shown(new.get("/models"), REQUESTS)[1] == 57
    assert shown(caller(emulator, PRO).get("/models"), REQUESTS)[1] == 599


@pytest.mark.claim("AE-RL-HEADERS")
@pytest.mark.parametrize(
    ("fault", "wait"),
    [("status; status=429; retry_after=7s", "7"), ("status; status=503; retry_after=7s", "7"), ("status=503", "30")],
)
def test_a_refusal_that_was_asked_for_tells_the_limits_and_when_to_come_back_once(
    emulator: Emulated, fault: str, wait: str
) -> None:
    answer = caller(emulator, FREE).get("/models", headers={"X-Emulator-Fault": fault})
    for name in (*REQUESTS, *TOKENS, "retry-after"):
        assert len(answer.headers.get_list(name)) == 1, name
    assert answer.headers["retry-after"] == wait


@pytest.mark.finding("B10")
@pytest.mark.claim("AE-RL-HEADERS")
def test_every_answer_to_a_known_key_tells_the_limits_and_refusals_count(emulator: Emulated) -> None:
    client = caller(emulator, FREE)
    answers = [
        client.post("/messages", json={}),
        client.post("/messages", json=asking(model=OPUS)),
        client.post("/messages", json=asking(model="nothing")),
        client.post("/messages", content=b"{"),
        client.post("/messages", content=b"x", headers={"Content-Type": "image/png"}),
        client.get("/batch/batch_unknown"),
        client.get("/models", params={"limit": 0}),
        client.delete("/keys/key_unknown"),
    ]
    assert [answer.status_code for answer in answers] == [400, 403, 404, 400, 415, 404, 400, 404]
    assert [shown(answer, REQUESTS) for answer in answers] == [[60, 59 - at, START + 60] for at in range(8)]
    assert {shown(answer, TOKENS)[1] for answer in answers} == {100_000}
    for _ in range(52):
        assert client.post("/messages", json={}).status_code == 400
    limited = client.post("/messages", json={})
    refused(limited, 429, "rate_limit_error")
    assert shown(limited, REQUESTS) == [60, 0, START + 60]
    assert limited.headers.get_list("retry-after") == ["60"]
    assert not [name for name in client.get("/nowhere").headers if name.startswith("x-ratelimit")]


FREE_REFUSALS = """
scenario: free_refusals
about: A refused request costs nothing.
extends: default
apis: {aiexport: {switches: {refused_requests: free}}}
"""


@pytest.mark.finding("B10")
def test_a_switch_lets_refusals_cost_nothing(running: Running, tmp_path: Path) -> None:
    (tmp_path / "free.yaml").write_text(FREE_REFUSALS)
    emulated = Emulated(running, (str(tmp_path / "free.yaml"),))
    with closing(emulated):
        assert shown(caller(emulated, FREE).post("/messages", json={}), REQUESTS) == [60, 60, START + 60]


KINDS = """
scenario: kinds
about: A minute is something else.
extends: default
apis: {aiexport: {switches: {windows: KIND}}}
"""


@pytest.mark.parametrize(
    ("kind", "reset", "retry"),
    [("first", 100, 50), ("aligned", 60, 10), ("sliding", 100, 50), ("bucket", 110, 1)],
)
def test_a_switch_says_what_a_minute_is(running: Running, tmp_path: Path, kind: str, reset: int, retry: int) -> None:
    (tmp_path / "kinds.yaml").write_text(KINDS.replace("KIND", kind))
    with closing(Emulated(running, (str(tmp_path / "kinds.yaml"),))) as emulated:
        client = caller(emulated, FREE)
        emulated.advance(40)
        for _ in range(60):
            assert client.get("/models").status_code == 200
        emulated.advance(10)
        taken = [client.get("/models") for _ in range(11)]
        last = taken[-1]
        refused(last, 429, "rate_limit_error")
        assert [each.status_code for each in taken].count(200) == (10 if kind == "bucket" else 0)
        assert last.headers["retry-after"] == str(retry)
        assert shown(last, REQUESTS) == [60, 0, START + reset]
        emulated.advance(retry - 1)
        assert client.get("/models").status_code == 429
        emulated.advance(1)
        assert client.get("/models").status_code == 200


@pytest.mark.finding("B14")
@pytest.mark.claim("AE-RL-HEADERS")
@pytest.mark.parametrize(
    ("before", "later", "seconds"), [(0.0, 0.0, 60), (0.9, 0.0, 60), (0.9, 0.2, 60), (0.5, 59.9, 1)]
)
def test_retry_after_counts_from_the_receipt_and_never_beyond_the_window(
    emulator: Emulated, before: float, later: float, seconds: int
) -> None:
    client = caller(emulator, FREE)
    emulator.advance(before)
    for _ in range(60):
        client.get("/models")
    emulator.advance(later)
    answer = client.get("/models")
    refused(answer, 429, "rate_limit_error")
    assert answer.headers.get_list("retry-after") == [str(seconds)]
    emulator.advance(seconds)
    assert client.get("/models").status_code == 200


@pytest.mark.finding("B14")
@pytest.mark.parametrize(
    ("status", "type_", "retry_after"),
    [
        (400, "invalid_request_error", []),
        (422, "invalid_request_error", []),
        (429, "rate_limit_error", ["60"]),
        (500, "api_error", []),
        (503, "overloaded_error", ["30"]),
        (529, "overloaded_error", ["30"]),
    ],
)
@pytest.mark.parametrize("way", ["header", "armed", "own"])
def test_a_fault_carries_what_the_error_of_its_status_carries(
    emulator: Emulated, status: int, type_: str, retry_after: list[str], way: str
) -> None:
    client, headers = caller(emulator, FREE), {}
    if way == "armed":
        emulator.app.state.armed.arm(
            {"fault": "status", "params": {"status": status}, "on": "aiexport/messages.create"}
        )
    else:
        headers["X-Emulator-Fault"] = f"status; status={status}" + ("; retry_after=7s" if way == "own" else "")
    answer = client.post("/messages", json=asking(model=HAIKU), headers=headers)
    refused(answer, status, type_)
    assert answer.headers.get_list("retry-after") == (["7"] if way == "own" else retry_after)
    assert shown(answer, REQUESTS)[1] == 60, "a fault costs nothing"
