"""Who asks: keys in headers and behind schemes, tokens that expire, keys that nobody knows, and what a caller is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.engine.authenticate import MAX_KEY
from tests.apis.aiexport_calls import PRO
from tests.running import Emulated
from tests.small import KEY, Small
from tests.wire import Wire

WHO = """
who:
  route: GET /who
  rules:
    - reply:
        body: {key: "{{ caller.masked }}", of: "{{ caller.workspace }}", name: "{{ caller.name }}",
          tier: "{{ caller.tier }}", data: "{{ caller.data }}", size: "{{ caller.plan.size | default(none) }}"}
open:
  route: GET /open
  auth: false
  rules: [{reply: {body: {known: "{{ caller is defined }}"}}}]
issue:
  route: POST /issue
  rules:
    - do: [{put: tokens, id: token-of-ann, record: {workspace: ann, tier: basic}, ttl: 60s}]
      reply: {body: {}}
revoke:
  route: POST /revoke/{key}
  rules:
    - do: [{update: keys, id: "{{ path.key }}", set: {status: revoked}}]
      reply: {body: {}}
promote:
  route: POST /promote/{key}
  rules:
    - do: [{update: keys, id: "{{ path.key }}", set: {tier: tight}}]
      reply: {body: {}}
"""


def who(emulated: Emulated, **headers: str) -> httpx.Response:
    return emulated.client("small").get(
        "/who", headers={name.replace("_", "-"): each for name, each in headers.items()}
    )


def kind(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json().get("kind")


def test_a_caller_is_what_its_keys_record_says(small: Small) -> None:
    assert who(small(WHO), X_Key="key-of-ann").json() == {
        "key": "********ca6d09",
        "of": "ann",
        "name": "Ann",
        "tier": "basic",
        "data": {"colour": "red"},
        "size": 3,
    }


def test_a_key_that_nobody_knows_has_a_workspace_of_its_own_as_often_as_it_comes(small: Small) -> None:
    emulated = small(WHO)
    first, second, other = (
        who(emulated, X_Key=key).json() for key in ("a-new-key-123", "a-new-key-123", "another-one")
    )
    assert (first["key"], first["tier"], first["name"]) == ("a-ne********-123", "basic", None)
    assert first["of"] == second["of"] != other["of"]
    assert first["of"].startswith("ws-")


def test_unknown_keys_can_be_refused(small: Small) -> None:
    emulated = small(WHO, more="unknown_keys: refuse")
    assert kind(who(emulated, X_Key="somebody")) == (401, "unknown_key")
    assert who(emulated, X_Key="key-of-ann").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X_Key": ""}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}])
def test_without_a_credential_it_is_said_what_was_expected(small: Small, headers: dict[str, str]) -> None:
    answer = who(small(WHO), **headers)
    assert kind(answer) == (401, "unauthenticated")
    assert answer.json()["said"].endswith("expected the header X-Key: … or Authorization: Bearer …")


def test_the_first_credential_that_is_sent_counts(small: Small) -> None:
    emulated = small(WHO)
    assert who(emulated, X_Key="key-of-ann", Authorization="Bearer nobody").status_code == 200
    assert kind(who(emulated, X_Key="key-that-was-revoked", Authorization="Bearer nobody")) == (403, "revoked")
    assert kind(who(emulated, Authorization="bearer nobody")) == (401, "unknown_key")


def test_a_token_is_good_until_it_expires(small: Small) -> None:
    emulated = small(WHO)
    emulated.client("small", headers=KEY).post("/issue")
    assert who(emulated, Authorization="bEaReR  token-of-ann").json()["of"] == "ann"
    emulated.advance(59)
    assert who(emulated, Authorization="Bearer token-of-ann").status_code == 200
    emulated.advance(1)
    assert kind(who(emulated, Authorization="Bearer token-of-ann")) == (401, "unknown_key")


def test_what_becomes_of_a_key_counts_from_the_next_request_on(small: Small) -> None:
    emulated = small(WHO)
    client = emulated.client("small", headers=KEY)
    assert who(emulated, X_Key="key-of-bob").json()["tier"] == "basic"
    client.post("/promote/key-of-bob")
    assert who(emulated, X_Key="key-of-bob").json()["tier"] == "tight"
    client.post("/revoke/key-of-bob")
    assert kind(who(emulated, X_Key="key-of-bob")) == (403, "revoked")


def test_an_open_operation_knows_no_caller_even_when_a_key_is_sent(small: Small) -> None:
    emulated = small(WHO)
    for headers in ({}, KEY, {"X-Key": "key-that-was-revoked"}):
        assert emulated.client("small").get("/open", headers=headers).json() == {"known": False}


@pytest.mark.bound("key, token or client id")
@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("schlüssel-für-alles".encode(), 200),  # bytes of UTF-8, all printable as Latin-1: a key like another
        (b"\xe9" * 12, 200),
        (b"\xff\x80key", 401),
        (b"a\tb", 401),
        (b"k" * MAX_KEY, 200),
        (b"k" * (MAX_KEY + 1), 401),
        (b"  padded  ", 200),
    ],
)
def test_a_key_of_any_bytes_is_a_key_or_is_refused(emulator: Emulated, key: bytes, status: int) -> None:
    with Wire(emulator.running.port) as wire:
        answer = wire.ask("GET", "/v2/models?limit=1", [("x-api-key", key)])
    assert answer.status == status
    if status == 401:
        assert answer.json()["error"]["type"] == "authentication_error"
    (exchange,) = emulator.exchanges(1)
    assert key.strip() not in dict(exchange.headers)[b"x-api-key"]


@pytest.mark.one_worker("it looks into one process")
@pytest.mark.bound("callers that are kept, as they come again")
def test_very_many_keys_are_not_all_remembered(emulator: Emulated) -> None:
    service = emulator.app.pipeline.services["aiexport"]
    client = emulator.client("aiexport")
    for number in range(30):
        client.get("/models?limit=1", headers={"X-API-Key": f"a-key-of-somebody-{number}"})
    assert len(service.callers) == 30
    service.callers.update({f"other-{number}": service.callers["a-key-of-somebody-0"] for number in range(10_000)})
    assert client.get("/models", headers={"X-API-Key": PRO}).status_code == 200
    assert len(service.callers) == 1
