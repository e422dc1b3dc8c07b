"""The public aiXplain SDK, unmodified: keys and usage limits, every refusal, and retries that heed Retry-After."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Asker

KEY = {"name": "Demo key that can be read aloud", "limits": [10000000, 1000000000, 1000000000, 1000000000000]}
# The kind of error by status; 475 stands for all members of a family that have no kind of their own.
KINDS = {
    400: "invalid",
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


def refuse(asker: Asker) -> None:
    """Let a run be refused with the status that its text asks for."""
    rules = [
        {
            "on": "aixplain/assets.execute",
            "when": f"{{{{ (body.text or body.data) == 'answer {status}' }}}}",
            "reply": {"error": kind, "data": {"status": status}} if status == 475 else {"error": kind},
        }
        for status, kind in KINDS.items()
    ]
    about = {"scenario": "refusals", "about": "Every refusal, on demand.", "extends": "default"}
    asker.world.put_scenario("refusals", {**about, "rules": rules})
    asker.world.use("refusals")


@pytest.mark.claim("AX-KEYS")
def test_the_client_of_v2_handles_keys_and_usage_limits(v2: Asker) -> None:
    told = v2.told("v2_keys.py")
    assert told["list"] == [KEY]
    assert told["usage before"] == [{"requests": 0, "limit": 1000000000, "model": None}]
    assert told["usage after"] == [{"requests": 1, "limit": 1000000000, "model": None}]
    assert told["create"] == {"id": True, "key": 64, "limits": [10, 100, 100, 1000]}
    assert told["create twice"]["key"] == 16  # refused as a namesake, so the client takes the one that is there: masked
    assert told["change"]["limits"] == [20, 100, 100, 1000]
    assert told["delete"] == []


@pytest.mark.claim("AX-KEYS", "AX-AUTH-TOKEN")
def test_the_legacy_factories_handle_keys_and_usage_limits(v1: Asker) -> None:
    told = v1.told("v1_keys.py")
    assert told["list"] == [KEY]
    assert told["usage before"] == [{"requests": 0, "limit": 1000000000}]
    assert told["usage after"] == [{"requests": 1, "limit": 1000000000}]
    assert told["create"] == {"id": True, "limits": [10, 100, 100, 1000]}
    assert "'message': 'name: a key named Ours exists'" in told["create twice"]["says"]
    assert told["change"] == [20, 100, 100, 1000]
    assert told["delete"] == []


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_the_client_of_v2_raises_every_refusal_with_its_status(v2: Asker) -> None:
    refuse(v2)
    told = v2.told("v2_errors.py", *STATUSES)
    # Where the client before the newest sends runs again by itself, it ends with its own words for "too often".
    again = {"500", "502", "503", "504"} if v2.clients == "sdk-before" else set()
    for status in set(STATUSES) - again:
        assert (told[status]["raised"], told[status]["status_code"]) == ("APIError", int(status)), told[status]
        assert told[status]["says"]
        assert told[status]["error"]
    for status in again:
        assert f"too many {status} error responses" in told[status]["says"]


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_the_legacy_factories_know_every_refusal(v1: Asker) -> None:
    refuse(v1)
    told = v1.told("v1_errors.py", *STATUSES)
    assert {status: found["says"].partition(" Details: ")[0] for status, found in told.items()} == SAID
    assert {found["status"] for found in told.values()} == {"FAILED"}
    assert told["492"]["says"].endswith("Details: err.invalid_input_data_or_input_url")


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_a_key_that_is_refused_raises_401(v2: Asker) -> None:
    v2.world.fail("models.get", status=401)
    assert v2.told("v2_retries.py")["get"]["status_code"] == 401


@pytest.mark.parametrize("status", [429, 503])
def test_a_record_that_is_refused_twice_comes_after_the_time_of_retry_after(v2: Asker, status: int) -> None:
    v2.world.fail("models.get", status=status, retry_after="1s", times=2)
    found = v2.told("v2_retries.py")["get"]
    assert found["found"] == "Demo LLM"
    assert found["seconds"] >= 2
    assert [each.status for each in v2.world.requests("models.get")] == [status, status, 200]


def test_a_run_is_tried_again_when_the_client_is_told_to(v2: Asker) -> None:
    v2.world.fail("assets.execute", status=429, retry_after="1s", times=2)
    assert v2.told("v2_retries.py", "2")["run"]["found"] == "2 + 2 = 4."
    assert [each.status for each in v2.world.requests("assets.execute")] == [429, 429, 201]
