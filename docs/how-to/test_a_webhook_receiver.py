"""Test a webhook receiver: it checks the signature, accepts each message once, and gets it again after an outage.

The emulator signs webhooks as Standard Webhooks specifies, and retries them on the API's schedule. The clock is frozen:
a retry that is due in five minutes is sent when the test advances the clock.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from emulator import Emulator

SECRET = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1haWV4cG9ydCE="
ROW = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}
pytestmark = pytest.mark.emulator(frozen=True)


# The receiver under test.
class Receiver(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.is_down = False
        self.taken: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/batches"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.take(body))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def take(self, body: bytes) -> int:
        if self.server.is_down:
            return 503
        try:
            Webhook(SECRET).verify(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError:
            return 401
        self.server.taken.setdefault(self.headers["webhook-id"], json.loads(body))
        return 204

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


def finish_a_batch(emulator: Emulator, receiver: Receiver) -> str:
    """Make a batch and let it end, which calls the receiver."""
    with httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")}) as http:
        order = {"requests": [ROW], "webhook_url": receiver.url}
        batch = str(http.post("/batch", json=order).raise_for_status().json()["id"])
    emulator.clock.advance("2s")
    return batch


def test_a_receiver_is_told_of_a_finished_batch(emulator: Emulator, receiver: Receiver) -> None:
    batch = finish_a_batch(emulator, receiver)

    (attempt,) = emulator.webhooks.wait(1)
    assert attempt.status == 204
    (message,) = receiver.taken.values()
    assert (message["type"], message["data"]["id"]) == ("batch.completed", batch)


def test_a_receiver_that_was_down_is_told_again(emulator: Emulator, receiver: Receiver) -> None:
    receiver.is_down = True
    finish_a_batch(emulator, receiver)
    emulator.webhooks.wait(1)
    receiver.is_down = False

    emulator.clock.advance("5m")

    assert [attempt.status for attempt in emulator.webhooks.wait(2)] == [503, 204]
    assert len(receiver.taken) == 1


def test_a_receiver_takes_what_comes_twice_once(emulator: Emulator, receiver: Receiver) -> None:
    emulator.arm("duplicate")
    finish_a_batch(emulator, receiver)

    assert [attempt.status for attempt in emulator.webhooks.wait(2)] == [204, 204]
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("fault", ["bad_signature", "old_timestamp"])
def test_a_receiver_takes_nothing_that_it_can_not_trust(emulator: Emulator, receiver: Receiver, fault: str) -> None:
    emulator.arm(fault)
    finish_a_batch(emulator, receiver)

    assert emulator.webhooks.wait(1)[0].status == 401
    assert receiver.taken == {}
