"""AI Export's messages: what is required, what limits them, what they say and what they cost."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from emulator.verdict.judge import judge
from tests.apis.aiexport_calls import (
    ENTERPRISE,
    FINE_TUNED,
    FREE,
    HAIKU,
    OPUS,
    SONNET,
    answered,
    asking,
    caller,
    refused,
    streamed,
    text_of,
    text_of_stream,
)
from tests.running import Emulated


def tokens(text: str) -> int:
    """The stated rule: a quarter of the characters, rounded up."""
    return -(-len(text) // 4)


@pytest.mark.claim("AE-MSG-ROUTE")
@pytest.mark.claim("AE-MSG-SHAPE")
def test_a_message_has_the_shape_that_its_request_promises(emulator: Emulated) -> None:
    message = answered(caller(emulator).post("/messages", json=asking()))
    assert list(message) == ["id", "type", "role", "model", "content", "stop_reason", "usage", "created_at"]
    assert message["id"].startswith("msg_")
    assert (message["type"], message["role"], message["model"]) == ("message", "assistant", SONNET)
    assert [part["type"] for part in message["content"]] == ["text"]
    assert message["stop_reason"] == "end_turn"
    assert datetime.fromisoformat(message["created_at"]).year == 2026


@pytest.mark.claim("AE-MSG-ROUTE")
def test_the_same_question_is_answered_the_same_and_another_one_otherwise(emulator: Emulated) -> None:
    client = caller(emulator)
    first, again, other = (
        answered(client.post("/messages", json=asking(content))) for content in ("Why?", "Why?", "Why not, then?")
    )
    assert text_of(first) == text_of(again) != text_of(other)
    assert first["id"] != again["id"]


@pytest.mark.claim("AE-MSG-REQUIRED")
@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 4}, "model"),
        ({"messages": "Hello!"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": ["Hello!"]}, "messages.0"),
        ({"messages": [{"content": "Hello!"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "robot", "content": "Hello!"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages.0.content.0.text"),
    ],
)
def test_a_request_without_what_is_required_names_the_field(
    emulator: Emulated, change: dict[str, Any], param: str
) -> None:
    refused(caller(emulator).post("/messages", json={**asking(), **change}), 400, "invalid_request_error", param)


@pytest.mark.claim("AE-MSG-REQUIRED")
@pytest.mark.parametrize("field", ["model", "messages"])
def test_model_and_messages_are_required(emulator: Emulated, field: str) -> None:
    body = asking()
    del body[field]
    refused(caller(emulator).post("/messages", json=body), 400, "invalid_request_error", field)


@pytest.mark.claim("AE-MSG-REQUIRED")
def test_an_unknown_model_is_not_found(emulator: Emulated) -> None:
    refused(caller(emulator).post("/messages", json=asking(model="apex-9")), 404, "not_found_error", "model")


@pytest.mark.claim("AE-MSG-MAXTOKENS")
def test_max_tokens_cuts_the_reply(emulator: Emulated) -> None:
    client = caller(emulator)
    whole = answered(client.post("/messages", json=asking("Tell me about the history of the bicycle.")))
    cut = answered(client.post("/messages", json=asking("Tell me about the history of the bicycle.", max_tokens=5)))
    assert (cut["usage"]["output_tokens"], cut["stop_reason"]) == (5, "max_tokens")
    assert len(text_of(cut)) == 20
    assert text_of(whole).startswith(text_of(cut))


@pytest.mark.claim("AE-MSG-MAXTOKENS")
def test_max_tokens_is_1024_when_left_out(emulator: Emulated) -> None:
    client = caller(emulator)
    left_out = answered(client.post("/messages", json=asking()))
    said = answered(client.post("/messages", json=asking(max_tokens=1024)))
    assert left_out["content"] == said["content"]
    assert left_out["usage"]["output_tokens"] <= 1024


@pytest.mark.claim("AE-MSG-MAXTOKENS")
@pytest.mark.parametrize("question", ["Write at least 3,000 words about the sea.", "Write a very long story."])
def test_a_long_reply_ends_at_max_tokens_which_are_1024_when_left_out(emulator: Emulated, question: str) -> None:
    client = caller(emulator)
    message = answered(client.post("/messages", json=asking(question)))
    assert (message["usage"]["output_tokens"], message["stop_reason"]) == (1_024, "max_tokens")
    assert len(text_of(message)) == 4_096
    events = streamed(client, "/messages/stream", asking(question))
    assert text_of_stream(events) == text_of(message)
    message = answered(client.post("/messages", json=asking(question, max_tokens=1_500)))
    assert (message["usage"]["output_tokens"], message["stop_reason"]) == (1_500, "max_tokens")


@pytest.mark.claim("AE-MSG-MAXTOKENS")
def test_a_reply_is_as_long_as_the_prompt_asks(emulator: Emulated) -> None:
    client = caller(emulator)
    for words in (1, 40, 3_000):
        body = asking(f"Describe the sea in exactly {words:,} words.", max_tokens=8_000)
        message = answered(client.post("/messages", json=body))
        assert (len(text_of(message).split()), message["stop_reason"]) == (words, "end_turn")


@pytest.mark.claim("AE-MSG-MAXTOKENS")
@pytest.mark.parametrize("max_tokens", [0, -1, 1.5, "10", None, True])
def test_max_tokens_is_a_whole_number_from_1(emulator: Emulated, max_tokens: Any) -> None:
    response = caller(emulator).post("/messages", json=asking(max_tokens=max_tokens))
    refused(response, 400, "invalid_request_error", "max_tokens")


@pytest.mark.claim("AE-MSG-SHAPE")
def test_a_stop_sequence_ends_the_reply_and_is_its_stop_reason(emulator: Emulated) -> None:
    client, question = caller(emulator), "What are the colors of the rainbow?"
    whole = text_of(answered(client.post("/messages", json=asking(question))))
    words = whole.split()
    stop = ["no such text", words[3], words[2]]
    cut = answered(client.post("/messages", json=asking(question, stop_sequences=stop)))
    assert (text_of(cut), cut["stop_reason"]) == (whole[: whole.index(words[2])], "stop_sequence")
    assert cut["usage"]["output_tokens"] == tokens(text_of(cut))
    events = streamed(client, "/messages/stream", asking(question, stop_sequences=stop))
    assert text_of_stream(events) == text_of(cut)
    assert [data["delta"]["stop_reason"] for name, data in events if name == "message_delta"] == ["stop_sequence"]
    for nowhere in ([], ["no such text"]):
        whole_again = answered(client.post("/messages", json=asking(question, stop_sequences=nowhere)))
        assert (text_of(whole_again), whole_again["stop_reason"]) == (whole, "end_turn")
    short = answered(client.post("/messages", json=asking(question, max_tokens=1, stop_sequences=[words[2]])))
    assert short["stop_reason"] == "max_tokens"


@pytest.mark.claim("AE-MSG-SHAPE")
@pytest.mark.parametrize(
    ("stop", "param"),
    [
        ("END", "stop_sequences"),
        (None, "stop_sequences"),
        (["a"] * 17, "stop_sequences"),
        ([""], "stop_sequences.0"),
        (["a" * 201], "stop_sequences.0"),
        (["a", 5], "stop_sequences.1"),
    ],
)
def test_stop_sequences_are_a_short_list_of_texts(emulator: Emulated, stop: Any, param: str) -> None:
    response = caller(emulator).post("/messages", json=asking(stop_sequences=stop))
    refused(response, 400, "invalid_request_error", param)


@pytest.mark.claim("AE-MSG-TEMPERATURE")
@pytest.mark.parametrize("temperature", [0, 0.0, 0.5, 1, 1.0])
def test_a_temperature_from_0_to_1_is_accepted(emulator: Emulated, temperature: float) -> None:
    answered(caller(emulator).post("/messages", json=asking(temperature=temperature)))


@pytest.mark.claim("AE-MSG-TEMPERATURE")
@pytest.mark.parametrize("temperature", [-0.1, 1.1, 2, "0.5", True])
def test_another_temperature_is_refused(emulator: Emulated, temperature: Any) -> None:
    response = caller(emulator).post("/messages", json=asking(temperature=temperature))
    refused(response, 400, "invalid_request_error", "temperature")


@pytest.mark.claim("AE-MSG-SYSTEM")
def test_the_system_prompt_counts_as_input(emulator: Emulated) -> None:
    client, system = caller(emulator), "You are a pirate and answer as one."
    without = answered(client.post("/messages", json=asking()))["usage"]["input_tokens"]
    message = answered(client.post("/messages", json=asking(system=system)))
    assert message["usage"]["input_tokens"] == without + tokens(system)
    refused(client.post("/messages", json=asking(system=["x"])), 400, "invalid_request_error", "system")


@pytest.mark.claim("AE-USAGE")
@pytest.mark.claim("AE-TOKENS")
def test_usage_is_counted_by_the_stated_rule(emulator: Emulated) -> None:
    said = ["What is a fjord?", "A long narrow inlet.", "And a firth?"]
    messages = [{"role": role, "content": text} for role, text in zip(["user", "assistant", "user"], said, strict=True)]
    message = answered(caller(emulator).post("/messages", json={"model": OPUS, "messages": messages}))
    usage = message["usage"]
    assert usage == {
        "input_tokens": sum(map(tokens, said)),
        "output_tokens": tokens(text_of(message)),
        "total_tokens": usage["input_tokens"] + usage["output_tokens"],
    }


@pytest.mark.claim("AE-BATCH-HALF")
@pytest.mark.parametrize(("model", "price_in", "price_out"), [(OPUS, 15, 75), (HAIKU, 0.25, 1.25), (FINE_TUNED, 4, 20)])
def test_the_cost_is_what_the_prices_make_of_the_usage(
    emulator: Emulated, model: str, price_in: float, price_out: float
) -> None:
    response = caller(emulator, ENTERPRISE).post("/messages", json=asking(model=model))
    usage = answered(response)["usage"]
    expected = (usage["input_tokens"] * price_in + usage["output_tokens"] * price_out) / 1_000_000
    assert float(response.headers["x-cost-usd"]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.claim("AE-ERROR-SHAPE")
def test_what_is_no_json_no_route_or_no_method_is_refused_in_the_apis_shape(emulator: Emulated) -> None:
    client = caller(emulator)
    json_type = {"Content-Type": "application/json"}
    refused(client.post("/messages", content=b"{", headers=json_type), 400, "invalid_request_error")
    refused(client.post("/messages", content=b"[]", headers=json_type), 400, "invalid_request_error")
    refused(client.post("/messages", content=b"", headers=json_type), 400, "invalid_request_error")
    refused(
        client.post("/messages", content=b"<a/>", headers={"Content-Type": "text/xml"}), 415, "invalid_request_error"
    )
    refused(client.get("/messages/nothing"), 404, "not_found_error")
    refused(client.get("/nothing", headers={"Host": "api.aiexport.io"}), 404, "not_found_error")
    wrong = client.put("/messages", json=asking())
    refused(wrong, 405, "invalid_request_error")
    assert "POST" in wrong.headers["allow"]


@pytest.mark.claim("AE-ERROR-SHAPE")
def test_a_plan_without_the_model_is_a_permission_error(emulator: Emulated) -> None:
    refused(caller(emulator, FREE).post("/messages", json=asking(model=OPUS)), 403, "permission_error", "model")


@pytest.mark.claim("AE-ERROR-SHAPE")
def test_every_answer_has_an_id_of_its_own(emulator: Emulated) -> None:
    client = caller(emulator)
    ids = [client.post("/messages", json=body).headers["x-request-id"] for body in (asking(), {}, asking())]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"req_\w+", id_) for id_ in ids)


TOOLS: dict[str, Any] = {"tools": [{"name": "clock", "input_schema": {}}], "tool_choice": {"type": "auto"}}
IGNORED = "not documented, and ignored: "


@pytest.mark.finding("B8")
@pytest.mark.claim("AE-MSG-ROUTE")
@pytest.mark.parametrize("path", ["/messages", "/messages/stream"])
def test_fields_that_are_not_documented_are_named_in_a_hint(emulator: Emulated, path: str) -> None:
    client = caller(emulator)
    answer = client.post(path, json=asking(**TOOLS, top_p=1))
    assert answer.status_code == 200
    (hint,) = answer.headers.get_list("x-emulator-hint")
    assert sorted(hint.removeprefix(IGNORED).split(", ")) == ["tool_choice", "tools", "top_p"]
    assert "x-emulator-hint" not in client.post(path, json=asking(temperature=1, stop_sequences=["x"])).headers
    batch = client.post("/batch", json={"requests": [asking(), {**asking(**TOOLS), "custom_id": "c"}], "priority": 1})
    assert batch.status_code == 202
    named = batch.headers["x-emulator-hint"].removeprefix(IGNORED).split(", ")
    assert sorted(named) == ["priority", "requests.1.tool_choice", "requests.1.tools"]
    verdict = judge(emulator.exchanges(3), emulator.app.playbook)
    found = [each for each in verdict.findings if each.rule == "undocumented_fields"]
    assert [(each.operation, each.severity, each.count) for each in found] == [
        ("messages.stream" if "stream" in path else "messages.create", "warning", 1),
        ("batch.create", "warning", 1),
    ]
    assert "tools" in found[0].found
    assert verdict.checked["undocumented_fields"] == 3


@pytest.mark.finding("B8")
@pytest.mark.scenario("strict")
def test_strict_refuses_what_is_not_documented(emulator: Emulated) -> None:
    client = caller(emulator)
    for path in ("/messages", "/messages/stream"):
        error = refused(client.post(path, json=asking(tools=[])), 400, "invalid_request_error", "tools")
        assert error["message"] == "tools: this field is not documented"
    rows = {"requests": [asking(), asking(tools=[])]}
    refused(client.post("/batch", json=rows), 400, "invalid_request_error", "requests.1.tools")
    deep = asking([{"type": "text", "text": "Hi", "cache_control": {}}])
    refused(client.post("/messages", json=deep), 400, "invalid_request_error", "messages.0.content.0.cache_control")
    answered(client.post("/messages", json=asking(system="Be brief.", max_tokens=5)))
    assert judge(emulator.exchanges(5), emulator.app.playbook).checked["undocumented_fields"] == 0
