"""The shape of errors and their kinds, from the documented error responses."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.importer.guess import MAX_VALUES
from tests.importer.conftest import Imports, operation
from tests.importer.test_guess import chain, size

DEFINED = "/paths/~1pets/get/responses/404/content/application~1json/schema"


def errors(imports: Imports, schema: str, more: str = "", media: str = "application/json") -> Any:
    content = f"{{description: no, content: {{{media}: {{schema: {schema}}}}}}}"
    found = imports.file(operation(f"responses: {{'200': {{description: ok}}, '404': {content}{more}}}\n"))
    return found["errors"]


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ("{properties: {message: {type: string}, trace: {type: string}}}", {"message": "{{ error.message }}"}),
        ("{required: [id], properties: {id: {type: string}, error: {type: string}}}", {"id": "text", "error": 0}),
        ("{properties: {error: {properties: {code: {type: integer}}}}}", {"error": {"code": "{{ error.status }}"}}),
        ("{properties: {errors: {type: array, items: {properties: {detail: {type: string}}}}}}", {"errors": [0]}),
        ("{allOf: [{properties: {msg: {type: string}}}]}", {"msg": "{{ error.message }}"}),
        ("{properties: {type: {type: string, format: uri}, title: {type: string}}}", {"title": "{{ error.reason }}"}),
        ("{type: string}", "{{ error.message }}"),
        ("{required: [ok], properties: {ok: {const: false}, msg: {type: string}}}", {"ok": False, "msg": 0}),
    ],
)
def test_fields_hold_what_their_names_say(schema: str, shape: Any, imports: Imports) -> None:
    found = errors(imports, schema)
    assert same(found["shape"], shape), found["shape"]
    assert found["claims"] == ["DOC-ERRORS"]


def same(found: Any, wanted: Any) -> bool:
    """Whether a shape is as wanted; 0 stands for anything with the message in it."""
    if wanted == 0 and wanted is not False:
        return "{{ error.message }}" in str(found)
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict) and found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and all(map(same, found, wanted))
    return bool(found == wanted)


def test_without_a_documented_error_the_shape_is_a_guess(imports: Imports) -> None:
    found = imports.file(operation("responses: {'200': {description: ok}, '418': {description: tea}}\n"))
    assert found["errors"] == {"claims": ["GUESS-ERRORS"], "kinds": {"status_418": {"status": 418}}}
    assert found["claims"]["GUESS-ERRORS"]["class"] == "invented"


def test_the_shape_that_is_guessed_names_the_kind(imports: Imports) -> None:
    answer = imports.client(operation("responses: {}\n")).get("/dogs")
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found")


def test_problems_have_their_media_type(imports: Imports) -> None:
    found = errors(imports, "{properties: {detail: {type: string}}}", media="application/problem+json")
    assert found["headers"] == {"Content-Type": "application/problem+json"}


def test_a_status_with_another_shape_has_it_in_its_kind(imports: Imports) -> None:
    own = "{type: object, properties: {msg: {type: string}}}"
    more = f", '401': {{description: no, content: {{application/json: {{schema: {own}}}}}}}, '500': {{description: no}}"
    found = errors(imports, "{properties: {message: {type: string}}}", more)
    body = {"msg": "{{ error.message }}"}
    assert found["shape"] == {"message": "{{ error.message }}"}
    assert found["kinds"] == {
        "unauthenticated": {"status": 401, "body": body},
        "not_found": {"status": 404},
        "internal": {"status": 500},
        "unknown_key": {"status": 401, "body": body},
        "revoked": {"status": 401, "body": body},
    }


def test_what_is_invalid_is_422_where_the_document_says_so(imports: Imports) -> None:
    text = "parameters: [{name: n, in: query, schema: {type: integer}}]\nresponses: {'422': {description: no}}\n"
    assert imports.client(operation(text)).get("/pets?n=x").status_code == 422


def test_headers_that_the_engine_sends_with_an_error_stay(imports: Imports) -> None:
    text = "responses: {'405': {description: no}, '429': {description: slow}}\n"
    client = imports.client(operation(text))
    answer = client.put("/pets")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(("length", "fields"), [(7, 4), (22, 2), (12, 40)])
def test_the_shape_of_an_error_is_bounded(length: int, fields: int, imports: Imports) -> None:
    found = errors(imports, chain(length, fields, is_required=True).replace("'#/$defs", f"'#{DEFINED}/$defs"))
    assert 100 < size(found["shape"]) <= 2 * MAX_VALUES
    assert any(each.startswith("an error of more than 2,000 parts, or 12 within") for each in imports.notes)


def test_names_of_fields_mean_themselves_in_a_shape(imports: Imports) -> None:
    fields = "{$from: {const: 1}, '{{x}}': {const: 2}, 'a\"{%': {const: 3}, message: {type: string}}"
    schema = f"{{required: [$from, '{{{{x}}}}', 'a\"{{%'], properties: {fields}}}"
    content = f"{{description: no, content: {{application/json: {{schema: {schema}}}}}}}"
    client = imports.client(operation(f"responses: {{'200': {{description: ok}}, '404': {content}}}\n"))
    answer = client.get("/pets", headers={"Prefer": "code=404"}).json()
    assert answer == {"$from": 1, "{{x}}": 2, 'a"{%': 3, "message": "no"}
