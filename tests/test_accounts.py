"""Accounts: whatever several keys ask, limits, headers, journal and statistics agree with a naive model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.apis.aiexport_calls import ENTERPRISE, FREE, HAIKU, OPUS, PRO, SONNET, asking, streamed
from tests.apis.aixplain_calls import DEMO, LIMITED, STREAMING_LLM, execute
from tests.running import Emulated, Running

MINUTE, DAY = 60, 86_400
STORY = """
scenario: accounts
about: Limits that a handful of requests meets.
extends: default
apis:
  aiexport:
    tiers:
      free: {limits: {requests: 2/minute, tokens: 90/day}}
      pro: {limits: {requests: 4/minute, tokens: 400/day}}
  aixplain:
    tiers:
      standard: {limits: {rpm: 4/minute, rpd: 12/day, tpm: unlimited, tpd: 500/day}}
      limited: {limits: {rpm: 2/minute, rpd: 1000/day, tpm: 60/minute, tpd: unlimited}}
"""
LIMITS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "free": {"requests": (2, MINUTE), "tokens": (90, DAY)},
    "pro": {"requests": (4, MINUTE), "tokens": (400, DAY)},
    "standard": {"rpm": (4, MINUTE), "rpd": (12, DAY), "tpd": (500, DAY)},
    "limited": {"rpm": (2, MINUTE), "rpd": (1_000, DAY), "tpm": (60, MINUTE)},
}


class Key(NamedTuple):
    """A key, whose it is, what its limits are counted for, and what it may."""

    key: str
    workspace: str
    subject: str
    tier: str


STRANGER = "axp_live_a_stranger_to_all"
WRITERS = [
    Key(FREE, "demo-free", "demo-free", "free"),
    Key(PRO, "demo-pro", "demo-pro", "pro"),
    Key(STRANGER, "", "stranger", "pro"),
]
RUNNERS = [
    Key(DEMO, "demo", DEMO, "standard"),
    Key("aix_test_demo", "demo", "aix_test_demo", "standard"),
    Key(LIMITED, "demo-limited", LIMITED, "limited"),
]
TEXTS = ["Hi", "What is 2 + 2?", "What are the colors of the rainbow?", "x" * 90, "y" * 700]
MOST = [None, 1, 7]


class Usage(NamedTuple):
    """What a request takes, by its text and its max_tokens."""

    messages: Mapping[tuple[str, int | None], Mapping[str, int]]
    runs: Mapping[tuple[str, int | None], Mapping[str, int]]


class Window:
    """A counter as a child would keep it: so much since it began, and when it ends."""

    def __init__(self, used: int, ends: float) -> None:
        self.used = used
        self.ends = ends


class Model:
    """What should be true."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.windows: dict[tuple[str, str], Window] = {}
        self.runs: dict[tuple[str, int], list[tuple[bool, float, int]]] = defaultdict(list)
        self.asked: list[tuple[str, int, str, float]] = []

    def ask(self, operation: str, status: int, masked: str) -> None:
        self.asked.append((operation, status, masked, self.now))

    def window(self, key: Key, counter: str) -> Window:
        """The counter's window, or one that would begin now."""
        found = self.windows.get((key.subject, counter))
        return (
            found if found is not None and self.now < found.ends else Window(0, self.now + LIMITS[key.tier][counter][1])
        )

    def admit(self, key: Key, cost: Mapping[str, int]) -> int | None:
        """Charge all counters or none: None when admitted, else for how many whole seconds not."""
        over = []
        for counter, (amount, _) in LIMITS[key.tier].items():
            window = self.window(key, counter)
            if cost.get(counter, 0) and window.used + cost[counter] > amount:
                over.append((cost[counter] > amount, window.ends))
        if over:
            return max(1, ceil(max(over)[1] - self.now))
        for counter in LIMITS[key.tier]:
            self.windows[key.subject, counter] = window = self.window(key, counter)
            window.used += cost.get(counter, 0)
        return None

    def add(self, key: Key, counter: str, amount: int) -> None:
        if counter in LIMITS[key.tier]:
            self.windows[key.subject, counter].used += amount

    def ran(self, key: Key, ok: bool, latency: float = 0.0, tokens: int = 0) -> None:
        self.runs[key.key, int(self.now) // 3_600].append((ok, latency, tokens))


def metrics(runs: list[tuple[bool, float, int]]) -> tuple[Any, ...]:
    good = sum(ok for ok, _, _ in runs)
    latency, tokens = (sum(run[at] for run in runs) / len(runs) for at in (1, 2))
    return len(runs), good, len(runs) - good, pytest.approx(latency, abs=0.006), pytest.approx(tokens, abs=0.006)


def shown(metrics: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("totalRequests", "successfulRequests", "failedRequests", "avgLatencyMs", "avgTokensPerRequest")
    return tuple(metrics[name] for name in names)


class Accounts(RuleBasedStateMachine):
    """Random requests of several keys to both APIs, and a clock that moves on."""

    def __init__(self, running: Running, story: str, usage: Usage) -> None:
        super().__init__()
        self.emulated = Emulated(running, (story,))
        self.usage = usage
        self.writer = self.emulated.client("aiexport")
        self.runner = self.emulated.client("aixplain")
        self.model = Model(self.emulated.clock.now())

    def teardown(self) -> None:
        self.emulated.close()

    def noted(self, key: str, answer: httpx.Response, operation: str) -> httpx.Response:
        masked = f"{key[:4]}********{key[-4:]}" if key else ""
        self.model.ask(operation, answer.status_code, masked)
        return answer

    # ------------------------------------------------------------------------------------------------ the first API
    def write(self, key: Key, path: str, body: Any, operation: str) -> httpx.Response:
        answer = self.writer.post(path, json=body, headers={"X-API-Key": key.key})
        return self.noted(key.key, answer, operation)

    def expect_limits(self, key: Key, answer: httpx.Response) -> None:
        for counter, suffix in (("requests", ""), ("tokens", "-Tokens")):
            window, amount = self.model.window(key, counter), LIMITS[key.tier][counter][0]
            told = [int(answer.headers[f"X-RateLimit-{word}{suffix}"]) for word in ("Limit", "Remaining", "Reset")]
            assert told == [amount, max(0, amount - window.used), ceil(window.ends)]

    def expect_refusal(self, key: Key, answer: httpx.Response, wait: int) -> None:
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(wait))
        self.expect_limits(key, answer)

    def expect_mistake(self, key: Key, answer: httpx.Response, statuses: tuple[int, ...]) -> None:
        """What is refused for what it says counts as a request, and is a 429 where none is left."""
        wait = self.model.admit(key, {"requests": 1})
        if wait is not None:
            return self.expect_refusal(key, answer, wait)
        assert answer.status_code in statuses
        return self.expect_limits(key, answer)

    @rule(key=st.sampled_from(WRITERS), text=st.sampled_from(TEXTS), most=st.sampled_from(MOST), stream=st.booleans())
    def message(self, key: Key, text: str, most: int | None, stream: bool) -> None:
        more = {"max_tokens": most} if most else {}
        usage = self.usage.messages[text, most]
        path = "/messages/stream" if stream else "/messages"
        answer = self.write(key, path, asking(text, HAIKU, **more), "messages.stream" if stream else "messages.create")
        wait = self.model.admit(key, {"requests": 1, "tokens": usage["input_tokens"]})
        if wait is not None:
            return self.expect_refusal(key, answer, wait)
        assert answer.status_code == 200
        self.model.add(key, "tokens", usage["output_tokens"])
        if not stream:
            assert answer.json()["usage"] == usage
        return self.expect_limits(key, answer)

    @rule(key=st.sampled_from(WRITERS), rows=st.integers(1, 3))
    def batch(self, key: Key, rows: int) -> None:
        answer = self.write(key, "/batch", {"requests": [asking(TEXTS[3], HAIKU)] * rows}, "batch.create")
        usage = self.usage.messages[TEXTS[3], None]
        wait = self.model.admit(key, {"requests": 1, "tokens": rows * usage["input_tokens"]})
        if wait is not None:
            return self.expect_refusal(key, answer, wait)
        assert answer.status_code == 202
        self.model.add(key, "tokens", rows * usage["output_tokens"])
        return self.expect_limits(key, answer)

    @rule(
        key=st.sampled_from(WRITERS),
        wrong=st.sampled_from(
            [{"model": "nobody"}, {"model": 1}, {"messages": []}, {"temperature": 2}, {"max_tokens": 0}]
        ),
    )
    def wrong_message(self, key: Key, wrong: dict[str, Any]) -> None:
        answer = self.write(key, "/messages", {**asking(TEXTS[3], HAIKU), **wrong}, "messages.create")
        self.expect_mistake(key, answer, (400, 404))

    @rule(model=st.sampled_from([OPUS, SONNET]))
    def message_beyond_the_plan(self, model: str) -> None:
        answer = self.write(WRITERS[0], "/messages", asking(model=model), "messages.create")
        self.expect_mistake(WRITERS[0], answer, (403,))

    @rule(key=st.sampled_from(WRITERS))
    def look_for_what_is_not_there(self, key: Key) -> None:
        """Refused by a rule, after it was admitted: it counts as well."""
        answer = self.writer.get("/batch/none", headers={"X-API-Key": key.key})
        self.expect_mistake(key, self.noted(key.key, answer, "batch.get"), (404,))

    @rule(key=st.sampled_from(["", "axp_test_revoked"]))
    def ask_without_a_right(self, key: str) -> None:
        answer = self.writer.post("/messages", json=asking(), headers={"X-API-Key": key} if key else {})
        self.model.ask("messages.create", answer.status_code, "")
        assert answer.status_code == 401

    # ------------------------------------------------------------------------------------------------ the second API
    @rule(key=st.sampled_from(RUNNERS), text=st.sampled_from(TEXTS), most=st.sampled_from(MOST))
    def run(self, key: Key, text: str, most: int | None) -> None:
        usage = self.usage.runs[text, most]
        tokens = usage["total_tokens"]
        body = {"text": text, **({"max_tokens": most} if most else {})}
        answer = self.execute(key, body)
        wait = self.model.admit(key, {"rpm": 1, "rpd": 1, "tpm": tokens, "tpd": tokens})
        if wait is not None:
            self.model.ran(key, ok=False)
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(wait))
            return
        assert answer.status_code == 200
        self.model.ran(key, True, (0.18 + 0.012 * usage["completion_tokens"]) * 1_000, tokens)

    @rule(
        key=st.sampled_from(RUNNERS),
        body=st.sampled_from([{}, {"text": ""}, {"text": 7}, {"text": "x", "max_tokens": 0}]),
    )
    def wrong_run(self, key: Key, body: dict[str, Any]) -> None:
        assert self.execute(key, body).status_code == 400
        self.model.ran(key, ok=False)

    def execute(self, key: Key, body: dict[str, Any]) -> httpx.Response:
        path = f"/api/v2/execute/{STREAMING_LLM}"
        return self.noted(key.key, self.runner.post(path, json=body, headers={"x-api-key": key.key}), "assets.execute")

    @rule(key=st.sampled_from(RUNNERS))
    def used_of_the_day(self, key: Key) -> None:
        answer = self.runner.get("/sdk/api-keys/usage-limits", headers={"x-api-key": key.key})
        self.noted(key.key, answer, "keys.usage")
        self.model.admit(key, {})
        day, amount = self.model.window(key, "rpd"), LIMITS[key.tier]["rpd"][0]
        (told,) = answer.json()
        assert (told["requestCount"], told["requestCountLimit"]) == (day.used, amount)
        if "tpd" in LIMITS[key.tier]:
            assert told["tokenCount"] == self.model.window(key, "tpd").used

    @precondition(lambda self: self.model.runs)
    @rule(
        key=st.sampled_from(RUNNERS),
        only=st.sampled_from([None, *(key.key for key in RUNNERS)]),
        days=st.integers(0, 3),
    )
    def statistics(self, key: Key, only: str | None, days: int) -> None:
        today = int(self.model.now) // DAY
        start, end = (datetime.fromtimestamp(day * DAY, UTC).strftime("%Y-%m-%d") for day in (today - days, today))
        body = {"startDay": start, "endDay": end, "modelId": STREAMING_LLM, "apiKey": only}
        answer = self.runner.post("/sdk/models/stats", json=body, headers={"x-api-key": key.key})
        self.noted(key.key, answer, "models.stats")
        self.model.admit(key, {})
        assert answer.status_code == 201
        series: dict[str, dict[int, list[tuple[bool, float, int]]]] = {}
        for (name, hour), runs in self.model.runs.items():
            if only in (None, name) and today - days <= hour // 24 <= today:
                series.setdefault(name, {})[hour] = runs
        if not series:
            assert answer.json() == []
            return
        (told,) = answer.json()
        assert shown(told["aggregateMetrics"]) == metrics(
            [run for hours in series.values() for runs in hours.values() for run in runs]
        )
        by_key = {each["apiKey"]: each for each in told["metricsByApiKey"]}
        assert len(by_key) == len(series)
        for name, hours in series.items():
            each = by_key[f"{name[:4]}********{name[-4:]}"]
            assert each["owned"] is (next(other for other in RUNNERS if other.key == name).workspace == key.workspace)
            assert shown(each["aggregateMetrics"]) == metrics([run for runs in hours.values() for run in runs])
            assert [hour["requests"] for hour in each["timeSeries"]] == [len(hours[hour]) for hour in sorted(hours)]

    # ------------------------------------------------------------------------------------------------ what always holds
    @rule(seconds=st.sampled_from([0.25, 1, 20, 59.75, 60, 3_600, 40_000, DAY]))
    def time_passes(self, seconds: float) -> None:
        self.emulated.advance(seconds)
        self.model.now += seconds

    @invariant()
    def the_journal_holds_what_was_asked(self) -> None:
        if self.model.asked:
            newest = self.emulated.exchanges(len(self.model.asked))[-1]
            assert (newest.operation, newest.status, newest.caller, newest.at) == self.model.asked[-1]


def usage_of_messages(emulated: Emulated) -> dict[tuple[str, int | None], dict[str, int]]:
    """What each message takes, asked of an emulator without limits."""
    client = emulated.client("aiexport", headers={"X-API-Key": ENTERPRISE})
    usage: dict[tuple[str, int | None], dict[str, int]] = {}
    for text, most in product(TEXTS, MOST):
        body = asking(text, HAIKU, **({"max_tokens": most} if most else {}))
        events = streamed(client, "/messages/stream", body)
        usage[text, most] = next(data["usage"] for name, data in events if name == "message_delta")
        assert usage[text, most]["input_tokens"] == ceil(len(text) / 4)
    return usage


def usage_of_runs(emulated: Emulated) -> dict[tuple[str, int | None], dict[str, int]]:
    client = emulated.client("aixplain", headers={"x-api-key": DEMO})
    return {
        (text, most): execute(client, STREAMING_LLM, text=text, max_tokens=most).json()["usage"]
        for text, most in product(TEXTS, MOST)
    }


@pytest.mark.slow
def test_limits_headers_journal_and_statistics_agree(running: Running, tmp_path: Path) -> None:
    story = tmp_path / "accounts.yaml"
    story.write_text(STORY)
    unlimited = Emulated(running, ("default",))
    usage = Usage(usage_of_messages(unlimited), usage_of_runs(unlimited))
    unlimited.close()
    run_state_machine_as_test(
        lambda: Accounts(running, str(story), usage),  # type: ignore[arg-type]
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
