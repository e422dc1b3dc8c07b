"""A long result becomes one that a model can read: texts end, lists lose items, and it says how to get the rest."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.control.mcp.results import MAX_SIZE, SHORTENED, shorten, size_of

REST = "Ask for fewer."


def test_a_short_result_stays_as_it_is() -> None:
    data = {"exchanges": [{"body": "x" * 1_000}], "total": 1}
    assert shorten(data, REST) is data


def test_long_texts_end_with_how_much_is_missing() -> None:
    data = {"exchanges": [{"number": 1, "body": "é" * 100_000}]}
    found = shorten(data, REST)
    assert found["exchanges"] == [{"number": 1, "body": "é" * 2_000 + "… (98,000 more characters)"}]
    assert found[SHORTENED] == "This result was too long: texts end after 2,000 characters. Ask for fewer."
    assert data == {"exchanges": [{"number": 1, "body": "é" * 100_000}]}


def test_texts_are_cut_further_before_any_item_is_dropped() -> None:
    found = shorten({"items": ["x" * 10_000] * 50}, REST)
    assert {len(each.partition("…")[0]) for each in found["items"]} == {500}
    assert len(found["items"]) == 50


def test_a_list_keeps_its_first_items_or_its_newest() -> None:
    data: dict[str, Any] = {"jobs": [{"number": number, "text": "x" * 90} for number in range(2_000)]}
    first, last = shorten(data, REST), shorten(data, REST, newest=True)
    assert first["jobs"][0]["number"] == 0
    assert last["jobs"][-1]["number"] == 1_999
    count = len(last["jobs"])
    assert 0 < count < 2_000
    assert f"jobs has the last {count:,} of 2,000" in last[SHORTENED]
    assert f"jobs has {len(first['jobs']):,} of 2,000" in first[SHORTENED]
    assert len(data["jobs"]) == 2_000


def test_the_only_item_of_a_list_is_shortened_inside() -> None:
    data = {"exchanges": [{"number": 1, "body": {"rows": [{"id": each, "text": "x" * 80} for each in range(5_000)]}}]}
    found = shorten(data, REST)
    (exchange,) = found["exchanges"]
    assert exchange["number"] == 1
    assert exchange["body"]["rows"][0] == {"id": 0, "text": "x" * 80}
    assert "exchanges[0].body.rows has" in found[SHORTENED]


def test_an_object_with_very_many_keys_is_shortened_too() -> None:
    found = shorten({"record": {f"key {number}": number for number in range(20_000)}}, REST)
    assert size_of(found) < MAX_SIZE + 1_000
    assert "record has" in found[SHORTENED]


def test_long_names_end_as_long_texts_do_and_stay_apart() -> None:
    data = {"exchanges": [{"body": {"n" * 30_000 + str(number): number for number in range(3)}}]}
    found = shorten(data, REST)
    assert size_of(found) < MAX_SIZE
    assert list(found["exchanges"][0]["body"].values()) == [0, 1, 2]
    assert all(name.startswith("n" * 2_000 + "… (28,001 more") for name in found["exchanges"][0]["body"])
    assert found[SHORTENED] == "This result was too long: texts end after 2,000 characters. Ask for fewer."


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=20), inner, max_size=20),
    max_leaves=40,
)


@settings(max_examples=40)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=5), json_values, max_size=5), st.booleans())
def test_whatever_there_is_becomes_short_and_nothing_else_becomes_of_it(data: dict[str, Any], newest: bool) -> None:
    limit = 2_000
    found = shorten(data, REST, newest, limit)
    assert set(found) - {SHORTENED} == set(data)
    if size_of(data) <= limit:
        assert found == data
    else:
        # What is left over are keys, numbers and short texts that no list holds; they are few here.
        assert size_of(found) < limit + 15_000
        assert found[SHORTENED].endswith(REST)
