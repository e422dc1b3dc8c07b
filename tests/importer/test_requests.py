"""What an operation takes: parameters and bodies."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.importer.conftest import Imports, operation

OK = "responses: {}\n"


def parameters(*texts: str) -> str:
    return f"parameters: [{', '.join(texts)}]\n{OK}"


def test_the_query_is_checked_by_the_schemas_of_its_parameters(imports: Imports) -> None:
    text = parameters(
        "{name: limit, in: query, schema: {type: integer, maximum: 9}}",
        "{name: kind, in: query, required: true, schema: {enum: [cat]}}",
    )
    client = imports.client(operation(text))
    assert client.get("/pets?kind=cat&limit=9&more=1").status_code == 200
    for query in ("", "?kind=dog", "?kind=cat&limit=10", "?kind=cat&limit=many"):
        assert client.get(f"/pets{query}").status_code == 400, query


def test_parameters_of_a_path_hold_for_all_its_operations_unless_these_replace_them(imports: Imports) -> None:
    text = operation(parameters("{name: a, in: query, schema: {const: own}}"))
    shared = "parameters: [{name: a, in: query, schema: {}}, {name: b, in: query, schema: {}}]"
    found = imports.only(text.replace("    get:", f"    {shared}\n    get:"))
    assert found["query"]["properties"] == {"a": {"const": "own"}, "b": {}}


def test_the_text_in_a_path_is_of_the_type_that_is_named(imports: Imports) -> None:
    text = parameters(
        "{name: pet-id, in: path, required: true, schema: {type: integer}, example: 7}",
        "{name: kind, in: path, required: true, schema: {type: string, enum: [cat, dog]}}",
    )
    client = imports.client(operation(text, path="/pets/{pet-id}/{kind}"))
    assert client.get("/pets/7/dog").status_code == 200
    assert client.get("/pets/x/dog").json()["error"]["message"] == "pet_id: must be of type integer"
    assert client.get("/pets/7/cow").json()["error"]["message"] == "kind: must be one of: cat, dog"


def test_a_type_that_is_none_is_refused(imports: Imports) -> None:
    text = "parameters: [{name: id, in: path, required: true, schema: {«type: [{}]}}]\n" + OK
    (message,) = imports.refused(operation(text, path="/pets/{id}"))
    assert message.startswith("not a JSON Schema: ")


def test_a_header_that_is_required_is_asked_for(imports: Imports) -> None:
    client = imports.client(
        operation(parameters("{name: X-Trace, in: header, required: true, schema: {type: string}}"))
    )
    assert client.get("/pets", headers={"X-Trace": "1"}).status_code == 200
    assert client.get("/pets").json()["error"]["message"] == "X-Trace is required"


@pytest.mark.parametrize(
    ("parameter", "note"),
    [
        ("{name: a, in: cookie, schema: {}}", "parameters in cookies are not looked at"),
        ("{name: a, in: query, style: deepObject, schema: {}}", "a query parameter that holds an object"),
        ("{name: a, in: query, content: {application/json: {}}}", "a query parameter that holds an object"),
        ("{name: a, in: query, explode: false, schema: {type: array}}", "a list that stands in one query parameter"),
    ],
)
def test_parameters_that_can_not_be_looked_at_are_noted(parameter: str, note: str, imports: Imports) -> None:
    imports.only(operation(parameters(parameter)))
    assert [each[: len(note)] for each in imports.notes] == [note]


def test_a_parameter_that_stands_nowhere_is_refused(imports: Imports) -> None:
    (message,) = imports.refused(operation("parameters:\n  - «{name: a, in: body}\n" + OK))
    assert message == "expected a parameter with `in`: path, query, header or cookie"


@pytest.mark.parametrize(
    ("content", "kept", "notes"),
    [
        ("application/json: {schema: {type: object}, example: {a: 1}}", {"request": {"type": "object"}}, []),
        (
            "application/x-www-form-urlencoded: {schema: {properties: {n: {type: integer}, s: {type: string}}}}",
            {"request": {"type": "object", "properties": {"n": {}, "s": {"type": "string"}}}, "accept": ["form"]},
            [],
        ),
        ("application/merge-patch+json: {}", {"request": {}}, []),
        ("multipart/form-data: {}", {}, ["bodies that are multipart/form-data are not looked at"]),
        (
            "application/xml: {}, application/json: {}",
            {"request": {}},
            ["bodies that are application/xml are not taken"],
        ),
    ],
)
def test_bodies_are_json_or_forms(content: str, kept: dict[str, Any], notes: list[str], imports: Imports) -> None:
    text = f"requestBody: {{required: true, content: {{{content}}}}}\n{OK}"
    found = imports.only(operation(text, method="post"))
    assert {key: found[key] for key in ("request", "accept") if key in found} == kept
    assert imports.notes == notes


def test_documented_bodies_are_examples_and_braces_in_them_mean_themselves(imports: Imports) -> None:
    shown = "{one: {value: {a: '{{ b }}'}}, two: {value: {$ref: c}}}"
    text = f"requestBody: {{required: true, content: {{application/json: {{examples: {shown}}}}}}}\n{OK}"
    found = imports.only(operation(text, method="post"))
    assert found["examples"] == [{"body": {"$literal": {"a": "{{ b }}"}}}, {"body": {"$literal": {"$ref": "c"}}}]


def test_an_optional_body_is_noted(imports: Imports) -> None:
    imports.only(operation(f"requestBody: {{content: {{application/json: {{}}}}}}\n{OK}", method="post"))
    assert imports.notes == ["this body is optional; a request without one is refused here"]


def test_a_body_of_which_no_value_ends_can_be_asked_for(imports: Imports) -> None:
    schema = "{$ref: '#/components/schemas/Node'}"
    node = f"{{type: object, required: [next], properties: {{next: {schema}}}}}"
    more = f"components: {{schemas: {{Node: {node}}}}}\n"
    text = f"requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}\n{OK}"
    found = imports.file(operation(text, method="post", more=more))
    assert found["schemas"]["Node"]["required"] == ["next"]
    assert imports.notes == ["each value of this schema holds another one of it, without end; null stands for it"]


@pytest.mark.parametrize("choices", [["{{x}}", "b"], ["${x}", "b"], ["{%x%}", "b"], ["{#x", "a.b", "$literal", "b"]])
def test_choices_in_a_path_mean_themselves(choices: list[str], imports: Imports) -> None:
    schema = f"{{type: string, enum: {json.dumps(choices)}, example: b}}"
    client = imports.client(operation(parameters(f"{{name: n, in: path, schema: {schema}}}"), path="/p/{n}"))
    assert [client.get(f"/p/{quote(each)}").status_code for each in choices] == [200] * len(choices)
    refused = client.get("/p/xb")
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == f"n: must be one of: {', '.join(choices)}"
    assert client.get("/p/axb").status_code == 400


def test_a_parameter_that_the_path_does_not_name_is_refused(imports: Imports) -> None:
    text = "parameters:\n  - {name: id, in: path}\n  - «{name: ids, in: path, schema: {type: integer}}\n" + OK
    (message,) = imports.refused(operation(text, path="/pets/{id}"))
    assert message == "unknown path parameter 'ids'; expected one of: id; did you mean 'id'?"
    (message,) = imports.refused(operation("parameters:\n  - «{name: n, in: path}\n" + OK))
    assert message == "unknown path parameter 'n'; there are none"


@pytest.mark.parametrize("name", ["X.Trace", "X'Trace", "X~{{x}}", '"'])
def test_names_of_headers_mean_themselves(name: str, imports: Imports) -> None:
    quoted = name.replace("'", "''")
    client = imports.client(operation(parameters(f"{{name: '{quoted}', in: header, required: true, schema: {{}}}}")))
    refused = client.get("/pets")
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, f"{name} is required")


def test_a_header_with_a_dot_in_its_name_is_found(imports: Imports) -> None:
    client = imports.client(operation(parameters("{name: X.Trace, in: header, required: true, schema: {}}")))
    assert client.get("/pets", headers={"X.Trace": "1"}).status_code == 200


@pytest.mark.parametrize("schema", ["{enum: ['${x}', '{{y}}']}", "{properties: {'${x}': {default: '${y}'}}}"])
def test_texts_of_a_schema_mean_themselves(schema: str, imports: Imports) -> None:
    text = f"requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}\n{OK}"
    client = imports.client(operation(text, method="post"))
    assert client.post("/pets", json="${x}").status_code == 200
