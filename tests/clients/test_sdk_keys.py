"""The public aiXplain SDK, unmodified: keys and usage limits, every refusal, and retries that heed Retry-After."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.clients.conftest import Asker

pytestmark = pytest.mark.slow

MODEL = "695fce4c27b4e3580e43d126"
KEY = {"name": "Demo key that can be read aloud", "limits": [10000000, 1000000000, 1000000000, 1000000000000]}
# The kind of error by status; 475 stands for all members of a family that have no kind of their own.
KINDS = {
    400: "invalid",
    401: "unknown_key",
    402: "payment_required",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    422: "unprocessable",
    429: "rate_limited",
    460: "subscription",
    470: "billing",
    475: "billing",
    480: "supplier",
    490: "validation",
    492: "unfetchable_input",
    497: "rate_limited_497",
    500: "internal",
    502: "bad_gateway",
    503: "unavailable",
    504: "timeout",
}
STATUSES = [str(status) for status in KINDS]
SAID = {  # by the legacy factories, which have words of their own for what they know
    "400": "Bad request: Please verify the request payload and ensure it is correct.",
    "401": "Unauthorized API key: Please verify the spelling of the API key and its current validity.",
    "402": "Payment required: Please ensure you have enough credits to run this asset.",
    "403": "Forbidden access: Please verify the API key and its current validity.",
    "404": "Resource not found: Please verify the spelling of the resource and its current availability.",
    "409": "Unspecified Client Error (Status 409)",
    "422": "Unspecified Client Error (Status 422)",
    "429": "Rate limit exceeded: Please try again later.",
    "460": "Subscription-related error: Please ensure that your subscription is active and has not expired.",
    "470": "Billing-related error: Please ensure you have enough credits to run this asset.",
    "475": "Billing-related error: Please ensure you have enough credits to run this asset.",
    "480": "Supplier-related error: "
    "Please ensure that the selected supplier provides the asset you are trying to access.",
    "490": "Validation-related error: Please verify the request payload and ensure it is correct.",
    "492": "Validation-related error: Please verify the request payload and ensure it is correct.",
    "497": "Validation-related error: Please verify the request payload and ensure it is correct.",
    "500": "Internal server error: Please try again later.",
    "502": "Unspecified Server Error (Status 502)",
    "503": "Service unavailable: Please try again later.",
    "504": "Gateway timeout: Please try again later.",
}


# A time to wait would be waited for by the client before the newest, over and over.
MORE: dict[int, dict[str, int | None]] = {429: {"retry_after": None}, 475: {"status": 475}}


def refuse(asker: Asker) -> None:
    """Let a run be refused with the status that its text asks for."""
    rules = [
        {
            "on": ["aixplain/assets.execute", "aixplain/agents.run"],
            "when": f"{{{{ (body.text or body.data or body.query.input) == 'answer {status}' }}}}",
            "reply": {"error": kind, "data": MORE.get(status, {})},
        }
        for status, kind in KINDS.items()
    ]
    about = {"scenario": "refusals", "about": "Every refusal, on demand.", "extends": "default"}
    asker.world.put_scenario("refusals", {**about, "rules": rules})
    asker.world.use("refusals")


@pytest.fixture
def still(aixplain: Asker) -> Asker:
    """At noon, so that a day's usage is that of one day."""
    aixplain.world.clock.freeze("2026-06-01T12:00:00Z")
    return aixplain


def used(model: str | None, requests: int, tokens: int) -> list[Any]:
    """A row of usage: of a model that has limits of its own, or of the whole key."""
    most = [100, 1000] if model else [1000000000, 1000000000000]
    return [model, requests, most[0], tokens, most[1]]


def check_usage(told: Mapping[str, Any]) -> None:
    """What was used of the key that asks: before a run, after it, and after another one when the model has limits."""
    assert told["list"] == [KEY]
    assert told["usage before"] == [used(None, 0, 0)]
    assert told["run"] == "2 + 2 = 4."
    assert told["usage after"] == [used(None, 1, 7)]
    assert told["asset"] == {
        "limits": [[MODEL, 10, 100, 100, 1000]],
        "usage": [used(None, 2, 14), used(MODEL, 2, 14)],
        "of the model": [used(MODEL, 2, 14)],
        "of the key": [used(MODEL, 2, 14)],
    }


@pytest.mark.claim("AX-KEYS")
def test_the_client_of_v2_handles_keys_and_usage_limits(still: Asker) -> None:
    told = still.told("v2_keys.py")
    check_usage(told)
    assert told["create"] == {"id": True, "key": 64, "limits": [10, 100, 100, 1000]}
    assert told["create twice"]["key"] == 16  # refused as a namesake, so the client takes the one that is there: masked
    assert told["change"] == {"limits": [20, 100, 100, 1000], "usage": [used(None, 0, 0)]}
    assert told["delete"] == []


@pytest.mark.claim("AX-KEYS", "AX-AUTH-TOKEN")
def test_the_legacy_factories_handle_keys_and_usage_limits(still: Asker) -> None:
    told = still.told("v1_keys.py")
    check_usage(told)
    assert told["create"] == {"id": True, "limits": [10, 100, 100, 1000]}
    assert "'message': 'name: a key named Ours exists'" in told["create twice"]["says"]
    assert told["change"] == [20, 100, 100, 1000]
    assert told["delete"] == []


@pytest.mark.claim("AX-ERROR-SHAPE", "AX-AUTH-KEY")
def test_the_client_of_v2_raises_every_refusal_with_its_status(aixplain: Asker) -> None:
    refuse(aixplain)
    aixplain.world.fail("assets.poll", status=404)
    told = aixplain.told("v2_errors.py", *STATUSES)
    # Where the client before the newest sends runs again by itself, it ends with its own words for "too often".
    again = {"500", "502", "503", "504"} if aixplain.clients == "sdk-before" else set()
    for status in set(STATUSES) - again:
        assert (told[status]["raised"], told[status]["status_code"]) == ("APIError", int(status)), told[status]
        assert told[status]["says"]
        assert told[status]["error"]
    for status in again:
        assert f"too many {status} error responses" in told[status]["says"]
    assert (told["492"]["says"], told["492"]["error"]) == (
        "Input URL is not reachable",
        "err.invalid_input_data_or_input_url",
    )
    assert [(told[each]["raised"], told[each]["status_code"]) for each in ("agent", "stream")] == [
        ("APIError", 429)
    ] * 2
    assert [told["revoked key"][each] for each in ("says", "status_code")] == ["Invalid API key", 401]
    assert (told["poll"]["says"], told["poll"]["status_code"]) == (
        "Polling failed: This error is a requested fault.",
        0,
    )


@pytest.mark.claim("AX-ERROR-SHAPE", "AX-AUTH-TOKEN")
def test_the_legacy_factories_know_every_refusal(aixplain: Asker) -> None:
    refuse(aixplain)
    told = aixplain.told("v1_errors.py", *STATUSES)
    agent, revoked = told.pop("agent"), told.pop("revoked key")
    assert "Status Code: 401. Error: {'statusCode': 401, 'message': 'Invalid API key'" in revoked["says"]
    assert {status: found["says"].partition(" Details: ")[0] for status, found in told.items()} == SAID
    assert {found["status"] for found in told.values()} == {"FAILED"}
    assert told["492"]["says"].endswith("Details: err.invalid_input_data_or_input_url")
    assert agent == {"status": "FAILED", "says": ""}  # of an agent that is refused it does not say why


def refuse_at_first(asker: Asker, operation: str, *statuses: int) -> None:
    """Let the first requests of an operation be refused with these statuses."""
    for nth, status in enumerate(statuses, 1):
        asker.world.fail(operation, status=status, retry_after="1s", nth=nth)


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_the_client_of_v2_asks_again_after_the_time_of_retry_after(aixplain: Asker) -> None:
    refuse_at_first(aixplain, "models.get", 429, 503)
    refuse_at_first(aixplain, "assets.execute", 429, 429)
    told = aixplain.told("v2_retries.py")
    assert told["get"]["found"] == "Demo Slow LLM"
    assert told["get"]["seconds"] >= 2
    assert [each.status for each in aixplain.world.requests("models.get")] == [429, 503, 200, 200]
    # A run is tried again as often as it was told to be.
    assert told["run"]["found"] == "2 + 2 = 4."
    assert [each.status for each in aixplain.world.requests("assets.execute")] == [429, 429, 201]


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_the_legacy_factories_ask_again_after_the_time_of_retry_after(aixplain: Asker) -> None:
    refuse_at_first(aixplain, "models.get_v1", 429, 503)
    told = aixplain.told("v1_retries.py")
    assert told["get"]["found"] == "Demo Slow LLM"
    assert told["get"]["seconds"] >= 2
    assert [each.status for each in aixplain.world.requests("models.get_v1")] == [429, 503, 200]
