"""Test a retry: the service is overloaded twice, then it responds.

The client waits with a `sleep` that it is given. In production that is `time.sleep`; here it advances the emulator's
clock, so the test takes no time, and the emulator sees how long the client has waited.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from emulator import Emulator

MESSAGE = {"model": "apex-sonnet-4-20250501", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}


# The client under test.
def ask(http: httpx.Client, sleep: Callable[[float], object]) -> str:
    """The answer, after at most five tries; each waits as long as the service asks for, or twice as long as before."""
    pause = 1.0
    for _ in range(5):
        answer = http.post("/messages", json=MESSAGE)
        if answer.status_code not in (429, 503):
            answer.raise_for_status()
            return str(answer.json()["content"][0]["text"])
        sleep(float(answer.headers.get("Retry-After", pause)))
        pause *= 2
    raise RuntimeError("the service does not recover")


def client(emulator: Emulator) -> httpx.Client:
    # The key belongs to this test: it leads to this test's world, whatever runs beside it.
    return httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")})


@pytest.mark.emulator(frozen=True)
def test_a_client_tries_again_when_it_was_told_to(emulator: Emulator) -> None:
    emulator.fail("messages.create", status=503, times=2, retry_after="30s")
    begun = emulator.clock.now

    with client(emulator) as http:
        assert ask(http, sleep=emulator.clock.advance) == "2 + 2 = 4."

    assert [each.status for each in emulator.requests("messages.create")] == [503, 503, 200]
    assert emulator.clock.now - begun == 60
    assert emulator.requests("messages.create").last.body == MESSAGE


@pytest.mark.emulator(frozen=True)
def test_a_client_gives_up_in_the_end(emulator: Emulator) -> None:
    emulator.fail("messages.create", status=503)

    with client(emulator) as http, pytest.raises(RuntimeError, match="does not recover"):
        ask(http, sleep=emulator.clock.advance)

    assert len(emulator.requests("messages.create")) == 5


def test_what_is_the_clients_own_fault_is_not_tried_again(emulator: Emulator) -> None:
    emulator.fail("messages.create", status=400)

    with client(emulator) as http, pytest.raises(httpx.HTTPStatusError):
        ask(http, sleep=emulator.clock.advance)

    assert len(emulator.requests("messages.create")) == 1
