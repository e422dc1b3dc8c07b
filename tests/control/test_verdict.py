"""The verdict on the clients of a world is told over HTTP."""

from __future__ import annotations

import httpx

from tests.apis.aiexport_calls import FREE, asking, caller
from tests.running import Emulated


def test_a_client_that_did_nothing_wrong_is_told_so(control: httpx.Client) -> None:
    told = control.get("/verdict").json()
    assert (told["ok"], told["findings"]) == (True, [])


def test_what_a_client_did_wrong_is_found_unless_it_is_ignored(emulator: Emulated, control: httpx.Client) -> None:
    client = caller(emulator, FREE)
    client.post("/messages", json=asking(model="apex-opus-3-20250401"))
    emulator.exchanges(1)
    told = control.get("/verdict").json()
    assert told["ok"] is False
    (found,) = told["findings"]
    assert found["rule"] == "model_forbidden_by_plan"
    assert control.get(f"/verdict?ignore={found['rule']}").json()["ok"] is True


def test_an_unknown_rule_is_refused_with_the_nearest(control: httpx.Client) -> None:
    answer = control.get("/verdict?ignore=retry_strom")
    assert answer.status_code == 400
    assert "did you mean 'retry_storm'?" in answer.json()["error"]["message"]
