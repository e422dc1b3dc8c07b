"""AI Export's batches: their life on the clock, their results, cancelling, cost and call-back."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.apis.aiexport_calls import (
    ENTERPRISE,
    FINE_TUNED,
    FREE,
    HAIKU,
    OPUS,
    PRO,
    SONNET,
    asking,
    caller,
    create,
    refused,
    text_of,
)
from tests.running import Emulated, Running

START = "2026-01-01T00:00:00Z"
COUNTS = ("total", "processing", "succeeded", "errored", "cancelled")


def counts(batch: dict[str, Any]) -> list[int]:
    return [batch["request_counts"][name] for name in COUNTS]


def shown(client: httpx.Client, batch: dict[str, Any]) -> dict[str, Any]:
    response = client.get(f"/batch/{batch['id']}")
    assert response.status_code == 200, response.text
    seen: dict[str, Any] = response.json()
    return seen


@pytest.mark.claim("AE-BATCH-ROUTE")
@pytest.mark.claim("AE-BATCH-SHAPE")
def test_a_batch_is_queued_worked_row_by_row_and_completed(emulator: Emulated) -> None:
    client = caller(emulator)
    batch = create(client, *[asking(f"Question {number}", HAIKU) for number in range(100)])
    assert batch["id"].startswith("batch_")
    assert {**batch, "id": ""} == {
        "id": "",
        "object": "batch",
        "status": "queued",
        "request_counts": {"total": 100, "processing": 100, "succeeded": 0, "errored": 0, "cancelled": 0},
        "created_at": START,
        "completed_at": None,
        "cancelled_at": None,
        "webhook_url": None,
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "cost_usd": 0},
    }
    emulator.advance(1.5)
    middle = shown(client, batch)
    assert (middle["status"], counts(middle)) == ("in_progress", [100, 50, 50, 0, 0])
    assert middle["usage"]["total_tokens"] > 0
    emulator.advance(0.5)
    end = shown(client, batch)
    assert (end["status"], counts(end)) == ("completed", [100, 0, 100, 0, 0])
    assert (end["completed_at"], end["cancelled_at"]) == ("2026-01-01T00:00:02Z", None)


@pytest.mark.claim("AE-BATCH-ROUTE")
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "requests"),
        ({"requests": []}, "requests"),
        ({"requests": {}}, "requests"),
        ({"requests": ["Hello!"]}, "requests.0"),
        ({"requests": [{}], "webhook_url": 1}, "webhook_url"),
        ({"requests": [{}], "webhook_url": "ftp://example.com"}, "webhook_url"),
    ],
)
def test_a_wrong_batch_names_the_field(emulator: Emulated, body: dict[str, Any], param: str) -> None:
    refused(caller(emulator).post("/batch", json=body), 400, "invalid_request_error", param)


@pytest.mark.finding("B15")
@pytest.mark.parametrize(
    "url", ["https://", "http://", "http:///path", "https://:80/", "http://a b/", "https:/host", "", "//host"]
)
def test_a_webhook_url_without_a_host_is_refused(emulator: Emulated, url: str) -> None:
    answer = caller(emulator).post("/batch", json={"requests": [asking()], "webhook_url": url})
    said = refused(answer, 400, "invalid_request_error", "webhook_url")["message"]
    assert said.startswith("webhook_url: must be an http or https URL; found ")


@pytest.mark.finding("B15")
@pytest.mark.parametrize(
    "url", ["HTTP://host/", "hTTps://HOST", "http://[::1]:8080/a?b#c", "https://u:p@host:1/x", None]
)
def test_a_webhook_url_is_taken_as_urls_are_written(emulator: Emulated, url: str | None) -> None:
    assert create(caller(emulator), asking(), webhook_url=url)["webhook_url"] == url


@pytest.mark.finding("B9")
@pytest.mark.claim("AE-BATCH-SHAPE")
@pytest.mark.parametrize(
    ("ids", "at", "said"),
    [
        (["a", "b", "a"], 2, "an earlier request has the same"),
        (["", "b"], 0, "must not be empty"),
        (["a", "x" * 65], 1, "65 characters; at most 64"),
        (["a", 5], 1, "must be text; found 5"),
        (["a", None], 1, "must be text; found null"),
        ([["a"], "b"], 0, "must be text; found a list"),
    ],
)
def test_a_custom_id_that_cannot_tell_rows_apart_is_refused(
    emulator: Emulated, ids: list[Any], at: int, said: str
) -> None:
    client = caller(emulator)
    answer = client.post("/batch", json={"requests": [{**asking(), "custom_id": each} for each in ids]})
    param = f"requests.{at}.custom_id"
    assert refused(answer, 400, "invalid_request_error", param)["message"] == f"{param}: {said}"
    assert client.get("/batch").json()["data"] == []


@pytest.mark.finding("B9")
def test_rows_need_no_custom_id_and_long_ones_are_kept(emulator: Emulated) -> None:
    client, ids = caller(emulator), ["x" * 64, "y" * 64]
    id_ = create(client, asking(), *({**asking(), "custom_id": each} for each in ids), asking())["id"]
    emulator.advance(60)
    rows = client.get(f"/batch/{id_}/results").json()["data"]
    assert [row.get("custom_id") for row in rows] == [None, *ids, None]


@pytest.mark.claim("AE-BATCH-GET")
@pytest.mark.claim("AE-TOKENS")
def test_a_row_says_what_the_message_says_with_the_same_usage(emulator: Emulated) -> None:
    client = caller(emulator)
    rows = [
        asking("What is 2 + 2?", SONNET, custom_id="sum"),
        asking("List three rivers", OPUS, response_format={"type": "json_object"}),
        asking("Tell me about bees.", HAIKU, max_tokens=5, stream=True),
    ]
    batch = create(client, *rows)
    emulator.advance(60)
    results = client.get(f"/batch/{batch['id']}/results").json()
    assert (results["batch_id"], results["status"]) == (batch["id"], "completed")
    assert [result["index"] for result in results["data"]] == [0, 1, 2]
    assert [result.get("custom_id") for result in results["data"]] == ["sum", None, None]
    for row, result in zip(rows, results["data"], strict=True):
        message = result["result"]["message"]
        alone = client.post("/messages", json={**row, "stream": False}).json()
        assert result["result"]["type"] == "succeeded"
        assert (message["model"], text_of(message)) == (alone["model"], text_of(alone))
        assert (message["usage"], message["stop_reason"]) == (alone["usage"], alone["stop_reason"])


@pytest.mark.claim("AE-BATCH-GET")
def test_a_wrong_row_is_an_errored_row_among_good_ones(emulator: Emulated) -> None:
    client = caller(emulator, FREE)
    batch = create(client, asking(model=HAIKU), {"model": HAIKU}, asking(model="nothing"), asking(model=OPUS))
    emulator.advance(60)
    assert counts(shown(client, batch)) == [4, 0, 1, 3, 0]
    results = client.get(f"/batch/{batch['id']}/results").json()["data"]
    assert [result["result"]["type"] for result in results] == ["succeeded", "errored", "errored", "errored"]
    errors = [result["result"]["error"]["error"] for result in results[1:]]
    assert [(error["type"], error["param"]) for error in errors] == [
        ("invalid_request_error", "messages"),
        ("not_found_error", "model"),
        ("permission_error", "model"),
    ]


@pytest.mark.claim("AE-BATCH-GET")
def test_results_can_be_had_once_the_batch_has_ended_and_unknown_batches_never(emulator: Emulated) -> None:
    client = caller(emulator)
    batch = create(client, asking())
    refused(client.get(f"/batch/{batch['id']}/results"), 409, "conflict_error")
    refused(client.get("/batch/batch_nothing"), 404, "not_found_error")
    refused(client.get("/batch/batch_nothing/results"), 404, "not_found_error")


@pytest.mark.claim("AE-BATCH-GET")
def test_batches_are_listed_in_pages(emulator: Emulated) -> None:
    client = caller(emulator)
    ids = [create(client, asking())["id"] for _ in range(3)]
    first = client.get("/batch", params={"limit": 2}).json()
    assert ([batch["id"] for batch in first["data"]], first["has_more"]) == (ids[:2], True)
    rest = client.get("/batch", params={"limit": 2, "after": first["last_id"]}).json()
    assert ([batch["id"] for batch in rest["data"]], rest["has_more"]) == (ids[2:], False)
    refused(client.get("/batch", params={"after": "batch_nothing"}), 400, "invalid_request_error", "after")


@pytest.mark.claim("AE-BATCH-GET")
def test_only_the_last_hundred_batches_are_kept(emulator: Emulated) -> None:
    client = caller(emulator)
    first, second, *_, last = [create(client, asking("Hello!", HAIKU)) for _ in range(101)]
    refused(client.get(f"/batch/{first['id']}"), 404, "not_found_error")
    assert shown(client, second)["id"] == second["id"]
    assert shown(client, last)["id"] == last["id"]


@pytest.mark.claim("AE-BATCH-CANCEL")
def test_a_running_batch_is_cancelled_and_keeps_what_was_done(emulator: Emulated) -> None:
    client = caller(emulator)
    batch = create(client, *[asking(f"Question {number}", HAIKU) for number in range(100)])
    emulator.advance(1.25)
    cancelling = client.delete(f"/batch/{batch['id']}/cancel")
    assert (cancelling.status_code, cancelling.json()["status"]) == (200, "cancelling")
    assert counts(cancelling.json()) == [100, 0, 25, 0, 75]
    emulator.advance(1)
    end = shown(client, batch)
    assert (end["status"], counts(end)) == ("cancelled", [100, 0, 25, 0, 75])
    assert (end["completed_at"], end["cancelled_at"]) == (None, "2026-01-01T00:00:02Z")
    types = [result["result"]["type"] for result in client.get(f"/batch/{batch['id']}/results").json()["data"]]
    assert types == ["succeeded"] * 25 + ["cancelled"] * 75


@pytest.mark.claim("AE-BATCH-CANCEL-LATE")
def test_cancelling_late_twice_or_what_is_not_there(emulator: Emulated) -> None:
    client = caller(emulator)
    finished, running = create(client, asking()), create(client, asking())
    for status in ("cancelling", "cancelling"):
        again = client.delete(f"/batch/{running['id']}/cancel")
        assert (again.status_code, again.json()["status"]) == (200, status)
    emulator.advance(60)
    after = client.delete(f"/batch/{running['id']}/cancel")
    assert (after.status_code, after.json()["status"]) == (200, "cancelled")
    refused(client.delete(f"/batch/{finished['id']}/cancel"), 409, "conflict_error")
    refused(client.delete("/batch/batch_nothing/cancel"), 404, "not_found_error")


@pytest.mark.claim("AE-BATCH-HALF")
def test_a_batch_costs_half_of_the_same_work_asked_one_by_one(emulator: Emulated) -> None:
    client = caller(emulator, "axp_test_enterprise")
    rows = [asking(f"Question {number}", model) for number in range(3) for model in (OPUS, SONNET, HAIKU, FINE_TUNED)]
    alone = [client.post("/messages", json=row) for row in rows]
    batch = create(client, *rows)
    emulator.advance(60)
    usage = shown(client, batch)["usage"]
    assert usage["cost_usd"] == pytest.approx(sum(float(each.headers["x-cost-usd"]) for each in alone) / 2, abs=1e-9)
    for field in ("input_tokens", "output_tokens", "total_tokens"):
        assert usage[field] == sum(each.json()["usage"][field] for each in alone)


@pytest.mark.finding("B16")
@pytest.mark.claim("AE-BATCH-GET")
def test_the_message_of_a_row_is_created_when_the_row_was_worked(emulator: Emulated) -> None:
    client = caller(emulator)
    id_ = create(client, *[asking(f"Question {number}", HAIKU) for number in range(250)])["id"]
    emulator.advance(60)
    rows = client.get(f"/batch/{id_}/results").json()["data"]
    created = [row["result"]["message"]["created_at"] for row in rows]
    expected = [f"2026-01-01T00:00:0{1 + (number + 1) // 100}Z" for number in range(250)]
    assert created == expected
    batch = client.get(f"/batch/{id_}").json()
    assert batch["created_at"] < created[0] <= created[-1] <= batch["completed_at"]


@pytest.mark.finding("B16")
@pytest.mark.parametrize(
    "accept", ["application/json", "*/*", "application/x-ndjson; q=0, */*", "application/x-ndjson;q=0.0"]
)
def test_who_does_not_take_lines_gets_an_object(emulator: Emulated, accept: str) -> None:
    client = caller(emulator)
    id = create(client, asking())["id"]
    emulator.advance(60)
    answer = client.get(f"/batch/{id}/results", headers={"Accept": accept})
    assert answer.json()["object"] == "list"


@pytest.mark.finding("B16")
@pytest.mark.claim("AE-BATCH-GET")
@pytest.mark.parametrize("accept", ["application/x-ndjson", "Application/X-NDJSON, application/json;q=0.5"])
def test_results_come_as_lines_if_asked(emulator: Emulated, accept: str) -> None:
    client = caller(emulator)
    id_ = create(client, asking("One\nline", HAIKU), {"model": "nothing"}, {**asking(), "custom_id": "c"})["id"]
    refused(client.get(f"/batch/{id_}/results", headers={"Accept": accept}), 409, "conflict_error")
    emulator.advance(60)
    answer = client.get(f"/batch/{id_}/results", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert answer.content.endswith(b"}\n")
    lines = answer.content.split(b"\n")[:-1]
    assert [json.loads(line) for line in lines] == client.get(f"/batch/{id_}/results").json()["data"]


EARLIER = """
scenario: earlier
about: Batches that had ended before the start.
extends: default
apis: {aiexport: {collections: {batches: [{$from: demo/batches.yaml}]}}}
"""


@pytest.mark.finding("B16")
def test_results_of_batches_from_before_the_start_come_as_lines_as_well(running: Running, tmp_path: Path) -> None:
    (tmp_path / "earlier.yaml").write_text(EARLIER)
    with closing(Emulated(running, (str(tmp_path / "earlier.yaml"),))) as emulated:
        client = caller(emulated, PRO)
        ended = [batch["id"] for batch in client.get("/batch").json()["data"] if batch["status"] == "completed"]
        answer = client.get(f"/batch/{ended[0]}/results", headers={"Accept": "application/x-ndjson"})
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert lines == client.get(f"/batch/{ended[0]}/results").json()["data"]
        assert len(lines) > 1


@pytest.mark.slow
@pytest.mark.finding("B17")
@pytest.mark.claim("AE-BATCH-10000")
def test_a_batch_of_ten_thousand_long_rows_fits_into_the_body_limit(emulator: Emulated) -> None:
    row = asking("x" * 4_600, HAIKU, max_tokens=1)
    answer = caller(emulator, ENTERPRISE).post("/batch", json={"requests": [row] * 10_000})
    assert int(answer.request.headers["content-length"]) > 44 << 20
    assert (answer.status_code, answer.json()["request_counts"]["total"]) == (202, 10_000)


@pytest.mark.finding("B17")
def test_what_is_too_large_names_the_option(running: Running) -> None:
    with closing(Emulated(running, ("default",), settings=replace(running.settings, max_body=1_000))) as emulated:
        error = refused(caller(emulated).post("/batch", json=asking("x" * 1_000)), 413, "request_too_large")
    assert error["message"] == "the body is larger than 1,000 bytes; the option --max-body allows more"


@pytest.mark.finding("L5")
@pytest.mark.claim("AE-BATCH-SHAPE")
def test_a_batch_that_is_sent_again_with_its_idempotency_key_is_the_same_batch(emulator: Emulated) -> None:
    client, again = caller(emulator, FREE), {"Idempotency-Key": "key-1"}
    body = {"requests": [asking(model=HAIKU)] * 3, "webhook_url": None}
    first = client.post("/batch", json=body, headers=again)
    tokens = first.headers["x-ratelimit-remaining-tokens"]
    emulator.advance(60)
    second = client.post("/batch", json=body, headers=again)
    assert (second.status_code, second.json()["id"]) == (202, first.json()["id"])
    assert (second.json()["status"], second.headers["idempotent-replayed"]) == ("completed", "true")
    assert "idempotent-replayed" not in first.headers
    assert second.headers["x-ratelimit-remaining-tokens"] == tokens, "its tokens were taken once"
    assert len(client.get("/batch").json()["data"]) == 1
    other = {**body, "requests": [asking("Something else", HAIKU)]}
    refused(client.post("/batch", json=other, headers=again), 422, "invalid_request_error", "idempotency-key")
    for headers in ({"Idempotency-Key": "key-2"}, {"Idempotency-Key": ""}, {}):
        assert client.post("/batch", json=body, headers=headers).json()["id"] != first.json()["id"]
    stranger = caller(emulator, PRO).post("/batch", json=body, headers=again)
    assert stranger.json()["id"] != first.json()["id"], "a key is its workspace's"
    emulator.advance(86_400)
    assert client.post("/batch", json=body, headers=again).json()["id"] != first.json()["id"], "a day later it is new"


@pytest.mark.finding("L5")
def test_a_batch_that_is_not_kept_any_more_is_made_anew_and_paid(emulator: Emulated) -> None:
    client, again = caller(emulator), {"Idempotency-Key": "key-1"}
    body = {"requests": [asking(model=HAIKU)]}
    first = client.post("/batch", json=body, headers=again)
    for _ in range(100):
        client.post("/batch", json=body)
    left = int(client.get("/models").headers["x-ratelimit-remaining-tokens"])
    later = client.post("/batch", json=body, headers=again)
    assert later.json()["id"] != first.json()["id"]
    assert int(later.headers["x-ratelimit-remaining-tokens"]) < left
