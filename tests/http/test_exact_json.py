"""Exact JSON: a long body is read in turns, each of bounded work, and says the same as in one."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock.turns import at_once
from emulator.errors import ApiError
from emulator.http import exact_json
from emulator.http.exact_json import read_in_turns, read_json

TEXTS = st.text(st.sampled_from('ab,[{}]:"\\\u00e9\U0001f600 1'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXTS,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXTS, inside, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def small_turns(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes turns of so many bytes, and the rest as small in proportion."""

    def made(size: int) -> None:
        monkeypatch.setattr(exact_json, "TURN", size)
        monkeypatch.setattr(exact_json, "VALUES_PER_TURN", size)

    return made


def outcome(read: Callable[[bytes], Any], raw: bytes) -> Any:
    try:
        return read(raw)
    except ApiError as error:
        return error.kind, error.detail, error.param


def in_turns(raw: bytes, most: int = exact_json.MAX_VALUES) -> Any:
    return at_once(read_in_turns(raw, most))


@pytest.mark.finding("A9")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
@given(value=VALUES, escaped=st.booleans(), spaced=st.booleans())
def test_what_is_read_in_turns_is_what_is_read_at_once(size: int, value: Any, escaped: bool, spaced: bool) -> None:
    raw = json.dumps(value, ensure_ascii=escaped, separators=None if spaced else (",", ":")).encode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(exact_json, "TURN", size)
        for most in (3, exact_json.MAX_VALUES):
            patched.setattr(exact_json, "MAX_VALUES", most)
            patched.setattr(exact_json, "LONG_BODY", len(raw))
            assert outcome(partial(in_turns, most=most), raw) == outcome(read_json, raw)


@pytest.mark.finding("A9", "A10")
@pytest.mark.parametrize("size", [1, 5, 18, 19, 20, 1_000])
@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": 1, "b": {"c": "x", "c": "y"}}',
        b'{"a": [1.5, 12345678901234567890123, 2]}',
        b'{"a": "12345678901234567890123", "b": 1234567890123456789.0123456789}',
        b'{"a": "\\u0022\\\\", "b": "\\\\u0022"}',
        b'{"a": "\\u0022", "a": ""}',
        b'{"a": "\xff"}',
        b'{"a": 1',
        b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"a": "' + b"[" * 300 + b'"}',
    ],
)
def test_what_is_refused_at_once_is_refused_in_turns(small_turns: Callable[[int], None], raw: bytes, size: int) -> None:
    expected = outcome(read_json, raw)
    small_turns(size)
    assert outcome(in_turns, raw) == expected


@pytest.mark.bound("long bodies")
@pytest.mark.finding("A9")
@pytest.mark.parametrize(
    "raw",
    [
        json.dumps({"a": "lorem ipsum, " * 8_000}).encode(),
        json.dumps({"a": [{"b": 'x"\\' * 100}] * 250}).encode(),
        json.dumps({"a": [1, 2, 3] * 8_000}).encode(),
    ],
    ids=["one long text", "many texts", "many numbers"],
)
def test_no_turn_looks_at_much(small_turns: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    """Only the parser itself sees more than a turn's bytes at once."""
    small_turns(1_000)

    class Counted(bytes):
        """Bytes that notice how many of them are counted at once."""

        def count(self, mark: Any, start: Any = 0, end: Any = None) -> int:
            assert min(len(self), end or len(self)) - start <= 1_100
            return super().count(mark, start, end)

    monkeypatch.setattr(exact_json, "_parse", json.loads)
    assert sum(1 for _ in read_in_turns(Counted(raw))) >= 6 * len(raw) // 1_000  # five marks, and digits


def test_a_long_name_is_not_repeated_in_whole() -> None:
    name = "x" * 5_000
    twice = outcome(read_json, f'{{"{name}": 1, "{name}": 2}}'.encode())
    assert (len(twice[1]) < 200, len(twice[2])) == (True, 1_000)
    assert len(outcome(read_json, f'{{"{name}": {10**30}}}'.encode())[2]) == 1_000
