"""AI Export's call-backs: sent when a batch completes, signed, tried again, and each try recorded."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from itertools import pairwise

import pytest

from tests.apis.aiexport_calls import asking, caller, create
from tests.receiver import receiving
from tests.running import Emulated

SECRET = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1haWV4cG9ydCE="


@pytest.mark.claim("AE-BATCH-WEBHOOK")
def test_the_call_back_comes_when_the_batch_completes_and_not_before(emulator: Emulated) -> None:
    client = caller(emulator)
    with receiving() as receiver:
        batch = create(client, asking(), webhook_url=receiver.url)
        assert batch["webhook_url"] == receiver.url
        emulator.advance(0.9)
        assert receiver.got == []
        emulator.advance(1)
        emulator.advance(48 * 3_600)
        assert len(receiver.got) == 1
        event = json.loads(receiver.got[0][1])
        assert event["type"] == "batch.completed"
        assert event["data"] == client.get(f"/batch/{batch['id']}").json()


@pytest.mark.claim("AE-BATCH-WEBHOOK")
def test_a_cancelled_batch_calls_nobody_back(emulator: Emulated) -> None:
    client = caller(emulator)
    with receiving() as receiver:
        batch = create(client, asking(), webhook_url=receiver.url)
        client.delete(f"/batch/{batch['id']}/cancel")
        emulator.advance(60)
        assert receiver.got == []


@pytest.mark.claim("AE-WEBHOOK-SIGNED")
def test_the_call_back_is_signed_and_tried_again_until_it_is_taken(emulator: Emulated) -> None:
    with receiving(500, 503) as receiver:
        create(caller(emulator), asking(), webhook_url=receiver.url)
        for seconds, tries in ((2, 1), (5, 2), (290, 2), (20, 3), (86_400, 3)):
            emulator.advance(seconds)
            assert len(receiver.got) == tries
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
        for headers, body in receiver.got:
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            key = base64.b64decode(SECRET.removeprefix("whsec_"))
            digest = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
            assert f"v1,{digest}" in headers["webhook-signature"].split()
        times = [int(headers["webhook-timestamp"]) for headers, _ in receiver.got]
        assert [after - before for before, after in pairwise(times)] == [5, 300]
        attempts = emulator.app.state.sender.attempts(receiver.got[0][0]["webhook-id"])
        assert [(attempt.status, attempt.headers["webhook-signature"]) for attempt in attempts] == [
            (status, headers["webhook-signature"])
            for status, (headers, _) in zip((500, 503, 200), receiver.got, strict=True)
        ]
