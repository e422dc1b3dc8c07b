"""Which response answers, and which can be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.importer.conftest import Imports, operation


def responses(text: str) -> str:
    return operation(f"responses: {{{text}}}\n")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("'201': {description: a}, '200': {description: b}", 200),
        ("'404': {description: a}, '202': {description: b}", 202),
        ("2XX: {description: a}", 200),
        ("default: {description: a}", 200),
        ("'404': {description: a}", 200),
        ("'302': {description: a}, '404': {description: b}", 302),
        ("", 200),
    ],
)
def test_the_first_success_answers(text: str, status: int, imports: Imports) -> None:
    assert imports.client(responses(text)).get("/pets", follow_redirects=False).status_code == status


@pytest.mark.parametrize(
    ("content", "media", "body"),
    [
        ("application/json: {example: {a: '{{ b }}'}}", "application/json", '{"a":"{{ b }}"}'),
        ("application/json: {example: null}", "application/json", "null"),
        ("application/json: {schema: {type: object}, example: '{\"a\": 1}'}", "application/json", '{"a":1}'),
        ("application/hal+json: {example: [1]}", "application/hal+json", "[1]"),
        ("'*/*': {example: {a: 1}}", "application/json", '{"a":1}'),
        ("text/plain: {example: hello}", "text/plain; charset=utf-8", "hello"),
        ("text/csv: {example: 'a,b'}", "text/csv", "a,b"),
        ("image/png: {schema: {type: string, format: binary}}", "image/png", "text"),
        ("application/xml: {example: <a/>}, application/json: {example: 1}", "application/json", "1"),
        ("text/event-stream: {example: {a: 1}}", "text/event-stream", 'data: {"a":1}\n\n'),
        ('text/event-stream: {example: "data: 1\\n\\n"}', "text/event-stream", "data: 1\n\n"),
    ],
)
def test_an_example_is_sent_as_it_stands(content: str, media: str, body: str, imports: Imports) -> None:
    answer = imports.client(responses(f"'200': {{description: ok, content: {{{content}}}}}")).get("/pets")
    assert (answer.headers["content-type"], answer.text) == (media, body)


def test_others_are_asked_for_by_status_and_by_name(imports: Imports) -> None:
    examples = "{cat: {value: 1}, cat2: {value: 2}, big: {$ref: '#/components/examples/big'}}"
    content = f"content: {{application/json: {{examples: {examples}}}}}"
    text = responses(
        f"'200': {{description: ok, {content}}}, '410': {{description: gone}}, default: {{description: a}}"
    )
    client = imports.client(text + "components: {examples: {big: {value: 3}}}\n")
    asked = {
        each: client.get("/pets", headers={"Prefer": each}) for each in ("x", "example=cat2", "example=big", "code=410")
    }
    assert [(answer.status_code, answer.text) for answer in asked.values()] == [
        (200, "1"),
        (200, "2"),
        (200, "3"),
        (410, ""),
    ]


def test_a_value_without_an_example_is_marked_as_a_guess(imports: Imports) -> None:
    text = responses("'200': {description: ok, content: {application/json: {schema: {type: integer}}}}")
    written = imports.text(text)
    assert "    # a guess, made from the schema: the document has no example\n" in written
    assert imports.only(text)["rules"] == [{"claims": ["DOC-OPERATIONS", "GUESS-VALUES"], "reply": {"body": 1}}]


def test_a_success_that_is_not_documented_is_a_guess_too(imports: Imports) -> None:
    text = responses("'404': {description: none}")
    assert imports.only(text)["rules"][-1] == {"claims": ["DOC-OPERATIONS", "GUESS-VALUES"], "reply": {}}
    assert "# a guess: the document says of no success how it looks\n" in imports.text(text)


@pytest.mark.parametrize(
    ("header", "found", "notes"),
    [
        ("{schema: {type: integer, example: 2}}", {"X-Left": "2"}, []),
        ("{required: true, schema: {type: integer}}", {"X-Left": "1"}, []),
        ("{schema: {type: integer}}", None, ["a header of a response without an example is left out"]),
    ],
)
def test_headers_with_a_value_are_sent(header: str, found: Any, notes: list[str], imports: Imports) -> None:
    (rule,) = imports.only(responses(f"'200': {{description: ok, headers: {{X-Left: {header}}}}}"))["rules"]
    assert rule["reply"].get("headers") == found
    assert imports.notes == notes


def test_statuses_are_numbers_ranges_or_default(imports: Imports) -> None:
    (message,) = imports.refused(operation("responses: {«ok: {}, '100': {}, x-own: {}}\n"))
    assert message == "expected a status such as '200', '4XX' or 'default'; found 'ok'"
    imports.only(responses("'100': {description: a}"))
    assert imports.notes == ["responses with a status below 200 are left out"]


def test_an_example_without_a_value_is_noted(imports: Imports) -> None:
    content = "content: {application/json: {examples: {far: {externalValue: /a}}}}"
    imports.only(responses(f"'200': {{description: ok, {content}}}"))
    assert imports.notes == ["an example without a `value` is left out"]
