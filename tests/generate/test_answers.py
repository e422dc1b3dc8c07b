"""Canned answers: which one a prompt finds, and that thousands of them cost about what one costs."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import Any

import pytest

from emulator.compile.answers import compile_answer
from emulator.engine.functions import LANGUAGE
from emulator.errors import Location, TemplateError
from emulator.generate.answers import CannedAnswer, CannedAnswers
from emulator.language.schema.scenario import CannedAnswerModel


def canned(*entries: dict[str, Any]) -> CannedAnswers:
    return CannedAnswers([answer(**entry) for entry in entries])


def answer(**entry: Any) -> CannedAnswer:
    model = CannedAnswerModel.model_validate({"answer": "x", **entry})
    return compile_answer(model, LANGUAGE, lambda path: Location("desk.yaml", 1), (), entry.get("answer", "x"))


def found(answers: CannedAnswers, prompt: str, operation: str = "messages.create") -> str | None:
    match = answers.find(prompt, "demo", operation)
    return None if match is None else match.answer.id


@pytest.mark.parametrize(
    ("entry", "prompts", "others"),
    [
        ({"prompt": "refund"}, ["refund", " Refund?! ", "“refund”", "REFUND"], ["a refund", "refunds", ""]),
        ({"prompt": ["Who are\nyou", "straße"]}, ["who  are you?", "STRASSE"], ["who are", "strasbourg"]),
        ({"contains": "Money Back"}, ["I want my money\n\n back, now", "MONEY BACK"], ["money-back", "moneyback"]),
        ({"contains": ["a b", "c"]}, ["xa by", "C"], ["ab", ""]),
        ({"contains": "refund?"}, ["A refund?"], ["A refund."]),
        ({"matches": r"order (?P<id>\d+)"}, ["ORDER 12", "my\norder 7!"], ["order", "order x"]),
        ({"matches": r"^\d+$"}, ["12"], ["a12"]),
        ({"matches": "(?i)straße|k"}, ["die Straße", "\u212a"], ["strasse"]),
        ({}, ["", "anything"], []),
    ],
)
def test_a_prompt_is_found_whatever_its_case_and_spacing(
    entry: dict[str, Any], prompts: list[str], others: list[str]
) -> None:
    answers = canned(entry)
    assert [found(answers, each) for each in prompts] == ["x"] * len(prompts)
    assert [found(answers, each) for each in others] == [None] * len(others)


def test_the_first_that_fits_is_found_whatever_it_is_found_by() -> None:
    answers = canned(
        {"matches": r"b\d", "answer": "pattern"},
        {"contains": "b", "answer": "part"},
        {"prompt": "ab", "answer": "hidden"},
        {"prompt": "a", "answer": "whole"},
        {"answer": "any"},
        {"contains": "z", "answer": "last"},
    )
    assert [found(answers, each) for each in ("b1", "ab", "a", "z")] == ["pattern", "part", "whole", "any"]


def test_on_names_operations_as_rules_do() -> None:
    answers = canned({"on": ["messages.*", "other/runs.start"], "answer": "some"}, {"answer": "rest"})
    assert [found(answers, "hi", each) for each in ("messages.create", "runs.start")] == ["some", "rest"]
    match = answers.find("hi", "other", "runs.start")
    assert match is not None
    assert match.answer.id == "some"


def test_groups_are_those_of_the_prompt_as_it_was_written() -> None:
    match = canned({"matches": r"order (?P<id>\w+)"}).find("My  Order\nABc, please", "demo", "any")
    assert match is not None
    assert match.match is not None
    assert match.match["id"] == "ABc"


def test_a_pattern_that_takes_long_is_an_error_with_its_place() -> None:
    with pytest.raises(TemplateError, match="took longer than"):
        canned({"matches": "(a+)+(b+)+$"}).find("a" * 5_000 + "c", "demo", "any")


def test_of_many_answers_only_those_are_looked_at_that_may_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    concerns = CannedAnswer.concerns

    def counted(self: CannedAnswer, api: str, operation: str) -> bool:
        looked.append(self.id)
        return concerns(self, api, operation)

    monkeypatch.setattr(CannedAnswer, "concerns", counted)
    many: list[dict[str, Any]] = []
    for number in range(3_000):
        many.append({"prompt": f"question {number}", "answer": f"whole {number}"})
        many.append({"contains": f"subject<{number}>", "answer": f"part {number}"})
        many.append({"matches": rf"case #{number}: (?P<rest>\w+)", "answer": f"pattern {number}"})
    answers = canned(*many)
    assert found(answers, "Question 2999?") == "whole 2999"
    assert found(answers, "about subject<1500>.") == "part 1500"
    assert found(answers, "case #777: lost") == "pattern 777"
    assert found(answers, "nothing of it") is None
    assert len(looked) <= 10


def test_on_is_a_pattern_of_whole_names() -> None:
    assert answer(on="messages.*").on == re.compile(translate("messages.*"))
