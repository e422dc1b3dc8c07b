"""Secrets in recordings: whatever form they take, they are masked."""

from __future__ import annotations

import pytest

from emulator.record.masking import Secrets, is_secret

NONE = frozenset[str]()


@pytest.mark.parametrize(
    "names",
    [
        "apiKey api-key API_KEY x-goog-api-key accessToken refresh_token client_secret clientSecret webhookSecret",
        "stripe.api.key aws_secret_access_key password db-password passphrase Authorization credentials signing_key",
    ],
)
def test_a_field_that_is_called_like_a_key_is_secret(names: str) -> None:
    assert [name for name in names.split() if not is_secret(name, NONE)] == []


@pytest.mark.parametrize(
    "names",
    [
        "max_tokens token tokens input_tokens next_page_token pageToken key keys sort_key monkey idempotency_key",
        "stop_sequence signature secretary author metricsByApiKey",
    ],
)
def test_other_fields_are_not(names: str) -> None:
    assert [name for name in names.split() if is_secret(name, NONE, "Hel")] == []


def test_a_field_called_token_is_secret_if_it_holds_one_and_no_piece_of_a_text() -> None:
    assert is_secret("token", NONE, "a1" * 12)
    assert not is_secret("token", NONE, "internationalization-is-long")
    assert not is_secret("token", NONE, 7)


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
    hidden = Secrets()
    name, _, value = line.partition(": ")
    hidden.learn_line(name.lower(), value)
    assert hidden.text(f"say {secret}!") == "say ********!"
    assert hidden.text("there, me, host") == "there, me, host"


def test_a_query_is_looked_into_as_it_is_written_and_as_it_is_meant() -> None:
    hidden = Secrets()
    hidden.learn_query("a=1&key=query%2Fsecret&sig=other%20secret&limit=12345678")
    assert hidden.text("query/secret query%2Fsecret query%2fsecret other secret other+secret 12345678") == (
        "******** ******** ******** ******** ******** 12345678"
    )


def test_a_secret_is_masked_in_texts_keys_and_escaped_forms() -> None:
    hidden = Secrets.of('a"b/c-hidden')
    assert hidden.tree({'a"b/c-hidden': ['x a"b/c-hidden']}, NONE) == {"********": ["x ********"]}
    assert hidden.text('"a\\"b/c-hidden" a%22b%2Fc-hidden') == '"********" ********'


def test_secret_fields_are_masked_whatever_they_hold_and_what_is_masked_already_stays() -> None:
    said = {"pin": 1234, "password": ["x"], "max_tokens": 5, "apiKey": "0a0e********94c1", "api_key": None}
    assert Secrets().tree(said, frozenset({"pin"})) == {
        "pin": "********",
        "password": "********",
        "max_tokens": 5,
        "apiKey": "0a0e********94c1",
        "api_key": None,
    }


def test_of_many_secrets_those_that_a_text_has_are_kept_in_all_their_forms() -> None:
    """A text that is looked through may be written in another way than what is masked then."""
    hidden = Secrets.of("back\\slashed", "another-secret").only('{"a": "back\\\\slashed"}')
    assert list(hidden.known) == ["back\\slashed"]
    assert hidden.text("back\\slashed") == "********"


def test_what_a_secret_field_held_is_masked_elsewhere() -> None:
    hidden = Secrets()
    hidden.learn("https://x/?sig=in-a-url-too&x=1", NONE)
    assert hidden.text("in-a-url-too") == "********"
    hidden.learn([{"deep": {"pin": ["long enough"], "secret": {"a": "also enough"}}}], frozenset({"pin"}))
    assert hidden.text("long enough, also enough") == "********, ********"


def test_a_body_without_secrets_keeps_its_bytes() -> None:
    assert Secrets().body('{ "a": 1 }', NONE) == '{ "a": 1 }'
    assert Secrets().body('{ "password": "x" }', NONE) == '{"password":"********"}'
