"""Masking: no key, token or secret reaches the journal, wherever the client puts it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.http.exchange import Exchange
from emulator.store.masking import (
    MASK,
    MAX_REMEMBERED_HEADS,
    MAX_REMEMBERED_LINES,
    MAX_REMEMBERED_VALUE,
    MaskedLines,
    Masker,
    mask_key,
)
from tests.apis.aiexport_calls import PRO, caller
from tests.apis.aixplain_calls import DEMO, LLM
from tests.running import Emulated
from tests.small import Small

NONE = frozenset[str]()
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
    masker = Masker([b"x-api-key"])
    assert [*masker.mask_headers(sent)] == masked
    assert [*masker.mask_headers(sent * 2)] == masked * 2


@pytest.mark.bound("heads and header lines that are kept masked")
def test_the_header_lines_that_are_remembered_are_bounded_in_number_and_size() -> None:
    lines = MaskedLines({b"x-key"})
    for number in range(3 * MAX_REMEMBERED_LINES):
        assert lines[b"x-id", b"%d" % number] == (b"x-id", b"%d" % number)
    large = (b"x-key", b"k" * (MAX_REMEMBERED_VALUE + 1))
    assert lines[large] == (b"x-key", b"kkkk********kkkk")
    assert large not in lines
    assert len(lines) <= MAX_REMEMBERED_LINES


@pytest.mark.bound("heads and header lines that are kept masked")
def test_of_the_heads_that_are_remembered_masked_the_oldest_goes() -> None:
    masker = Masker([b"x-key"])
    heads = [((b"x-key", b"a-key-of-somebody-%d" % number),) for number in range(MAX_REMEMBERED_HEADS + 1)]
    first = masker.mask_head(heads[0])
    assert masker.mask_head(heads[0]) is first
    for head in heads[1:]:
        masker.mask_head(head)
    assert masker.mask_head(heads[0]) is not first


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
    assert Masker().mask_fields(body.encode(), FIELDS).decode() == shown


def test_without_names_nothing_is_masked() -> None:
    assert Masker().mask_fields(b'{"secret":"x"}', frozenset()) == b'{"secret":"x"}'


def test_what_is_too_deep_to_be_written_again_is_not_kept() -> None:
    body = b'{"a":' * 400 + b'{"secret":["' + SECRET.encode() + b'"]}' + b"}" * 400
    assert SECRET.encode() not in Masker().mask_fields(body, FIELDS)


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
    shown = json.loads(Masker().mask_fields(text, FIELDS))
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
    assert str(difference) == "caller.key: expected 'key-of-bob', found 'a-ke********nows'"
    assert "a-key-that-nobody-knows" not in everything(exchange)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("0a0e5d1b7c9f42b894c1", "0a0e********94c1"),
        ("axp_test_free", "axp_********free"),
        ("abcdefghijk", "********aaa044"),
        ("abcdefghijl", "********dc255e"),
        ("short", "********3b6e85"),
        ("", "********"),
    ],
)
def test_a_masked_key_shows_four_at_each_end_and_a_short_one_a_digest(key: str, shown: str) -> None:
    assert mask_key(key) == shown


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("Authorization: Bearer bearer-secret", "bearer-secret"),
        ("Authorization: Custom-Scheme custom-secret", "custom-secret"),
        ('Authorization: Digest username="me", realm="there", response="digest-secret"', "digest-secret"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=aws-secret, SignedHeaders=host", "aws-secret"),
        ("X-Vault-Token: vault-secret", "vault-secret"),
        ("X-Goog-Api-Key: goog-secret", "goog-secret"),
        ("X-Hub-Signature: hub-secret", "hub-secret"),
        ("Location: https://x/y?api_key=where-secret&b=1", "where-secret"),
        ("Location: https://me:user-secret@x/", "user-secret"),
    ],
)
def test_header_lines_that_are_called_like_credentials_are_and_urls_are_looked_into(line: str, secret: str) -> None:
    masker = Masker(guesses=True)
    name, _, value = line.partition(": ")
    masker.learn_header(name.lower(), value)
    assert masker.mask_text(f"say {secret}!") == "say ********!"
    assert masker.mask_text("there, me, host") == "there, me, host"


def test_a_query_is_looked_into_as_it_is_written_and_as_it_is_meant() -> None:
    masker = Masker(guesses=True)
    masker.learn_query("a=1&key=query%2Fsecret&sig=other%20secret&limit=12345678")
    assert masker.mask_text("query/secret query%2Fsecret query%2fsecret other secret other+secret 12345678") == (
        "******** ******** ******** ******** ******** 12345678"
    )


def test_a_secret_is_masked_in_texts_keys_and_escaped_forms() -> None:
    masker = Masker.of('a"b/c-hidden')
    assert masker.mask_tree({'a"b/c-hidden': ['x a"b/c-hidden']}, NONE) == {"********": ["x ********"]}
    assert masker.mask_text('"a\\"b/c-hidden" a%22b%2Fc-hidden') == '"********" ********'


def test_secret_fields_are_masked_whatever_they_hold_and_what_is_masked_already_stays() -> None:
    said = {"pin": 1234, "password": ["x"], "max_tokens": 5, "apiKey": "0a0e********94c1", "api_key": None}
    assert Masker(guesses=True).mask_tree(said, frozenset({"pin"})) == {
        "pin": "********",
        "password": "********",
        "max_tokens": 5,
        "apiKey": "0a0e********94c1",
        "api_key": None,
    }


def test_of_many_secrets_those_that_a_text_has_are_kept_in_all_their_forms() -> None:
    """A text that is looked through may be written in another way than what is masked then."""
    masker = Masker.of("back\\slashed", "another-secret").only('{"a": "back\\\\slashed"}')
    assert list(masker.known) == ["back\\slashed"]
    assert masker.mask_text("back\\slashed") == "********"


def test_what_a_secret_field_held_is_masked_elsewhere() -> None:
    masker = Masker(guesses=True)
    masker.learn_fields("https://x/?sig=in-a-url-too&x=1", NONE)
    assert masker.mask_text("in-a-url-too") == "********"
    masker.learn_fields([{"deep": {"pin": ["long enough"], "secret": {"a": "also enough"}}}], frozenset({"pin"}))
    assert masker.mask_text("long enough, also enough") == "********, ********"


def test_a_body_without_secrets_keeps_its_bytes() -> None:
    assert Masker(guesses=True).mask_json('{ "a": 1 }', NONE) == '{ "a": 1 }'
    assert Masker(guesses=True).mask_json('{ "password": "x" }', NONE) == '{"password":"********"}'


def test_a_reply_that_repeats_a_secret_in_another_form_is_masked_in_the_journal() -> None:
    secret = 'quoted "and/slashed'
    exchange = Exchange(1, 0.0, "POST", "/", "")
    exchange.body = json.dumps({"secret": secret}).encode()
    exchange.reply_body = f"{json.dumps({'said': secret})} {quote(secret)} \xff".encode("latin-1")
    exchange.error = f"not {secret}"
    Masker().mask_exchange(exchange, FIELDS)
    assert exchange.body == b'{"secret": "********"}'
    assert exchange.reply_body == b'{"said": "' + MASK + b'"} ' + MASK + b" \xff"
    assert exchange.error == "not ********"


def test_a_short_secret_is_masked_only_where_it_is_the_whole_text() -> None:
    masker = Masker()
    masker.learn("pin-7", "p***", short=True)
    masker.learn("pin-8")
    assert [masker.mask_text(text) for text in ("pin-7", "pin-77", "pin-8")] == ["p***", "pin-77", "pin-8"]


def test_what_is_shown_in_place_of_a_secret_is_its_own() -> None:
    masker = Masker([b"x-key"])
    masker.learn_credential(b"x-key", b"0123456789abcdef")
    masker.learn_credential(b"authorization", b"Basic " + base64.b64encode(b"ann:p4ssw0rd-of-ann"))
    assert masker.mask_text("0123456789abcdef") == "0123********cdef"
    assert masker.mask_text("of ann:p4ssw0rd-of-ann, p4ssw0rd-of-ann") == "of ********, ********"


def test_a_guessing_masker_alone_takes_names_for_secret() -> None:
    assert Masker().mask_tree({"password": "x"}, NONE) == {"password": "x"}
    assert Masker(guesses=True).mask_tree({"password": "x"}, NONE) == {"password": "********"}


def test_secrets_nested_as_deep_as_json_can_be_are_learned() -> None:
    deep: object = {"secret": SECRET}
    for _ in range(1_000):
        deep = [deep]
    masker = Masker()
    masker.learn_fields(deep, FIELDS)
    assert masker.mask_text(SECRET) == "********"
