"""The codec: what collections hold survives the way through JSON."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ConfigError
from emulator.jobs.job import Job, RowOutcome, Rows
from emulator.language.document.durations import Duration
from emulator.playbook.timeline import Timeline
from emulator.store.codec import Codec, from_json, size_of, to_json

LINE = Timeline(("queued", "done"), (Duration(0.0), Duration(1.0, 0.01)))
CODEC = Codec({"jobs": Job})
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(blacklist_categories=["Cs"])), inner),
    max_leaves=20,
)


def through_json(collection: str, value: Any) -> Any:
    return CODEC.load_value(collection, json.loads(json.dumps(to_json(value), allow_nan=False)))


@given(VALUES)
def test_every_json_value_comes_back_as_it_was(value: Any) -> None:
    assert through_json("records/api/things", value) == value


@pytest.mark.parametrize(("value", "back"), [((1, (2,)), [1, [2]]), ({1: {2: 3}}, {"1": {"2": 3}})])
def test_other_values_come_back_as_json_says_them(value: Any, back: Any) -> None:
    assert through_json("records/api/things", value) == back


def test_a_job_comes_back_with_its_rows_and_shows_the_same() -> None:
    rows = Rows([RowOutcome(True, b'{"a":1}', {"tokens": 3}), RowOutcome(False, b"\xff", {})])
    job = Job("j1", "batch", "ws", 100.0, 2, LINE, LINE, {"note": "é"}, None, rows, forced=("failed", 300.0))
    again = through_json("jobs/api/batch", job)
    for at in (100.0, 101.015, 200.0, 300.0):
        view, before = again.view(at), job.view(at)
        assert list(view.pop("rows")) == list(before.pop("rows"))
        assert view == before


@pytest.mark.parametrize(
    "value",
    [{"deep": [1j]}, 2**64, [-(2**63) - 1], orjson.Fragment(b"{}"), object()],
    ids=lambda value: str(value)[:9],
)
def test_a_value_that_json_can_not_say_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="the state can't be saved: "):
        to_json(value)


def test_nothing_is_shared_with_what_was_dumped() -> None:
    value: Any = {"turns": [1]}
    dumped = to_json(value)
    value["turns"].append(2)
    assert dumped == {"turns": [1]}
    read: Any = from_json(dumped, dict[str, Any])
    read["turns"].append(3)
    assert dumped == {"turns": [1]}


@pytest.mark.parametrize(
    "damaged", [5, {}, {"id": "x"}, {**to_json(Job("j", "k", "w", 0.0, 1, LINE, LINE, {})), "rows": [5]}]
)
def test_what_is_no_job_is_refused(damaged: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        CODEC.load_value("jobs/api/batch", damaged)


def test_data_nested_beyond_what_json_readers_take_is_refused() -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(ConfigError):
        from_json(deep, list[Any])


@pytest.mark.parametrize(("value", "size"), [({"a": [1, "é"]}, 14), (None, 4), (object(), 0), ({"a": float}, 0)])
def test_the_size_of_a_value_is_that_of_its_json(value: Any, size: int) -> None:
    assert size_of(value) == size
