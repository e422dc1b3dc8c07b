"""Who may call aiXplain, how it says no, and its keys with their limits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.apis.aixplain_calls import (
    ADMIN,
    AGENT,
    DEMO,
    ERRORS,
    LIMITED,
    LLM,
    POOR,
    REVOKED,
    SLOW_LLM,
    TURNED,
    caller,
    execute,
    ran,
    refused,
    run_agent,
)
from tests.running import Emulated

EVERY_REQUEST = [
    ("POST", f"/api/v2/execute/{LLM}", {"text": "Hello!"}),
    ("GET", "/api/v2/data/some-id", None),
    ("POST", "/sdk/models/stats", {"startDay": "2025-12-20", "endDay": "2026-01-01", "modelId": LLM}),
    ("POST", f"/v2/agents/{AGENT}/run", {"query": "Hello!"}),
    ("GET", "/sdk/agents/some-id/result", None),
]


@pytest.mark.claim("AX-AUTH-KEY")
@pytest.mark.parametrize(("method", "path", "body"), EVERY_REQUEST)
def test_every_request_needs_a_key(emulator: Emulated, method: str, path: str, body: Any) -> None:
    refused(caller(emulator, None).request(method, path, json=body), 401, "x-api-key")
    response = caller(emulator, "any-key-is-welcome").request(method, path, json=body)
    assert response.is_success
    assert response.headers["content-type"] == "application/json"


@pytest.mark.claim("AX-AUTH-KEY")
def test_bodies_are_json(emulator: Emulated) -> None:
    client = caller(emulator)
    url = f"/api/v2/execute/{LLM}"
    refused(client.post(url, content=b"text=Hello", headers={"Content-Type": "application/x-www-form-urlencoded"}), 415)
    refused(client.post(url, content=b'{"text": ', headers={"Content-Type": "application/json"}), 400)
    refused(client.post(url, json=["Hello!"]), 400)


@pytest.mark.claim("AX-AUTH-TOKEN")
@pytest.mark.parametrize("scheme", ["Token", "token", "TOKEN"])
@pytest.mark.parametrize("path", [f"/sdk/models/{LLM}", "/sdk/api-keys", "/sdk/api-keys/usage-limits"])
def test_the_key_may_come_as_a_token(emulator: Emulated, scheme: str, path: str) -> None:
    client = caller(emulator, None)
    assert client.get(path, headers={"Authorization": f"{scheme} {DEMO}"}).status_code == 200
    refused(client.get(path, headers={"Authorization": f"Basic {DEMO}"}), 401)


@pytest.mark.claim("AX-AUTH-TOKEN")
def test_a_token_runs_models_as_well(emulator: Emulated) -> None:
    client = caller(emulator, None)
    client.headers["Authorization"] = f"Token {DEMO}"
    assert "4" in ran(client, text="What is 2 + 2?")["data"]


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_keys_that_may_not_are_refused_each_in_its_way(emulator: Emulated) -> None:
    refused(execute(caller(emulator, REVOKED), text="Hello!"), 401, "Invalid API key")
    refused(execute(caller(emulator, POOR), text="Hello!"), 402, "Insufficient credits")
    refused(execute(caller(emulator, ADMIN), text="Hello!"), 403, "Admin keys cannot run inference")
    assert caller(emulator, ADMIN).get(f"/v2/models/{LLM}").status_code == 200


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.scenario("strict")
def test_a_key_that_nobody_registered_can_be_refused(emulator: Emulated) -> None:
    refused(execute(caller(emulator, "any-key"), text="Hello!"), 401, "Invalid API key")
    assert ran(caller(emulator), text="Hello!")


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_what_is_not_there_is_not_found_and_wrong_methods_are_refused(emulator: Emulated) -> None:
    client = caller(emulator)
    refused(client.get("/nowhere"), 404)
    refused(client.get("/sdk/runs/some-id"), 404)
    response = client.get("/sdk/models/stats/")
    assert response.status_code == 404
    response = client.delete("/sdk/api-keys")
    refused(response, 405)
    assert "POST" in response.headers["allow"]


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.scenario(ERRORS)
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("payment_required", 402),
        ("forbidden", 403),
        ("conflict", 409),
        ("unprocessable", 422),
        ("rate_limited", 429),
        ("subscription", 460),
        ("billing", 470),
        ("supplier", 480),
        ("validation", 490),
        ("unfetchable_input", 492),
        ("rate_limited_497", 497),
        ("internal", 500),
        ("bad_gateway", 502),
        ("unavailable", 503),
        ("timeout", 504),
    ],
)
def test_a_scenario_may_say_no_in_every_way_there_is(emulator: Emulated, kind: str, status: int) -> None:
    response = execute(caller(emulator), text=kind)
    refused(response, status)
    assert response.headers.get("retry-after") == {"rate_limited": "7", "rate_limited_497": "60"}.get(kind)


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.scenario(ERRORS)
def test_a_scenario_may_answer_with_any_member_of_a_family_of_statuses(emulator: Emulated) -> None:
    client = caller(emulator)
    response = execute(client, text="billing 475")
    refused(response, 475, "Insufficient credits")
    assert response.json()["error"] == "err.not_enough_balance"
    for wanted in (200, 460, 599):
        refused(execute(client, text="any status", wanted=wanted), wanted)


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.scenario(ERRORS)
@pytest.mark.parametrize("wanted", [199, 600, 475.0, "475", True, None, [475]])
def test_a_status_that_is_none_is_the_scenarios_mistake_and_said_to_be(emulator: Emulated, wanted: Any) -> None:
    response = execute(caller(emulator), text="any status", wanted=wanted)
    refused(response, 500)
    place, _, complaint = response.headers["x-emulator-error"].partition(": ")
    assert place.partition(":")[0].endswith("aixplain-errors.yaml")
    assert complaint.endswith("is not a status; expected 200 to 599")


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.scenario(ERRORS)
def test_a_scenarios_own_words_stand_in_the_message(emulator: Emulated) -> None:
    assert refused(execute(caller(emulator), text="supplier"), 480) == "The supplier is asleep"


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_the_sixth_run_of_a_minute_is_too_many_and_the_next_minute_is_another(emulator: Emulated) -> None:
    client = caller(emulator, LIMITED)
    for _ in range(4):
        ran(client, text="Hello!")
    run_agent(client, "Hello!")
    response = execute(client, text="Hello!")
    refused(response, 429, "Rate limit exceeded")
    assert response.headers["retry-after"] == "60"
    assert client.get(f"/v2/models/{LLM}").status_code == 200
    emulator.advance(60)
    ran(client, text="Hello!")


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.finding("B14")
@pytest.mark.parametrize(("key", "later", "seconds"), [(LIMITED, 20.5, "40"), (DEMO, 0.0, "60")])
def test_a_rate_limit_by_a_fault_says_when_to_come_again_as_that_of_a_counter_does(
    emulator: Emulated, key: str, later: float, seconds: str
) -> None:
    client = caller(emulator, key)
    ran(client, text="Hello!")
    emulator.advance(later)
    for fault in ("status; status=429", "status; status=497; error=rate_limited_497", "status; error=rate_limited"):
        response = client.post(f"/api/v2/execute/{LLM}", json={"text": "Hello!"}, headers={"X-Emulator-Fault": fault})
        assert response.headers["retry-after"] == seconds, fault
    response = execute(client, text="Hello!")
    assert "retry-after" not in response.headers


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.scenario(TURNED)
def test_a_switch_turns_the_status_of_a_rate_limit(emulator: Emulated) -> None:
    client = caller(emulator, LIMITED)
    for _ in range(5):
        assert execute(client, text="Hello!").is_success
    response = execute(client, text="Hello!")
    refused(response, 497, "Rate limit exceeded")
    assert response.json()["error"] == "err.rate_limit_exceeded"
    assert response.headers["retry-after"] == "60"


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_a_refused_request_costs_nothing(emulator: Emulated) -> None:
    client = caller(emulator, LIMITED)
    for _ in range(10):
        refused(execute(client), 400)
        refused(execute(client, "no-such-model", text="Hello!"), 404)
    ran(client, text="Hello!")
    (limits,) = client.get("/sdk/api-keys/usage-limits").json()
    assert limits["requestCount"] == 1


@pytest.mark.claim("AX-KEYS")
def test_the_limits_of_the_day_and_what_is_used_of_them_are_shown(emulator: Emulated) -> None:
    client = caller(emulator, LIMITED)
    tokens = ran(client, text="What is 2 + 2?")["usage"]["total_tokens"]
    shown = {
        "requestCount": 1,
        "requestCountLimit": 1000,
        "tokenCount": tokens,
        "tokenCountLimit": 100_000,
        "assetId": None,
    }
    assert client.get("/sdk/api-keys/usage-limits").json() == [shown]
    (key,) = client.get("/sdk/api-keys").json()
    assert client.get(f"/sdk/api-keys/{key['id']}/usage-limits").json() == [shown]


@pytest.mark.claim("AX-KEYS")
def test_the_usage_of_an_asset_that_a_key_has_limits_for_is_shown_beside_that_of_the_key(emulator: Emulated) -> None:
    client = caller(emulator, LIMITED)
    (key,) = client.get("/sdk/api-keys").json()
    limits = [{"assetId": asset, "tpm": 10, "tpd": 1000, "rpm": 5, "rpd": 50} for asset in (LLM, SLOW_LLM)]
    assert client.put(f"/sdk/api-keys/{key['id']}", json={**key, "assetsLimits": limits}).is_success
    tokens = sum(ran(client, text=text)["usage"]["total_tokens"] for text in ("What is 2 + 2?", "Hello!", "And you?"))
    shown = client.get("/sdk/api-keys/usage-limits").json()
    of_assets = [
        {"requestCount": 3, "requestCountLimit": 50, "tokenCount": tokens, "tokenCountLimit": 1000, "assetId": LLM},
        {"requestCount": 0, "requestCountLimit": 50, "tokenCount": 0, "tokenCountLimit": 1000, "assetId": SLOW_LLM},
    ]
    assert (shown[0]["assetId"], shown[1:]) == (None, of_assets)
    assert client.get(f"/sdk/api-keys/{key['id']}/usage-limits").json() == shown


@pytest.mark.claim("AX-KEYS")
def test_the_keys_of_the_workspace_are_listed_with_their_limits(emulator: Emulated) -> None:
    (key,) = caller(emulator, LIMITED).get("/sdk/api-keys").json()
    assert set(key) == {"id", "name", "budget", "globalLimits", "assetsLimits", "expiresAt", "accessKey", "isAdmin"}
    assert key["globalLimits"] == {"tpm": 10_000, "tpd": 100_000, "rpm": 5, "rpd": 1000, "tokenType": "total"}
    assert key["accessKey"].startswith(LIMITED[:4])
    assert key["accessKey"].endswith(LIMITED[-4:])
    names = [key["name"] for key in caller(emulator).get("/sdk/api-keys").json()]
    assert "Demo key" in names
    assert "A revoked demo key" not in names


@pytest.mark.claim("AX-KEYS")
def test_a_key_that_nobody_registered_sees_itself(emulator: Emulated) -> None:
    (key,) = caller(emulator, "any-key-is-welcome").get("/sdk/api-keys").json()
    assert key["accessKey"] == "any-********come"


@pytest.mark.claim("AX-KEYS")
def test_a_key_is_made_used_changed_and_deleted(emulator: Emulated) -> None:
    client = caller(emulator)
    limits = {"tpm": 100, "tpd": 1000, "rpm": 10, "rpd": 100}
    made = client.post(
        "/sdk/api-keys", json={"name": "Fresh", "budget": 10, "globalLimits": limits, "assetsLimits": []}
    )
    assert made.status_code == 201
    key = made.json()
    fresh = caller(emulator, key["accessKey"])
    assert ran(fresh, text="Hello!")
    url = f"/sdk/api-keys/{key['id']}"
    assert client.get(f"{url}/usage-limits").json()[0]["requestCount"] == 1
    changed = client.put(url, json={"name": "Fresher", "budget": 20, "globalLimits": limits}).json()
    assert (changed["name"], changed["budget"], changed["globalLimits"]) == ("Fresher", 20, limits)
    assert client.get(url).json() == changed
    assert client.delete(url).status_code == 200
    refused(execute(fresh, text="Hello!"), 401)
    refused(client.get(url), 404)


@pytest.mark.claim("AX-KEYS", "AX-ERROR-SHAPE")
def test_two_keys_of_a_workspace_cannot_have_one_name(emulator: Emulated) -> None:
    client = caller(emulator)
    assert client.post("/sdk/api-keys", json={"name": "Twin"}).status_code == 201
    refused(client.post("/sdk/api-keys", json={"name": "Twin"}), 422, "Twin")
    assert caller(emulator, "somebody-elses-key").post("/sdk/api-keys", json={"name": "Twin"}).status_code == 201
    refused(client.post("/sdk/api-keys", json={}), 400, "name")


@pytest.mark.claim("AX-KEYS")
def test_the_keys_of_another_workspace_are_not_there(emulator: Emulated) -> None:
    (key,) = caller(emulator, LIMITED).get("/sdk/api-keys").json()
    stranger = caller(emulator)
    for method, path in [("GET", ""), ("GET", "/usage-limits"), ("DELETE", "")]:
        refused(stranger.request(method, f"/sdk/api-keys/{key['id']}{path}"), 404)


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.finding("D7")
def test_a_rate_limit_says_its_reason_once_in_plain_words(emulator: Emulated) -> None:
    client = caller(emulator, LIMITED)
    for _ in range(5):
        ran(client, text="Hello!")
    said = refused(execute(client, text="Hello!"), 429)
    assert said == "Rate limit exceeded: the limit is 5 requests per minute"
    emulator.advance(60)
    said = refused(execute(client, text="word " * 20_000), 429)
    assert said == "Rate limit exceeded: the limit is 10000 tokens per minute"


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.finding("D7")
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("status; status=429; message=Slow down", "Slow down"),
        ("status; status=429", "This error is a requested fault."),
        ("status; status=497; error=rate_limited_497; message=Slow down", "Slow down"),
    ],
)
def test_a_rate_limit_that_was_asked_for_has_the_words_it_was_given(emulator: Emulated, fault: str, says: str) -> None:
    client = caller(emulator)
    client.headers["X-Emulator-Fault"] = fault
    response = execute(client, text="Hello!")
    assert response.json()["message"] == says


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.parametrize(
    ("status", "called"),
    [
        (404, "Not Found"),
        (418, "I'm a Teapot"),
        (429, "Too Many Requests"),
        (499, "Error"),
        (500, "Internal Server Error"),
    ],
)
def test_a_status_that_was_asked_for_goes_by_its_own_name(emulator: Emulated, status: int, called: str) -> None:
    client = caller(emulator)
    client.headers["X-Emulator-Fault"] = f"status={status}"
    assert execute(client, text="Hello!").json()["error"] == called


@pytest.mark.finding("D7")
def test_every_response_has_a_request_id_of_its_own(emulator: Emulated) -> None:
    client = caller(emulator)
    responses = [
        execute(client, text="Hello!"),
        execute(client, text="Hello!"),
        execute(client, text="Hello!", stream=True),
        execute(client, "nobody", text="Hello!"),
        execute(caller(emulator, REVOKED), text="Hello!"),
        client.post(f"/v2/agents/{AGENT}/run", json={"query": "Hello!"}),
        client.get("/sdk/no-such-route"),
        client.delete("/api/v2/data/x"),
    ]
    ids = [response.headers["x-request-id"] for response in responses]
    assert len(set(ids)) == len(ids)
    assert all(str(UUID(each)) == each for each in ids)
