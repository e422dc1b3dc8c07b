"""The fault `answer` over real sockets: messages, streams, rows of batches, polled runs, agents and tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.engine.accounting import limit_states
from emulator.errors import DocumentError
from emulator.generate.content_faults import KINDS
from tests.apis import aiexport_calls as ae
from tests.apis import aixplain_calls as ax
from tests.apis.aiexport_calls import asking, create, text_of, text_of_stream
from tests.apis.aixplain_calls import SCRAPER, SEARCH, SLOW_LLM, agent_result, execute, polled, ran, started
from tests.faults.conftest import complaint
from tests.running import Emulated, Running

CAT = "Describe a cat as JSON with the keys name (text), age (number) and summary (text)."
JSON_MODE = {"response_format": {"type": "json_object"}}
GENERATING = {"messages.create", "messages.stream", "assets.execute", "agents.run", "sessions.messages.create"}
HEADER = "X-Emulator-Fault"


def message(client: httpx.Client, fault: str | None = None, prompt: str = CAT, **more: Any) -> dict[str, Any]:
    """A message of AI Export."""
    response = client.post("/messages", json=asking(prompt, **more), headers={HEADER: fault} if fault else {})
    return ae.answered(response)


def arm(emulator: Emulated, kind: str, **where: Any) -> None:
    async def order() -> None:
        emulator.app.state.armed.arm({"fault": "answer", "params": {"kind": kind}, **where})

    emulator.running.call(order())


def played(running: Running, folder: Path, rules: str) -> Emulated:
    """An emulator with rules before those of the default scenario."""
    story = folder / "story.yaml"
    story.write_text(f"scenario: story\nabout: A test.\nextends: default\nrules:\n{rules}\n")
    return Emulated(running, (str(story),))


def kind_of(text: str) -> str:
    """Which fault made a text, of those that these tests tell apart."""
    if text.endswith("```"):
        return "fenced"
    return {"": "empty", CAT: "echo"}.get(text, "refusal" if "refusal is simulated" in text else "none")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [{}, {"max_tokens": 20}, JSON_MODE, {**JSON_MODE, "max_tokens": 20}])
def test_a_stream_says_what_the_message_says_in_whole_events(
    emulator: Emulated, kind: str, more: dict[str, Any]
) -> None:
    client = ae.caller(emulator)
    whole = message(client, f"answer={kind}", **more)
    text, usage = text_of(whole), whole["usage"]
    most = more.get("max_tokens", 1_024)
    assert usage["output_tokens"] == -(-len(text) // 4) <= most
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    unending = kind in ("loop", "broken_json")
    assert (whole["stop_reason"] == "max_tokens") >= unending
    assert (usage["output_tokens"] == most) >= unending
    response = client.post("/messages", json=asking(CAT, stream=True, **more), headers={HEADER: f"answer={kind}"})
    events = ae.events_of(response.text.split("\n"))  # not splitlines(): some texts have U+2028
    assert text_of_stream(events) == text
    assert [name for name, _ in events if name != "content_block_delta"] == [
        "message_start",
        "content_block_start",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    (last,) = (data for name, data in events if name == "message_delta")
    assert (last["delta"]["stop_reason"], last["usage"]) == (whole["stop_reason"], usage)
    assert {exchange.faults for exchange in emulator.exchanges(2)} == {("answer",)}


def test_a_reader_that_splits_lines_as_python_does_breaks_an_event_of_odd_text(emulator: Emulated) -> None:
    client = ae.caller(emulator)
    with client.stream("POST", "/messages/stream", json=asking(CAT), headers={HEADER: "answer=odd_text"}) as response:
        lines = list(response.iter_lines())
    with pytest.raises(json.JSONDecodeError):
        ae.events_of(lines)


def test_the_charge_is_that_of_the_text_that_was_said(emulator: Emulated) -> None:
    client = ae.caller(emulator)
    left = [
        int(client.post("/messages", json=asking(CAT), headers=headers).headers["X-RateLimit-Remaining-Tokens"])
        for headers in ({}, {HEADER: "answer=empty"}, {HEADER: "answer=loop"})
    ]
    input_tokens = message(client)["usage"]["input_tokens"]
    assert left[0] - left[1] == input_tokens
    assert left[1] - left[2] == input_tokens + 1_024


@pytest.mark.one_worker("it looks into one process")
def test_a_run_is_charged_for_what_it_is_going_to_say(emulator: Emulated) -> None:
    client = ax.caller(emulator)
    service, charged = emulator.app.pipeline.services["aixplain"], []
    for headers in ({}, {HEADER: "answer=empty"}, {HEADER: "answer=loop"}):
        before = limit_states(service, ax.DEMO)["tpm"]["used"]
        assert client.post(f"/v2/agents/{ax.AGENT}/run", json={"query": CAT}, headers=headers).is_success
        charged.append(limit_states(service, ax.DEMO)["tpm"]["used"] - before)
    assert charged[0] > charged[1]
    assert charged[2] - charged[1] == 1_024


def test_every_row_of_a_batch_meets_the_rule_for_messages(running: Running, tmp_path: Path) -> None:
    emulator = played(running, tmp_path, "  - {on: messages.create, when: {nth: 2}, fault: {answer: fenced}}")
    client = ae.caller(emulator)
    rows = results(emulator, client)
    assert [kind_of(text_of(row)) for row in rows] == ["none", "fenced", "none"]
    assert rows[1]["usage"]["output_tokens"] == -(-len(text_of(rows[1])) // 4)
    assert emulator.exchanges(3)[0].faults == ("answer",)
    emulator.close()


def results(emulator: Emulated, client: httpx.Client, **headers: str) -> list[dict[str, Any]]:
    """The messages of a batch of three rows."""
    client.headers.update(headers)
    batch = create(client, *[asking(CAT)] * 3)
    client.headers.pop(HEADER, None)
    emulator.advance(10)
    usage = client.get(f"/batch/{batch['id']}").json()["usage"]
    rows = client.get(f"/batch/{batch['id']}/results").json()["data"]
    messages = [row["result"]["message"] for row in rows]
    assert usage["output_tokens"] == sum(each["usage"]["output_tokens"] for each in messages)
    return messages


def test_an_armed_fault_counts_rows_as_answers(emulator: Emulated) -> None:
    client = ae.caller(emulator)
    arm(emulator, "empty", on="messages.*", times=2)
    assert [kind_of(text_of(row)) for row in results(emulator, client)] == ["empty", "empty", "none"]
    arm(emulator, "echo", nth=2)
    assert [kind_of(text_of(row)) for row in results(emulator, client)] == ["none", "echo", "none"]


def test_the_header_of_a_batch_corrupts_each_of_its_rows(emulator: Emulated) -> None:
    client = ae.caller(emulator)
    rows = results(emulator, client, **{HEADER: "answer=refusal"})
    assert [kind_of(text_of(row)) for row in rows] == ["refusal"] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_says_the_same_at_once_and_polled_for(emulator: Emulated, kind: str) -> None:
    client = ax.caller(emulator)
    client.headers[HEADER] = f"answer={kind}"
    result = ran(client, text=CAT, response_format="json_object", max_tokens=30)
    assert result["details"][0]["message"]["content"] == result["data"]
    assert result["usage"]["completion_tokens"] == -(-len(result["data"]) // 4)
    if kind in ("loop", "broken_json"):
        assert (result["details"][0]["finish_reason"], len(result["data"])) == ("length", 120)
    envelope = started(execute(client, SLOW_LLM, text=CAT, response_format="json_object", max_tokens=30))
    del client.headers[HEADER]
    emulator.advance(1)
    later = polled(client, f"/api/v2/data/{envelope['requestId']}")
    assert (later["data"], later["usage"]) == (result["data"], result["usage"])
    assert [exchange.faults for exchange in emulator.exchanges(3)] == [("answer",), ("answer",), ()]


def test_chunks_of_a_run_are_whole_and_end_with_its_reason(emulator: Emulated) -> None:
    client = ax.caller(emulator)
    client.headers[HEADER] = "answer=loop"
    events = ax.chunks(client, ax.STREAMING_LLM, text=CAT, stream=True, max_tokens=30)
    assert len(ax.text_of(events)) == 120
    assert json.loads(events[-3])["choices"][0]["finish_reason"] == "length"
    assert json.loads(events[-2])["usage"]["completion_tokens"] == 30
    client.headers[HEADER] = "answer=empty"
    assert ax.text_of(ax.chunks(client, ax.STREAMING_LLM, text=CAT, stream=True)) == ""


def test_an_agent_says_it_in_its_output_its_steps_and_its_session(emulator: Emulated) -> None:
    client = ax.caller(emulator)
    client.headers[HEADER] = "answer=refusal"
    result = agent_result(emulator, client, CAT)
    output = result["data"]["output"]
    assert kind_of(output) == "refusal"
    assert [step["output"] for step in result["data"]["steps"]] == [output]
    del client.headers[HEADER]
    messages = client.get(f"/v1/sessions/{result['sessionId']}/messages").json()
    assert [each["content"] for each in messages] == [CAT, output]


def test_a_tool_says_it_instead_of_what_it_knows(emulator: Emulated) -> None:
    client = ax.caller(emulator)
    client.headers[HEADER] = "answer=refusal"
    at_once = ran(client, SCRAPER, action="scrape", data={"url": "https://example.com"})
    assert kind_of(at_once["data"]["markdown"]) == "refusal"
    envelope = started(execute(client, SEARCH, action="search", data={"query": "bees"}))
    emulator.advance(1)
    later = polled(client, f"/api/v2/data/{envelope['requestId']}")
    assert kind_of(later["data"]["markdown"]) == "refusal"


def test_what_says_nothing_that_is_generated_uses_no_armed_fault_up(emulator: Emulated) -> None:
    client, other = ax.caller(emulator), ae.caller(emulator)
    arm(emulator, "empty", times=1)
    ran(client, SCRAPER, action="LIST_ACTIONS", data={})
    assert client.get("/v1/sessions").is_success
    assert other.get("/models").is_success
    assert other.post("/messages", json={"model": "none"}).status_code == 400
    session = client.post("/v1/sessions", json={"agentId": ax.AGENT}).json()["id"]
    said = client.post(f"/v1/sessions/{session}/messages", json={"role": "assistant", "content": "Hello!"})
    assert said.status_code == 201
    assert kind_of(ran(client, text=CAT)["data"]) == "empty"
    assert kind_of(ran(client, text=CAT)["data"]) == "none"
    assert [exchange.faults for exchange in emulator.exchanges(8)] == [()] * 6 + [("answer",), ()]


def test_a_header_that_finds_no_answer_is_named_in_the_hint(emulator: Emulated) -> None:
    response = ae.caller(emulator).get("/models", headers={HEADER: "answer=empty"})
    told = "the fault answer did not play: it is for answers, and this request generates none"
    assert response.headers["X-Emulator-Hint"] == told


def test_several_armed_faults_play_one_after_the_other(emulator: Emulated) -> None:
    client = ae.caller(emulator)
    for kind in ("empty", "refusal", "echo"):
        arm(emulator, kind, times=1)
    assert [kind_of(text_of(message(client))) for _ in range(4)] == ["empty", "refusal", "echo", "none"]


def test_a_header_takes_precedence_over_the_rule_and_the_rule_over_what_is_armed(
    running: Running, tmp_path: Path
) -> None:
    rules = """\
  - {on: messages.create, when: {times: 2}, fault: {answer: echo}}
  - {on: messages.create, when: {times: 3}, fault: {answer: fenced}}"""
    emulator = played(running, tmp_path, rules)
    client = ae.caller(emulator)
    arm(emulator, "refusal")
    told = [kind_of(text_of(message(client, fault))) for fault in ("answer=empty", None, None, None)]
    assert told == ["empty", "echo", "fenced", "refusal"]
    emulator.close()


def test_a_canned_answer_is_corrupted_and_other_faults_play_with_it(running: Running, tmp_path: Path) -> None:
    rule = "  - {on: messages.create, reply: {answer: All is well.}, fault: [answer: loop, malformed_json]}"
    emulator = played(running, tmp_path, rule)
    response = ae.caller(emulator).post("/messages", json=asking(CAT, max_tokens=10))
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert text_of(json.loads(response.content + b"}")) == "All is well. All is well. All is well. A"
    assert emulator.exchanges(1)[0].faults == ("malformed_json", "answer")
    emulator.close()


def test_a_request_that_another_fault_refuses_says_nothing(emulator: Emulated) -> None:
    client = ae.caller(emulator)
    arm(emulator, "empty", times=1)
    assert client.post("/messages", json=asking(CAT), headers={HEADER: "status"}).status_code == 503
    assert kind_of(text_of(message(client))) == "empty"


@pytest.mark.parametrize("operation", ["models.list", "assets.poll", "agents.result", "batch.create", "batch.results"])
def test_an_operation_that_generates_nothing_is_refused_with_those_that_do(
    running: Running, tmp_path: Path, operation: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        played(running, tmp_path, f"  - {{on: {operation}, fault: {{answer: empty}}}}")
    (diagnostic,) = caught.value.diagnostics
    told = "the fault answer would never apply: no operation here generates an answer; expected one of: "
    assert diagnostic.message.startswith(told)
    assert set(diagnostic.message.removeprefix(told).split(", ")) == GENERATING
    assert diagnostic.place.line == 5


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "kind is missing; expected one of: empty, refusal"),
        ("fence", "kind: 'fence' is not allowed"),
        ("fence", "did you mean 'fenced'?"),
        ({"kind": "loop", "how": "cut"}, "`how` is for the kind broken_json; leave it out with loop"),
        ({"kind": "broken_json", "how": "no"}, "how: 'no' is not allowed; expected one of: cut, trailing_comma"),
    ],
)
def test_a_wrong_kind_is_refused_with_the_right_ones(given: Any, reason: str) -> None:
    assert reason in complaint("answer", given)
