"""A key is made like another one, for one world alone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.apis.aiexport_calls import PRO, REVOKED, asking, caller
from tests.running import Emulated

AT = {"X-Emulator-World": "one"}
ORDER = {"key": "axp_my_own_key", "like": PRO}


@pytest.fixture(autouse=True)
def world(control: httpx.Client) -> None:
    control.put("/worlds/one", json={}).raise_for_status()


def test_a_made_key_leads_to_its_world_and_is_like_its_model(emulator: Emulated, control: httpx.Client) -> None:
    made = control.post("/keys", json=ORDER, headers=AT)
    assert (made.status_code, made.json()["tier"], made.json()["api"]) == (201, "pro", "aiexport")
    assert caller(emulator, "axp_my_own_key").post("/messages", json=asking()).status_code == 200
    assert control.get("/worlds/one").json()["exchanges"] == 1


def test_twice_is_as_once_but_not_like_another(control: httpx.Client) -> None:
    first = control.post("/keys", json={**ORDER, "workspace": "mine"}, headers=AT)
    assert first.json()["workspace"] == "mine"
    assert control.post("/keys", json={**ORDER, "workspace": "mine"}, headers=AT).json() == first.json()
    assert control.post("/keys", json={**ORDER, "like": "axp_test_free"}, headers=AT).status_code == 409
    control.put("/worlds/two", json={}).raise_for_status()
    assert control.post("/keys", json=ORDER, headers={"X-Emulator-World": "two"}).status_code == 409


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({**ORDER, "like": "axp_test_por"}, "body.like: no key "),
        ({**ORDER, "api": "aixplain"}, "body.like: no key "),
        ({**ORDER, "api": "aiexprot"}, "body.api: no API 'aiexprot'; "),
        ({**ORDER, "key": "short"}, "body.key: expected text"),
        ({**ORDER, "key": "with a space"}, "body.key: expected text"),
        ({"key": "axp_my_own_key"}, "body: 'like' is missing"),
    ],
)
def test_a_wrong_order_makes_no_key(control: httpx.Client, order: Any, message: str) -> None:
    answer = control.post("/keys", json=order, headers=AT)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)
    assert control.get("/worlds/one").json()["keys"] == []


def test_a_key_like_a_revoked_one_is_revoked(emulator: Emulated, control: httpx.Client) -> None:
    control.post("/keys", json={**ORDER, "like": REVOKED}, headers=AT).raise_for_status()
    assert caller(emulator, "axp_my_own_key").post("/messages", json=asking()).status_code in (401, 403)


def test_a_made_key_outlasts_a_reset_and_the_restoring_of_an_older_snapshot(
    emulator: Emulated, control: httpx.Client
) -> None:
    before = control.get("/worlds/one/snapshot").json()
    control.post("/keys", json=ORDER, headers=AT).raise_for_status()

    def tier() -> str:
        return str(control.get("/limits", params={"key": ORDER["key"]}, headers=AT).json()["tier"])

    assert tier() == "pro"
    after = control.get("/worlds/one/snapshot").json()
    control.post("/reset", headers=AT).raise_for_status()
    assert tier() == "pro"
    control.put("/worlds/one/snapshot", json=before).raise_for_status()
    assert tier() == "pro"
    assert caller(emulator, ORDER["key"]).post("/messages", json=asking()).status_code == 200
    assert control.get("/worlds/one").json()["exchanges"] == 1
    control.delete("/worlds/one").raise_for_status()
    control.put("/worlds/two", json={}).raise_for_status()
    control.put("/worlds/two/snapshot", json=after).raise_for_status()
    control.post("/worlds/two/reset").raise_for_status()
    assert caller(emulator, ORDER["key"]).post("/messages", json=asking()).status_code == 200
    assert control.get("/worlds/two").json()["exchanges"] == 1


def test_every_key_is_listed_with_its_tier_and_its_counters(emulator: Emulated, control: httpx.Client) -> None:
    caller(emulator, "axp_test_free").post("/messages", json=asking())
    told = control.get("/keys").json()
    (free,) = [each for each in told["keys"] if each["key"] == "axp_test_free"]
    asked = control.get("/limits", params={"key": "axp_test_free"}).json()
    assert (free["api"], free["tier"], free["status"], free["limits"]) == (
        "aiexport",
        "free",
        "active",
        asked["limits"],
    )
    assert free["limits"]["requests"]["used"] == 1
    assert "pro" in told["tiers"]["aiexport"]


def test_a_key_that_is_refused_is_listed_with_its_status(control: httpx.Client) -> None:
    (revoked,) = [each for each in control.get("/keys").json()["keys"] if each["key"] == REVOKED]
    assert (revoked["status"], revoked["limits"]) == ("revoked", {})


def test_a_made_key_is_listed_in_its_world_alone(control: httpx.Client) -> None:
    control.post("/keys", json=ORDER, headers=AT).raise_for_status()
    assert ORDER["key"] in {each["key"] for each in control.get("/keys", headers=AT).json()["keys"]}
    assert ORDER["key"] not in {each["key"] for each in control.get("/keys").json()["keys"]}


@pytest.mark.parametrize("key", ["my-key-1", "axp_my_own_key"])
def test_a_key_is_listed_as_exchanges_show_it(emulator: Emulated, control: httpx.Client, key: str) -> None:
    control.post("/keys", json={**ORDER, "key": key}, headers=AT).raise_for_status()
    caller(emulator, key).post("/messages", json=asking()).raise_for_status()
    (exchange,) = control.get("/exchanges", headers=AT).json()["exchanges"]
    (listed,) = [each for each in control.get("/keys", headers=AT).json()["keys"] if each["key"] == key]
    assert exchange["key"] == listed["masked"] != key
