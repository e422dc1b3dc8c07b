"""The demo's own receiver of webhooks."""

from __future__ import annotations

import pytest

from emulator.demo import receiver
from emulator.errors import EmulatorError
from tests import loopback


def test_a_webhook_is_received_with_its_headers_and_accepted() -> None:
    with receiver.Receiver() as listening, loopback.Client(base_url=listening.url) as client:
        assert client.post("/done", content=b"{}", headers={"Webhook-Id": "msg_1"}).status_code == 204
        webhook = listening.next()
    assert (webhook.method, webhook.path, webhook.body) == ("POST", "/done", b"{}")
    assert {name.lower(): value for name, value in webhook.headers.items()}["webhook-id"] == "msg_1"


def test_one_that_does_not_come_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "TIMEOUT", 0.01)
    with receiver.Receiver() as listening, pytest.raises(EmulatorError, match="no webhook has come"):
        listening.next()
