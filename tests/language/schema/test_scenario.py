"""The shape of API and scenario files, as a class here and as a JSON Schema for editors."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest
from pydantic import BaseModel, ValidationError

from emulator import paths as resources
from emulator.language.document.reader import read
from emulator.language.schema.api import StepModel, TierModel
from emulator.language.schema.scenario import ApiFile, OverrideModel, ScenarioFile
from tests.library import STORY, Library, api, operation

FILES = [(ScenarioFile, path) for path in sorted(resources.scenarios().glob("*.yaml"))] + [
    (ApiFile, path) for path in sorted(resources.scenarios().glob("apis/*.yaml"))
]


@pytest.mark.parametrize(("model", "path"), FILES, ids=[path.stem for _, path in FILES])
def test_the_json_schema_for_editors_accepts_the_files_that_come_along(model: type[BaseModel], path: Path) -> None:
    validator = jsonschema_rs.validator_for(model.model_json_schema())
    assert [str(error) for error in validator.iter_errors(read(path).data)] == []


@pytest.mark.parametrize(
    "text",
    [
        "about: a\n",
        "scenario: a\nabout: x\nrulez: []\n",
        "scenario: 5 a\nabout: x\n",
        "- a\n",
        "scenario: a\nabout: x\nrules: [{on: {a: 1}}]\n",
    ],
)
def test_the_json_schema_for_editors_refuses_what_loading_refuses(library: Library, text: str) -> None:
    path = library.write("x.yaml", text)
    assert not jsonschema_rs.validator_for(ScenarioFile.model_json_schema()).is_valid(read(path).data)
    with pytest.raises(ValidationError):
        ScenarioFile.model_validate(read(path).data)


def test_a_part_can_not_be_changed_once_it_is_read() -> None:
    tier = TierModel(limits={"calls": "1/minute"})
    with pytest.raises(ValidationError):
        tier.limits = {}


def test_a_step_is_written_with_as_and_an_override_may_be_empty() -> None:
    assert StepModel.model_validate({"put": "things", "as": "thing"}).bind == "thing"
    assert ScenarioFile.model_validate({"scenario": "s", "about": "x", "apis": {"demo": None}}).apis == {"demo": None}
    assert OverrideModel().model_fields_set == set()


def test_unknown_keys_are_refused_wherever_they_stand_with_what_may_be_meant(library: Library) -> None:
    text = api(
        "tiers: {free: {«limit: {calls: 1/minute}}}\n",
        "echo.create:\n  route: POST /echo\n  «rulez: []\n  rules: [{reply: {«boddy: 1}, «wen: {}}]\n",
    )
    assert [message.rpartition("; ")[2] for message in library.refused(api=text)] == [
        "did you mean 'limits'?",
        "did you mean 'rules'?",
        "did you mean 'body'?",
        "did you mean 'when'?",
    ]


def test_wrong_types_are_refused_with_what_was_expected(library: Library) -> None:
    text = operation("auth: «yes\naccept: [«xml]\nrules: «none")
    assert library.refused(api=text) == [
        "expected true or false; found the text 'yes'; did you mean true?",
        "expected 'json', 'form' or 'text'; found the text 'xml'",
        "expected a list; found the text 'none'",
    ]


def test_what_must_be_there_is_missed_at_its_owner(library: Library) -> None:
    assert library.refused(story="«about: x\n", api=api()) == ["missing key 'scenario'"]
    assert library.refused(api=api("operations:\n  «echo.create: {route: POST /echo}\n"), story=STORY) == [
        "missing key 'rules'"
    ]


@pytest.mark.parametrize("base", ["v2", "api.example.com/v2", "'/v2 '"])
def test_a_base_begins_with_a_slash(base: str, library: Library) -> None:
    (message,) = library.refused(api=api(f"base: «{base}\n"))
    assert message.startswith("expected a path such as '/v2', or nothing; found the text ")


def test_an_api_has_at_least_one_operation(library: Library) -> None:
    (message,) = library.refused(api=api("operations: «{}\n"))
    assert "at least 1" in message


@pytest.mark.finding("F11")
def test_the_smallest_scenario_is_its_name_and_what_it_extends(library: Library) -> None:
    library.write("apis/demo.yaml", api())
    library.write("base.yaml", "scenario: base\napis: {demo: }\n")
    library.write("story.yaml", "scenario: story\nextends: base\n")
    assert library.load().scenarios == ("story", "base")
