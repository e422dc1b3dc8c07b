"""Test a contract: what the client expects of the service is written down, and checked against the emulator.

Pact's own server returns whatever the client expects, even if the service doesn't. The emulator returns what the
service's documentation says, so the same expectations are replayed against it. Pact names the state that an expectation
needs; the test puts its world into that state before the replay.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pact import Pact, Verifier, match

from emulator import Emulator

MODEL = "apex-haiku-4-20250401"
MESSAGE = {"model": MODEL, "messages": [{"role": "user", "content": "What is 2 + 2?"}]}
KEY = {"X-API-Key": "axp_test_pro"}
os.environ["PACT_DO_NOT_TRACK"] = "true"  # or Pact reports its use over the network


class Busy(Exception):
    """The service is overloaded."""


# The client under test.
def ask(http: httpx.Client) -> str:
    """The text of the answer. Raises Busy when it may be asked again later."""
    answer = http.post("/v2/messages", json=MESSAGE)
    if answer.status_code in (429, 503):
        raise Busy(answer.json()["error"]["message"])
    return str(answer.raise_for_status().json()["content"][0]["text"])


@contextmanager
def expecting(state: str, status: int, body: dict[str, Any], folder: Path) -> Iterator[httpx.Client]:
    """A client of Pact's own server, which gives this response and writes the contract into the folder."""
    pact = Pact("assistant", "aiexport").with_specification("V4")
    request = pact.upon_receiving(f"a question, while {state}").given(state)
    request = request.with_request("POST", "/v2/messages").with_headers(KEY).with_body(MESSAGE, "application/json")
    request.will_respond_with(status).with_body(body, "application/json")
    with pact.serve() as server, httpx.Client(base_url=str(server.url), headers=KEY) as http:
        yield http
    pact.write_file(folder)


def expect_an_answer(folder: Path) -> None:
    body = {"content": [{"type": "text", "text": match.str("Four.")}], "usage": {"output_tokens": match.int(2)}}
    with expecting("all is well", 200, body, folder) as http:
        assert ask(http) == "Four."


def expect_to_be_refused(folder: Path) -> None:
    body = {"error": {"type": "overloaded_error", "message": match.str("Later.")}}
    with expecting("the service is overloaded", 503, body, folder) as http, pytest.raises(Busy, match=r"Later\."):
        ask(http)


def verify(emulator: Emulator, folder: Path, state: str) -> None:
    """Replays what the contract expects in a state against this test's world. Raises RuntimeError if it differs."""
    made = Verifier("aiexport", host="127.0.0.1").add_transport(url=emulator.url).add_custom_headers(emulator.headers)
    made.filter(state=state).add_source(folder).verify()


def test_the_service_does_what_the_client_expects(emulator: Emulator, tmp_path: Path) -> None:
    expect_an_answer(tmp_path)
    expect_to_be_refused(tmp_path)

    verify(emulator, tmp_path, "all is well")
    emulator.fail("messages.create", status=503)
    verify(emulator, tmp_path, "the service is overloaded")

    assert [each.status for each in emulator.requests("messages.create")] == [200, 503]


def test_a_client_that_expects_what_the_service_does_not_say_is_found_out(emulator: Emulator, tmp_path: Path) -> None:
    body = {"content": [{"text": match.str("Four.")}], "tokens": match.int(2)}
    with expecting("all is well", 200, body, tmp_path) as http:
        assert ask(http) == "Four."  # the client's own test is green

    with pytest.raises(RuntimeError):
        verify(emulator, tmp_path, "all is well")


@pytest.mark.emulator(frozen=True)
def test_what_takes_several_requests_stands_in_no_contract(emulator: Emulator) -> None:
    with httpx.Client(base_url=emulator.url, headers={"X-API-Key": emulator.key("free")}) as http:
        answers = iter(lambda: ask(http), "")
        with pytest.raises(Busy, match="limit"):
            list(answers)
        emulator.clock.advance("1m")

        assert ask(http) == "2 + 2 = 4."
