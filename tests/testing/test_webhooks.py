"""Webhooks as a test sees them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator

pytestmark = pytest.mark.emulator(frozen=True)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_each_attempt_is_seen(emulator: Emulator, http: httpx.Client, hello: dict[str, Any], receiver: str) -> None:
    batch = http.post("/batch", json={"requests": [hello], "webhook_url": receiver}).json()["id"]
    assert list(emulator.webhooks) == []
    emulator.clock.advance("2s")
    (attempt,) = emulator.webhooks.wait(1, delivered=True)
    assert (attempt.url, attempt.attempt, attempt.status, attempt.next_at) == (receiver, 1, 204, None)
    assert attempt.data["data"]["id"] == batch
    assert attempt == emulator.webhooks.last == emulator.webhooks[0]

    emulator.webhooks.redeliver(attempt.id)
    assert [each.id for each in emulator.webhooks.wait(2)] == [attempt.id] * 2
    assert len(emulator.webhooks[:1]) == 1

    emulator.webhooks.clear()
    assert len(emulator.webhooks) == 0


def test_looking_and_waiting_in_vain_are_told(emulator: Emulator) -> None:
    with pytest.raises(IndexError, match="0 webhook attempts"):
        _ = emulator.webhooks.last
    with pytest.raises(AssertionError, match="there were 0"):
        emulator.webhooks.wait(1, timeout="1ms")
    with pytest.raises(ControlError, match="timeout"):
        emulator.webhooks.wait(1, timeout="soon")
