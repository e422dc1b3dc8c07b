"""The public aiXplain SDK, unmodified: agents, by its client of v2 and by its legacy factories."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import HURRY, Asker, last

pytestmark = pytest.mark.slow

TEN = "5 + 5 = 10."
PREVIOUS = 'Your previous question was: "What is 5 + 5?"'
FIRST = "This is your first message in this conversation, so there is no previous question yet."
AGENTS = {"Demo Agent", "Research Agent", "Failing Agent"}


def outputs(found: list[dict[str, Any]]) -> list[str]:
    return [each["output"] for each in found]


@pytest.mark.claim("AX-AGENT-RUN", "AX-AGENT-POLL", "AX-AGENT-SESSION", "AX-AGENT-HISTORY", "AX-AGENT-QUERY-OBJECT")
def test_the_client_of_v2_runs_agents(aixplain: Asker) -> None:
    aixplain.world.clock.speed(HURRY)
    told = aixplain.told("v2_agents.py")
    assert told["get"] == {"id": "68f0000000000000000000a1", "name": "Demo Agent"}
    assert (told["run"]["status"], told["run"]["output"], told["run"]["steps"]) == ("SUCCESS", TEN, 1)
    assert told["run"]["session"].startswith("68f0000000000000000000a1_")
    # Only the newest sends session_id=, in a header; the one before drops it, and every run begins a conversation.
    is_newest = aixplain.clients == "sdk"
    assert outputs(told["session"]) == [TEN, PREVIOUS if is_newest else FIRST, FIRST]
    assert [each["session"] for each in told["session"]] == ["talk-1", "talk-1", "talk-2"] or not is_newest
    assert told["session continued"]["output"] == PREVIOUS
    assert told["history"]["output"] == PREVIOUS
    assert told["variables"]["status"] == "SUCCESS"
    assert told["async by hand"]["begun"] == "IN_PROGRESS"
    assert told["async by hand"]["id"] is True
    assert told["async by hand"]["ended"]["output"] == TEN
    both = [["user", "What is 5 + 5?"], ["assistant", TEN], ["user", "What was my previous question?"]]
    assert told["session object"]["messages"] == [*both, ["assistant", PREVIOUS]]
    assert told["failed"]["says"] == "Operation failed: Agent failed"
    assert [told["unknown"][each] for each in ("says", "status_code")] == ["Agent not found", 404]
    assert [told["no query"][each] for each in ("says", "status_code")] == ["query should not be empty", 400]
    assert told["saved"] == {"id": True, "found": ["Mine"], "output": TEN, "after": []}
    first, second = (found["names"] for found in told["search"])
    assert (len(first), {*first, *second}) == (2, AGENTS)
    assert [found["total"] for found in told["search"]] == [3, 3]
    # How variables and sessions travelled.
    sent = aixplain.world.requests("agents.run")
    assert {"input": "Tell me about {{topic}}", "topic": "the sea"} in [each.body["query"] for each in sent]
    named = [each.headers.get("x-session-id") for each in sent]
    assert ("talk-1" in named) == is_newest
    # It asks ipinfo.io where it is, and sends that along.
    assert {each.body["metaData"]["ipAddress"] for each in sent} == {"192.0.2.1"}


@pytest.mark.claim("AX-V1-ALIAS", "AX-AGENT-RUN", "AX-AGENT-SESSION", "AX-AGENT-HISTORY", "AX-AGENT-QUERY-OBJECT")
def test_the_legacy_factories_run_agents(aixplain: Asker) -> None:
    aixplain.world.clock.speed(HURRY)
    told = aixplain.told("v1_agents.py")
    assert told["get"] == {"id": "68f0000000000000000000a1", "name": "Demo Agent"}
    assert (told["run"]["status"], told["run"]["output"], told["run"]["steps"]) == ("SUCCESS", TEN, 1)
    assert outputs(told["session"]) == [TEN, PREVIOUS]
    assert told["session"][0]["session"] == told["session"][1]["session"]
    assert told["history"]["output"] == PREVIOUS
    assert told["session with a history"]["output"] == PREVIOUS
    refused = {
        "session and history": "Provide either `session_id` or `history`, not both.",
        "session of another": "Session ID 'talk-1' does not belong to this Agent.",
    }
    for wrong, says in refused.items():
        assert (told[wrong]["raised"], told[wrong]["says"]) == ("ValueError", says)
    assert told["variables"]["status"] == "SUCCESS"
    sent = [each.body["query"] for each in aixplain.world.requests("agents.run")]
    assert {"input": "Tell me more", "topic": "the sea"} in sent
    assert told["async by hand"]["begun"] == "IN_PROGRESS"
    assert told["async by hand"]["ended"] == TEN
    assert told["failed"]["status"] == "FAILED"
    assert told["unknown"]["says"] == "Agent Get Error (HTTP 404): Agent not found"
    assert told["saved"] == {"found": True, "output": TEN, "after": False}
    assert set(told["list"]) == AGENTS


@pytest.mark.claim("AX-AGENT-ENVELOPE")
def test_the_client_of_v2_shows_the_progress_of_a_run(aixplain: Asker) -> None:
    done = aixplain.run("v2_progress.py")
    assert last(done) == {"run": TEN}
    assert "Research Agent ⧈ Demo LLM" in done.stdout
    assert "✓ Completed 1 steps" in done.stdout
    assert "API 3 · $0.002010" in done.stdout


BY_POLLS = """
scenario: slowly
about: A run that is seen in each of its states, however late the client polls.
extends: default
apis: {aixplain: {jobs: {run: {running: 2 polls, responding: 3 polls, SUCCESS: 4 polls}}}}
"""


@pytest.mark.claim("AX-V1-ALIAS", "AX-AGENT-ENVELOPE")
def test_the_legacy_factories_show_the_progress_of_a_run(aixplain: Asker) -> None:
    aixplain.world.put_scenario("slowly", BY_POLLS)
    aixplain.world.use("slowly")
    done = aixplain.run("v1_progress.py")
    assert last(done) == {"run": TEN}
    assert "Research Agent | ⏳ Planning" in done.stdout
    assert "✅ Done | Completed successfully (1.4 s total | 3 API calls | $0.0020102)" in done.stdout
