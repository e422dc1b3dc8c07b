"""Lines: what stands in one, and that hostile text stays text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from msgspec.structs import replace

from emulator.log.escape import escaped
from emulator.log.line import Bodies, json_line, outcome_text, text_line, uses_colour
from emulator.log.row import Row

ROW = Row(
    place=1,
    number=7,
    at=1_767_225_600.125,
    method="POST",
    path="/v2/messages",
    status=200,
    outcome="complete",
    took=0.0123,
    api="aiexport",
    operation="messages.create",
    rule="/somewhere/scenarios/retry.yaml:12:5",
    key="axp_********_pro",
    default_key=True,
)
HOSTILE = "\x1b[2J\x07\r\n\u202egnp.exe\u2066\x9b31m\x00"
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def line(**changes: Any) -> str:
    return text_line(replace(ROW, **changes))


def words(text: str) -> list[str]:
    """The parts of a line behind the time."""
    return re.split(r" {2,}", text.strip())[1:]


def test_a_line_says_what_was_asked_how_it_ended_and_why() -> None:
    assert words(line()) == ["200", "POST", "/v2/messages", "messages.create", "retry.yaml:12", "12.3 ms"]
    assert re.match(r"\d\d:\d\d:00\.125  ", line())
    assert line().endswith("\n")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tokens": 1234.0}, "1,234 tokens"),
        ({"faults": ("cut_after", "latency")}, "fault cut_after fault latency"),
        ({"took": 0.25}, "250 ms"),
        ({"took": 12.5}, "12.50 s"),
        ({"took": 3600.0, "real": 0.5}, "500 ms"),
        ({"key": "axp_********free", "default_key": False}, "key axp_********free"),
        ({"status": 404, "hint": "did you mean /v2/models?", "error": "no"}, "hint: did you mean /v2/models?"),
        ({"status": 400, "error": "messages: this field is required"}, "messages: this field is required"),
        ({"events": 50, "events_sent": 12, "outcome": "left"}, "client left after event 12 of 50"),
        ({"query": "limit=1"}, "/v2/messages?limit=1"),
    ],
)
def test_what_is_not_as_usual_is_said(changes: dict[str, Any], said: str) -> None:
    assert said in " ".join(words(line(**changes)))
    assert said not in line()


def test_the_world_is_named_unless_it_is_the_default_one() -> None:
    assert "world checkout" in text_line(ROW, "checkout")
    assert "world" not in text_line(ROW)


@pytest.mark.parametrize(
    ("outcome", "events", "words"),
    [
        ("complete", 0, ""),
        ("complete", 50, "50 events"),
        ("left", 50, "client left after event 12 of 50"),
        ("left", 0, "client left"),
        ("cut", 50, "cut after event 12 of 50"),
        ("stopped", 50, "stopped by the server after event 12 of 50"),
        ("open", 0, "open"),
    ],
)
def test_the_outcome_is_in_words(outcome: str, events: int, words: str) -> None:
    assert outcome_text(replace(ROW, outcome=outcome, events=events, events_sent=12)) == words


def test_an_unmatched_request_lists_the_nearest_rules_below() -> None:
    error = "no rule answers messages.create; the nearest:\n  retry.yaml:3\n    body.model: expected 'a', found 'b'"
    first, *below = line(status=501, unmatched=True, error=error).splitlines()
    assert first.endswith("no rule answers messages.create; the nearest:")
    assert below == ["      retry.yaml:3", "        body.model: expected 'a', found 'b'"]


def test_bodies_stand_below_the_line() -> None:
    _, sent, returned = text_line(ROW, bodies=Bodies('{"a": 1}', "line\nline")).splitlines()
    assert (sent, returned) == ('    > {"a": 1}', "    < line\\nline")


FIELDS = ("method", "path", "query", "operation", "rule", "key", "error", "hint")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("status", [200, 404])
def test_hostile_text_stays_text(field: str, status: int) -> None:
    row = replace(ROW, status=status, default_key=False, unmatched=True, **{field: HOSTILE})
    for text in (text_line(row, HOSTILE, Bodies(HOSTILE, HOSTILE)), json_line(row, HOSTILE, Bodies(HOSTILE, HOSTILE))):
        assert not STEERING.search(text)
    row = replace(row, faults=(HOSTILE,))
    assert not STEERING.search(text_line(row))
    assert json.loads(json_line(row))[field] == HOSTILE


def test_a_request_cannot_forge_a_line() -> None:
    assert line(path="/\n12:00:00.000  200  GET /forged").count("\n") == 1


def test_what_is_escaped_can_be_read_and_the_rest_is_as_it_was() -> None:
    assert escaped("Grüße, 世界 🎉") == "Grüße, 世界 🎉"
    assert escaped("\x1b[31m\u202e") == "\\x1b[31m\\u202e"


def test_colours_change_nothing_else() -> None:
    row = replace(ROW, status=429, faults=("status",), hint="wait", outcome="left")
    coloured = text_line(row, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text_line(row)
    assert coloured.count("\x1b[0m") >= 4


@pytest.mark.parametrize(
    ("terminal", "env", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": ""}, False),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_a_terminal_is_coloured_unless_the_environment_says_otherwise(
    terminal: bool, env: dict[str, str], expected: bool
) -> None:
    assert uses_colour(terminal, env) is expected


def test_json_has_the_fields_of_the_row_and_the_world() -> None:
    said = json.loads(json_line(ROW, "checkout", Bodies("a", "b")))
    assert (said["world"], said["status"], said["operation"]) == ("checkout", 200, "messages.create")
    assert (said["body"], said["reply_body"]) == ("a", "b")
    assert json_line(ROW).count("\n") == 1
