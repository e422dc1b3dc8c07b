"""The schemas for editors describe every key, list every name, and refuse what loading refuses."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from emulator import app
from emulator import paths as resources
from emulator.check.editor import CONDITION_TEXTS, OPERATOR_TEXTS, editor_schema
from emulator.compile.when import CONDITIONS
from emulator.faults import FAULTS
from emulator.language.document.reader import read
from emulator.playbook.matching import COUNTER_TESTS
from emulator.playbook.operators import OPERATORS

FILES = sorted(resources.scenarios().rglob("*.yaml"))


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    apis = list(app.load(("default",)).apis.values())
    return {kind: editor_schema(kind, apis, ["default", "strict"]) for kind in ("scenario", "api")}


@pytest.mark.finding("F9")
@pytest.mark.parametrize("kind", ["scenario", "api"])
def test_every_key_is_described(schemas: dict[str, Any], kind: str) -> None:
    models = {"": schemas[kind], **schemas[kind]["$defs"]}
    keys = [(name, key, part) for name, model in models.items() for key, part in model.get("properties", {}).items()]
    assert len(keys) > 90
    assert [f"{name}.{key}" for name, key, part in keys if not part.get("description")] == []


@pytest.mark.finding("F9")
def test_operations_faults_operators_errors_switches_and_scenarios_are_listed(schemas: dict[str, Any]) -> None:
    scenario, rule = schemas["scenario"], schemas["scenario"]["$defs"]["RuleModel"]["properties"]
    on = rule["on"]["anyOf"][0]["anyOf"][0]["enum"]
    assert {"messages.create", "aiexport/messages.create", "agents.run"} <= set(on)
    fields = rule["when"]["anyOf"][1]
    assert set(fields["properties"]) == {"expr", "jsonpath", *COUNTER_TESTS, *CONDITIONS} == set(CONDITION_TEXTS)
    assert set(fields["additionalProperties"]["anyOf"][1]["properties"]) == set(OPERATORS) == set(OPERATOR_TEXTS)
    assert set(rule["fault"]["anyOf"][0]["anyOf"][1]["properties"]) == {*FAULTS, *FAULTS.aliases}
    assert "overloaded" in scenario["$defs"]["ReplyModel"]["properties"]["error"]["anyOf"][0]["enum"]
    assert scenario["properties"]["extends"]["anyOf"][0]["enum"] == ["default", "strict"]
    change = scenario["properties"]["apis"]["properties"]["aixplain"]["anyOf"][0]["allOf"][1]["properties"]
    assert change["switches"]["properties"]["unknown_polls"]["enum"] == ["pending", "not_found"]


def test_a_canned_answer_lists_the_operations_that_generate_text(schemas: dict[str, Any]) -> None:
    listed = schemas["scenario"]["$defs"]["CannedAnswerModel"]["properties"]["on"]["anyOf"][0]["anyOf"][0]["enum"]
    assert {"messages.create", "messages.stream", "assets.execute", "aixplain/agents.run"} <= set(listed)
    assert "batch.create" not in listed


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_comes_with_the_emulator_is_right(schemas: dict[str, Any], file: Any) -> None:
    kind = "api" if file.parent.name == "apis" else "scenario"
    jsonschema_rs.validator_for(schemas[kind]).validate(read(file).data)


@pytest.mark.parametrize(
    "change",
    [
        {"rulez": []},
        {"rules": [{"when": {"body.a": {"mathces": "x"}}, "reply": {"body": 1}}]},
        {"rules": [{"fault": "latencie"}]},
        {"rules": [{"fault": {"answer": "fence"}}]},
        {"rules": [{"fault": {"answer": {"kind": "broken_json", "how": "no"}}}]},
        {"rules": [{"fault": [{"latencie": "1s"}]}]},
        {"apis": {"aixplain": {"switches": {"unknown_polls": "pendin"}}}},
    ],
)
def test_a_slip_is_marked(schemas: dict[str, Any], change: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for(schemas["scenario"])
    for fault in ({"cut_after": 3}, {"answer": "fenced"}, {"answer": {"kind": "broken_json", "how": "unquoted"}}):
        assert validator.is_valid({"scenario": "mine", "rules": [{"on": "own.operation", "fault": fault}]})
    assert not validator.is_valid({"scenario": "mine", **change})
