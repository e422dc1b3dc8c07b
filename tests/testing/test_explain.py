"""A test asks why a request would be answered as it would, by whatever request it holds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import requests

from emulator import Emulator
from emulator.testing.client import ControlError

MINE = """
scenario: mine
extends: default
rules:
  - on: messages.create
    name: mine
    when: {body.model: apex-haiku-4-20250402}
    reply: {answer: Mine}
"""


def outcomes(told: Any) -> list[tuple[str, str]]:
    return [(rule.name, rule.outcome) for rule in told.rules]


def test_a_request_of_httpx_is_explained_without_being_sent(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any]
) -> None:
    emulator.put_scenario("mine", MINE)
    emulator.use("mine")
    told = emulator.explain(http.build_request("POST", "/messages", json=hello))
    assert told.world.name == emulator.name
    assert told.world.why == "its credential leads there"
    assert outcomes(told)[0] == ("mine", "differs")
    assert told.rules[0].differences[0].field == "body.model"
    assert (told.status, told.passed_over, told.notes) == (200, 1, [])
    assert len(emulator.requests()) == 0
    assert "mine' " in str(told)
    assert "body.model: expected 'apex-haiku-4-20250402', found " in str(told)


def test_a_request_of_requests_is_explained_too(emulator: Emulator, hello: dict[str, Any]) -> None:
    url, headers = f"{emulator.base_url('aiexport')}/messages", {"X-API-Key": emulator.key("pro")}
    for options in ({"json": hello}, {"data": "no json"}):
        prepared = requests.Request("POST", url, headers=headers, **options).prepare()
        assert emulator.explain(prepared).status == (200 if "json" in options else 400)
    assert emulator.explain(requests.Request("PATCH", url, headers=headers).prepare()).status == 405


def test_a_request_that_leads_to_another_world_says_what_it_lacks(emulator: Emulator, hello: dict[str, Any]) -> None:
    told = emulator.explain({"method": "POST", "path": "/v2/messages", "headers": {"X-API-Key": "any"}, "body": hello})
    assert told.world.name == "default"
    assert f"X-Emulator-World: {emulator.name}" in told.notes[0]


def test_an_exchange_is_explained_by_its_number_or_as_it_was_recorded(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any]
) -> None:
    http.post("/messages", json=hello)
    last = emulator.requests().wait()[0]
    for told in (emulator.explain(last), emulator.explain(last.number)):
        assert ("whole", "answered") in outcomes(told)
        assert "counters as they are now" in told.notes[0]
    with pytest.raises(ControlError, match="no exchange '99'"):
        emulator.explain(99)


def test_a_body_that_is_a_stream_is_refused(emulator: Emulator) -> None:
    prepared = requests.Request("POST", emulator.url, data=iter([b"a"])).prepare()
    with pytest.raises(TypeError, match="is a stream"):
        emulator.explain(prepared)
