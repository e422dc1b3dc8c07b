"""Parameters and bodies are as the API file has them, with what they rest on."""

from __future__ import annotations

from emulator.language.schema.api import CallModel
from emulator.language.schema.scenario import OperationModel, RuleModel
from emulator.openapi.requests import body, parameters
from emulator.playbook.model import ClaimPlan

CLAIMS = {"A-1": ClaimPlan("documented", "One.")}
PART = OperationModel(
    route="POST /words/{id}",
    query={"required": ["limit"], "properties": {"limit": {"type": "integer", "claims": ["A-1"]}}},
    request={"required": ["text"], "properties": {"text": {"type": "string"}}},
    accept=["json", "text"],
    examples=[CallModel(path={"id": "w1"}, body={"text": "a"}), CallModel(body={"text": "{{ now }}"})],
    rules=[RuleModel()],
)


def test_parameters_stand_in_the_path_and_in_the_query() -> None:
    assert parameters(PART, "/words/{id:path}", CLAIMS) == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "example": "w1"},
        {
            "name": "limit",
            "in": "query",
            "required": True,
            "schema": {"type": "integer"},
            "x-emulator-claims": ["A-1"],
            "x-emulator-provenance": "documented",
        },
    ]


def test_a_body_has_its_documented_requests_as_examples_but_not_those_of_the_moment() -> None:
    found = body(PART, CLAIMS)
    assert found is not None
    assert found["required"] is True
    assert found["content"]["application/json"]["examples"] == {"example1": {"value": {"text": "a"}}}
    assert found["content"]["text/plain"] == {"schema": {"type": "string"}}


def test_an_operation_without_a_body_has_none() -> None:
    assert body(OperationModel(route="GET /words", rules=[RuleModel()]), CLAIMS) is None
