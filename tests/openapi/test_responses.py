"""Each status of an operation is a response: those of its rules, and those of its refusals."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.openapi.responses import OperationResponses
from tests.running import loaded

DEFAULT = loaded("default")


def responses(api: str, operation: str) -> dict[str, Any]:
    found = DEFAULT.apis[api]
    return OperationResponses(found).of(found.file.operations[operation])


@pytest.mark.parametrize(
    ("api", "operation", "statuses"),
    [
        ("aiexport", "messages.create", {"200", "400", "401", "403", "405", "413", "415", "429", "500"}),
        ("aiexport", "status.get", {"200", "405", "500"}),
        ("aixplain", "models.stats", {"201", "400", "401", "405", "413", "415", "500"}),
    ],
)
def test_the_statuses_of_an_operation(api: str, operation: str, statuses: set[str]) -> None:
    assert set(responses(api, operation)) >= statuses


def test_a_limited_response_has_the_headers_of_limits() -> None:
    refused = responses("aiexport", "messages.create")["429"]
    assert {"Retry-After", "X-RateLimit-Remaining"} <= set(refused["headers"])
    assert refused["headers"]["X-RateLimit-Remaining"]["x-emulator-claims"] == ["AE-RL-HEADERS"]


def test_an_operation_that_asks_for_no_key_refuses_none() -> None:
    assert {"401", "429"}.isdisjoint(responses("aiexport", "status.get"))


def test_a_stream_is_the_union_of_its_events() -> None:
    schema = responses("aiexport", "messages.stream")["200"]["content"]["text/event-stream"]["schema"]
    names = [each["properties"]["event"]["const"] for each in schema["anyOf"]]
    assert (names[0], names[-1]) == ("message_start", "message_stop")
    assert schema["anyOf"][0]["properties"]["data"]["contentMediaType"] == "application/json"


def test_an_error_with_a_shape_of_its_own_has_a_component_of_its_own() -> None:
    components = OperationResponses(DEFAULT.apis["aiexport"]).components()
    assert set(components["Error"]["required"]) == {"type", "error", "request_id"}
    assert "oauth_invalid_request" in components
