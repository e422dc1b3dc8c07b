"""An operation: its schemas, checks, costs, host and rules."""

from __future__ import annotations

import pytest

from emulator.errors import ApiError
from tests.library import Library, api, operation

MORE = "hosts: [a.test, b.test]\nanswers: {chat: {messages: []}}\ncost: {calls: 1}\n"


def test_an_operation_is_compiled_with_all_its_parts(library: Library) -> None:
    text = api(
        MORE + "base: /v1\n",
        """\
        echo.create:
          route: PUT /echo/{id}
          host: a.test
          summary: Echo
          auth: false
          accept: [json, form]
          answer: chat
          cost: {calls: 2, words: "{{ body.n }}"}
          settle: {words: "{{ 5 }}"}
          usage: {asset: "{{ path.id }}", tokens: 3}
          redact: [secret]
          errors: {invalid: conflict}
          let: {twice: "{{ body.n * 2 }}"}
          checks: [{when: {body.n: 7}, error: invalid, message: "no {{ body.n }}", param: n}]
          rules: [{reply: {body: "{{ twice }}"}}]
        """,
    ).replace("    internal:", "    conflict: {status: 409}\n    internal:")
    found = library.echo(text)
    assert (found.name, found.api, found.method, found.path) == ("echo.create", "demo", "PUT", "/v1/echo/{id}")
    assert (found.host, found.summary, found.auth, found.answer) == ("a.test", "Echo", False, "chat")
    assert found.accept == {"json", "form"}
    assert found.cost["calls"] == 2
    assert found.lets["twice"].maybe({"body": {"n": 4}}) == 8
    assert found.redact == {"secret"}
    assert found.errors == {"invalid": "conflict"}
    (check,) = found.checks
    assert check.matcher.matches({"body": {"n": 7}})
    assert check.message is not None
    assert check.message.value({"body": {"n": 7}}) == "no 7"
    assert found.usage is not None
    assert found.usage.latency_ms is None


def test_an_operation_that_names_no_cost_has_that_of_the_api(library: Library) -> None:
    text = api(MORE, "echo.create: {route: POST /echo, rules: []}\nfree: {route: GET /free, cost: {}, rules: []}\n")
    operations = library.demo(text).operations
    assert operations["echo.create"].cost == {"calls": 1}
    assert operations["free"].cost == {}


@pytest.mark.finding("A9")
def test_an_operation_takes_bodies_as_large_as_it_says_or_its_api_or_else_8_mib(library: Library) -> None:
    some = "echo.create: {route: POST /echo, rules: []}\nlarge: {route: POST /large, max_body: 1 MiB, rules: []}\n"
    assert [each.max_body for each in library.demo(api(MORE, some)).operations.values()] == [8 * 2**20, 2**20]
    small = library.demo(api(MORE + "max_body: 4 KiB\n", some)).operations
    assert [each.max_body for each in small.values()] == [4_096, 2**20]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_body: «huge\nrules: []", "'huge' is no size; expected a size such as 4194304, 4MiB or 500kB"),
        ("max_body: «0\nrules: []", "expected 1 or more; found the number 0"),
        ("answer: «chit\nrules: []", "unknown answer 'chit'; there are none"),
        ("host: «c.test\nrules: []", "unknown host 'c.test'; there are none"),
        ("aliases: [{route: GET /x, host: «c.test}]\nrules: []", "unknown host 'c.test'; there are none"),
        ("errors: {«invlid: conflict}\nrules: []", "unknown error 'invlid'"),
        ("errors: {invalid: «conflct}\nrules: []", "unknown error 'conflct'"),
        ("request: «{type: objekt}\nrules: []", "not a JSON Schema: "),
        ("query: «{$ref: '#/schemas/None'}\nrules: []", "not a JSON Schema: "),
        ("cost: {calls: «'{{ no() }}'}\nrules: []", "unknown function 'no'"),
        ("settle: {calls: «'{{ no() }}'}\nrules: []", "unknown function 'no'"),
        ("usage: {asset: «'{{ no() }}'}\nrules: []", "unknown function 'no'"),
        ("let: {a: «'{{ no() }}'}\nrules: []", "unknown function 'no'"),
        ("checks: [{when: {body.a: 1}, error: «invlid}]\nrules: []", "unknown error 'invlid'"),
        ("checks: [{when: {body.a: 1}, error: invalid, message: «'{{ no() }}'}]\nrules: []", "unknown function 'no'"),
        ("headers: {X-A: «'{{ no() }}'}\nrules: [{reply: {body: 1}}, {reply: {body: 2}}]", "unknown function 'no'"),
    ],
)
def test_a_wrong_operation_is_refused(library: Library, text: str, message: str) -> None:
    (found,) = library.refused(api=operation(text.replace("conflict}", "internal}")))
    assert found.startswith(message)


@pytest.mark.parametrize("route", ["POST", "post /echo", "POST echo", "/echo", "POST /ec ho"])
def test_a_route_is_a_method_and_a_path(library: Library, route: str) -> None:
    expected = f"expected a method and a path, such as 'POST /messages'; found the text {route!r}"
    assert library.refused(api=operation("rules: []", route=f"«{route}")) == [expected]
    alias = operation(f"aliases: [{{route: «{route}}}]\nrules: []")
    assert library.refused(api=alias) == [expected]


def test_a_body_is_held_against_its_schema_and_those_of_the_api(library: Library) -> None:
    text = api(
        "schemas: {Name: {type: string, minLength: 2}}\n",
        "echo.create: {route: POST /echo, request: {properties: {name: {$ref: '#/schemas/Name'}}}, rules: []}\n",
    )
    request = library.echo(text).request
    assert request is not None
    request.check({"name": "Ann"}, "body")
    with pytest.raises(ApiError) as caught:
        request.check({"name": "A"}, "body")
    assert caught.value.param == "name"
