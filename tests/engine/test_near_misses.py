"""Near misses: what no rule answers is told which rules were nearest, in the answer, the journal and the log."""

from __future__ import annotations

import logging
import re
from typing import Any

import httpx
import pytest

from emulator.http.exchange import Exchange
from emulator.playbook.model import Rule
from tests.pages import LANGUAGE_PAGE, blocks
from tests.small import KEY, Small
from tests.wire import Wire

OPERATIONS = """
one:
  route: POST /one
  request: {type: object}
  rules:
    - {fault: {latency: 1s}, when: {body.colour: pink}}
    - {name: red, when: {body.colour: red, body.size: {gt: 3}, query.a: {present: true}}, reply: {body: red}}
    - {when: {body.first: true, times: 1}, reply: {body: first}}
    - {when: {body.colour: blue, body.size: 1}, reply: {body: blue}}
    - {when: {body.a: 1, body.b: 1, body.c: 1, body.d: 1}, reply: {body: far}}
empty:
  route: POST /empty
  rules: [{fault: {latency: 1s}}]
"""


def ask(small: Small, **body: Any) -> tuple[httpx.Response, Exchange, tuple[Rule, ...]]:
    """The answer, what the journal has, and the rules."""
    emulated = small(OPERATIONS)
    answer = emulated.client("small", headers=KEY).post("/one", json=body)
    assert answer.status_code == 501
    return answer, emulated.exchanges(1)[0], emulated.app.playbook.operation("small", "one").rules.rules


def test_the_three_nearest_are_told_in_the_answer_the_journal_and_the_log(
    small: Small, caplog: pytest.LogCaptureFixture
) -> None:
    answer, exchange, rules = ask(small, colour="red", size=2)
    _, red, first, blue, _ = (f"{rule.place.file}:{rule.place.line}" for rule in rules)
    story = f"""\
no rule answers one; the nearest:
  {first}
    body.first: expected True, found nothing
  red ({red})
    body.size: expected gt 3, found 2
    query.a: expected present True, found nothing
  {blue}
    body.colour: expected 'blue', found 'red'
    body.size: expected 1, found 2"""
    assert answer.json()["said"] == story
    assert answer.headers["x-emulator-hint"] == (
        f"no rule answers one; nearest: {first} body.first: expected True, found nothing"
        f" | red ({red}) body.size: expected gt 3, found 2; query.a: expected present True, found nothing"
        f" | {blue} body.colour: expected 'blue', found 'red'; body.size: expected 1, found 2"
        "; the whole of it is in the body"
    )
    assert [(miss.rule, miss.name, f"{miss.file}:{miss.line}") for miss in exchange.near_misses] == [
        (rules[2].id, "", first),
        (rules[1].id, "red", red),
        (rules[3].id, "", blue),
    ]
    (record,) = [record for record in caplog.records if record.name.startswith("emulator")]
    assert (record.levelno, record.getMessage()) == (logging.WARNING, f"POST /one: {story}")


def test_what_was_found_is_told_whole_but_in_the_header(small: Small, caplog: pytest.LogCaptureFixture) -> None:
    long = "é" + "x" * 200_000
    answer, exchange, _ = ask(small, colour=long, size=long)
    assert long in answer.json()["said"]
    assert repr(long) in {each.found for each in exchange.near_misses[1].differences}
    assert long in caplog.text
    hint = answer.headers["x-emulator-hint"]
    assert len(hint) <= 4_000
    assert hint.isascii()
    assert hint.count("xxx...") == 4  # two fields of two rules, each named with a part of what was found
    assert hint.endswith("; the whole of it is in the body")


def test_a_great_many_fields_are_at_least_named_in_the_header(small: Small) -> None:
    fields = ", ".join(f"body.a_rather_long_name_{number}: {'x' * 400}" for number in range(25))
    rules = ", ".join([f"{{when: {{{fields}}}, reply: {{}}}}"] * 2)
    emulated = small(f"one: {{route: POST /one, request: {{}}, rules: [{rules}]}}\n")
    body = {f"a_rather_long_name_{number}": "y" * 400 for number in range(25)}
    hint = emulated.client("small", headers=KEY).post("/one", json=body).headers["x-emulator-hint"]
    assert len(hint) <= 4_000
    assert hint.count("body.a_rather_long_name_24") == 2
    assert hint.endswith("; the whole of it is in the body")


def test_more_fields_than_a_header_can_name_are_cut_there_and_the_body_has_them_all(small: Small) -> None:
    fields = ", ".join(f"body.a_rather_long_name_{number}: 1" for number in range(300))
    emulated = small(f"one: {{route: POST /one, request: {{}}, rules: [{{when: {{{fields}}}, reply: {{}}}}]}}\n")
    answer = emulated.client("small", headers=KEY).post("/one", json={})
    assert answer.headers["x-emulator-hint"].startswith("no rule answers one; the whole of it is in the body: ")
    assert len(answer.headers["x-emulator-hint"]) == 4_000
    assert answer.json()["said"].count("expected 1, found nothing") == 300


def test_the_answer_with_a_long_story_is_one_that_clients_take(small: Small) -> None:
    emulated = small(OPERATIONS)
    body = b'{"colour": "' + b"\\u20ac" * 100_000 + b'"}'
    with Wire(emulated.running.port) as wire:
        answer = wire.ask("POST", "/one", [*KEY.items(), ("content-type", "application/json")], body)
        assert answer.status == 501
        assert sum(len(name) + len(value) for name, value in answer.headers) < 8_000
        assert answer.json()["said"].count("€") > 100_000


def test_a_counter_that_kept_a_rule_back_is_told_with_its_state(small: Small) -> None:
    emulated = small(OPERATIONS)
    client = emulated.client("small", headers=KEY)
    assert client.post("/one", json={"first": True}).json() == "first"
    answer = client.post("/one", json={"first": True})
    assert answer.status_code == 501
    assert answer.json()["said"].splitlines()[2] == "    times: 1, already answered 1"
    assert "times: 1, already answered 1" in answer.headers["x-emulator-hint"]


def test_rules_of_faults_alone_are_no_answers_that_were_missed(small: Small) -> None:
    answer = small(OPERATIONS).client("small", headers=KEY).post("/empty")
    assert answer.json()["said"] == "no rule answers empty; it has none with a reply that could"
    assert answer.headers["x-emulator-hint"] == answer.json()["said"]


def test_what_a_client_sends_stays_in_its_line_of_the_log(small: Small, caplog: pytest.LogCaptureFixture) -> None:
    emulated = small(OPERATIONS)
    odd = "a\r\nWARNING: all is lost\u2028\x1b[31m\x85"
    answer = emulated.client("small", headers=KEY).post("/one", json={"colour": odd, odd: odd})
    assert r"found 'a\r\nWARNING: all is lost\u2028\x1b[31m\x85'" in answer.json()["said"]
    assert not [line for line in caplog.text.splitlines() if line.startswith("WARNING: all is lost")]
    assert "\x1b" not in caplog.text


def test_what_a_rule_is_called_stays_in_its_line_too(small: Small) -> None:
    emulated = small("""
      one:
        route: POST /one
        request: {type: object}
        rules: [{name: "two\\nlines", when: {"body.a\\rb": "{{ 'x' }}"}, reply: {}}]
    """)
    answer = emulated.client("small", headers=KEY).post("/one", json={"a": 1})
    assert "\n  two\\nlines (" in answer.json()["said"]
    assert answer.json()["said"].endswith("\n    body.a\\rb: expected 'x', found nothing")


def test_the_page_tells_what_is_said(small: Small) -> None:
    pages = blocks(LANGUAGE_PAGE)
    at = next(at for at, block in enumerate(pages) if block.text.startswith("operations:\n  greet:"))
    emulated = small(pages[at].text.removeprefix("operations:\n").replace("\n  ", "\n").removeprefix("  "))
    client = emulated.client("small", headers=KEY)
    *greeted, refused = [client.post("/greet", json={"language": "en"}) for _ in range(3)]
    assert [answer.json() for answer in greeted] == [{"said": "Hello"}] * 2
    assert places_hidden(refused.json()["said"]) == places_hidden(pages[at + 1].text.strip())


def places_hidden(text: str) -> str:
    return re.sub(r"[^\s(]+\.yaml:\d+", "FILE:LINE", text)
