"""Plain: what a world holds survives the way through JSON."""

from __future__ import annotations

import json
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.jobs.job import Job, RowOutcome, Rows
from emulator.language.document.durations import Duration
from emulator.playbook.timeline import Timeline
from emulator.worlds.snapshot import decode, encode

LINE = Timeline(("queued", "done"), (Duration(0.0), Duration(1.0, 0.01)))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.just("$int") | st.integers(), inner)
    ),
    max_leaves=20,
)


def through_json(value: Any) -> Any:
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


@given(VALUES)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    assert through_json(value) == value


@pytest.mark.parametrize("value", [2**53, -(2**70), inf, -inf, (1, (2,)), {"$bytes": "x"}, {1: {"a": b"\xff"}}, {}])
def test_what_json_has_no_form_for_comes_back_as_it_was(value: Any) -> None:
    assert through_json(value) == value
    assert type(through_json(value)) is type(value)


def test_a_job_comes_back_with_its_rows_and_shows_the_same() -> None:
    rows = Rows([RowOutcome(True, b'{"a":1}', {"tokens": 3}), RowOutcome(False, b"{}", {})])
    job = Job("j1", "batch", "ws", 100.0, 2, LINE, LINE, {"note": "é"}, None, rows, forced=("failed", inf))
    again = through_json(job)
    for at in (100.0, 101.015, 200.0):
        view, before = again.view(at), job.view(at)
        assert list(view.pop("rows")) == list(before.pop("rows"))
        assert view == before


def test_a_value_that_no_world_holds_is_refused_by_its_class() -> None:
    with pytest.raises(TypeError, match="a set can't be saved"):
        encode({"deep": [{1, 2}]})


@pytest.mark.parametrize("damaged", [{"$nothing": 1}, {"$Job": {"id": "x"}}, {"$int": "ten"}, {"$bytes": "é"}])
def test_what_was_never_written_is_refused(damaged: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        decode(damaged)
