"""Answers are shown in columns, without those in which nothing stands."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.cli.tables import answer_lines, table


def test_columns_are_aligned_and_empty_ones_left_out() -> None:
    rows = [{"id": "a", "faults": [], "polls": 0}, {"id": "long", "faults": [], "polls": 12}]
    assert list(table(rows, ["id", "faults", "polls"])) == ["id    polls", "a     0", "long  12"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "yes"),
        (False, "no"),
        (None, "-"),
        (1.5, "1.5"),
        (10_000_000, "10000000"),
        (0.0000042, "0.0000042"),
        (["a", "b"], "a, b"),
        ([{"name": "default", "about": "…"}], "default"),
        ({"status": 503, "page": "nginx"}, "status=503 page=nginx"),
        ({"rpm": {"used": 1, "limit": 10_000_000}}, "rpm 1/10000000"),
        ("\x1b[31mred", "\\x1b[31mred"),
    ],
)
def test_a_value_is_shown_in_one_line(value: Any, shown: str) -> None:
    assert list(table([{"id": "a", "value": value}, {"id": "b", "value": "x"}], ["id", "value"]))[1] == f"a   {shown}"


def test_times_are_shown_in_utc_and_records_as_json() -> None:
    lines = list(answer_lines({"ends_at": 0.5, "record": {"a": [1]}}, "", "ends_at record", ""))
    assert lines == ["ends_at  1970-01-01T00:00:00.500Z", 'record   {"a": [1]}']


def test_a_mapping_of_rows_names_each() -> None:
    answer = {"limits": {"rpm": {"used": 1}}}
    assert list(answer_lines(answer, "limits", "name used", "")) == ["name  used", "rpm   1"]


def test_an_empty_table_is_a_sentence() -> None:
    assert list(answer_lines({"armed": []}, "armed", "id", "no fault is armed")) == ["no fault is armed"]


def test_a_long_cell_is_cut_unless_it_is_the_last() -> None:
    (_, line) = table([{"id": "x" * 200, "text": "y" * 200}], ["id", "text"])
    assert line == f"{'x' * 99}…  {'y' * 200}"
