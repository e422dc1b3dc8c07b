"""The stories beside `default`, each played once."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import httpx
import pytest

from emulator.playbook.matching import CHANCE, ProbabilityCheck
from tests import loopback
from tests.apis.aiexport_calls import (
    ENTERPRISE,
    FREE,
    HAIKU,
    OPUS,
    PRO,
    SONNET,
    asking,
    caller,
    refused,
)
from tests.running import Emulated, loaded
from tests.waiting import PATIENCE

SCENARIOS = Path(__file__).parents[1] / "scenarios"
MODEL, AIXPLAIN_KEY = "695fce4c27b4e3580e43d126", "aix_test_demo"


def execute(emulator: Emulated, key: str = "any-key") -> httpx.Response:
    """Run aiXplain's synchronous model."""
    client = emulator.client("aixplain")
    return client.post(f"/api/v2/execute/{MODEL}", json={"text": "What is 2 + 2?"}, headers={"x-api-key": key})


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_scenario_has_the_name_of_its_file_and_says_what_it_is_about(path: Path) -> None:
    text = path.read_text()
    assert f"\nscenario: {path.stem}\n" in text
    assert "\nabout: " in text
    assert text.startswith("# ")


def test_by_default_any_key_is_welcome_and_a_missing_one_is_not(emulator: Emulated) -> None:
    assert caller(emulator, "whatever").get("/models").status_code == 200
    refused(emulator.client("aiexport").get("/models"), 401, "authentication_error")
    assert execute(emulator).status_code == 200
    assert emulator.client("aixplain").post(f"/api/v2/execute/{MODEL}", json={"text": "Hi"}).status_code == 401


FORESEEN = {
    "My parcel never arrived.": "For Shipping, today: a parcel that has not come. Send the tracking link first.",
    "What is the capital of France?": "The capital of France is Paris.",
}


def texts(emulator: Emulated) -> list[list[str]]:
    """What both APIs reply to these questions."""
    exports, client = caller(emulator), emulator.client("aixplain", headers={"x-api-key": "any-key"})
    return [
        [
            exports.post("/messages", json=asking(question)).json()["content"][0]["text"],
            client.post(f"/api/v2/execute/{MODEL}", json={"text": question}).json()["data"],
        ]
        for question in FORESEEN
    ]


def test_by_default_a_question_that_no_document_has_gets_a_simulated_reply(emulator: Emulated) -> None:
    for question, said in zip(FORESEEN, texts(emulator), strict=True):
        for text in said:
            assert "simulate" in text
            assert question[:-1] in text


@pytest.mark.scenario("demo")
def test_the_demo_has_replies_of_its_own_for_both_apis(emulator: Emulated) -> None:
    emulator.clock.auto = True
    assert texts(emulator) == [[reply, reply] for reply in FORESEEN.values()]


@pytest.mark.scenario("free-tier")
@pytest.mark.claim("AE-TIER-FREE")
def test_free_tier_gives_unknown_keys_the_free_plan(emulator: Emulated) -> None:
    client = caller(emulator, "axp_live_somebody")
    answer = client.get("/models")
    assert {model["family"] for model in answer.json()["data"]} == {"haiku"}
    assert answer.headers["x-ratelimit-limit"] == "60"
    assert answer.headers["x-ratelimit-limit-tokens"] == "100000"
    refused(client.post("/messages", json=asking(model=OPUS)), 403, "permission_error", "model")
    assert caller(emulator, PRO).post("/messages", json=asking(model=OPUS)).status_code == 200


@pytest.mark.scenario("strict")
@pytest.mark.claim("AE-AUTH-KEY")
def test_strict_refuses_unknown_keys_and_the_curl_line_that_is_a_get(emulator: Emulated) -> None:
    refused(caller(emulator, "axp_live_somebody").get("/models"), 401, "authentication_error")
    assert caller(emulator, FREE).get("/models").status_code == 200
    refused(caller(emulator, FREE).get("/messages"), 405, "invalid_request_error")
    assert execute(emulator, "nobody-knows-this-key").status_code == 401


@pytest.mark.scenario("strict")
@pytest.mark.claim("AX-POLL-UNKNOWN")
def test_strict_answers_404_to_a_poll_for_what_was_never_started(emulator: Emulated) -> None:
    client = emulator.client("aixplain")
    assert client.get("/api/v2/data/nothing", headers={"x-api-key": AIXPLAIN_KEY}).status_code == 404


@pytest.mark.scenario("async-everything")
@pytest.mark.claim("AX-ASYNC-ENVELOPE")
def test_async_everything_makes_each_run_one_to_poll_for(emulator: Emulated) -> None:
    started = execute(emulator).json()
    assert (started["status"], started["completed"]) == ("IN_PROGRESS", False)
    emulator.advance(3_600)
    client = emulator.client("aixplain")
    polled = client.get(f"/api/v2/data/{started['requestId']}", headers={"x-api-key": "any-key"}).json()
    assert (polled["status"], polled["completed"]) == ("SUCCESS", True)


@pytest.mark.scenario("async-everything")
@pytest.mark.claim("AE-BATCH-SHAPE")
def test_async_everything_lets_batches_take_their_time(emulator: Emulated) -> None:
    client = caller(emulator)
    batch = client.post("/batch", json={"requests": [asking(), asking()]}).json()
    seen = []
    for seconds in (4, 2, 2):
        emulator.advance(seconds)
        seen.append(client.get(f"/batch/{batch['id']}").json()["status"])
    assert seen == ["queued", "in_progress", "completed"]


@pytest.mark.scenario("by-polls")
@pytest.mark.claim("AX-POLL-STATES")
def test_by_polls_ends_each_job_with_the_third_poll(emulator: Emulated) -> None:
    client = emulator.client("aixplain", headers={"x-api-key": "any-key"})
    run = execute(emulator).json()["requestId"]
    seen = [client.get(f"/api/v2/data/{run}").json()["status"] for _ in range(4)]
    assert seen == ["IN_PROGRESS", "IN_PROGRESS", "SUCCESS", "SUCCESS"]
    batch = caller(emulator).post("/batch", json={"requests": [asking(), asking()]}).json()["id"]
    seen = [caller(emulator).get(f"/batch/{batch}").json()["status"] for _ in range(4)]
    assert seen == ["in_progress", "in_progress", "completed", "completed"]


@pytest.mark.scenario("by-polls")
def test_who_else_looks_at_a_job_does_not_poll_it(emulator: Emulated) -> None:
    client = caller(emulator)
    batch = client.post("/batch", json={"requests": [asking()]}).json()["id"]
    for _ in range(4):
        assert client.get("/batch").json()["data"][0]["status"] == "queued"
        assert client.get(f"/batch/{batch}/results").status_code != 200


@pytest.mark.scenario("outage")
@pytest.mark.claim("AE-STATUS")
def test_in_an_outage_everything_is_503_but_the_status_page_says_so(emulator: Emulated) -> None:
    client = caller(emulator)
    for response in (
        client.post("/messages", json=asking()),
        client.post("/messages/stream", json=asking()),
        client.post("/batch", json={"requests": [asking()]}),
        client.get("/models"),
    ):
        refused(response, 503, "overloaded_error")
        assert int(response.headers["retry-after"]) > 0
    assert emulator.client("aiexport").get("/status").json()["status"] == "major_outage"
    assert execute(emulator).status_code == 503


@pytest.mark.scenario("rate-limited")
@pytest.mark.claim("AE-RL-HEADERS")
@pytest.mark.parametrize("key", [FREE, PRO, ENTERPRISE, "axp_live_somebody"])
def test_rate_limited_admits_three_requests_a_minute(emulator: Emulated, key: str) -> None:
    client = caller(emulator, key)
    for _ in range(3):
        assert client.post("/messages", json=asking(model=HAIKU, max_tokens=1)).status_code == 200
    over = client.post("/messages", json=asking(model=HAIKU))
    refused(over, 429, "rate_limit_error")
    emulator.advance(int(over.headers["retry-after"]))
    assert client.get("/models").status_code == 200


@pytest.mark.claim("AE-STREAM-TTFT")
def test_realistic_latency_draws_first_tokens_with_a_median_of_340_ms() -> None:
    latency = loaded("realistic-latency").latency.first_token
    assert latency is not None
    chance = Random(7)
    assert median(latency.draw(chance) for _ in range(4_001)) == pytest.approx(0.340, rel=0.03)


@pytest.mark.scenario("realistic-latency")
@pytest.mark.claim("AE-STREAM-TTFT")
@pytest.mark.one_worker("what one process sends while another one moves the clock is sent at the end of the move")
def test_in_realistic_latency_about_half_of_the_streams_have_a_token_after_340_ms(emulator: Emulated) -> None:
    streams = 24
    begun, spoken, ended = (threading.Semaphore(0) for _ in range(3))
    for _ in range(streams):
        threading.Thread(target=listen, args=(caller(emulator), begun, spoken, ended), daemon=True).start()
    assert all(begun.acquire(timeout=PATIENCE) for _ in range(streams)), "each stream begins at once"
    begin = sent(emulator)
    emulator.advance(0.05)
    assert sent(emulator) == begin
    emulator.advance(0.29)
    early = sum(now > before for now, before in zip(sent(emulator), begin, strict=True))
    assert streams / 6 <= early <= streams * 5 / 6
    assert all(spoken.acquire(timeout=PATIENCE) for _ in range(early))
    emulator.advance(5)
    assert all(spoken.acquire(timeout=PATIENCE) for _ in range(streams - early))
    emulator.advance(600)
    assert all(ended.acquire(timeout=PATIENCE) for _ in range(streams))


@pytest.mark.claim("AE-UPTIME")
def test_in_realistic_latency_alone_2_of_10_000_requests_fail_and_always_the_same_ones() -> None:
    realistic = loaded("realistic-latency").apis["aiexport"]
    (rule,) = {each.rules.rules[0].id: each.rules.rules[0] for each in realistic.operations.values()}.values()
    assert rule.reply is not None
    assert realistic.errors[str(rule.reply.error)].status == 503
    failed = [[at for at in range(30_000) if rule.matcher.matches({CHANCE: f"seed/{at}"})] for _ in range(2)]
    assert 2 <= len(failed[0]) <= 12
    assert failed[0] == failed[1]
    checks = [
        check
        for operation in loaded("default").apis["aiexport"].operations.values()
        for rule in operation.rules.rules
        for check in rule.matcher.checks
    ]
    assert not any(isinstance(check, ProbabilityCheck) for check in checks)


@pytest.mark.scenario("realistic-latency")
@pytest.mark.claim("AE-SPEED")
@pytest.mark.one_worker("what one process sends while another one moves the clock is sent at the end of the move")
def test_in_realistic_latency_the_tokens_of_sonnet_4_come_at_twice_the_pace(emulator: Emulated) -> None:
    paces: list[float] = []
    for model in (OPUS, SONNET):
        begun, spoken, ended = (threading.Semaphore(0) for _ in range(3))
        body = asking("Tell me of the sea in at least 200 words.", model=model)
        threading.Thread(target=listen, args=(caller(emulator), begun, spoken, ended, body), daemon=True).start()
        assert begun.acquire(timeout=PATIENCE)
        emulator.advance(600)
        assert ended.acquire(timeout=PATIENCE)
        exchange = emulator.exchanges(len(paces) + 1)[-1]
        assert exchange.sent_events > 100
        paces.append(exchange.took / exchange.sent_events)
    assert paces[0] / paces[1] == pytest.approx(2, rel=0.2)


def sent(emulator: Emulated) -> list[int]:
    """How many events each stream has sent."""
    return [exchange.sent_events for exchange in emulator.journal]


def listen(
    client: httpx.Client,
    begun: threading.Semaphore,
    spoken: threading.Semaphore,
    ended: threading.Semaphore,
    body: Any = None,
) -> None:
    """Read one stream and tell of its first event, its first token and, once its client may be closed, of its end."""
    tell, lines = {"event: message_start": begun, "event: content_block_delta": spoken}, []
    with client.stream("POST", "/messages/stream", json=body or asking()) as response:
        for line in response.iter_lines():
            lines.append(line)
            if line in tell:
                tell.pop(line).release()
    if "event: message_stop" in lines:
        ended.release()


@pytest.mark.scenario("rate-limited")
@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.parametrize("key", [AIXPLAIN_KEY, "aix_test_limited", "any-key"])
def test_rate_limited_holds_for_the_other_api_too(emulator: Emulated, key: str) -> None:
    *admitted, over = [execute(emulator, key) for _ in range(4)]
    assert [answer.status_code for answer in admitted] == [200, 200, 200]
    assert (over.status_code, over.headers["retry-after"]) == (429, "60")
    emulator.advance(60)
    assert execute(emulator, key).status_code == 200


@pytest.mark.scenario("rate-limited")
@pytest.mark.claim("AE-TIER-FREE")
@pytest.mark.claim("AX-KEYS")
def test_rate_limited_changes_the_limits_it_names_and_leaves_the_plans_as_they_are(emulator: Emulated) -> None:
    free = caller(emulator, FREE)
    shown = free.get("/models")
    assert (shown.headers["x-ratelimit-limit"], shown.headers["x-ratelimit-limit-tokens"]) == ("3", "1000")
    refused(free.post("/messages", json=asking(model=OPUS)), 403, "permission_error", "model")
    assert "x-ratelimit-limit-tokens" not in caller(emulator, ENTERPRISE).get("/models").headers
    client = emulator.client("aixplain")
    (key,) = client.get("/sdk/api-keys", headers={"x-api-key": "aix_test_limited"}).json()
    assert key["globalLimits"] == {"rpm": 3, "rpd": 1000, "tpm": 10_000, "tpd": 100_000, "tokenType": "total"}


@pytest.fixture
def demo(emulator: Emulated) -> Emulated:
    """The scenario `demo`; its clock jumps over every latency."""
    assert loopback.post(f"{emulator.origin}/_emulator/clock", json={"auto": True}).status_code == 200
    return emulator


@pytest.mark.scenario("demo")
@pytest.mark.parametrize(
    ("api", "path", "key", "fields"),
    [
        ("aixplain", "/sdk/api-keys", AIXPLAIN_KEY, {"name", "globalLimits", "accessKey"}),
        ("aixplain", "/sdk/agents", AIXPLAIN_KEY, {"id", "name", "role"}),
        ("aixplain", "/v1/sessions", AIXPLAIN_KEY, {"id", "name", "messageCount", "lastMessagePreview"}),
        ("aiexport", "/models", PRO, {"id", "family", "pricing"}),
        ("aiexport", "/keys", PRO, {"name", "masked", "status"}),
        ("aiexport", "/messages", PRO, {"id", "content", "usage"}),
        ("aiexport", "/batch", PRO, {"id", "status", "request_counts", "created_at"}),
    ],
)
def test_demo_has_something_to_list_everywhere(demo: Emulated, api: str, path: str, key: str, fields: set[str]) -> None:
    header = {"aixplain": "x-api-key", "aiexport": "X-API-Key"}[api]
    listed = demo.client(api).get(path, headers={header: key}).json()
    rows = listed if isinstance(listed, list) else listed["data"]
    assert len(rows) >= 2
    assert all(row[field] not in (None, "") for row in rows for field in fields)


@pytest.mark.scenario("demo")
@pytest.mark.parametrize("what", ["models", "tools", "agents"])
def test_demo_has_a_team_s_own_models_tools_and_agents_that_can_be_searched(demo: Emulated, what: str) -> None:
    client = demo.client("aixplain", headers={"x-api-key": AIXPLAIN_KEY})
    found = client.post(f"/v2/{what}/paginate", json={"pageSize": 100}).json()["results"]
    own = [each for each in found if each["id"].startswith("6a")]
    assert own
    for each in own:
        assert each == client.get(f"/v2/{what}/{each['id']}").json()
        assert each["createdAt"] <= each["updatedAt"] < "2026-01-01"
        used = {tool["id"]: tool["name"] for tool in each.get("tools", [])}
        assert all(client.get(f"/v2/tools/{id}").json()["name"] == name for id, name in used.items())


@pytest.mark.scenario("demo")
def test_demo_has_a_tool_that_knows_the_orders_its_customers_write_about(demo: Emulated) -> None:
    client = demo.client("aixplain", headers={"x-api-key": AIXPLAIN_KEY})
    asked = {"action": "find_order", "data": {"order": "10442"}}
    order = client.post("/api/v2/execute/6a3000000000000000000001", json=asked).json()["data"]
    assert order["total"] == round(sum(item["quantity"] * item["price"] for item in order["items"]), 2)
    assert order["balance"] == round(sum(paid["amount"] for paid in order["paid"]) - order["total"], 2)


DATES = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


@pytest.mark.scenario("demo")
@pytest.mark.parametrize("now", ["2026-06-01T09:00:00Z", "2027-02-28T00:00:01Z"])
def test_demo_s_conversations_batches_and_messages_are_a_few_days_old_whatever_today_is(
    demo: Emulated, now: str
) -> None:
    loopback.post(f"{demo.origin}/_emulator/clock", json={"set": now}).raise_for_status()
    sessions, batches = demo.client("aixplain", headers={"x-api-key": AIXPLAIN_KEY}), caller(demo, PRO)
    told = [sessions.get("/v1/sessions"), batches.get("/batch"), batches.get("/messages")]
    told += [sessions.get(f"/v1/sessions/{each['id']}/messages") for each in told[0].json()]
    told += [batches.get(f"/batch/{each['id']}/results") for each in told[1].json()["data"]]
    for answer in told:
        dates = DATES.findall(answer.text)
        assert dates or '"succeeded"' not in answer.text
        for each in dates:
            age = datetime.fromisoformat(now) - datetime.fromisoformat(each)
            assert timedelta(0) < age < timedelta(days=5), each


@pytest.mark.scenario("demo")
def test_a_conversation_of_demo_goes_on_where_it_is(demo: Emulated) -> None:
    client = demo.client("aixplain", headers={"x-api-key": AIXPLAIN_KEY})
    before = client.get("/v1/sessions/refund-10442").json()
    client.post("/v1/sessions/refund-10442/messages", json={"role": "user", "content": "Who tells the customer?"})
    asked = client.get("/v1/sessions/refund-10442").json()
    demo.advance(10)  # the agent's answer appears when its run has succeeded
    after = client.get("/v1/sessions/refund-10442").json()
    messages = client.get("/v1/sessions/refund-10442/messages").json()
    assert after["createdAt"] == before["createdAt"] < before["lastMessageAt"] < after["lastMessageAt"]
    assert (before["messageCount"], asked["messageCount"], after["messageCount"], len(messages)) == (4, 5, 6, 6)
    assert [each["role"] for each in messages[-2:]] == ["user", "assistant"]
    assert [each["createdAt"] for each in messages] == sorted(each["createdAt"] for each in messages)


@pytest.mark.scenario("demo")
def test_demo_has_conversations_that_can_be_read_and_went_on_with(demo: Emulated) -> None:
    client = demo.client("aixplain", headers={"x-api-key": AIXPLAIN_KEY})
    for session in client.get("/v1/sessions").json():
        assert client.get(f"/v1/sessions/{session['id']}").json() == session
        messages = client.get(f"/v1/sessions/{session['id']}/messages").json()
        assert [each["sequence"] for each in messages] == list(range(1, session["messageCount"] + 1))
        asked = {"query": "What was my previous question?", "sessionId": session["id"]}
        url = client.post(f"/v2/agents/{session['agentId']}/run", json=asked).json()["data"]
        demo.advance(10)
        assert messages[-2]["content"].rstrip("?") in client.get(url).json()["data"]["output"]
    assert demo.client("aixplain", headers={"x-api-key": "somebody-else"}).get("/v1/sessions").json() == []


@pytest.mark.scenario("demo")
def test_demo_has_batches_that_ended_in_every_way_and_they_are_their_workspaces_only(demo: Emulated) -> None:
    client, other = caller(demo, PRO), caller(demo, ENTERPRISE)
    batches = client.get("/batch").json()["data"]
    assert [each["status"] for each in batches] == ["completed", "completed", "cancelled", "failed"]
    for batch in batches:
        assert client.get(f"/batch/{batch['id']}").json() == batch
        results = client.get(f"/batch/{batch['id']}/results").json()
        kinds = [each["result"]["type"] for each in results["data"]]
        assert {kind: kinds.count(kind) for kind in ("succeeded", "errored", "cancelled")} == {
            kind: batch["request_counts"][kind] for kind in ("succeeded", "errored", "cancelled")
        }
        assert len(kinds) == batch["request_counts"]["total"]
        messages = [each["result"]["message"] for each in results["data"] if each["result"]["type"] == "succeeded"]
        for field in ("input_tokens", "output_tokens", "total_tokens"):
            assert batch["usage"][field] == sum(message["usage"][field] for message in messages)
        assert batch["usage"]["cost_usd"] == pytest.approx(sum(map(price, messages)) / 2, abs=5e-7)
        for message in messages:
            assert message["usage"]["output_tokens"] == ceil(len(message["content"][0]["text"]) / 4)
            assert batch["created_at"] < message["created_at"] < batch["completed_at"]
        status = client.delete(f"/batch/{batch['id']}/cancel").status_code
        assert status == (200 if batch["status"] == "cancelled" else 409)
        assert client.get("/batch", params={"after": batch["id"]}).status_code == 200
        refused(other.get(f"/batch/{batch['id']}"), 404, "not_found_error")
        refused(other.get("/batch", params={"after": batch["id"]}), 400, "invalid_request_error", "after")
    assert other.get("/batch").json()["data"] == []
    made = client.post("/batch", json={"requests": [asking()]}).json()
    assert [each["id"] for each in client.get("/batch").json()["data"]] == [
        *[each["id"] for each in batches],
        made["id"],
    ]


@pytest.mark.scenario("demo")
@pytest.mark.claim("AX-AGENT-ENVELOPE")
@pytest.mark.parametrize("question", ["How far away is the Moon?", "How old is the Sun?"])
def test_demo_has_an_agent_whose_steps_are_seen_while_it_is_polled(demo: Emulated, question: str) -> None:
    client = demo.client("aixplain", headers={"x-api-key": AIXPLAIN_KEY})
    url = client.post("/v2/agents/6a2000000000000000000001/run", json={"query": question}).json()["data"]
    seen: list[tuple[str, int, int, str | None]] = []
    while not (polled := client.get(url).json())["completed"]:
        progress = polled["progress"]
        assert (progress["tool"] is None) == ("toolInput" not in progress)
        now = (progress["stage"], progress["currentStep"], len(polled["data"]["steps"]), progress["tool"])
        seen += [] if seen[-1:] == [now] else [now]
        demo.advance(0.3)
    assert seen == [
        ("planning", 1, 0, None),
        ("running", 2, 1, "Web Search"),
        ("running", 3, 2, "Web Scraper"),
        ("responding", 4, 3, None),
    ]
    steps = polled["data"]["steps"]
    assert [[each["tool"] for each in step["tool_steps"]] for step in steps] == [
        [],
        ["Web Search"],
        ["Web Scraper"],
        [],
    ]
    assert steps[-1]["output"] == polled["data"]["output"]
    stats = polled["data"]["executionStats"]
    assert stats["credits"] == polled["usedCredits"] == pytest.approx(sum(step["usedCredits"] for step in steps))
    assert stats["runtime"] == polled["runTime"] == sum(step["runTime"] for step in steps)
    assert stats["api_calls"] == sum(step["apiCalls"] for step in steps)


@pytest.mark.scenario("demo")
@pytest.mark.claim("AX-STATS-REAL")
@pytest.mark.parametrize(
    "model", ["6a1000000000000000000001", "6a1000000000000000000002", "6a1000000000000000000003", MODEL]
)
def test_demo_has_four_weeks_of_statistics(demo: Emulated, model: str) -> None:
    client = demo.client("aixplain", headers={"x-api-key": AIXPLAIN_KEY})
    asked = {"startDay": "2025-12-04", "endDay": "2026-01-01", "modelId": model}
    (told,) = client.post("/sdk/models/stats", json=asked).json()
    total = told["aggregateMetrics"]
    assert 0 < total["successfulRequests"] < total["totalRequests"]
    assert sum(key["aggregateMetrics"]["totalRequests"] for key in told["metricsByApiKey"]) == total["totalRequests"]
    for key in told["metricsByApiKey"]:
        hours = key["timeSeries"]
        assert [hour["timestamp"] for hour in hours] == sorted({hour["timestamp"] for hour in hours})
        assert sum(hour["requests"] for hour in hours) == key["aggregateMetrics"]["totalRequests"]
        assert sum(hour["successfulRequests"] for hour in hours) == key["aggregateMetrics"]["successfulRequests"]


def price(message: dict[str, Any]) -> float:
    """What a message costs when it is asked for by itself, in USD: the document's prices."""
    of_input, of_output = {HAIKU: (0.25, 1.25), "apex-sonnet-4-20250501": (3, 15)}[message["model"]]
    usage = message["usage"]
    return float(usage["input_tokens"] * of_input + usage["output_tokens"] * of_output) / 1_000_000


def test_demo_writes_its_streams_at_reading_speed() -> None:
    latency = loaded("demo").latency
    chance = Random(7)
    assert latency.reply is not None
    assert latency.first_token is not None
    assert latency.token is not None
    assert {latency.reply.draw(chance), latency.first_token.draw(chance), latency.token.draw(chance)} == {
        0.12,
        0.34,
        0.2,
    }
