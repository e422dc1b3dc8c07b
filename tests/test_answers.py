"""Canned answers: said in every way in which an API is asked, whoever told them: a scenario, a rule or a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import loopback
from tests.apis import aiexport_calls as ai
from tests.apis import aixplain_calls as ax
from tests.running import Emulated, Running

REFUND = "Refunds take five days."
SCENARIO = """
scenario: desk
extends: default
answers:
  - {prompt: refund, answer: "Refunds take five days."}
  - {contains: [money back, "my  deposit"], answer: "Refunds take five days."}
  - matches: 'order (?P<id>\\d+)'
    on: messages.*
    answer: "Order {{ named.id }} is on its way."
    json: {order: "{{ named.id }}"}
"""


@pytest.fixture
def desk(running: Running, tmp_path: Path) -> Iterator[Emulated]:
    """The scenario of the documentation."""
    with played(running, tmp_path, SCENARIO) as emulated:
        yield emulated


@contextmanager
def played(running: Running, folder: Path, scenario: str) -> Iterator[Emulated]:
    path = folder / "desk.yaml"
    path.write_text(scenario)
    emulated = Emulated(running, (str(path),))
    try:
        yield emulated
    finally:
        emulated.close()


def by_rule(running: Running, folder: Path) -> Emulated:
    path = folder / "desk.yaml"
    path.write_text(
        "scenario: desk\nextends: default\nrules:\n"
        "  - {when: {prompt.text: {contains: efund}}, reply: {answer: Refunds take five days.}}\n"
    )
    return Emulated(running, (str(path),))


def by_scenario(running: Running, folder: Path) -> Emulated:
    path = folder / "desk.yaml"
    path.write_text(SCENARIO)
    return Emulated(running, (str(path),))


def by_control(running: Running, folder: Path) -> Emulated:
    emulated = Emulated(running, ("default",))
    tell(emulated, prompt="refund", answer=REFUND)
    return emulated


def tell(emulated: Emulated, **entry: Any) -> dict[str, Any]:
    with loopback.Client(base_url=f"{emulated.origin}/_emulator") as control:
        response = control.post("/answers", json=entry)
        assert response.status_code == 201, response.text
        told: dict[str, Any] = response.json()
        return told


@pytest.fixture(params=[by_scenario, by_rule, by_control])
def told(request: pytest.FixtureRequest, running: Running, tmp_path: Path) -> Iterator[Emulated]:
    """An emulator that was told what to say about refunds, in each of the three ways."""
    emulated = request.param(running, tmp_path)
    yield emulated
    emulated.close()


def test_a_string_and_a_block_are_the_same_prompt(told: Emulated) -> None:
    client = ai.caller(told)
    usage = []
    for content in ("Refund?", [{"type": "text", "text": "Refund?"}]):
        message = ai.answered(client.post("/messages", json=ai.asking(content)))
        assert (ai.text_of(message), message["stop_reason"]) == (REFUND, "end_turn")
        usage.append(message["usage"])
    assert usage == [{"input_tokens": 2, "output_tokens": 6, "total_tokens": 8}] * 2


def test_streams_by_both_routes_say_it_piece_by_piece(told: Emulated) -> None:
    client = ai.caller(told)
    for path, body in (("/messages", ai.asking("refund", stream=True)), ("/messages/stream", ai.asking("refund"))):
        events = ai.streamed(client, path, body)
        assert ai.text_of_stream(events) == REFUND
        assert sum(name == "content_block_delta" for name, _ in events) == len(REFUND.split())
        (usage,) = [data["usage"] for name, data in events if name == "message_delta"]
        assert usage["output_tokens"] == 6


def test_max_tokens_and_stop_sequences_cut_it(told: Emulated) -> None:
    client = ai.caller(told)
    message = ai.answered(client.post("/messages", json=ai.asking("refund", max_tokens=2)))
    assert (ai.text_of(message), message["stop_reason"]) == (REFUND[:8], "max_tokens")
    message = ai.answered(client.post("/messages", json=ai.asking("refund", stop_sequences=[" five"])))
    assert (ai.text_of(message), message["stop_reason"]) == ("Refunds take", "stop_sequence")


def test_json_mode_stays_json(told: Emulated) -> None:
    asked = ai.asking("refund", response_format={"type": "json_object"})
    message = ai.answered(ai.caller(told).post("/messages", json=asked))
    assert json.loads(ai.text_of(message)) == {"answer": REFUND}


def test_a_row_of_a_batch_says_it(told: Emulated) -> None:
    client = ai.caller(told)
    batch = ai.create(client, ai.asking("refund"), ai.asking("refund", stream=True), ai.asking("What is 2 + 2?"))
    told.advance(10)
    rows = client.get(f"/batch/{batch['id']}/results").json()["data"]
    assert [ai.text_of(row["result"]["message"]) for row in rows][:2] == [REFUND] * 2
    assert ai.text_of(rows[2]["result"]["message"]) != REFUND


def test_models_say_it_at_once_polled_and_streamed(told: Emulated) -> None:
    client = ax.caller(told)
    for text in ("refund", [{"role": "user", "content": "refund"}]):
        run = client.post(f"/api/v2/execute/{ax.LLM}", json={"text": text}).json()
        assert (run["data"], run["details"][0]["message"]["content"]) == (REFUND, REFUND)
        assert run["usage"] == {"prompt_tokens": 2, "completion_tokens": 6, "total_tokens": 8}
    started = client.post(f"/api/v2/execute/{ax.SLOW_LLM}", json={"text": "refund"}).json()
    told.advance(10)
    assert client.get(started["data"]).json()["data"] == REFUND
    with client.stream("POST", f"/api/v2/execute/{ax.STREAMING_LLM}", json={"text": "refund", "stream": True}) as lines:
        chunks = [json.loads(line[6:]) for line in lines.iter_lines() if line.startswith("data: {")]
    assert "".join(each["choices"][0]["delta"].get("content", "") for each in chunks if each["choices"]) == REFUND


def test_it_goes_before_what_an_asset_says_by_itself(told: Emulated) -> None:
    run = ax.caller(told).post(f"/api/v2/execute/{ax.TRANSLATION}", json={"text": "refund"}).json()
    assert run["data"] == REFUND


def test_an_agent_says_it_and_its_session_remembers_it(told: Emulated) -> None:
    client = ax.caller(told)
    run = ax.run_agent(client, "refund")
    told.advance(10)
    result = ax.polled(client, run["data"])
    assert result["data"]["output"] == REFUND
    assert result["data"]["steps"][0]["output"] == REFUND
    messages = client.get(f"/v1/sessions/{run['sessionId']}/messages").json()
    assert [each["content"] for each in messages] == ["refund", REFUND]


def test_what_a_user_says_in_a_session_is_answered(told: Emulated) -> None:
    client = ax.caller(told)
    session = client.post("/v1/sessions", json={"agentId": ax.AGENT}).json()["id"]
    said = client.post(f"/v1/sessions/{session}/messages", json={"role": "user", "content": "refund"})
    assert said.status_code == 201, said.text
    told.advance(10)
    messages = client.get(f"/v1/sessions/{session}/messages").json()
    assert [each["content"] for each in messages] == ["refund", REFUND]


def test_contains_and_matches_find_it_in_a_longer_prompt(desk: Emulated) -> None:
    client = ai.caller(desk)
    assert said(client, "I want my MONEY\n  back, please") == REFUND
    assert said(client, "Where is my deposit?") == REFUND
    assert said(client, "Where is order 4711?") == "Order 4711 is on its way."
    as_json = client.post("/messages", json=ai.asking("Order 12?", response_format={"type": "json_object"}))
    assert json.loads(ai.text_of(as_json.json())) == {"order": "12"}
    assert said(client, "What is a refund policy?") not in (REFUND, "")
    run = ax.caller(desk).post(f"/api/v2/execute/{ax.LLM}", json={"text": "Where is order 4711?"}).json()
    assert "on its way" not in run["data"]  # `on` names messages only


def said(client: httpx.Client, prompt: str, **more: Any) -> str:
    return ai.text_of(ai.answered(client.post("/messages", json=ai.asking(prompt, **more))))


def test_the_first_that_fits_is_given_and_a_world_goes_before_a_rule_before_a_scenario(
    running: Running, tmp_path: Path
) -> None:
    scenario = """
scenario: desk
extends: default
answers:
  - {contains: b, answer: first}
  - {prompt: abc, answer: second}
  - {answer: last}
rules:
  - {when: {prompt.text: abc rule}, reply: {answer: "by {{ caller.tier }} {{ who }}"}, let: {who: rule}}
"""
    with played(running, tmp_path, scenario) as emulated:
        client = ai.caller(emulated)
        assert [said(client, each) for each in ("abc", "xyz", "abc rule")] == ["first", "last", "by pro rule"]
        tell(emulated, contains="rule", answer="by {{ caller.tier }} of {{ body.model }} to {{ prompt }}")
        tell(emulated, prompt="xyz", answer="older")
        tell(emulated, prompt="xyz", answer="newer")
        assert said(client, "abc rule") == f"by pro of {ai.SONNET} to abc rule"
        assert said(client, "xyz") == "newer"


def test_the_journal_names_the_answer_that_was_given(desk: Emulated) -> None:
    client = ai.caller(desk)
    said(client, "refund")
    told = tell(desk, prompt="refund", answer="Never.")
    said(client, "refund")
    ai.streamed(client, "/messages/stream", ai.asking("order 12"))
    said(client, "What is 2 + 2?")
    client.post("/messages", json={})
    by_scenario, by_world, streamed, by_itself, refused = (each.rule for each in desk.exchanges(5))
    assert by_scenario.endswith("desk.yaml:5:5")
    assert (by_world, refused) == (told["id"], "")
    assert streamed.endswith("desk.yaml:7:5")
    assert "aiexport.yaml:" in by_itself


def test_a_rule_that_answers_runs_its_steps_and_is_the_one_that_the_journal_names(
    running: Running, tmp_path: Path
) -> None:
    scenario = """
scenario: desk
extends: default
apis: {aiexport: {collections: {asked: {}}}}
rules:
  - on: messages.*
    name: counted
    when: {times: 1}
    do: [{put: asked, id: once, record: {id: once, by: "{{ caller.key }}"}, as: seen}]
    reply: {answer: "Noted for {{ seen.by }}."}
  - {on: messages.create, when: {prompt.text: hi}, reply: {body: {never: mind}}}
"""
    with played(running, tmp_path, scenario) as emulated:
        client = ai.caller(emulated)
        assert said(client, "hi") == f"Noted for {ai.PRO}."
        assert client.post("/messages", json=ai.asking("hi")).json() == {"never": "mind"}
        first, second = emulated.exchanges(2)
        assert first.rule.endswith("desk.yaml:6:5")
        assert second.rule.endswith("desk.yaml:11:5")


def test_what_a_cost_was_reckoned_from_is_reckoned_again(running: Running, tmp_path: Path) -> None:
    def charged(emulated: Emulated) -> int:
        client = ax.caller(emulated, ax.LIMITED)
        ax.run_agent(client, "abcd")
        count: int = client.get("/sdk/api-keys/usage-limits").json()[0]["tokenCount"]
        return count

    rule = "scenario: desk\nextends: default\nrules: [{reply: {answer: Twelve chars}}]\n"
    with played(running, tmp_path, rule) as emulated:
        by_rule = charged(emulated)
    plain = Emulated(running, ("default",))
    generated = charged(plain)
    plain.close()
    told = Emulated(running, ("default",))
    tell(told, answer="Twelve chars")
    assert by_rule == charged(told) < generated
    told.close()


def test_a_text_that_is_json_is_the_object_of_json_mode(running: Running, tmp_path: Path) -> None:
    scenario = """
scenario: desk
extends: default
answers:
  - {prompt: a, answer: '{"b": 1}'}
  - {prompt: b, json: {c: [1, "{{ prompt }}"]}}
"""
    with played(running, tmp_path, scenario) as emulated:
        client, mode = ai.caller(emulated), {"type": "json_object"}
        assert json.loads(said(client, "a", response_format=mode)) == {"b": 1}
        assert json.loads(said(client, "b", response_format=mode)) == {"c": [1, "b"]}
        assert said(client, "b") == '{"c":[1,"b"]}'


def test_an_answer_goes_before_what_a_tool_knows(emulator: Emulated) -> None:
    client = ax.caller(emulator)
    asked = {"action": "search", "data": {"query": "sea"}}
    before = client.post(f"/api/v2/execute/{ax.SEARCH}", json=asked).json()
    tell(emulator, contains="sea", answer="Salt water.")
    run = client.post(f"/api/v2/execute/{ax.SEARCH}", json=asked).json()
    emulator.advance(10)
    told, known = (client.get(each["data"]).json()["data"] for each in (run, before))
    assert told == {"markdown": "Salt water."} != known


def test_a_rule_may_have_a_fault_beside_its_answer(running: Running, tmp_path: Path) -> None:
    scenario = """
scenario: desk
extends: default
rules: [{on: "*", reply: {answer: one two three}, fault: {cut_after: 4}}]
"""
    with played(running, tmp_path, scenario) as emulated:
        client = ai.caller(emulated)
        with pytest.raises(httpx.RemoteProtocolError):
            ai.streamed(client, "/messages/stream", ai.asking("hi"))
        assert client.get("/models").status_code == 200
        assert emulated.exchanges(2)[0].sent_events == 4


def test_what_was_added_to_a_world_stays_when_other_scenarios_are_played(emulator: Emulated) -> None:
    tell(emulator, prompt="refund", answer="Never.")
    with loopback.Client(base_url=f"{emulator.origin}/_emulator") as control:
        assert control.post("/scenarios/use", json={"scenarios": ["strict"]}).status_code == 200
    assert said(ai.caller(emulator), "refund") == "Never."


def test_an_answer_that_fails_is_a_mistake_with_its_place(running: Running, tmp_path: Path) -> None:
    scenario = (
        "scenario: desk\nextends: default\nanswers:\n  - {prompt: a, answer: '{{ 1 / (prompt | length - 1) }}'}\n"
    )
    with played(running, tmp_path, scenario) as emulated:
        response = ai.caller(emulated).post("/messages", json=ai.asking("a"))
        assert response.status_code == 500
        assert "desk.yaml:4:" in response.headers["X-Emulator-Error"]
