"""aiXplain's agents: running them, polling for them, and conversations over several runs."""

from __future__ import annotations

from ast import literal_eval
from typing import Any

import httpx
import pytest

from tests.apis.aixplain_calls import (
    AGENT,
    FAILING_AGENT,
    MODELS_HOST,
    PLATFORM_HOST,
    RESEARCH_AGENT,
    agent_result,
    caller,
    polled,
    refused,
    run_agent,
    started,
)
from tests.running import Emulated

SUM, PREVIOUS = "What is 5 + 5?", "What was my previous question?"
STEP = {"agent", "input", "output", "tool_steps", "thought", "runTime", "usedCredits"}
CLIENT_BODY: dict[str, Any] = {
    "id": AGENT,
    "executionParams": {
        "outputFormat": "text",
        "maxTokens": 2048,
        "maxTime": 300,
        "contextOverflowStrategy": None,
        "expectedOutput": None,
    },
    "runResponseGeneration": False,
    "metaData": {"userAgent": "sdk", "region": None},
    "evolve": '{"toEvolve": false}',
    "sessionId": None,
    "history": None,
}


@pytest.mark.claim("AX-HOST-PLATFORM")
def test_the_platform_host_serves_agents_and_statistics_and_the_other_host_does_not(emulator: Emulated) -> None:
    client = caller(emulator)
    stats = {"startDay": "2025-12-20", "endDay": "2026-01-01", "modelId": "695fce4c27b4e3580e43d126"}
    client.headers["Host"] = PLATFORM_HOST
    run = run_agent(client, SUM)
    assert polled(client, run["data"])["completed"] is False
    assert client.post("/sdk/models/stats", json=stats).status_code == 201
    client.headers["Host"] = MODELS_HOST
    refused(client.post(f"/v2/agents/{AGENT}/run", json={"query": SUM}), 404)
    refused(client.get(f"/sdk/agents/{run['requestId']}/result"), 404)
    refused(client.post("/sdk/models/stats", json=stats), 404)


@pytest.mark.claim("AX-AGENT-RUN", "AX-AGENT-POLL")
def test_the_documents_question_is_answered_after_a_while(emulator: Emulated) -> None:
    client = caller(emulator)
    url = f"/sdk/agents/{run_agent(client, SUM)['requestId']}/result"
    assert polled(client, url)["completed"] is False
    emulator.advance(1)
    result = polled(client, url)
    assert (result["status"], result["completed"]) == ("SUCCESS", True)
    assert "10" in result["data"]["output"]
    assert polled(client, url) == result


@pytest.mark.claim("AX-AGENT-ENVELOPE")
def test_a_run_tells_its_request_session_and_poll_url(emulator: Emulated) -> None:
    client = caller(emulator)
    run = run_agent(client, SUM)
    assert set(run) == {"requestId", "sessionId", "status", "completed", "data"}
    assert run["data"] == f"{str(client.base_url).rstrip('/')}/sdk/agents/{run['requestId']}/result"
    assert run["sessionId"].startswith(f"{AGENT}_20260101000000")


@pytest.mark.claim("AX-AGENT-ENVELOPE")
def test_a_result_carries_output_session_steps_and_statistics(emulator: Emulated) -> None:
    client = caller(emulator)
    run = run_agent(client, SUM, RESEARCH_AGENT)
    emulator.advance(1)
    result = polled(client, run["data"])
    data = result["data"]
    assert result["requestId"] == run["requestId"]
    assert result["sessionId"] == data["session_id"] == data["executionStats"]["session_id"] == run["sessionId"]
    assert data["input"].startswith("{'input': 'What is 5 + 5?'")
    (step,) = data["steps"]
    assert set(step) >= STEP
    assert step["output"] == data["output"]
    assert [used["tool"] for used in step["tool_steps"]] == ["Web Search", "Web Scraper"]
    stats = data["executionStats"]
    assert stats["assets_used"] == ["agent:Research Agent", "tool:Web Search", "tool:Web Scraper"]
    assert stats["api_calls"] == 3
    assert (stats["credits"], stats["runtime"]) == (result["usedCredits"], result["runTime"])
    assert result["runTime"] > 0


@pytest.mark.claim("AX-POLL-STATES")
def test_a_run_goes_through_its_stages(emulator: Emulated) -> None:
    client = caller(emulator)
    url = run_agent(client, SUM)["data"]
    stages = []
    for _ in range(3):
        state = polled(client, url)
        assert (state["status"], state["completed"], state["data"]) == ("IN_PROGRESS", False, {"steps": []})
        stages.append((state["progress"]["stage"], state["progress"]["currentStep"], state["progress"]["totalSteps"]))
        emulator.advance(0.35)
    assert stages == [("planning", 1, 3), ("running", 2, 3), ("responding", 3, 3)]
    assert polled(client, url)["completed"] is True


@pytest.mark.claim("AX-POLL-STATES")
def test_a_run_that_fails_says_why_below_data(emulator: Emulated) -> None:
    result = agent_result(emulator, caller(emulator), SUM, FAILING_AGENT)
    assert result["status"] == "FAILED"
    assert result["data"]["error"] == "err.not_enough_balance"
    assert result["data"]["diagnosticErrorCodes"] == ["MODEL_UNAVAILABLE"]
    assert result["data"]["session_id"] == result["sessionId"]
    assert "error_code" not in result


@pytest.mark.claim("AX-POLL-UNKNOWN")
def test_an_unknown_run_stays_pending(emulator: Emulated) -> None:
    client = caller(emulator)
    assert polled(client, "/sdk/agents/nobody/result") == {"status": "PENDING", "completed": False}
    run = run_agent(client, SUM)
    assert polled(caller(emulator, "somebody-elses-key"), run["data"])["status"] == "PENDING"


@pytest.mark.claim("AX-POLL-UNKNOWN")
@pytest.mark.scenario("strict")
def test_a_switch_makes_unknown_runs_not_found(emulator: Emulated) -> None:
    refused(caller(emulator).get("/sdk/agents/nobody/result"), 404, "nobody")


@pytest.mark.claim("AX-AGENT-SESSION")
def test_a_session_remembers_the_previous_question(emulator: Emulated) -> None:
    client = caller(emulator)
    first = agent_result(emulator, client, SUM)
    second = agent_result(emulator, client, PREVIOUS, sessionId=first["sessionId"])
    assert SUM in second["data"]["output"]
    assert second["sessionId"] == first["sessionId"]


@pytest.mark.claim("AX-AGENT-SESSION")
def test_runs_without_a_session_know_nothing_of_each_other_even_in_the_same_second(emulator: Emulated) -> None:
    client = caller(emulator)
    first = run_agent(client, SUM)
    second = run_agent(client, PREVIOUS)
    emulator.advance(1)
    assert first["sessionId"] != second["sessionId"]
    assert SUM not in polled(client, second["data"])["data"]["output"]


@pytest.mark.claim("AX-AGENT-SESSION")
def test_a_session_belongs_to_its_workspace(emulator: Emulated) -> None:
    session = run_agent(caller(emulator), SUM, sessionId="chosen-by-me")["sessionId"]
    assert session == "chosen-by-me"
    stranger = caller(emulator, "somebody-elses-key")
    assert SUM not in agent_result(emulator, stranger, PREVIOUS, sessionId=session)["data"]["output"]


@pytest.mark.claim("AX-AGENT-SESSION")
def test_a_session_is_forgotten_after_15_days(emulator: Emulated) -> None:
    client = caller(emulator)
    session = run_agent(client, SUM)["sessionId"]
    emulator.advance(15 * 86_400 + 1)
    assert SUM not in agent_result(emulator, client, PREVIOUS, sessionId=session)["data"]["output"]


@pytest.mark.claim("AX-AGENT-SESSION", "AX-AGENT-HISTORY")
@pytest.mark.parametrize(("begin", "before"), [("/", SUM), ("What is 2 + 2?", "What is 2 + 2?")])
def test_a_session_that_begins_with_a_history_remembers_it(emulator: Emulated, begin: str, before: str) -> None:
    client = caller(emulator)
    history = [{"role": "user", "content": SUM}, {"role": "assistant", "content": "10"}]
    session = run_agent(client, begin, history=history, sessionId="talk-1")["sessionId"]
    messages = client.get(f"/v1/sessions/{session}/messages").json()
    assert [each["sequence"] for each in messages] == list(range(1, len(messages) + 1))
    assert [each["content"] for each in messages[:2]] == [SUM, "10"]
    assert agent_result(emulator, client, PREVIOUS, sessionId=session)["data"]["output"].endswith(f'"{before}"')


@pytest.mark.claim("AX-AGENT-HISTORY")
def test_a_history_stands_for_a_session(emulator: Emulated) -> None:
    history = [
        {"role": "user", "content": "Help me plan a project"},
        {"role": "assistant", "content": "Sure! What kind?"},
    ]
    client = caller(emulator)
    assert "Help me plan a project" in agent_result(emulator, client, PREVIOUS, history=history)["data"]["output"]
    assert agent_result(emulator, client, "Continue from where we left off", history=history)["data"]["output"]


@pytest.mark.claim("AX-AGENT-HISTORY")
@pytest.mark.parametrize("history", ["before", [{"role": "user"}], ["Hello!"], {"role": "user", "content": "x"}])
def test_a_history_that_is_no_list_of_messages_is_refused(emulator: Emulated, history: Any) -> None:
    response = caller(emulator).post(f"/v2/agents/{AGENT}/run", json={"query": SUM, "history": history})
    refused(response, 400, "history")


@pytest.mark.claim("AX-AGENT-QUERY-OBJECT")
def test_the_query_may_be_an_object_with_variables_as_the_client_sends_it(emulator: Emulated) -> None:
    result = agent_result(emulator, caller(emulator), {"input": SUM, "topic": "sums"}, **CLIENT_BODY)
    assert "10" in result["data"]["output"]


@pytest.mark.parametrize("more", [{}, {"variables": {"topic": "birds"}}])
def test_variables_fill_in_nothing(emulator: Emulated, more: dict[str, Any]) -> None:
    query = {"input": "Tell me about {{topic}}.", "topic": "birds"}
    result = agent_result(emulator, caller(emulator), query, **CLIENT_BODY, **more)
    assert literal_eval(result["data"]["input"])["input"] == query["input"]


@pytest.mark.claim("AX-AGENT-QUERY-OBJECT")
def test_the_session_may_come_in_a_header(emulator: Emulated) -> None:
    client = caller(emulator)
    session = run_agent(client, {"input": SUM}, **CLIENT_BODY)["sessionId"]
    client.headers["x-session-id"] = session
    result = agent_result(emulator, client, {"input": PREVIOUS}, **CLIENT_BODY)
    assert result["sessionId"] == session
    assert SUM in result["data"]["output"]


@pytest.mark.claim("AX-QUERY-EMPTY")
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": "  "},
        {"query": None},
        {"query": {}},
        {"query": {"input": ""}},
        {"data": {"query": "x"}},
    ],
)
def test_an_empty_query_is_refused_in_the_services_words(emulator: Emulated, body: dict[str, Any]) -> None:
    assert refused(caller(emulator).post(f"/v2/agents/{AGENT}/run", json=body), 400) == "query should not be empty"


@pytest.mark.claim("AX-V1-ALIAS")
def test_the_old_route_runs_an_agent_as_well(emulator: Emulated) -> None:
    client = caller(emulator)
    run = started(client.post(f"/sdk/agents/{AGENT}/run", json={"query": {"input": SUM}, **CLIENT_BODY}))
    emulator.advance(1)
    assert "10" in polled(client, run["data"])["data"]["output"]


@pytest.mark.claim("AX-AGENT-RUN")
def test_an_unknown_agent_is_not_found_and_its_output_can_be_limited(emulator: Emulated) -> None:
    client = caller(emulator)
    refused(client.post("/v2/agents/nobody/run", json={"query": SUM}), 404, "nobody")
    whole = agent_result(emulator, client, "Tell me about bees")["data"]["output"]
    cut = agent_result(emulator, client, "Tell me about bees", executionParams={"maxTokens": "2"})["data"]["output"]
    assert whole.startswith(cut)
    assert len(cut) == 8


@pytest.mark.claim("AX-AGENT-SESSION")
def test_a_session_may_be_made_first_and_talked_to(emulator: Emulated) -> None:
    client = caller(emulator)
    made = client.post("/v1/sessions", json={"agentId": AGENT, "status": "active"})
    assert made.status_code == 201
    session = made.json()["id"]
    assert session.startswith(f"{AGENT}_")
    said = client.post(f"/v1/sessions/{session}/messages", json={"role": "user", "content": SUM}).json()
    assert (said["sessionId"], said["agentId"], said["role"], said["sequence"]) == (session, AGENT, "user", 1)
    emulator.advance(1)
    assert "10" in polled(client, f"/sdk/agents/{said['requestId']}/result")["data"]["output"]
    again = client.post(f"/v1/sessions/{session}/messages", json={"role": "user", "content": PREVIOUS}).json()
    emulator.advance(1)
    assert SUM in polled(client, f"/sdk/agents/{again['requestId']}/result")["data"]["output"]
    messages = client.get(f"/v1/sessions/{session}/messages").json()
    assert [(each["sequence"], each["role"]) for each in messages] == [
        (1, "user"),
        (2, "assistant"),
        (3, "user"),
        (4, "assistant"),
    ]


def said(client: httpx.Client, session: str) -> list[tuple[int, str]]:
    """Sequence and role of each message of a session."""
    return [(each["sequence"], each["role"]) for each in client.get(f"/v1/sessions/{session}/messages").json()]


@pytest.mark.claim("AX-AGENT-SESSION")
@pytest.mark.finding("D2")
def test_the_assistants_message_appears_when_the_run_has_succeeded(emulator: Emulated) -> None:
    client = caller(emulator)
    run = run_agent(client, SUM)
    session = run["sessionId"]
    emulator.advance(0.9)
    assert said(client, session) == [(1, "user")]
    assert client.get(f"/v1/sessions/{session}").json()["messageCount"] == 1
    emulator.advance(0.1)
    assert said(client, session) == [(1, "user"), (2, "assistant")]
    message = client.get(f"/v1/sessions/{session}/messages").json()[1]
    assert message["content"] == polled(client, run["data"])["data"]["output"]
    assert (message["requestId"], message["createdAt"]) == (run["requestId"], "2026-01-01T00:00:01.000Z")
    assert client.get(f"/v1/sessions/{session}").json()["updatedAt"] == message["createdAt"]


@pytest.mark.claim("AX-AGENT-SESSION")
@pytest.mark.finding("D2")
@pytest.mark.parametrize("fault", ["fail", "fail; state=ABORTED", "stuck"])
@pytest.mark.parametrize("by_session", [False, True])
def test_a_run_that_does_not_succeed_leaves_no_answer_in_its_session(
    emulator: Emulated, fault: str, by_session: bool
) -> None:
    client = caller(emulator)
    session = client.post("/v1/sessions", json={"agentId": AGENT}).json()["id"]
    client.headers["X-Emulator-Fault"] = fault
    if by_session:
        client.post(f"/v1/sessions/{session}/messages", json={"role": "user", "content": SUM}).raise_for_status()
    else:
        run_agent(client, SUM, sessionId=session)
    del client.headers["X-Emulator-Fault"]
    emulator.advance(3_000)
    assert said(client, session) == [(1, "user")]
    again = agent_result(emulator, client, "What did you say?", sessionId=session)["data"]["output"]
    assert "10" not in again
    assert said(client, session) == [(1, "user"), (2, "user"), (3, "assistant")]


@pytest.mark.finding("D2")
def test_an_agent_that_always_fails_leaves_no_answer_either(emulator: Emulated) -> None:
    client = caller(emulator)
    session = agent_result(emulator, client, SUM, FAILING_AGENT)["sessionId"]
    assert said(client, session) == [(1, "user")]


@pytest.mark.finding("D2")
def test_a_run_that_is_asked_while_another_runs_does_not_know_its_answer(emulator: Emulated) -> None:
    client = caller(emulator)
    session = run_agent(client, SUM)["sessionId"]
    second = run_agent(client, "What did you say?", sessionId=session)
    emulator.advance(1)
    assert "10" not in polled(client, second["data"])["data"]["output"]
    assert said(client, session) == [(1, "user"), (2, "user"), (3, "assistant"), (4, "assistant")]


@pytest.mark.finding("D2")
def test_a_session_that_is_deleted_during_a_run_stays_deleted(emulator: Emulated) -> None:
    client = caller(emulator)
    session = run_agent(client, SUM)["sessionId"]
    client.delete(f"/v1/sessions/{session}").raise_for_status()
    emulator.advance(1)
    refused(client.get(f"/v1/sessions/{session}"), 404)


@pytest.mark.claim("AX-AGENT-SESSION")
def test_messages_are_numbered_on_after_the_oldest_are_forgotten(emulator: Emulated) -> None:
    client = caller(emulator)
    for _ in range(101):
        session = agent_result(emulator, client, SUM, sessionId="long-talk")["sessionId"]
    numbers = [sequence for sequence, _ in said(client, session)]
    assert numbers == list(range(3, 203))


@pytest.mark.claim("AX-AGENT-SESSION")
def test_sessions_are_listed_changed_and_forgotten(emulator: Emulated) -> None:
    client = caller(emulator)
    first, second = (
        client.post("/v1/sessions", json={"agentId": agent}).json()["id"] for agent in (AGENT, RESEARCH_AGENT)
    )
    assert [each["id"] for each in client.get("/v1/sessions").json()] == [first, second]
    assert [each["id"] for each in client.get("/v1/sessions", params={"agentId": AGENT}).json()] == [first]
    assert caller(emulator, "somebody-elses-key").get("/v1/sessions").json() == []
    assert client.put(f"/v1/sessions/{first}", json={"name": "Sums"}).json()["name"] == "Sums"
    assert (
        client.post(f"/v1/sessions/{first}/messages", json={"role": "assistant", "content": "Ask!"}).status_code == 201
    )
    assert client.get(f"/v1/sessions/{first}").json()["lastMessagePreview"] == "Ask!"
    assert client.delete(f"/v1/sessions/{first}").status_code == 200
    refused(client.get(f"/v1/sessions/{first}"), 404, first)
    refused(client.post("/v1/sessions", json={"agentId": "nobody"}), 404, "agentId")


@pytest.mark.claim("AX-AGENT-SESSION")
@pytest.mark.finding("D6")
def test_a_message_is_shown_liked_and_forgotten(emulator: Emulated) -> None:
    client = caller(emulator)
    session = agent_result(emulator, client, SUM)["sessionId"]
    asked, answered = client.get(f"/v1/sessions/{session}/messages").json()
    path = f"/v1/sessions/{session}/messages/{answered['id']}"
    assert client.get(path).json() == answered
    for reaction in ("LIKE", "DISLIKE", None):
        assert client.post(f"{path}/reaction", json={"reaction": reaction}).json() == {**answered, "reaction": reaction}
        assert client.get(path).json()["reaction"] == reaction
    refused(client.post(f"{path}/reaction", json={"reaction": "LOVE"}), 400, "reaction")
    to_the_question = f"/v1/sessions/{session}/messages/{asked['id']}/reaction"
    refused(client.post(to_the_question, json={"reaction": "LIKE"}), 400, "assistant")
    assert client.delete(path).status_code == 200
    assert client.get(f"/v1/sessions/{session}/messages").json() == [asked]
    refused(client.get(path), 404, answered["id"])
    refused(client.delete(path), 404, answered["id"])
    refused(caller(emulator, "somebody-elses-key").get(path), 404, session)


@pytest.mark.claim("AX-AGENT-POLL")
@pytest.mark.finding("D6")
def test_an_agents_run_is_not_found_where_the_clients_tests_hold_that_it_is_not(emulator: Emulated) -> None:
    client = caller(emulator)
    run = run_agent(client, SUM)
    said = refused(client.get(f"/sdk/runs/{run['requestId']}"), 404)
    assert f"/sdk/agents/{run['requestId']}/result" in said


@pytest.mark.claim("AX-AGENT-ENVELOPE")
@pytest.mark.finding("D6")
def test_the_agent_of_a_step_is_a_record_and_that_of_an_intermediate_step_a_name(emulator: Emulated) -> None:
    data = agent_result(emulator, caller(emulator), SUM)["data"]
    (step,), (intermediate,) = data["steps"], data["intermediate_steps"]
    assert step["agent"] == {"id": AGENT, "name": "Demo Agent", "is_system_agent": False}
    assert intermediate == {**step, "agent": "Demo Agent"}
