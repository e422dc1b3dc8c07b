"""An exchange that another process has answered is explained as the one that answered it does."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.store.exchange_codec import data_of, exchange_of
from emulator.worlds.explanation import NearestRequest, explain
from emulator.worlds.past_exchange import completed
from tests import loopback
from tests.running import Emulated
from tests.small import KEY, Small

pytestmark = pytest.mark.one_worker("it asks one process, without the control API")

AIXPLAIN = {"x-api-key": "aix_test_demo"}
DAYS = {"startDay": "2020-01-01", "endDay": "2020-01-02", "modelId": "695fce4c27b4e3580e43d126"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "decided_by"),
    [
        ("GET", "/v2/models", {"X-API-Key": "axp_test_pro"}, None, 200, ""),
        ("GET", "/v2/models", {}, None, 401, ""),
        ("GET", "/v2/nothing", {}, None, 404, ""),
        ("POST", "/v2/messages", {"X-API-Key": "axp_test_pro"}, {"model": 1}, 400, "the schema of the request"),
        ("GET", "/v2/models?limit=x", {"X-API-Key": "axp_test_pro"}, None, 400, "the schema of the request"),
        ("POST", "/sdk/models/stats", AIXPLAIN, DAYS, 400, "the check at "),
        ("GET", "/sdk/agents", AIXPLAIN, None, 200, ""),
    ],
    ids=["answered", "no key", "unknown path", "body", "query", "check", "another API"],
)
def test_another_process_says_the_same(
    emulator: Emulated, method: str, path: str, headers: dict[str, str], body: Any, status: int, decided_by: str
) -> None:
    sent = {} if body is None else {"json": body}
    assert loopback.request(method, emulator.origin + path, headers=headers, **sent).status_code == status
    (exchange,) = emulator.exchanges(1)
    world = emulator.app.worlds.default
    here = explain(exchange, world)
    assert explain(exchange_of(data_of(exchange, "w"))[1], world) == here
    assert here.decided_by.startswith(decided_by)
    assert bool(here.decided_by) == bool(decided_by)


def test_an_exchange_of_this_process_is_complete(emulator: Emulated) -> None:
    loopback.get(f"{emulator.origin}/v2/models", headers={"X-API-Key": "axp_test_pro"})
    (exchange,) = emulator.exchanges(1)
    assert completed(exchange, emulator.app.worlds.default) is exchange


ONE = (
    "one: {route: POST /one, request: {type: object}, checks: [{when: {body.a: 1}, error: conflict}], "
    "rules: [{reply: {body: {}}}]}"
)


def test_what_the_playbook_has_no_more_is_left_out(small: Small) -> None:
    before = small(ONE)
    assert before.client("small", headers=KEY).post("/one", json={"a": 1}).status_code == 409
    (exchange,) = before.exchanges(1)
    after = small("\n\n" + ONE).app.worlds.default
    assert explain(exchange, before.app.worlds.default).decided_by.startswith("the check at ")
    assert explain(exchange_of(data_of(exchange, "w"))[1], after).decided_by == ""


def set_budget(emulator: Emulated, key: str, budget: dict[str, float]) -> None:
    order = {"key": key, "budget": budget}
    loopback.request("PUT", f"{emulator.origin}/_emulator/limits", json=order).raise_for_status()


@pytest.mark.parametrize(
    ("key", "calls", "then", "now", "counters"),
    [
        ("axp_test_pro", 1, {"USD": 5}, {"USD": 5}, ["requests", "tokens", "USD"]),
        ("axp_test_pro", 1, {}, {"USD": 5}, ["requests", "tokens"]),
        ("axp_test_free", 61, {}, {"USD": 5}, ["requests", "tokens"]),
        ("axp_test_pro", 1, {"USD": 5}, {}, ["requests", "tokens"]),
        ("axp_test_free", 61, {"USD": 5}, {}, ["requests", "tokens"]),
    ],
    ids=["the same", "one more", "one more than refused", "one less", "one less than refused"],
)
def test_the_counters_of_then_are_shown_whatever_budget_the_key_has_now(
    emulator: Emulated, key: str, calls: int, then: dict[str, float], now: dict[str, float], counters: list[str]
) -> None:
    set_budget(emulator, key, then)
    for _ in range(calls):
        loopback.get(f"{emulator.origin}/v2/models", headers={"X-API-Key": key})
    exchange, world = emulator.exchanges(calls)[-1], emulator.app.worlds.default
    here = explain(exchange, world)
    assert [each.name for each in here.limits] == ["requests", "tokens", *then]
    set_budget(emulator, key, now)
    there = explain(exchange_of(data_of(exchange, "w"))[1], world)
    assert [each.name for each in there.limits] == counters
    assert there.limits == [each for each in here.limits if each.name in counters]
    assert there.decided_by == here.decided_by


@pytest.mark.parametrize(
    ("now", "decided_by"),
    [({"USD": 5}, "the key's budget of USD"), ({}, "a budget of USD")],
    ids=["the same", "none"],
)
def test_a_budget_that_was_spent_is_named_whatever_budget_the_key_has_now(
    emulator: Emulated, now: dict[str, float], decided_by: str
) -> None:
    key = "axp_test_pro"
    set_budget(emulator, key, {"USD": 0.000001})
    message = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}
    statuses = [
        loopback.post(f"{emulator.origin}/v2/messages", headers={"X-API-Key": key}, json=message).status_code
        for _ in range(2)
    ]
    assert statuses[-1] == 402
    exchange, world = emulator.exchanges(2)[-1], emulator.app.worlds.default
    assert explain(exchange, world).decided_by == "the key's budget of USD"
    set_budget(emulator, key, now)
    assert explain(exchange_of(data_of(exchange, "w"))[1], world).decided_by == decided_by


def test_a_rule_on_limits_is_compared_with_how_they_stood(small: Small) -> None:
    rule = "rules: [{on: one, when: {limits.calls.remaining: 3}, reply: {body: {}}}]"
    emulator = small("one: {route: POST /one, request: {type: object}, rules: [{reply: {body: {}}}]}", scenario=rule)
    assert emulator.client("small", headers=KEY).post("/one", json={}).status_code == 200
    (exchange,) = emulator.exchanges(1)
    world = emulator.app.worlds.default
    operation = world.playbook.apis["small"].operations["one"]
    differ = operation.rules.rules[0].matcher.differences
    read = exchange_of(data_of(exchange, "w"))[1]
    (here,), (there,) = (differ(NearestRequest(world).context_of(each, operation)) for each in (exchange, read))
    assert (here.found, there.found) == (999, 999)
