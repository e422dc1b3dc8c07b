"""Test an unused rule: the test fails if a rule of its scenario never answered, and names the rule.

For a whole suite, `pytest --emulator-coverage` reports such rules at the end, and `--emulator-coverage-fail
unused-rules` fails the session.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from emulator import Emulator

SCENARIO = """\
scenario: flaky
extends: default
rules:
  - name: overloaded
    on: messages.create
    when: {body.model: apex-haiku-4-20250401, times: 1}
    reply: {error: overloaded}
  - name: no such model
    on: messages.create
    when: {body.model: apex-haiku-4-20250402}   # one wrong digit
    reply: {error: overloaded}
"""
HELLO = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}


# The client under test.
def ask(http: httpx.Client) -> httpx.Response:
    """The response; a client that was refused asks a second time."""
    response = http.post("/messages", json=HELLO)
    return http.post("/messages", json=HELLO) if response.status_code == 503 else response


@pytest.fixture
def flaky(emulator: Emulator, tmp_path: Path) -> Emulator:
    (tmp_path / "flaky.yaml").write_text(SCENARIO)
    emulator.use(tmp_path / "flaky.yaml")
    return emulator


def test_each_rule_tells_how_often_it_has_answered(flaky: Emulator) -> None:
    headers = {"X-API-Key": flaky.key("pro")}
    with httpx.Client(base_url=flaky.base_url("aiexport"), headers=headers) as http:
        assert ask(http).status_code == 200

    overloaded, wrong = flaky.rules
    assert overloaded["answered"] == 1
    assert wrong["answered"] == 0
    assert "body.model: expected 'apex-haiku-4-20250402'" in wrong["nearest"]


@pytest.mark.emulator(expect=False)  # it is looked at below instead
def test_a_rule_that_must_have_answered_is_expected(flaky: Emulator) -> None:
    flaky.expect(rules="all")

    (unmet,) = flaky.expectations.failed
    assert "no answer by 'overloaded'" in unmet.found
