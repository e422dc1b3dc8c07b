"""Test a receiver's clock: a webhook is signed with a time, and the receiver compares it with its own.

A test that moves the emulator's clock moves that time too, but the receiver's library uses the system's clock. With
`webhook_time="real"`, webhooks are signed with real time, and everything else stays on the test's clock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from emulator import Emulator

SECRET = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1haWV4cG9ydCE="
ROW = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}


# The receiver under test: its library accepts five minutes of difference, by the system's clock.
class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            Webhook(SECRET).verify(body, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(204)
        except WebhookVerificationError:
            self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/batches"
        server.shutdown()
        thread.join()


def finish_a_batch(emulator: Emulator, receiver: str) -> None:
    with httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")}) as http:
        http.post("/batch", json={"requests": [ROW], "webhook_url": receiver}).raise_for_status()
    emulator.clock.advance("2s")


@pytest.mark.emulator(frozen="2026-01-01T00:00:00Z", webhook_time="real")
def test_a_receiver_in_real_time_accepts_a_webhook_of_another_day(emulator: Emulator, receiver: str) -> None:
    finish_a_batch(emulator, receiver)

    (attempt,) = emulator.webhooks.wait(1)
    assert attempt.status == 204
    assert attempt.data["timestamp"].startswith("2026-01-01T00:00:0")  # its content keeps the test's time


@pytest.mark.emulator(frozen="2026-01-01T00:00:00Z")
def test_a_receiver_refuses_a_webhook_that_was_signed_on_another_day(emulator: Emulator, receiver: str) -> None:
    finish_a_batch(emulator, receiver)

    assert emulator.webhooks.wait(1)[0].status == 401


@pytest.mark.emulator(frozen="2026-01-01T00:00:00Z", webhook_time="real")
def test_a_receiver_refuses_one_that_is_ten_minutes_old(emulator: Emulator, receiver: str) -> None:
    emulator.arm("old_timestamp", by="10m")
    finish_a_batch(emulator, receiver)

    assert emulator.webhooks.wait(1)[0].status == 401
