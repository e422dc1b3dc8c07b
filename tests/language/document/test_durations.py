"""Durations and latencies: what the texts mean, and how chance draws."""

from __future__ import annotations

import math
from random import Random
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from emulator.errors import DocumentError, Location
from emulator.language.document.durations import Duration, LatencyDistribution, parse_duration, parse_latency
from emulator.language.schema import api as parts

HERE = Location("x.yaml", 3, 7)


def latency(value: Any) -> LatencyDistribution:
    return parse_latency(value, HERE)


@pytest.mark.parametrize(
    ("text", "fixed", "each"),
    [
        ("340ms", 0.34, 0),
        ("1s", 1, 0),
        ("1.5s", 1.5, 0),
        ("5m", 300, 0),
        ("2h", 7200, 0),
        ("15d", 1_296_000, 0),
        (" 2 s ", 2, 0),
        ("1s + 10ms each", 1, 0.01),
        ("10ms each + 1s + 1m", 61, 0.01),
        ("0s", 0, 0),
        ("36500d", 3_153_600_000, 0),
    ],
)
def test_a_duration_is_a_sum_of_terms_with_units(text: str, fixed: float, each: float) -> None:
    duration = parse_duration(text, HERE)
    assert duration.fixed == pytest.approx(fixed)
    assert duration.each == pytest.approx(each)


def test_each_item_adds_its_share() -> None:
    assert Duration(1.0, 0.25).seconds() == 1.0
    assert Duration(1.0, 0.25).seconds(4) == 2.0


@pytest.mark.parametrize(
    "text", ["", "5", "5 sec", "-1s", "1s +", "+ 1s", "1s 2s", "1e3s", "1sech", "٣s", "1s" * 200, 5, None]
)
def test_anything_else_is_refused_at_its_place(text: Any) -> None:
    with pytest.raises(DocumentError, match=r"^x\.yaml:3:7: expected a duration such as '340ms'") as caught:
        parse_duration(text, HERE)
    assert len(str(caught.value)) < 250


@pytest.mark.bound("durations, and the speed of the clock")
def test_a_duration_of_more_than_a_century_is_refused() -> None:
    with pytest.raises(DocumentError, match="expected at most 36500d; found '36501d'"):
        parse_duration("36501d", HERE)
    with pytest.raises(DocumentError, match="expected at most 36500d"):
        parse_duration("9" * 190 + "d each", HERE)


@given(
    st.one_of(
        st.text(), st.from_regex(r"\s*\d+(\.\d+)?\s*(ms|s|m|h|d)(\s+each)?(\s*\+\s*\d+(ms|s))?\s*", fullmatch=True)
    )
)
def test_what_is_accepted_here_is_accepted_by_the_model(text: str) -> None:
    try:
        duration = parse_duration(text, HERE)
    except DocumentError:
        return
    assert 0 <= duration.seconds(3) < math.inf
    TypeAdapter(parts.Duration).validate_python(text)


def test_what_the_model_refuses_is_refused_here() -> None:
    for text in ("5", "5 sec", "1s 2s"):
        with pytest.raises(ValidationError):
            TypeAdapter(parts.Duration).validate_python(text)


def test_a_fixed_latency_is_always_the_same_and_asks_nothing_of_chance() -> None:
    chance = Random(1)
    before = chance.getstate()
    assert latency("340ms").draw(chance) == 0.34
    assert chance.getstate() == before


def test_a_uniform_latency_lies_between_its_two_durations() -> None:
    chance = Random(1)
    drawn = [latency({"uniform": ["100ms", "300ms"]}).draw(chance) for _ in range(2_000)]
    assert 0.1 <= min(drawn) < 0.11 < 0.29 < max(drawn) <= 0.3
    assert median(drawn) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    "parts",
    [
        {"p50": "340ms", "sigma": 0.4, "most": "5s"},
        {"p50": "340ms", "sigma": 1, "most": "500ms"},
        {"p50": "340ms", "sigma": 4, "most": "400ms"},
        {"p50": "2s", "sigma": 0.1, "most": "2.05s"},
        {"p50": "340ms", "sigma": 0.4},
    ],
)
def test_half_of_lognormal_latencies_lie_below_p50_and_none_beyond_most(parts: dict[str, Any]) -> None:
    drawing, chance = latency({"lognormal": parts}), Random(7)
    drawn = [drawing.draw(chance) for _ in range(20_000)]
    p50 = parse_duration(parts["p50"], HERE).fixed
    most = parse_duration(parts.get("most", "1d"), HERE).fixed
    assert sum(seconds < p50 for seconds in drawn) / len(drawn) == pytest.approx(0.5, abs=0.015)
    assert 0 <= min(drawn) < max(drawn) <= most
    assert sum(seconds > most * 0.999999 for seconds in drawn) < 20, "nothing piles up at the end"


def test_the_longest_latencies_are_those_of_drawing_again() -> None:
    drawing, chance = latency({"lognormal": {"p50": "1s", "sigma": 0.5, "most": "20s"}}), Random(3)
    drawn = sorted(drawing.draw(chance) for _ in range(20_000))
    assert drawn[int(0.95 * len(drawn))] == pytest.approx(math.exp(0.5 * 1.6449), rel=0.05)


def test_the_same_chance_gives_the_same_latency() -> None:
    drawing = latency({"lognormal": {"p50": "340ms", "sigma": 0.4}})
    assert [drawing.draw(Random("a")) for _ in range(3)] == [drawing.draw(Random("a"))] * 3


def test_the_ends_of_chance_are_drawn_too() -> None:
    class Least(Random):
        def random(self) -> float:
            return 0.0

    class Most(Random):
        def random(self) -> float:
            return math.nextafter(1.0, 0.0)

    for drawn in ({"p50": "340ms", "sigma": 4}, {"p50": "340ms", "sigma": 4, "most": "400ms"}):
        drawing = latency({"lognormal": drawn})
        assert 0 < drawing.draw(Least()) < 0.34 < drawing.draw(Most()) < math.inf


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (340, "expected a latency: '340ms', {uniform:"),
        ({}, "expected a latency: "),
        ({"normal": {}}, "expected a latency: "),
        ({"uniform": [], "lognormal": {}}, "expected a latency: "),
        ("1s + 10ms each", "a latency has no items, so 'each' can't be used"),
        ("fast", "expected a duration such as '340ms'"),
        ({"uniform": "100ms"}, "expected two durations"),
        ({"uniform": ["100ms"]}, "expected two durations"),
        ({"uniform": ["100ms", 5]}, "expected a duration such as"),
        ({"uniform": ["300ms", "100ms"]}, "expected the longer duration second"),
        ({"lognormal": []}, "expected p50 and sigma"),
        ({"lognormal": {"p50": "1s"}}, "expected p50 and sigma"),
        (
            {"lognormal": {"p50": "1s", "sigma": 1, "max": "5s"}},
            "unknown key 'max' in lognormal; expected one of: p50, sigma, most",
        ),
        ({"lognormal": {"p50": "0s", "sigma": 1}}, "expected a p50 above 0"),
        ({"lognormal": {"p50": "1s", "sigma": 0}}, "expected a sigma above 0, up to 4; found 0"),
        ({"lognormal": {"p50": "1s", "sigma": True}}, "expected a sigma above 0"),
        ({"lognormal": {"p50": "1s", "sigma": math.nan}}, "expected a sigma above 0"),
        ({"lognormal": {"p50": "1s", "sigma": 1, "most": "1s"}}, "expected a most well above p50"),
        ({"lognormal": {"p50": "1s", "sigma": 4, "most": "1001ms"}}, "expected a most well above p50"),
        ({"lognormal": {"p50": "1s", "sigma": 1, "most": 5}}, "expected a duration such as"),
    ],
)
def test_a_wrong_latency_is_refused_at_its_place(value: Any, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        latency(value)
    (complaint,) = caught.value.diagnostics
    assert complaint.place == HERE
    assert message in complaint.message
