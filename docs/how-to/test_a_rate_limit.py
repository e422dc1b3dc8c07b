"""Test a rate limit: the sixty-first request in a minute is refused, and the client waits.

The emulator counts the limits of each plan; all you need is a key of that plan. The clock is frozen, so the minute ends
when the test advances it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from emulator import Emulator

pytestmark = pytest.mark.emulator(frozen="2026-01-01T12:00:00Z")
MESSAGE = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}


# The client under test.
class Client:
    def __init__(self, url: str, key: str, sleep: Callable[[float], object]) -> None:
        self.http = httpx.Client(base_url=url, headers={"X-API-Key": key})
        self.sleep = sleep

    def send(self) -> httpx.Response:
        """Send a message; when there were too many, wait as long as the service says, once."""
        answer = self.http.post("/messages", json=MESSAGE)
        if answer.status_code == 429:
            self.sleep(float(answer.headers["Retry-After"]))
            answer = self.http.post("/messages", json=MESSAGE)
        return answer


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    client = Client(emulator.base_url("aiexport"), emulator.key("free"), sleep=emulator.clock.advance)
    yield client
    client.http.close()


def test_a_client_waits_until_the_minute_is_over(emulator: Emulator, client: Client) -> None:
    assert [client.send().status_code for _ in range(61)] == [200] * 61

    refused = emulator.requests("messages.create", status=429)
    assert len(refused) == 1
    assert refused.last.reply.headers["Retry-After"] == "60"
    assert emulator.clock.iso == "2026-01-01T12:01:00.000Z"


def test_the_headers_and_the_counters_say_the_same(emulator: Emulator, client: Client) -> None:
    answer = client.send()

    counted = emulator.limits(emulator.key("free"))["limits"]["requests"]
    assert answer.headers["X-RateLimit-Remaining"] == str(counted["remaining"]) == "59"
    assert answer.headers["X-RateLimit-Reset"] == str(counted["reset"])


def test_another_plan_helps_at_once(emulator: Emulator, client: Client) -> None:
    for _ in range(60):
        client.send()

    emulator.set_tier(emulator.key("free"), "pro")

    assert client.send().status_code == 200
    assert len(emulator.requests(status=429)) == 0
