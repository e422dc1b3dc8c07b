"""Expectations that no client can meet."""

from __future__ import annotations

import pytest

from emulator.check.unmeetable import unmeetable
from tests.library import STORY, Library, api

API = api(
    operations="""\
echo.create:
  route: POST /echo
  rules: [{reply: {status: 201, body: {said: 1}}}]
echo.list:
  route: GET /echo
  rules: [{reply: {status: "{{ query.n }}", body: []}}]
"""
)


def found(library: Library, expect: str, rules: str = "") -> list[str]:
    library.write("apis/demo.yaml", API)
    library.write("story.yaml", f"{STORY}{rules}expect:\n  - {expect}\n")
    return [str(each) for each in unmeetable(library.load("story"))]


def test_a_status_that_nothing_gives_is_found(library: Library) -> None:
    (complaint,) = found(library, "{on: echo.create, when: {status: 418}}")
    assert "story.yaml:5:5: echo.create with status: 418 never comes" in complaint
    assert complaint.endswith("there are 201, 400")
    assert found(library, "{on: echo.create, when: {reply.status: {gte: 500}}, times: {gte: 2}}")


def test_each_request_in_order_is_looked_at(library: Library) -> None:
    assert len(found(library, "in_order: [echo.list, {on: echo.create, when: {status: [204, 205]}}]")) == 1


@pytest.mark.parametrize(
    "expect",
    [
        "{on: echo.create, when: {status: 201}}",
        "{on: echo.create, when: {status: 400}}",  # an error of the API
        "{on: echo.create, when: {status: 418}, times: never}",
        "{on: echo.create, when: {status: 418}, times: {lte: 2}}",
        "{on: echo.list, when: {status: 418}}",  # a template gives it
        "{on: echo.create, when: {body.status: 418}}",
        "{on: echo.create, when: '{{ status == 418 }}'}",
    ],
)
def test_what_may_come_is_no_complaint(library: Library, expect: str) -> None:
    assert found(library, expect) == []


@pytest.mark.parametrize("rule", ["reply: {status: 418}", "fault: {status: 418}"])
def test_a_rule_of_the_scenario_gives_more_statuses(library: Library, rule: str) -> None:
    assert found(library, "{on: echo.create, when: {status: 418}}", f"rules: [{{on: echo.create, {rule}}}]\n") == []
