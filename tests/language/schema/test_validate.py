"""What pydantic finds is told in plain words, at the right place, once."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, ValidationError, field_validator

from emulator.errors import DocumentError
from emulator.language.document.reader import parse
from emulator.language.schema.api import Claims, Duration, Model, Name, UnknownKeysModel
from emulator.language.schema.scenario import ApiFile, ScenarioFile
from emulator.language.schema.validate import _PATTERNS, validate


class Sample(Model):
    who: UnknownKeysModel | Literal["refuse"] | None = None
    on: list[str] | str | None = None
    times: dict[Name, dict[Name, Duration]] = Field({})
    parts: dict[Name, UnknownKeysModel | None] = Field({})
    share: float = Field(0.5, gt=0, lt=1)
    count: int = Field(1, ge=1, le=9)
    grade: Literal["good", "bad"] = Field("good", alias="class")
    free: Any = None
    flag: bool = False
    names: Claims = Field([])
    only: Literal["this"] = "this"
    even: int = 2
    short: str = Field("", max_length=2)
    mixed: list[int] | dict[str, int] | None = None

    @field_validator("even")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("expected an even number")
        return value


class Rows(RootModel[list[UnknownKeysModel]]):
    pass


def complaints_of(text: str, model: type[BaseModel] = Sample) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        validate(parse(text, "x.yaml"), model)
    return [str(complaint).removeprefix("x.yaml:") for complaint in caught.value.diagnostics]


def test_a_right_document_becomes_its_model() -> None:
    sample = validate(parse("who: {tier: pro, workspace: '{{ key }}'}\ncount: 3\nclass: bad", "x.yaml"), Sample)
    assert isinstance(sample.who, UnknownKeysModel)
    assert (sample.who.tier, sample.count, sample.grade) == ("pro", 3, "bad")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\ncout: 3", "2:1: unknown key 'cout'; expected one of: who, on, times, parts, share, count, class, "),
        ("flag: no", "1:7: expected true or false; found the text 'no'; did you mean false?"),
        ("flag: 'On'", "1:7: expected true or false; found the text 'On'; did you mean true?"),
        ("flag: maybe", "1:7: expected true or false; found the text 'maybe'"),
        ("count: '3'", "1:8: expected a whole number; found the text '3'"),
        ("count: 1.5", "1:8: expected a whole number; found the number 1.5"),
        ("count: true", "1:8: expected a whole number; found true"),
        ("count: 0", "1:8: expected 1 or more; found the number 0"),
        ("count: 10", "1:8: expected 9 or less; found the number 10"),
        ("share: 0", "1:8: expected more than 0; found the number 0"),
        ("share: 1", "1:8: expected less than 1; found the number 1"),
        ("share:", "1:7: expected a number; found nothing"),
        ("class: god", "1:8: expected 'good' or 'bad'; found the text 'god'; did you mean 'good'?"),
        ("only: other", "1:7: expected 'this'; found the text 'other'"),
        ("names: x", "1:8: expected a list; found the text 'x'"),
        ("names: [a, 5, b]", "1:12: expected text; found the number 5; write it in quotes"),
        ("names: [[a]]", "1:9: expected text; found a list"),
        ("names: {a: b}", "1:8: expected a list; found a mapping"),
        ("times: []", "1:8: expected a mapping; found a list"),
        (
            "times: {a: {b: 5 sec}}",
            "1:16: expected a duration such as '340ms', '15d' or '1s + 10ms each'; found the text",
        ),
        (
            "times: {a: {b c: 5s}}",
            "1:13: expected a name: a letter or '_', then letters, digits, '_', '.' or '-'; found",
        ),
        ("times: {a b: {}}", "1:9: expected a name: "),
        ("times: {'[key]': {}}", "1:9: expected a name: "),
        ("times: {a: {'[key]': 5s}}", "1:13: expected a name: "),
        ("even: 3", "1:7: expected an even number"),
        ("short: long", "1:8: string should have at most 2 characters; found the text 'long'"),
        ("parts: {a: 5}", "1:12: expected a mapping (of tier, workspace, data); found the number 5"),
        ("", "1:1: expected a mapping; found nothing"),
        ("- a", "1:1: expected a mapping; found a list"),
    ],
)
def test_each_mistake_is_told_in_words_at_its_place(text: str, complaint: str) -> None:
    (found,) = complaints_of(text)
    assert found.startswith(complaint)


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        (
            "who: refused",
            ["1:6: expected a mapping (of tier, workspace, data) or 'refuse'; found the text 'refused'; did you"],
        ),
        ("who: []", ["1:6: expected a mapping (of tier, workspace, data) or 'refuse'; found a list"]),
        ("who: 5", ["1:6: expected a mapping (of tier, workspace, data) or 'refuse'; found the number 5"]),
        (
            "who:\n  tier: 3\n  workspac: x",
            [
                "1:1: missing key 'workspace'",
                "2:9: expected text; found the number 3; write it in quotes",
                "3:3: unknown key 'workspac'; expected one of: tier, workspace, data; did you mean 'workspace'?",
            ],
        ),
        (
            "who: {tier: a, workspace: b, UnknownKeys: {tier: 1}}",
            ["1:30: unknown key 'UnknownKeys'; expected one of: tier, workspace, data"],
        ),
        ("on: {a: b}", ["1:5: expected a list or text; found a mapping"]),
        ("on: [a, 2]", ["1:9: expected text; found the number 2; write it in quotes"]),
        ("mixed: [a]", ["1:9: expected a whole number; found the text 'a'"]),
        ("mixed: {a: b}", ["1:12: expected a whole number; found the text 'b'"]),
        ("mixed: 5", ["1:8: expected a list or a mapping; found the number 5"]),
    ],
)
def test_of_alternatives_only_the_one_that_was_meant_complains(text: str, complaints: list[str]) -> None:
    found = complaints_of(text)
    assert len(found) == len(complaints)
    for complaint, beginning in zip(found, complaints, strict=True):
        assert complaint.startswith(beginning)


def test_an_error_in_a_merged_part_stands_where_the_part_was_written() -> None:
    text = "free: &x\n  tier: 5\n  workspace: w\nparts: {a: *x}"
    assert complaints_of(text) == ["2:9: expected text; found the number 5; write it in quotes"]


def test_a_document_that_is_a_list_is_checked_item_by_item() -> None:
    assert complaints_of("- {tier: a, workspace: b}\n- {tier: a}\n- 5", Rows) == [
        "2:3: missing key 'workspace'",
        "3:3: expected a mapping (of tier, workspace, data); found the number 5",
    ]
    assert complaints_of("a: b", Rows) == ["1:1: expected a list; found a mapping"]


BROKEN = """\
api: demo
title: Demo
version: 2.10
errors: {shape: {}, kinds: {invalid: {status: 99}}}
claims: {A: {class: documented}}
unknown_keys: refused
operations:
  messages.create:
    rout: POST /messages
    rules:
      - {wen: {}, reply: {boddy: 1}}
      - 5
  other: {route: get /x, rules: }
"""


def test_an_api_file_is_told_everything_that_is_wrong_with_it_at_once() -> None:
    found = complaints_of(BROKEN, ApiFile)
    assert [complaint.partition("; ")[0] for complaint in found] == [
        "3:10: expected text",
        "4:47: 99 is not a status",
        "5:10: missing key 'says'",
        "6:15: expected a mapping (of tier, workspace, data) or 'refuse'",
        "8:3: missing key 'route'",
        "9:5: unknown key 'rout'",
        "11:10: unknown key 'wen'",
        "11:27: unknown key 'boddy'",
        "12:9: expected a mapping",
        "13:18: expected a method and a path, such as 'POST /messages'",
        "13:33: expected a list",
    ]


def test_the_name_of_an_event_is_asked_for_in_words() -> None:
    text = "scenario: s\nabout: x\nrules: [{reply: {stream: {events: [{event: 'a\n\n  b', data: 1}]}}}]"
    (found,) = complaints_of(text, ScenarioFile)
    assert found == "3:44: expected one line of text; found the text 'a\\nb'"


def patterns(model: type[BaseModel]) -> set[str]:
    """Every regular expression that texts of a model must match."""
    found: set[str] = set()
    left: list[Any] = [model.model_json_schema()]
    while left:
        part = left.pop()
        if isinstance(part, dict) and isinstance(part.get("pattern"), str):
            found.add(part["pattern"])
        left += part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    return found


@pytest.mark.parametrize("model", [ApiFile, ScenarioFile])
def test_no_author_is_shown_a_regular_expression(model: type[BaseModel]) -> None:
    assert patterns(model)
    for pattern in patterns(model):
        assert any(part in pattern for part, _ in _PATTERNS), pattern


def test_a_scenario_may_leave_an_api_as_it_is() -> None:
    scenario = validate(parse("scenario: s\nabout: x\napis: {demo: }", "x.yaml"), ScenarioFile)
    assert scenario.apis == {"demo": None}


_keys = st.sampled_from(
    ["who", "on", "times", "parts", "class", "grade", "mixed", "tier", "workspace", "[key]", "UnknownKeysModel", "a b"]
)
_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 99)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["refuse", "5s", "x"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(_keys, below, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(_keys, _data))
def test_every_refusal_has_a_complaint_and_nothing_else_is_raised(data: dict[str, Any]) -> None:
    document = parse(json.dumps(data), "x.yaml")
    try:
        Sample.model_validate(data, strict=True)
    except ValidationError:
        with pytest.raises(DocumentError, match=r"x\.yaml:1:\d+: \w"):
            validate(document, Sample)
    else:
        validate(document, Sample)
