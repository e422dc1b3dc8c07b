"""The operations are told as the playbook has them, with who says so."""

from __future__ import annotations

import httpx

from tests.running import loaded

PLAYBOOK = loaded("default")


def test_every_route_is_told(control: httpx.Client) -> None:
    told = control.get("/operations").json()["operations"]
    assert [(each["method"], each["path"]) for each in told] == [
        (route.method, route.path.replace(":path", "")) for route in PLAYBOOK.router.routes
    ]


def test_an_operation_is_told_with_its_claims_and_their_class(control: httpx.Client) -> None:
    told = control.get("/operations", params={"api": "aiexport"}).json()["operations"]
    assert {each["api"] for each in told} == {"aiexport"}
    (found,) = [each for each in told if each["operation"] == "messages.create"]
    assert (found["method"], found["path"], found["class"]) == ("POST", "/v2/messages", "documented")
    assert "AE-MSG-ROUTE" in found["claims"]
    assert found["summary"]


def test_an_operation_is_told_with_a_request_to_try(control: httpx.Client) -> None:
    told = {each["operation"]: each for each in control.get("/operations").json()["operations"]}
    example = told["messages.create"]["example"]
    assert example["headers"] == {"X-API-Key": "axp_test_pro"}
    assert example["body"]["messages"] == [{"role": "user", "content": "Hello!"}]
    assert told["assets.execute"]["example"]["path"] == {"asset_id": "695fce4c27b4e3580e43d126"}
    # What only another response tells is left to the caller.
    assert told["models.get"]["example"] == {
        "path": {}, "query": {}, "headers": {"X-API-Key": "axp_test_pro"}, "body": None
    }  # fmt: skip


def test_an_unknown_api_is_refused_with_the_nearest(control: httpx.Client) -> None:
    answer = control.get("/operations", params={"api": "aiexprot"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        "query.api: no API 'aiexprot'; expected one of: aixplain, aiexport; did you mean 'aiexport'?"
    )


def test_templates_of_an_example_are_evaluated(control: httpx.Client) -> None:
    told = {each["operation"]: each for each in control.get("/operations").json()["operations"]}
    assert told["keys.create"]["example"]["body"]["name"] == "verify 1767225600.0"
    assert all("{{" not in str(each["example"]) for each in told.values())
