"""Lots that templates draw: from the seed, the same for the same request, another for the next draw."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.app import LANGUAGE
from emulator.engine.context import Context, Service
from emulator.errors import Location, TemplateError
from emulator.http.request import Request
from emulator.language.expressions.template import compile_tree
from tests.small import KEY, Small

OPERATIONS = """
drawn:
  route: GET /drawn
  rules: [{reply: {body: {one: "{{ number(1, 1000000) }}", two: "{{ number(1, 1000000) }}", who: "{{ name() }}"}}}]
"""
ASKED = Request("GET", "/", "", {}, "here", "https", "here:1234", origin="https://here:1234")


@pytest.fixture
def service(small: Small) -> Service:
    return small(OPERATIONS).app.pipeline.services["small"]


def evaluate(service: Service, expression: str, number: int = 1, times: int = 1) -> list[Any]:
    """What one request sees that evaluates an expression several times."""
    context = Context(service, ASKED)
    context.number = number
    template = compile_tree(f"{{{{ {expression} }}}}", LANGUAGE, lambda path: Location("test", 1, 1))
    return [template.maybe(context) for _ in range(times)]


@pytest.mark.parametrize(
    ("expression", "possible"),
    [
        ("pick(['a', 'b', 'c'])", ["a", "b", "c"]),
        ("some([1, 2, 3], 2)", [[1, 2], [1, 3], [2, 3]]),
        ("number(3, 5)", [3, 4, 5]),
        ("number(0, 0.2, 1)", [0.0, 0.1, 0.2]),
        ("lot(0.5)", [True, False]),
    ],
)
def test_what_is_drawn_is_one_of_what_there_is_and_each_comes(
    service: Service, expression: str, possible: list[Any]
) -> None:
    drawn = [evaluate(service, expression, number)[0] for number in range(200)]
    assert all(each in possible for each in drawn)
    assert all(each in drawn for each in possible)


@pytest.mark.parametrize("expression", ["number(1, 1000000)", "name()", "word()", "sentence()", "pick(range(100000))"])
def test_the_same_request_draws_the_same_and_two_draws_of_it_differ(service: Service, expression: str) -> None:
    first = evaluate(service, expression, times=5)
    assert first == evaluate(service, expression, times=5)
    assert len(set(first)) > 1
    assert first != evaluate(service, expression, number=2, times=5)


def test_lots_that_must_or_can_not_win(service: Service) -> None:
    assert evaluate(service, "lot(1)", times=50) == [True] * 50
    assert evaluate(service, "lot(0)", times=50) == [False] * 50
    assert evaluate(service, "some([], 0)") == [[]]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("pick([])", "expected a list with something in it"),
        ("pick('text')", "expected a list"),
        ("some([1], 2)", "expected 0 to 1 items, as many as there are; found 2"),
        ("some([1], 0.5)", "expected a whole number; found 0.5"),
        ("number(2, 1)", "expected a lower and a higher number and 0 to 15 digits"),
        ("number(1, 2, 16)", "expected a lower and a higher number and 0 to 15 digits"),
        ("number('a', 2)", "expected two numbers; found 'a' and 2"),
        ("number(0.5, 2)", "expected whole numbers where no digits are asked for"),
        ("lot(2)", "expected a number from 0 to 1; found 2"),
    ],
)
def test_what_can_not_be_drawn_says_why(service: Service, expression: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        evaluate(service, expression)


def test_worlds_of_one_seed_draw_the_same_over_http(small: Small) -> None:
    seen = []
    for _ in range(2):
        client = small(OPERATIONS).client("small", headers=KEY)
        seen.append([client.get("/drawn").json() for _ in range(3)])
    assert seen[0] == seen[1]
    assert all(each["one"] != each["two"] for each in seen[0])
