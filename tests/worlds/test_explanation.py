"""Explanations: why an exchange was answered as it was, from what the journal keeps of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.playbook.matching import Matcher
from emulator.verdict.coverage import NOT_COMPARED
from emulator.worlds import explanation, past_exchange
from tests import loopback
from tests.inspector.traffic import KEY, asking, cut, send, streaming
from tests.running import Emulated

ASKING = {"X-Emulator-Provenance": "1"}


def explained(emulator: Emulated, number: int = 1) -> dict[str, Any]:
    """The explanation, which is the same whichever process is asked."""
    url = f"{emulator.origin}/_emulator/exchanges/{number}/explanation"
    answers = [loopback.get(url) for _ in emulator.apps]
    assert {answer.status_code for answer in answers} == {200}
    told: list[dict[str, Any]] = [answer.json() for answer in answers]
    assert all(each == told[0] for each in told)
    return told[0]


def claims(told: dict[str, Any], grade: str) -> dict[str, str]:
    return {each["name"]: each["says"] for each in told["provenance"] if each["class"] == grade}


def test_the_rule_that_answered_is_named_with_its_file_and_line(emulator: Emulated) -> None:
    send(emulator)
    told = explained(emulator)
    (exchange,) = emulator.exchanges(1)
    assert exchange.rule.startswith(f"{told['rule']['file']}:{told['rule']['line']}:")
    assert told["decided_by"] == ""


def test_limits_are_shown_before_and_after_with_what_was_charged(emulator: Emulated) -> None:
    for _ in range(2):
        send(emulator)
    first, second = (
        {
            each["name"]: (each["before"], each["charged"], each["after"])
            for each in explained(emulator, number)["limits"]
        }
        for number in (exchange.number for exchange in emulator.exchanges(2))
    )
    assert first["requests"] == (0, 1, 1)
    assert second["requests"] == (1, 1, 2)
    tokens = first["tokens"][1]
    assert tokens > 0
    assert second["tokens"] == (tokens, tokens, 2 * tokens)
    assert explained(emulator)["plan"] == "pro"
    assert explained(emulator)["spent"]["tokens"] == tokens


def test_a_refusal_names_the_counter_that_refused_and_the_plan(emulator: Emulated) -> None:
    for _ in range(61):
        answer = send(emulator, headers={"X-API-Key": "axp_test_free"})
    assert answer.status_code == 429
    told = explained(emulator, emulator.exchanges(61)[-1].number)
    assert told["decided_by"] == "the limits of the plan free"
    assert told["rule"] is None
    refused = {each["name"]: each["refused"] for each in told["limits"]}
    assert refused == {"requests": True, "tokens": False}
    (requests,) = (each for each in told["limits"] if each["name"] == "requests")
    assert (requests["before"], requests["charged"], requests["after"], requests["limit"]) == (60, 0, 60, 60)


def test_a_request_that_its_schema_refuses_says_so(emulator: Emulated) -> None:
    loopback.post(f"{emulator.origin}/v2/messages", json={"messages": []}, headers=KEY)
    assert explained(emulator)["decided_by"] == "the schema of the request, at model"


def test_provenance_names_claims_with_the_words_of_the_document(emulator: Emulated) -> None:
    send(emulator)
    told = explained(emulator)
    assert told["route"] == "documented"
    assert claims(told, "documented")["AE-MSG-ROUTE"] == "POST /messages creates a message."
    assert "AE-RL-HEADERS" in claims(told, "invented")


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": "Hello!"}], "model": "apex-haiku-4-20250401"},
        {"messages": [{"role": "user", "content": "Hello!"}], "model": "apex-haiku-4-20250401", "stream": True},
        {"messages": [], "model": "apex-haiku-4-20250401"},
        {"messages": []},
    ],
)
def test_provenance_is_what_the_request_would_have_been_told(emulator: Emulated, body: dict[str, Any]) -> None:
    expect_as_told(emulator, loopback.post(f"{emulator.origin}/v2/messages", json=body, headers={**KEY, **ASKING}))


def expect_as_told(emulator: Emulated, answer: httpx.Response, count: int = 1) -> None:
    """The explanation of the last of so many exchanges rests on what its response has named.

    A client may have the response before the journal has the exchange.
    """
    number = emulator.exchanges(count)[-1].number
    header = dict(part.split(" ", 1) for part in answer.headers["x-emulator-provenance"].split("; "))
    told = explained(emulator, number)
    assert told["route"] == header.pop("route", None)
    shown: dict[str, set[str]] = {}
    for each in told["provenance"]:
        shown.setdefault(each["class"], set()).add(each["name"])
    assert shown == {grade: set(names.split()) for grade, names in header.items()}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/v2/messages", {}, asking(), 401),
        ("POST", "/v2/messages", {"X-API-Key": "axp_test_revoked"}, asking(), 401),
        ("POST", "/v2/messages", {"X-API-Key": "nobody-knows-it"}, asking(), 200),
        ("POST", "/v2/messages", KEY, asking(model="none"), 404),
        ("POST", "/v2/messages", KEY, asking("x " * 500_000), 400),
        ("POST", "/v2/messages", KEY | {"X-Emulator-Fault": "status=503"}, asking(), 503),
        ("POST", "/v2/messages", KEY | {"X-Emulator-Fault": "status=429"}, asking(), 429),
        ("POST", "/v2/messages", KEY | {"Origin": "http://evil.test"}, asking(), 403),
        ("GET", "/v2/nothing", KEY, None, 404),
        ("DELETE", "/v2/models", KEY, None, 405),
        ("GET", "/v2/models/none", KEY, None, 404),
        ("GET", "/v2/batch/none", KEY, None, 404),
        ("POST", "/v1/sessions", {"x-api-key": "aix_test_demo"}, {"agentId": "none"}, 404),
    ],
)
def test_each_kind_of_refusal_rests_on_what_its_response_has_named(
    emulator: Emulated, method: str, path: str, headers: dict[str, str], body: Any, status: int
) -> None:
    sent = {} if body is None else {"json": body}
    answer = loopback.request(method, emulator.origin + path, headers={**headers, **ASKING}, **sent)
    assert answer.status_code == status
    expect_as_told(emulator, answer)


def test_a_refusal_by_a_limit_rests_on_what_its_response_has_named(emulator: Emulated) -> None:
    for _ in range(61):
        answer = send(emulator, headers={"X-API-Key": "axp_test_free", **ASKING})
    assert answer.status_code == 429
    expect_as_told(emulator, answer, 61)


@pytest.mark.scenario("demo")
@pytest.mark.one_worker("what one process sends while another one moves the clock is sent at the end of the move")
def test_a_paced_stream_has_planned_and_real_times(emulator: Emulated) -> None:
    with streaming(emulator):
        emulator.entered(1)
        emulator.advance(0.34 + 0.2)
        timing = explained(emulator)["timing"]
        assert timing["planned"][:5] == [0.0, 0.0, 0.34, 0.54, 0.74]
        assert timing["sent"] == pytest.approx([0.0, 0.0, 0.34, 0.54])
        emulator.advance(60)
    timing = explained(emulator)["timing"]
    assert timing["sent"] == pytest.approx(timing["planned"])
    assert timing["content"] is None


def test_a_stream_that_is_cut_keeps_what_was_planned(emulator: Emulated) -> None:
    cut(emulator, 3)
    (exchange,) = emulator.exchanges(1)
    timing = explained(emulator)["timing"]
    assert len(timing["sent"]) == 3
    assert len(timing["planned"]) == exchange.events > 3
    assert timing["content"].startswith(exchange.reply_body.decode())
    assert "message_stop" in timing["content"]


def test_an_unpaced_stream_has_no_schedule(emulator: Emulated) -> None:
    send(emulator, stream=True)
    assert explained(emulator)["timing"] is None


def test_an_unknown_exchange_is_a_404(emulator: Emulated) -> None:
    answer = loopback.get(f"{emulator.origin}/_emulator/exchanges/7/explanation")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("no exchange '7'")


def test_a_request_for_an_unknown_path_has_an_explanation_too(emulator: Emulated) -> None:
    loopback.get(f"{emulator.origin}/v2/nothing")
    told = explained(emulator)
    assert (told["rule"], told["limits"], told["route"]) == (None, [], None)
    assert "AE-ERROR-SHAPE" in claims(told, "invented")


def test_the_prompt_is_what_was_replied_to(emulator: Emulated) -> None:
    send(emulator, "What is the colour of the sky?")
    loopback.get(f"{emulator.origin}/v2/models", headers=KEY)
    assert explained(emulator)["prompt"] == "What is the colour of the sky?"
    assert explained(emulator, emulator.exchanges(2)[-1].number)["prompt"] == ""


def test_the_work_to_find_the_nearest_requests_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = "".join(f"  - {{on: messages.create, when: {{body.system: s{at}}}, reply: {{}}}}\n" for at in range(120))
    (tmp_path / "many.yaml").write_text(f"scenario: many\nextends: default\nrules:\n{rules}")
    work: Counter[str] = Counter()
    for owner, name in ((past_exchange, "context_of"), (Matcher, "differences")):
        counted(monkeypatch, work, owner, name)
    with Emulator(scenario=tmp_path / "many.yaml") as many:
        url = f"{many.base_url('aiexport')}/messages"
        for _ in range(60):
            loopback.post(url, json=asking(), headers=KEY).raise_for_status()
        work.clear()
        shown = many.rules
    assert work == {
        "context_of": explanation.MAX_COMPARED,
        "differences": explanation.MAX_COMPARED * explanation.MAX_IDLE,
    }
    assert shown[49]["nearest"].startswith("nearest is #11 POST")
    assert {each["nearest"] for each in shown[50:]} == {NOT_COMPARED}


def test_a_rule_that_has_not_answered_differs_by_what_the_explanation_says(tmp_path: Path) -> None:
    when = "{caller.tier: free, caller.key: axp_test_free, now: {lt: 5}, body.model: other}"
    (tmp_path / "mine.yaml").write_text(
        f"scenario: mine\nextends: default\nrules:\n  - {{on: messages.create, when: {when}, reply: {{}}}}\n"
    )
    with Emulator(scenario=tmp_path / "mine.yaml") as mine:
        url = f"{mine.base_url('aiexport')}/messages"
        loopback.post(url, json=asking(), headers=KEY).raise_for_status()
        (rule,), told = mine.rules, mine.explain(1)
    assert "caller.tier: expected 'free', found 'pro'" in rule["nearest"]
    assert KEY["X-API-Key"] not in rule["nearest"]
    assert rule["nearest"].partition(": ")[2] == "; ".join(map(str, told.rules[0].differences))


def counted(monkeypatch: pytest.MonkeyPatch, work: Counter[str], owner: Any, name: str) -> None:
    function = getattr(owner, name)

    def counting(*arguments: Any) -> Any:
        work[name] += 1
        return function(*arguments)

    monkeypatch.setattr(owner, name, counting)
