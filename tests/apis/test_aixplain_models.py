"""aiXplain's models: running them, at once, polled or streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.apis.aixplain_calls import (
    ABORTING,
    DEMO,
    FAILING,
    FAILING_AT_ONCE,
    LLM,
    MODELS_HOST,
    PATH_LLM,
    PLATFORM_HOST,
    SLOW_LLM,
    STREAMING_LLM,
    TRANSLATION,
    TURNED,
    caller,
    chunks,
    execute,
    polled,
    ran,
    refused,
    started,
    text_of,
)
from tests.running import Emulated

RAINBOW = "What are the colors of the rainbow?"


@pytest.mark.claim("AX-HOST-MODELS")
def test_the_models_host_serves_execution_and_polling_and_the_other_host_does_not(emulator: Emulated) -> None:
    client = caller(emulator)
    client.headers["Host"] = MODELS_HOST
    run = started(execute(client, SLOW_LLM, text="Hello!"))
    assert polled(client, run["data"])["status"] == "IN_PROGRESS"
    client.headers["Host"] = PLATFORM_HOST
    refused(execute(client, SLOW_LLM, text="Hello!"), 404)
    refused(client.get(f"/api/v2/data/{run['requestId']}"), 404)


@pytest.mark.claim("AX-EXEC-TEXT")
def test_the_documents_sum_is_answered(emulator: Emulated) -> None:
    assert "4" in ran(caller(emulator), text="What is 2 + 2?")["data"]


@pytest.mark.claim("AX-EXEC-TEXT")
def test_the_same_text_is_answered_the_same_and_another_text_is_not(emulator: Emulated) -> None:
    client = caller(emulator)
    first, again, other = (ran(client, text=text)["data"] for text in ("About bees", "About bees", "About whales"))
    assert first == again != other


@pytest.mark.claim("AX-EXEC-TEXT")
def test_an_id_may_be_a_path_with_plain_or_encoded_slashes(emulator: Emulated) -> None:
    client = caller(emulator)
    plain = ran(client, PATH_LLM, text="What is 2 + 2?")
    assert plain["data"] == ran(client, PATH_LLM.replace("/", "%2F"), text="What is 2 + 2?")["data"]
    assert plain["asset"] == {"assetId": PATH_LLM, "id": PATH_LLM}


@pytest.mark.claim("AX-EXEC-PARAMS")
def test_max_tokens_really_limits_the_reply(emulator: Emulated) -> None:
    client = caller(emulator)
    whole = ran(client, text=RAINBOW)
    cut = ran(client, text=RAINBOW, max_tokens=3, temperature=0.8)
    assert whole["details"][0]["finish_reason"] == "stop"
    assert cut["details"][0]["finish_reason"] == "length"
    assert cut["usage"]["completion_tokens"] == 3 < whole["usage"]["completion_tokens"]
    assert whole["data"].startswith(cut["data"])


@pytest.mark.claim("AX-EXEC-PARAMS")
def test_numbers_may_come_as_text_and_unknown_fields_are_let_through(emulator: Emulated) -> None:
    client = caller(emulator)
    assert ran(client, text=RAINBOW, max_tokens="3", temperature="0.7", foo="bar")["usage"]["completion_tokens"] == 3
    assert ran(client, text="What is 2 + 2?", max_tokens=None, temperature=None, options=None)["data"]


@pytest.mark.claim("AX-EXEC-PARAMS")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_tokens", "many"),
        ("max_tokens", 0),
        ("max_tokens", -1),
        ("max_tokens", 1.5),
        ("max_tokens", True),
        ("temperature", "warm"),
        ("text", 5),
        ("text", {"a": 1}),
        ("stream", "yes"),
        ("options", "stream"),
        ("history", "none"),
        ("action", ["scrape"]),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused_by_its_name(emulator: Emulated, field: str, value: Any) -> None:
    refused(execute(caller(emulator), **{"text": "Hello!", field: value}), 400, field)


@pytest.mark.claim("AX-EXEC-TEXT")
@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": None}, {"text": []}, {"data": ""}])
def test_a_model_that_is_asked_nothing_refuses(emulator: Emulated, body: dict[str, Any]) -> None:
    refused(execute(caller(emulator), **body), 400, "text should not be empty")


@pytest.mark.claim("AX-EXEC-HISTORY")
def test_of_a_conversation_the_last_user_message_is_answered(emulator: Emulated) -> None:
    conversation = [
        {"role": "user", "content": "What is 5 + 5?"},
        {"role": "assistant", "content": "10"},
        {"role": "user", "content": "What is 2 + 2?"},
    ]
    client = caller(emulator)
    result = ran(client, text=conversation)
    assert result["data"] == ran(client, text="What is 2 + 2?")["data"]
    assert result["usage"]["prompt_tokens"] > ran(client, text="What is 2 + 2?")["usage"]["prompt_tokens"]


@pytest.mark.claim("AX-EXEC-HISTORY")
def test_the_documents_conversation_is_answered(emulator: Emulated) -> None:
    conversation = [
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "Hi there! How can I help?"},
        {"role": "user", "content": "Tell me a fun fact."},
    ]
    assert ran(caller(emulator), text=conversation)["data"]


@pytest.mark.claim("AX-EXEC-HISTORY")
def test_a_message_without_a_role_is_refused(emulator: Emulated) -> None:
    refused(execute(caller(emulator), text=[{"content": "Hello!"}]), 400, "text")


@pytest.mark.claim("AX-V1-ALIAS")
@pytest.mark.parametrize("input_field", ["text", "data"])
def test_the_old_execute_route_and_the_old_input_field_answer_the_same(emulator: Emulated, input_field: str) -> None:
    client = caller(emulator)
    nulls: dict[str, Any] = {
        "context": None,
        "prompt": None,
        "history": None,
        "max_tokens": 128,
        "response_format": None,
    }
    response = execute(client, LLM, "v1", **{input_field: "What is 2 + 2?"}, **nulls)
    assert response.status_code == 200
    assert response.json()["data"] == ran(client, text="What is 2 + 2?")["data"]


@pytest.mark.claim("AX-V1-ALIAS")
def test_both_poll_routes_tell_the_same_of_a_run(emulator: Emulated) -> None:
    client = caller(emulator)
    id_ = started(execute(client, SLOW_LLM, "v1", data="What is 2 + 2?"))["requestId"]
    emulator.advance(1)
    assert polled(client, f"/api/v1/data/{id_}") == polled(client, f"/api/v2/data/{id_}")


@pytest.mark.claim("AX-ENVELOPE")
def test_a_result_carries_everything_the_client_reads(emulator: Emulated) -> None:
    result = ran(caller(emulator), text="What is 2 + 2?")
    assert set(result) == {"status", "completed", "data", "details", "runTime", "usedCredits", "usage", "asset"}
    assert result["details"][0]["message"] == {
        "role": "assistant",
        "content": result["data"],
        "refusal": None,
        "annotations": [],
    }
    assert result["usage"]["total_tokens"] == result["usage"]["prompt_tokens"] + result["usage"]["completion_tokens"]
    assert result["asset"] == {"assetId": LLM, "id": LLM}
    assert result["runTime"] > 0
    assert result["usedCredits"] > 0


@pytest.mark.claim("AX-ENVELOPE")
def test_a_failure_inside_a_200_has_status_and_completed(emulator: Emulated) -> None:
    response = execute(caller(emulator), FAILING_AT_ONCE, text="Hello!")
    assert response.status_code == 200
    result = response.json()
    assert (result["status"], result["completed"]) == ("FAILED", True)
    assert result["error"] == "err.supplier_error"
    assert result["supplierError"]
    assert "error_code" not in result


@pytest.mark.claim("AX-EXEC-TEXT")
@pytest.mark.finding("C4")
@pytest.mark.parametrize(
    "text", ["Hello!", "hi", "What is 2 + 2?", "Tell me a fun fact.", "What was my previous question?"]
)
def test_a_model_that_translates_answers_nothing_that_it_is_given(emulator: Emulated, text: str) -> None:
    assert ran(caller(emulator), TRANSLATION, text=text)["data"] == f"Simulated translation: {text}"


@pytest.mark.claim("AX-EXEC-TEXT")
def test_a_model_that_translates_says_that_its_translation_is_simulated(emulator: Emulated) -> None:
    client = caller(emulator)
    result = ran(client, TRANSLATION, data="hello")
    assert result["data"] == result["details"][0]["message"]["content"] == "Simulated translation: hello"
    assert result["usage"]["completion_tokens"] == 7
    named = ran(client, TRANSLATION, text="What is 2 + 2?", sourcelanguage="en", targetlanguage="es")
    assert named["data"] == "Simulated translation from en into es: What is 2 + 2?"
    talk = [{"role": "user", "content": "One."}, {"role": "assistant", "content": "Uno."}]
    assert ran(client, TRANSLATION, text=[*talk, {"role": "user", "content": "Two."}])["data"].endswith(": Two.")
    assert ran(client, TRANSLATION, text="hello", max_tokens=3)["data"] == "Simulated tr"


@pytest.mark.claim("AX-ASYNC-ENVELOPE")
def test_an_asynchronous_run_gives_a_poll_url_on_the_origin_the_client_used(emulator: Emulated) -> None:
    client = caller(emulator)
    run = started(execute(client, SLOW_LLM, text="What is 2 + 2?"))
    assert set(run) == {"requestId", "status", "completed", "data"}
    assert run["data"] == f"{str(client.base_url).rstrip('/')}/api/v1/data/{run['requestId']}"
    client.headers["Host"] = f"{MODELS_HOST}:8443"
    assert started(execute(client, SLOW_LLM, text="Hi"))["data"].startswith(f"http://{MODELS_HOST}:8443/api/v1/data/")


@pytest.mark.claim("AX-POLL-MODEL")
def test_the_result_of_an_asynchronous_run_is_polled_by_its_request_id(emulator: Emulated) -> None:
    client = caller(emulator)
    id_ = started(execute(client, SLOW_LLM, text="What is 2 + 2?"))["requestId"]
    url = f"/api/v2/data/{id_}"
    assert polled(client, url) == {"status": "IN_PROGRESS", "completed": False, "requestId": id_}
    emulator.advance(0.9)
    assert polled(client, url)["completed"] is False
    emulator.advance(0.1)
    result = polled(client, url)
    assert result["data"] == ran(client, text="What is 2 + 2?")["data"]
    assert result["requestId"] == id_
    emulator.advance(3600)
    assert polled(client, url) == result


@pytest.mark.claim("AX-POLL-STATES")
@pytest.mark.parametrize(("model", "end"), [(SLOW_LLM, "SUCCESS"), (FAILING, "FAILED"), (ABORTING, "ABORTED")])
def test_a_run_is_not_completed_until_it_ends_in_its_state(emulator: Emulated, model: str, end: str) -> None:
    client = caller(emulator)
    run = started(execute(client, model, text="Hello!"))
    assert polled(client, run["data"])["completed"] is False
    emulator.advance(1)
    result = polled(client, run["data"])
    assert (result["status"], result["completed"]) == (end, True)
    assert "error_code" not in result
    assert ("error" in result and "supplierError" in result) is (end == "FAILED")


@pytest.mark.claim("AX-POLL-UNKNOWN")
def test_an_unknown_request_id_stays_pending_for_ever(emulator: Emulated) -> None:
    client = caller(emulator)
    for _ in range(2):
        assert polled(client, "/api/v2/data/nobody-knows-me") == {"status": "PENDING", "completed": False}
        emulator.advance(3600)


@pytest.mark.claim("AX-POLL-UNKNOWN")
def test_the_run_of_another_workspace_and_the_run_of_an_agent_are_unknown(emulator: Emulated) -> None:
    client = caller(emulator)
    run = started(execute(client, SLOW_LLM, text="Hello!"))
    agent_run = started(client.post("/v2/agents/68f0000000000000000000a1/run", json={"query": "Hello!"}))
    assert polled(caller(emulator, "somebody-elses-key"), run["data"])["status"] == "PENDING"
    assert polled(client, f"/api/v2/data/{agent_run['requestId']}")["status"] == "PENDING"


@pytest.mark.claim("AX-POLL-UNKNOWN")
@pytest.mark.scenario("strict")
def test_a_switch_makes_unknown_request_ids_not_found(emulator: Emulated) -> None:
    refused(caller(emulator).get("/api/v2/data/nobody-knows-me"), 404, "nobody-knows-me")


@pytest.mark.claim("AX-ASYNC-ENVELOPE")
@pytest.mark.scenario("async-everything")
def test_a_switch_makes_every_run_asynchronous_and_the_records_agree(emulator: Emulated) -> None:
    client = caller(emulator)
    run = started(execute(client, LLM, text="What is 2 + 2?"))
    assert client.get(f"/v2/models/{LLM}").json()["connectionType"] == ["asynchronous"]
    emulator.advance(1)
    assert "4" in polled(client, run["data"])["data"]


@pytest.mark.claim("AX-STREAM")
@pytest.mark.finding("D7")
@pytest.mark.parametrize("asked", [{"stream": True}, {"options": {"stream": True}}])
def test_a_stream_is_chunks_then_an_end_then_usage_then_done(emulator: Emulated, asked: dict[str, Any]) -> None:
    client = caller(emulator)
    whole = ran(client, STREAMING_LLM, text=RAINBOW)
    events = chunks(client, STREAMING_LLM, text=RAINBOW, **asked)
    assert events[-1] == "[DONE]"
    *deltas, end, usage = map(json.loads, events[:-1])
    assert len(deltas) > 1
    assert all(delta["choices"][0]["finish_reason"] is None for delta in deltas)
    assert [delta["choices"][0]["delta"].get("role") for delta in deltas] == ["assistant", *[None] * (len(deltas) - 1)]
    assert text_of(events) == whole["data"]
    assert end["choices"][0] == {"index": 0, "delta": {}, "finish_reason": "stop"}
    assert (usage["choices"], usage["usage"]) == ([], whole["usage"])


@pytest.mark.claim("AX-STREAM")
def test_a_stream_that_max_tokens_cuts_ends_with_length(emulator: Emulated) -> None:
    events = chunks(caller(emulator), LLM, text=RAINBOW, max_tokens=3, stream=True)
    assert json.loads(events[-3])["choices"][0]["finish_reason"] == "length"
    assert json.loads(events[-2])["usage"]["completion_tokens"] == 3


@pytest.mark.claim("AX-STREAM")
def test_a_model_that_cannot_stream_answers_whole(emulator: Emulated) -> None:
    assert ran(caller(emulator), TRANSLATION, text="hello", stream=True)["data"]


@pytest.mark.claim("AX-STREAM")
@pytest.mark.scenario(TURNED)
def test_a_switch_streams_the_chunks_in_which_the_old_client_finds_text(emulator: Emulated) -> None:
    client = caller(emulator)
    events = chunks(client, STREAMING_LLM, text=RAINBOW, stream=True)
    assert events[-1] == "[DONE]"
    assert "".join(json.loads(event)["data"] for event in events[:-1]) == ran(client, text=RAINBOW)["data"]


@pytest.mark.claim("AX-V1-ALIAS", "AX-ASYNC-ENVELOPE")
@pytest.mark.scenario(TURNED)
def test_switches_make_the_old_route_asynchronous_and_the_poll_urls_new(emulator: Emulated) -> None:
    client = caller(emulator)
    assert ran(client, text="Hello!")
    run = started(execute(client, LLM, "v1", data="Hello!"))
    assert run["data"].endswith(f"/api/v2/data/{run['requestId']}")


@pytest.mark.claim("AX-HOST-MODELS")
def test_an_unknown_model_is_not_found(emulator: Emulated) -> None:
    refused(execute(caller(emulator, DEMO), "no-such-model", text="Hello!"), 404, "no-such-model")
