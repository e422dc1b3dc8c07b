"""Records are listed over HTTP: what requests have stored, without what fixtures hold and without credentials."""

from __future__ import annotations

from typing import Any

import httpx

from tests.running import Emulated

KEY = {"x-api-key": "aix_test_demo"}


def collection(control: httpx.Client, name: str, **query: Any) -> dict[str, Any]:
    told = control.get("/records", params={"collection": name, **query}).raise_for_status().json()["collections"]
    (found,) = told
    return dict(found)


def session(emulator: Emulated) -> str:
    order = {"agentId": "68f0000000000000000000a1"}
    made = emulator.client("aixplain", headers=KEY).post("/v1/sessions", json=order).raise_for_status()
    return str(made.json()["id"])


def test_what_requests_store_is_listed_and_what_fixtures_hold_is_counted(
    emulator: Emulated, control: httpx.Client
) -> None:
    before = collection(control, "sessions")
    assert before["added"] == []
    made = [session(emulator), session(emulator)]
    after = collection(control, "sessions")
    assert after["count"] == before["count"] + 2
    assert [each["record"]["id"] for each in after["added"]] == made
    assert [each["record"]["id"] for each in collection(control, "sessions", last=1)["added"]] == made[1:]
    assert collection(control, "sessions", last=0) == {**after, "added": []}


def test_keys_and_tokens_are_not_listed(control: httpx.Client) -> None:
    names = {each["name"] for each in control.get("/records").json()["collections"]}
    assert "sessions" in names
    assert not names & {"keys", "tokens", "access_tokens"}
    assert "axp_test" not in control.get("/records").text


def test_an_unknown_api_is_refused_with_the_nearest(control: httpx.Client) -> None:
    answer = control.get("/records", params={"api": "aixplian"})
    assert (answer.status_code, "did you mean 'aixplain'?" in answer.text) == (400, True)
