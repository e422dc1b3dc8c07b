"""Secrets in recordings: whatever form they take, they are masked."""

from __future__ import annotations

from emulator.record.secrets import Hidden

NONE = frozenset[str]()


def test_a_secret_is_masked_in_texts_keys_and_escaped_forms() -> None:
    hidden = Hidden({'a"b/c-secret'})
    assert hidden.tree({'a"b/c-secret': ['x a"b/c-secret']}, NONE) == {"********": ["x ********"]}
    assert hidden.text('"a\\"b/c-secret" a%22b%2Fc-secret') == '"********" ********'


def test_secret_fields_are_masked_whatever_they_hold_and_what_is_masked_already_stays() -> None:
    said = {"pin": 1234, "password": ["x"], "max_tokens": 5, "apiKey": "0a0e********94c1", "api_key": None}
    assert Hidden().tree(said, frozenset({"pin"})) == {
        "pin": "********",
        "password": "********",
        "max_tokens": 5,
        "apiKey": "0a0e********94c1",
        "api_key": None,
    }


def test_what_a_secret_field_held_is_masked_elsewhere() -> None:
    hidden = Hidden()
    hidden.learn([{"deep": {"pin": ["long enough"], "secret": {"a": "also enough"}}}], frozenset({"pin"}))
    assert hidden.text("long enough, also enough") == "********, ********"


def test_a_body_without_secrets_keeps_its_bytes() -> None:
    assert Hidden().body('{ "a": 1 }', NONE) == '{ "a": 1 }'
    assert Hidden().body('{ "password": "x" }', NONE) == '{"password":"********"}'
