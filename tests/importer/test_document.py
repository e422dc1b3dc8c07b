"""What a document is, where it is served, and which of its operations can't be imported."""

from __future__ import annotations

import pytest

from tests.importer.conftest import Imports, operation

OK = "responses: {'200': {description: ok}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("«- a\n", "this is no OpenAPI document; expected a mapping with `openapi: 3.1.0`"),
        ("«swagger: '2.0'\n", "this is Swagger 2.0, not OpenAPI 3; convert it first: npx swagger2openapi"),
        ("«asyncapi: 3.0.0\n", "this is no OpenAPI document: found 'asyncapi' instead; expected"),
        ("«info: {}\n", "this is no OpenAPI document: there is no key `openapi`; expected"),
        ("«openapi: 4.0.0\n", "this is OpenAPI 4.0.0; expected 3.0 or 3.1"),
        ("«openapi: 3.1.0\n", "there is no operation in it; expected `paths` with at least one"),
        ("openapi: 3.1.0\npaths: «[\n", "expected"),
    ],
)
def test_what_is_no_openapi_is_refused(text: str, said: str, imports: Imports) -> None:
    if text.endswith("[\n"):
        with pytest.raises(AssertionError, match="expected a value here"):
            imports.refused(text)
        return
    (message,) = imports.refused(text)
    assert message.startswith(said)


@pytest.mark.parametrize(
    ("servers", "base", "hosts"),
    [
        ("", "", []),
        ("servers: [{url: /v2/}]\n", "/v2", []),
        ("servers: [{url: 'https://api.shop.example/v2'}, {url: 'https://eu.shop.example/v2'}]\n", "/v2", 2),
        ("servers: [{url: 'http://localhost:3000/api'}, {url: 'http://192.0.2.1/api'}]\n", "/api", []),
        ("servers: [{url: 'https://{at}.example/{v}', variables: {at: {default: eu}, v: {default: v1}}}]\n", "/v1", 1),
        ("servers: [{url: v1}]\n", "/v1", []),
        ("servers: [{url: ./v1/}]\n", "/v1", []),
        ("servers: [{url: ../v1.0}]\n", "/v1.0", []),
        ("servers: [{url: .}]\n", "", []),
        ("servers: [{url: '{v}', variables: {v: {default: v1}}}]\n", "/v1", []),
    ],
)
def test_paths_begin_with_the_base_of_the_first_server(
    servers: str, base: str, hosts: int | list[str], imports: Imports
) -> None:
    found = imports.file(operation(OK, more=servers))
    assert found["base"] == base
    assert len(found.get("hosts", [])) == (hosts or 0)
    assert imports.notes == []


def test_servers_with_another_base_are_noted(imports: Imports) -> None:
    imports.file(operation(OK, more="servers: [{url: /v1}, {url: /v2}]\n"))
    assert imports.notes == ["paths begin with '/v1', that of the first server, and with no other"]


@pytest.mark.parametrize("url", ["api.example.com/v1", "api.example.com:8080/v1", "localhost:3000", "{scheme}://a/v1"])
def test_a_server_that_is_neither_a_url_nor_a_path_is_refused(url: str, imports: Imports) -> None:
    (message,) = imports.refused(operation(OK, more=f"servers: [{{url: /}}, {{«url: '{url}'}}]\n"))
    assert message == f"expected a URL such as https://api.example.com/v1, or a path; found {url!r}"


def test_an_info_that_is_no_mapping_is_refused(imports: Imports) -> None:
    text = operation(OK).replace("info: {title: Shop, version: '1'}", "«info: [Shop]")
    assert imports.refused(text) == ["expected a mapping; found a list"]


def test_an_operation_is_called_as_its_id_says_or_as_its_path(imports: Imports) -> None:
    text = (
        operation(OK + "operationId: List all pets!\n")
        + "    post: {responses: {}}\n  /9/{id}:\n    get: {responses: {}}\n"
    )
    assert [*imports.file(text)["operations"]] == ["List_all_pets", "post_pets", "get_9_id"]


def test_operations_stand_in_the_order_of_the_document_with_their_lines(imports: Imports) -> None:
    text = operation(OK + "operationId: b\n") + "  /a: {get: {operationId: a, responses: {}}}\n"
    written = imports.text(text)
    assert "\n  # shop.openapi.yaml:5\n  b:\n    route: GET /pets\n" in written
    assert written.index("\n  b:\n") < written.index("\n  a:\n")


def test_an_id_and_a_path_stand_for_one_operation(imports: Imports) -> None:
    text = operation(OK + "operationId: a\n", path="/pets/{id}")
    more = "  /pets/{name}:\n    «get: {«operationId: a, responses: {}}\n"
    messages = imports.refused(text + more)
    assert messages[0].startswith("GET /pets/{name} stands at ")
    assert messages[0].endswith(".yaml:5:5 already, with other names")
    assert messages[1].startswith("duplicate operationId 'a'; it stands at ")


@pytest.mark.parametrize("path", ["pets", "'/pets?kind=cat'", "/pets/{id", "'/a b'"])
def test_a_path_that_nobody_could_request_is_refused(path: str, imports: Imports) -> None:
    text = operation(OK) + f"  «{path}: {{get: {{responses: {{}}}}}}\n"
    assert imports.refused(text)[0].startswith("expected a path such as '/pets/{id}'; found ")


def test_paths_of_the_emulators_own_are_refused(imports: Imports) -> None:
    text = operation(OK) + "  «/_emulator/pets: {get: {responses: {}}}\n"
    assert imports.refused(text) == ["paths below /_emulator/ belong to the emulator"]


def test_what_is_not_taken_over_is_noted_once(imports: Imports) -> None:
    more = "callbacks: {done: {}}\nservers: []\n"
    text = operation("responses: {'200': {description: ok, links: {next: {}}}}\n" + more)
    imports.text(text + "    head: {}\n    post: {responses: {}, callbacks: {}}\nwebhooks: {new: {}}\n")
    assert sorted(imports.notes) == [
        "HEAD is answered as HTTP has it, not as the document says",
        "callbacks are left out (and at 1 more place)",
        "links are left out",
        "servers are left out",
        "webhooks are left out; jobs of an API file send them",
    ]


def test_texts_of_people_are_no_templates(imports: Imports) -> None:
    found = imports.only(operation(OK + "summary: 'Give {{ a }} and ${B}.'\n"))
    assert found["summary"] == "Give { { a }} and $ {B}."
