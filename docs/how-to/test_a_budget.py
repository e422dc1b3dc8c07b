"""Test a budget: a workflow sends its requests once, in this order, and stays below a cost.

Expectations are checked after the test has passed: if one is not met, the test fails and reports what came instead. In
a scenario, write the same under `expect`, and `emulator run` checks it for programs in any language.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from emulator import Emulator

HAIKU = "apex-haiku-4-20250401"
QUESTIONS = ("What is 2 + 2?", "What is 5 + 5?")


# The client under test.
def ask_all(http: httpx.Client, questions: tuple[str, ...]) -> str:
    """Sends all questions in one batch, which costs half as much; returns its id."""
    rows = [{"model": HAIKU, "messages": [{"role": "user", "content": each}]} for each in questions]
    batch = http.post("/batch", json={"requests": rows}).raise_for_status().json()["id"]
    http.get(f"/batch/{batch}").raise_for_status()
    return str(batch)


def client(emulator: Emulator) -> httpx.Client:
    return httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")})


def test_one_batch_is_sent_and_nothing_else(emulator: Emulator) -> None:
    emulator.expect("batch.create", when={"body.requests": {"length": 2}}, times=1)
    emulator.expect("messages.*", times="never")
    emulator.expect(in_order=["batch.create", "batch.get"])
    emulator.expect(spent={"USD": {"lte": 0.001}})

    with client(emulator) as http:
        ask_all(http, QUESTIONS)


SCENARIO = """\
scenario: frugal
extends: default
rules:
  - name: the first batch is refused
    on: batch.create
    when: {times: 1}
    reply: {error: overloaded}
expect:
  - {on: batch.create, when: {status: 202}, times: 1}
  - {spent: {tokens: {lte: 1000}}}
  - {rules: all}
"""


@pytest.mark.emulator(expect=False)  # it is looked at below instead
def test_what_is_not_met_says_what_came_instead(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "frugal.yaml").write_text(SCENARIO)
    emulator.use(tmp_path / "frugal.yaml")

    with client(emulator) as http, pytest.raises(httpx.HTTPStatusError):
        ask_all(http, QUESTIONS)  # it doesn't try again

    (unmet,) = emulator.expectations.failed
    assert (unmet.line, unmet.found) == (9, "found 0")
    assert "status: expected 202, found 503" in unmet.instead[0]
