"""A key's counters are read, and its tier is set, in the middle of a test."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.apis.aiexport_calls import ENTERPRISE, FREE, HAIKU, REVOKED, asking, caller
from tests.running import Emulated


def test_the_counters_are_those_of_the_headers(emulator: Emulated, control: httpx.Client) -> None:
    reply = caller(emulator, FREE).post("/messages", json=asking(model=HAIKU))
    told = control.get("/limits", params={"key": FREE}).json()
    assert (told["key"], told["api"], told["tier"]) == (FREE, "aiexport", "free")
    assert told["limits"]["requests"]["used"] == 1
    assert str(told["limits"]["requests"]["remaining"]) == reply.headers["x-ratelimit-remaining"]


def test_asking_costs_nothing(control: httpx.Client) -> None:
    asked = [control.get("/limits", params={"key": FREE}).json() for _ in range(2)]
    assert asked[0] == asked[1]


def test_a_key_gets_another_tier_from_the_next_request_on(emulator: Emulated, control: httpx.Client) -> None:
    told = control.put("/limits", json={"key": FREE, "tier": "pro"}).json()
    assert told["tier"] == "pro"
    reply = caller(emulator, FREE).post("/messages", json=asking())
    assert reply.headers["x-ratelimit-limit"] == str(told["limits"]["requests"]["limit"])


def test_an_unknown_key_is_asked_about_with_its_api(control: httpx.Client) -> None:
    answer = control.get("/limits", params={"key": "axp_of_nobody"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith("expected one of: aixplain, aiexport")
    told = control.get("/limits", params={"key": "axp_of_nobody", "api": "aiexport"})
    assert (told.status_code, told.json()["key"]) == (200, "axp_of_nobody")


@pytest.mark.scenario("strict")
def test_a_key_that_nobody_issued_is_404(control: httpx.Client) -> None:
    assert control.get("/limits", params={"key": "axp_of_nobody", "api": "aiexport"}).status_code == 404


def test_a_revoked_key_has_no_limits(control: httpx.Client) -> None:
    assert control.get("/limits", params={"key": REVOKED}).status_code == 409


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"key": FREE, "tier": "prro"}, "body.tier: no tier 'prro'; "),
        ({"key": FREE, "tier": "pro", "api": "aiexprot"}, "body.api: no API 'aiexprot'; "),
        ({"key": FREE}, "body: 'tier' or 'budget' is missing"),
        ({"key": 1, "tier": "pro"}, "body.key: expected text; found a whole number"),
    ],
)
def test_a_wrong_order_changes_nothing(control: httpx.Client, order: Any, message: str) -> None:
    answer = control.put("/limits", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)
    assert control.get("/limits", params={"key": FREE}).json()["tier"] == "free"


def test_a_tier_in_one_world_is_not_that_in_another(control: httpx.Client) -> None:
    control.put("/worlds/other", json={})
    control.put("/limits?world=other", json={"key": ENTERPRISE, "tier": "free"}).raise_for_status()
    assert control.get("/limits", params={"key": ENTERPRISE}).json()["tier"] == "enterprise"
    assert control.get("/limits", params={"key": ENTERPRISE, "world": "other"}).json()["tier"] == "free"
