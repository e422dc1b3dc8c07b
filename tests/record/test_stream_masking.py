"""Secrets in streams: also one that comes in pieces is masked, and all else stays."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.record.events import StreamEvent
from emulator.record.stream_masking import mask_events
from emulator.store.masking import Masker

NONE = frozenset[str]()
SECRET = "sk-0123456789"


def told(*data: str) -> list[str]:
    events = [StreamEvent(0.0, "delta", None, each) for each in data]
    return [event.data for event in mask_events(events, Masker.of(SECRET), NONE)]


def test_what_an_event_holds_alone_is_masked_its_name_and_id_too() -> None:
    (event,) = mask_events([StreamEvent(0.0, f"a {SECRET}", SECRET, f"data {SECRET}")], Masker.of(SECRET), NONE)
    assert (event.name, event.id, event.data) == ("a ********", "********", "data ********")


def test_a_secret_in_pieces_is_masked_where_it_starts_and_removed_where_it_continues() -> None:
    assert told("my sk-", "01234", "56789 is", " it") == ["my ********", "", " is", " it"]
    pieces = ["sk-0", "12345", "6789"]
    written = told(*(json.dumps({"delta": {"text": piece}, "index": 0}) for piece in pieces))
    assert [json.loads(each) for each in written] == [
        {"delta": {"text": text}, "index": 0} for text in ("********", "", "")
    ]


def test_pieces_of_other_fields_do_not_hide_it() -> None:
    written = told('{"a":"sk-01234","b":"x"}', '{"b":"y"}', '{"a":"56789"}')
    assert written == ['{"a":"********","b":"x"}', '{"b":"y"}', '{"a":""}']


def test_events_without_a_secret_keep_their_bytes() -> None:
    data = ['{ "a": "sk-" }', "x", '"y"', "7"]
    assert told(*data) == data


@pytest.mark.parametrize("wrap", [False, True])
@given(st.text("sk-0123456789 ", max_size=20), st.lists(st.integers(0, 60), max_size=6))
def test_however_it_is_cut_nothing_of_it_is_left_when_put_together(wrap: bool, before: str, cuts: list[int]) -> None:
    whole = f"{before}{SECRET}{SECRET} end"
    at = [0, *sorted({min(cut, len(whole)) for cut in cuts}), len(whole)]
    pieces = [whole[start:stop] for start, stop in pairwise(at)]
    written = told(*(json.dumps({"t": piece}) if wrap else piece for piece in pieces))
    left = "".join(json.loads(each)["t"] if wrap else each for each in written)
    assert SECRET not in left
    assert left.endswith(" end")
    assert left.count("********") in (1, 2)
