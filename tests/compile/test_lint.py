"""Routes that could never be reached are refused at load."""

from __future__ import annotations

import pytest

from emulator.compile.lint import route_conflicts
from emulator.errors import Location
from emulator.playbook.routes import Route
from tests.library import Library, api, operation


def wrong(*routes: str) -> list[str]:
    """What is complained of; each route is `api METHOD path [host]`."""
    made = []
    for line, text in enumerate(routes, 1):
        name, method, path, *host = text.split()
        made.append(Route(method, path, name, f"op{line}", host[0] if host else None, Location("x.yaml", line, 1)))
    return [str(complaint) for complaint in route_conflicts(made)]


@pytest.mark.parametrize(
    "routes",
    [
        ("a GET /x", "a POST /x", "b GET /y"),
        ("a GET /x/{id}", "a GET /x/list", "a GET /{kind}/list"),
        ("a GET /x h1", "a GET /x h2"),
        ("a GET /x/{id}", "b GET /x/{id}/y"),
        ("a GET /x/{id}/y", "b GET /x/{id}/z"),
        ("a GET /x/{all:path}", "b GET /y/{all:path}"),
        ("a GET /x/{all:path}", "b GET /x"),
        ("a GET /{id}.json", "b GET /{id}.yaml"),
        ("a GET /{id}.json", "b GET /list"),
        ("a GET /_emulatory",),
    ],
)
def test_routes_that_can_all_be_reached_are_left_alone(routes: tuple[str, ...]) -> None:
    assert wrong(*routes) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a GET /x", "b GET /x"),
        ("a GET /x h1", "b GET /x h2"),
        ("a GET /x/{id}", "b GET /x/{name}"),
        ("a GET /x/{id}", "b GET /x/list"),
        ("a GET /x/list", "b GET /x/{id}"),
        ("a GET /{a}/list", "b GET /x/{id}"),
        ("a GET /{all:path}", "b GET /x/y/z"),
        ("a GET /x/y/z", "b GET /x/{all:path}"),
        ("a GET /x/{all:path}/end", "b GET /x/1/2/{last}"),
        ("a GET /{all:path}", "b GET /x/{rest:path}"),
        ("a GET /{id}.json", "b GET /x.json"),
    ],
)
def test_two_apis_can_not_answer_the_same_path(one: str, other: str) -> None:
    method, path = other.split()[1:3]
    first = one.split()[0]
    assert wrong(one, other) == [
        f"x.yaml:2:1: {method} {path} is already served by {first} op1 (x.yaml:1:1); one port serves all APIs, "
        "so give one of them another path"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a GET /x", "a GET /x"),
        ("a GET /x/{id}", "a GET /x/{name}"),
        ("a GET /x h1", "a GET /x"),
        ("a GET /x h1", "a GET /x h1"),
    ],
)
def test_two_operations_can_not_have_the_same_path_on_the_same_host(one: str, other: str) -> None:
    (complaint,) = wrong(one, other)
    assert complaint.endswith("give one of them another path, or each a host of its own")


def test_a_third_operation_is_held_against_every_earlier_one() -> None:
    assert len(wrong("a GET /x h1", "a GET /x h2", "a GET /x h2", "a GET /x h1")) == 2


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/x/{my-id}", "/x/{my-id}: expected parameters such as {name} or {name:path}"),
        ("/x/{id", "/x/{id: expected parameters such as {name} or {name:path}"),
        ("/x/{}", "/x/{}: expected parameters such as {name} or {name:path}"),
        ("/x/{id}/{id}", "/x/{id}/{id}: two parameters have the same name"),
        ("/_emulator/x", "/_emulator/x: paths below /_emulator/ belong to the emulator"),
        ("/_emulator", "/_emulator: paths below /_emulator/ belong to the emulator"),
    ],
)
def test_a_path_that_means_nothing_is_refused(path: str, message: str) -> None:
    assert wrong(f"a GET {path}", "b GET /y") == [f"x.yaml:1:1: {message}"]


def test_collisions_of_two_apis_are_refused_where_the_second_one_stands(library: Library) -> None:
    library.write("apis/other.yaml", api(operations="take:\n  route: POST /echo\n  rules: []\n", name="other"))
    story = "scenario: story\nabout: A test.\napis: {other: , demo: }\n"
    (message,) = library.refused(api=api(operations="echo.create:\n  route: «POST /echo\n  rules: []\n"), story=story)
    assert message.startswith(f"POST /echo is already served by other take ({library.folder}/apis/other.yaml:")
    assert message.endswith("one port serves all APIs, so give one of them another path")


def test_two_apis_can_not_have_the_same_host(library: Library) -> None:
    library.write("apis/other.yaml", api("hosts: [demo.test]\nbase: /other\n", name="other"))
    story = "scenario: story\nabout: A test.\napis: {other: , demo: }\n"
    text = api("hosts: [else.test, «Demo.test]\n")
    assert library.refused(api=text, story=story) == ["Demo.test is already a host of other"]


def test_an_alias_is_refused_where_it_stands(library: Library) -> None:
    text = operation("aliases: [{route: GET /fine}, {route: «POST /echo}]\nrules: []")
    (message,) = library.refused(api=text)
    assert message.startswith("POST /echo is already served by demo echo.create")


def test_two_apis_may_have_one_path_when_just_one_of_them_shares_it() -> None:
    def route(api: str, shared: bool) -> Route:
        return Route("GET", "/things/{id}", api, "one", None, Location("x.yaml", 1, 1), shared)

    assert route_conflicts([route("a", False), route("b", True)]) == []
    assert route_conflicts([route("a", True), route("b", True)]) != []
    assert route_conflicts([route("a", True), route("a", False)]) != []
