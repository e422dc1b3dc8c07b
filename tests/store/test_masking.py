"""Redacting: no key, token or secret reaches the journal, wherever the client puts it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.http import Exchange
from emulator.store.masking import HeaderMasker, redact_fields
from tests.apis.aiexport_calls import PRO, caller
from tests.apis.aixplain_calls import DEMO, LLM
from tests.running import Emulated
from tests.small import Small

FIELDS = frozenset({"secret", "apiKey"})
SECRET = "s3cr3t-value-of-the-client"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("x-api-key", "axp_live_0123456789", "axp_********6789"),
        ("x-api-key", "short", "********"),
        ("x-api-key", "elevenchars", "********"),
        ("x-api-key", "", "********"),
        ("authorization", "Bearer axp_oauth_0123456789", "Bearer axp_********6789"),
        ("authorization", "Bearer short", "Bearer ********"),
        ("authorization", "Basic ZGVtby1lbnRlcnByaXNlOmRlbW8tc2VjcmV0", "Basic ********"),
        ("authorization", "axp_live_0123456789", "axp_********6789"),
        ("proxy-authorization", "Digest username=a", "Digest ********"),
        ("cookie", "session=0123456789abcdef", "********"),
        ("set-cookie", "session=0123456789abcdef; Path=/", "********"),
        ("x-auth-token", "axp_live_0123456789", "axp_********6789"),
        ("content-type", "application/json", "application/json"),
    ],
)
def test_headers_that_carry_credentials_are_masked(name: str, value: str, shown: str) -> None:
    sent = [(name.encode(), value.encode()), (b"host", b"x")]
    masked = [(name.encode(), shown.encode()), (b"host", b"x")]
    redactor = HeaderMasker([b"x-api-key"])
    assert [*redactor.headers(sent)] == masked
    assert [*redactor.headers(sent * 2)] == masked * 2


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (f'{{"secret": "{SECRET}", "b": 1}}', '{"secret": "********", "b": 1}'),
        (f'{{"a":[{{"secret" :\n"{SECRET}"}}]}}', '{"a":[{"secret" :\n"********"}]}'),
        (f'{{"secret":"\\"{SECRET}"}}', '{"secret":"********"}'),
        ('{"secret":123456789012}', '{"secret":"********"}'),
        ('{"secret":null}', '{"secret":null}'),
        (f'{{"secret":["{SECRET}"]}}', '{"secret":"********"}'),
        (f'{{"secret":{{"deep":"{SECRET}"}}}}', '{"secret":"********"}'),
        (f'{{"\\u0073ecret":"{SECRET}"}}', '{"secret":"********"}'),
        (f'{{"secret":"{SECRET}', '{"secret":"********"'),
        (f"secret={SECRET}&b=1", "secret=********&b=1"),
        (f"b=1&secret={SECRET}", "b=1&secret=********"),
        (f"b=1&%73ecret={SECRET}&secret=", "b=1&%73ecret=********&secret=********"),
        (f"notsecret={SECRET}", f"notsecret={SECRET}"),
        ('{"notsecret":"x","b":"secret"}', '{"notsecret":"x","b":"secret"}'),
        (f'data: {{"secret":"{SECRET}"}}\n\n', 'data: {"secret":"********"}\n\n'),
        ("", ""),
    ],
)
def test_named_fields_are_masked_in_json_in_forms_and_in_streams(body: str, shown: str) -> None:
    assert redact_fields(body.encode(), FIELDS).decode() == shown


def test_without_names_nothing_is_masked() -> None:
    assert redact_fields(b'{"secret":"x"}', frozenset()) == b'{"secret":"x"}'


def test_what_is_too_deep_to_be_written_again_is_not_kept() -> None:
    body = b'{"a":' * 400 + b'{"secret":["' + SECRET.encode() + b'"]}' + b"}" * 400
    assert SECRET.encode() not in redact_fields(body, FIELDS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text() | st.just(SECRET),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["secret", "x", "y"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON, st.booleans())
def test_a_secret_never_survives_under_its_name_and_the_rest_stays(value: object, compact: bool) -> None:
    body = {"secret": [SECRET, value], "open": SECRET, "apiKey": SECRET}
    text = json.dumps(body, separators=(",", ":") if compact else None).encode()
    shown = json.loads(redact_fields(text, FIELDS))
    assert shown == {"secret": "********", "open": SECRET, "apiKey": "********"}


def everything(exchange: Exchange) -> str:
    return repr(vars(exchange))


def test_keys_never_reach_the_journal(emulator: Emulated) -> None:
    client = emulator.client("aixplain")
    key = "axp_live_" + "k" * 32
    for headers in (
        {"x-api-key": key},
        {"Authorization": f"Token {key}"},
        {"Authorization": f"Bearer {key}"},
        {"Authorization": key},
        {"api-key": key},
        {"Cookie": f"key={key}"},
    ):
        client.post(f"/api/v2/execute/{LLM}", json={"text": "Hi"}, headers=headers)
        client.get("/nowhere", headers=headers)
        client.get("/v2/models", headers=headers)
    for exchange in emulator.exchanges(18):
        assert key not in everything(exchange)


def test_the_key_that_statistics_are_narrowed_to_never_reaches_the_journal(emulator: Emulated) -> None:
    client = emulator.client("aixplain")
    wanted = "aix_live_another_key_of_ours"
    days = {"startDay": "2025-12-31", "endDay": "2026-01-01", "modelId": LLM}
    for filtered in (wanted, [wanted], {"key": wanted}):
        client.post("/sdk/models/stats", json={**days, "apiKey": filtered}, headers={"x-api-key": DEMO})
    client.post(f"/sdk/models/stats?apiKey={wanted}", json=days, headers={"x-api-key": DEMO})
    for exchange in emulator.exchanges(4):
        assert wanted not in everything(exchange)
        assert DEMO not in everything(exchange)


def test_a_clients_secret_and_its_token_never_reach_the_journal(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    credentials = {"client_id": "demo-enterprise", "client_secret": "demo-secret"}
    granted = client.post("/oauth/token", data={"grant_type": "client_credentials", **credentials})
    assert granted.status_code == 200
    encoded = base64.b64encode(b"demo-enterprise:demo-secret").decode()
    headers = {"Authorization": f"Basic {encoded}"}
    again = client.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=headers)
    odd = "grant_type=client_credentials&client%5Fsecret=" + quote("demo-secret")
    client.post("/oauth/token", content=odd, headers={"content-type": "application/x-www-form-urlencoded"})
    client.post("/oauth/token?client_secret=demo-secret", data={"grant_type": "client_credentials"})
    client.get("/models", headers={"Authorization": f"Bearer {granted.json()['access_token']}"})
    secrets = ["demo-secret", encoded, granted.json()["access_token"], again.json()["access_token"]]
    for exchange in emulator.exchanges(5):
        assert not [secret for secret in secrets if secret in everything(exchange)]


def test_a_fresh_key_never_reaches_the_journal(emulator: Emulated) -> None:
    client = caller(emulator, PRO)
    listed = client.get("/keys").json()["data"]
    key = client.post(f"/keys/{listed[0]['id']}/rotate").json()["key"]
    made = emulator.client("aixplain").post("/sdk/api-keys", json={"name": "n"}, headers={"x-api-key": DEMO})
    for exchange in emulator.exchanges(3):
        assert key not in everything(exchange)
        assert made.json()["accessKey"] not in everything(exchange)


def test_a_near_miss_tells_no_key(small: Small) -> None:
    emulator = small("""
      one:
        route: GET /one
        rules: [{when: {caller.key: key-of-bob}, reply: {body: {}}}]
    """)
    answer = emulator.client("small").get("/one", headers={"X-Key": "a-key-that-nobody-knows"})
    assert (answer.status_code, answer.json()["kind"]) == (501, "no_rule")
    (exchange,) = emulator.exchanges(1)
    (difference,) = exchange.near_misses[0].differences
    assert str(difference) == "caller.key: wanted 'key-of-bob', found 'a-ke********nows'"
    assert "a-key-that-nobody-knows" not in everything(exchange)
