"""Routing a request: what its path says is given to the operation, and what is not there is said so."""

from __future__ import annotations

import pytest

from tests.small import KEY, Small
from tests.wire import Wire

OPERATIONS = """
one:
  route: GET /things/{id}
  rules: [{reply: {body: {one: "{{ path.id }}"}}}]
fixed:
  route: GET /things/all
  rules: [{reply: {body: {all: "{{ path | length }}"}}}]
deep:
  route: GET /files/{name:path}
  aliases: [{route: "GET /old/{name:path}"}]
  rules: [{reply: {body: {file: "{{ path.name }}"}}}]
both:
  route: POST /things/{id}/parts/{part}
  rules: [{reply: {body: "{{ path }}"}}]
"""


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/things/7", {"one": "7"}),
        ("/things/a%20b%C3%A9", {"one": "a bé"}),
        ("/things/%7B%7Bx%7D%7D", {"one": "{{x}}"}),
        ("/things/all", {"all": 0}),
        ("/things/%61ll", {"all": 0}),
        ("/files/a/b/c", {"file": "a/b/c"}),
        ("/old/a%2Fb", {"file": "a/b"}),
        ("/files/../x", {"file": "../x"}),
        ("http://127.0.0.1:{port}/things/7", {"one": "7"}),  # RFC 9112 section 3.2.2
    ],
)
def test_a_path_leads_to_its_operation_with_what_it_says(small: Small, target: str, said: object) -> None:
    port = small(OPERATIONS).running.port
    with Wire(port) as wire:
        assert wire.ask("GET", target.replace("{port}", str(port)), KEY.items()).json() == said


@pytest.mark.parametrize(
    "target", ["/things", "/things/", "/things/7/", "/Things/7", "/files/", "//things/7", "/things/7/8"]
)
def test_a_path_that_is_only_nearly_right_is_not_found(small: Small, target: str) -> None:
    with Wire(small(OPERATIONS).running.port) as wire:
        answer = wire.ask("GET", target, KEY.items())
    assert (answer.status, answer.json()["kind"]) == (404, "not_found")
    assert answer.header("x-emulator-hint") is not None


def test_several_parameters_are_told_apart(small: Small) -> None:
    with Wire(small(OPERATIONS).running.port) as wire:
        assert wire.ask("POST", "/things/a/parts/b", KEY.items()).json() == {"id": "a", "part": "b"}


def test_the_methods_that_a_path_takes_are_named(small: Small) -> None:
    emulated = small("""
      put: {route: PUT /x, rules: [{reply: {body: {}}}]}
      get: {route: GET /x, rules: [{reply: {body: {}}}]}
    """)
    answer = emulated.client("small", headers=KEY).post("/x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")
