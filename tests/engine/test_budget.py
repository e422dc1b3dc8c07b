"""`budget: {credits: 0.0001}`: what a key or a plan may spend, until a request is refused with a 402."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import loopback
from tests.apis import aiexport_calls, aixplain_calls
from tests.apis.aiexport_calls import FREE, HAIKU, asking, create
from tests.apis.aixplain_calls import AGENT, FAILING_AT_ONCE, LLM, SEARCH, SLOW_LLM, STREAMING_LLM, execute, started
from tests.running import Emulated, Running

KEY = "aix_broke"
BROKE = str(Path(__file__).with_name("broke.yaml"))
PAID = "What is 2 + 2?"
pytestmark = pytest.mark.scenario(BROKE)


@pytest.fixture
def client(emulator: Emulated) -> httpx.Client:
    return aixplain_calls.caller(emulator, KEY)


def counter(emulator: Emulated, unit: str = "credits", key: str = KEY) -> Any:
    view = loopback.get(f"{emulator.origin}/_emulator/limits", params={"key": key}).json()
    return view["limits"][unit]


def spend_all(client: httpx.Client) -> tuple[float, httpx.Response]:
    """Run a model until that is refused; returns what the runs say that they used, and the refusal."""
    used = 0.0
    for _ in range(20):
        response = execute(client, text=PAID)
        if not response.is_success:
            return used, response
        used += response.json()["usedCredits"]
    raise AssertionError("nothing was refused")


def test_runs_cost_what_they_say_they_used_until_nothing_is_left(emulator: Emulated, client: httpx.Client) -> None:
    used, refused = spend_all(client)
    assert used >= 0.00005, "the last run may cost more than is left"
    assert counter(emulator) == {"limit": 0.00005, "remaining": 0, "used": pytest.approx(used, abs=1e-9), "reset": None}
    assert refused.status_code == 402
    said = f"Nothing is left of the credits: {f'{used:.9f}'.rstrip('0')} of 0.00005 spent."
    assert refused.json() == {"statusCode": 402, "message": said, "error": "err.not_enough_balance"}
    assert "retry-after" not in refused.headers, "no time helps"


def test_what_costs_nothing_is_answered_still(client: httpx.Client) -> None:
    spend_all(client)
    assert execute(client, SEARCH, action="LIST_ACTIONS").status_code == 200
    assert client.get(f"/v2/models/{LLM}").status_code == 200
    assert execute(client, text="").status_code == 400, "what is wrong with a request is said first"


def test_a_refusal_does_and_changes_nothing(emulator: Emulated, client: httpx.Client) -> None:
    _, refused = spend_all(client)
    before = counter(emulator)
    run = client.post(f"/v2/agents/{AGENT}/run", json={"query": PAID, "sessionId": "mine"})
    assert (run.status_code, run.json()["error"]) == (402, refused.json()["error"])
    assert counter(emulator) == before
    assert client.get("/v1/sessions").json() == []
    assert emulator.app.pipeline.services["aixplain"].jobs.all() == []


def test_another_key_and_another_world_have_their_own(emulator: Emulated, client: httpx.Client) -> None:
    spend_all(client)
    assert execute(aixplain_calls.caller(emulator), text=PAID).status_code == 200
    loopback.request("PUT", f"{emulator.origin}/_emulator/worlds/other", json={}).raise_for_status()
    assert execute_in("other", client).status_code == 200


def execute_in(world: str, client: httpx.Client) -> httpx.Response:
    return client.post(f"/api/v2/execute/{LLM}", json={"text": PAID}, headers={"X-Emulator-World": world})


def test_a_stream_and_a_run_to_poll_for_are_charged_when_they_begin(emulator: Emulated, client: httpx.Client) -> None:
    assert execute(client, STREAMING_LLM, text=PAID, stream=True).status_code == 200
    streamed = counter(emulator)["used"]
    assert streamed > 0
    started(execute(client, SLOW_LLM, text=PAID))
    assert counter(emulator)["used"] > streamed
    assert "budget" not in client.get("/sdk/api-keys").text.replace('"budget":null', "")


def test_what_is_refused_or_fails_at_once_costs_nothing(emulator: Emulated, client: httpx.Client) -> None:
    assert execute(client, "nobody", text=PAID).status_code == 404
    assert execute(client, text=PAID, max_tokens="many").status_code == 400
    execute(client, FAILING_AT_ONCE, text=PAID)
    fault = {"X-Emulator-Fault": "status=503"}
    assert client.post(f"/api/v2/execute/{LLM}", json={"text": PAID}, headers=fault).status_code == 503
    assert counter(emulator)["used"] == 0


def test_what_a_rule_says_it_used_is_charged(running: Running, tmp_path: Path) -> None:
    rule = "{on: assets.execute, reply: {body: {status: SUCCESS, completed: true, data: Mine, usedCredits: 0.04}}}"
    (tmp_path / "said.yaml").write_text(f"scenario: said\nextends: {BROKE}\nrules: [{rule}]\n")
    with closing(Emulated(running, (str(tmp_path / "said.yaml"),))) as emulator:
        client = aixplain_calls.caller(emulator, KEY)
        assert [execute(client, text=PAID).status_code for _ in range(2)] == [200, 402]
        assert counter(emulator)["used"] == 0.04


def test_a_plan_has_a_budget_for_its_workspace_and_each_api_its_own_shape(emulator: Emulated) -> None:
    client = aiexport_calls.caller(emulator, FREE)
    spent = 0.0
    while (response := client.post("/messages", json=asking(model=HAIKU))).status_code == 200:
        spent += float(response.headers["x-cost-usd"])
        assert counter(emulator, "USD", FREE)["used"] == pytest.approx(spent, abs=1e-9)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (402, "billing_error")
    assert error["message"].startswith("Nothing is left of the USD: ")
    assert response.headers["x-ratelimit-limit"] == "60", "limits are told as ever"


def test_a_batch_costs_half_and_only_once(emulator: Emulated) -> None:
    client = aiexport_calls.caller(emulator, FREE)
    batch = create(client, asking(model=HAIKU), asking(model=HAIKU))
    emulator.running.call(emulator.clock.advance(3600))
    cost = client.get(f"/batch/{batch['id']}").json()["usage"]["cost_usd"]
    assert counter(emulator, "USD", FREE)["used"] == pytest.approx(cost, abs=1e-9)
    assert client.post("/messages", json=asking(model=HAIKU)).status_code == 200


def test_a_budget_is_a_guess_and_says_so(client: httpx.Client) -> None:
    spend_all(client)
    asked = {"X-Emulator-Provenance": "1"}
    refused = client.post(f"/api/v2/execute/{LLM}", json={"text": PAID}, headers=asked)
    told = refused.headers["x-emulator-provenance"]
    assert "budget" in told.partition("invented")[2]
    assert "AX-ERROR-SHAPE" in told.partition("inferred")[2]


def test_an_explanation_shows_what_is_left_and_spends_nothing(emulator: Emulated, client: httpx.Client) -> None:
    spend_all(client)
    before = counter(emulator)
    asked = {"method": "POST", "path": f"/api/v2/execute/{LLM}", "headers": {"x-api-key": KEY}, "body": {"text": PAID}}
    shown = loopback.request("POST", f"{emulator.origin}/_emulator/explain", json=asked).json()
    (credits,) = [each for each in shown["limits"] if each["name"] == "credits"]
    assert credits == {
        "name": "credits",
        "limit": 0.00005,
        "before": before["used"],
        "charged": 0,
        "after": before["used"],
        "reset": None,
        "refused": True,
    }
    assert (shown["status"], shown["plan"]) == (402, "standard")
    assert shown["decided_by"] == "the key's budget of credits"
    assert counter(emulator) == before


def test_a_snapshot_saves_what_is_spent_and_a_reset_forgets_it(emulator: Emulated, client: httpx.Client) -> None:
    spend_all(client)
    spent, control = counter(emulator), f"{emulator.origin}/_emulator"
    saved = loopback.get(f"{control}/worlds/default/snapshot")
    loopback.request("POST", f"{control}/reset").raise_for_status()
    assert counter(emulator)["used"] == 0
    assert execute(client, text=PAID).status_code == 200
    loopback.request(
        "PUT", f"{control}/worlds/default/snapshot", content=saved.content, headers=JSON
    ).raise_for_status()
    assert counter(emulator) == spent
    assert execute(client, text=PAID).status_code == 402


TAKEN = "the key's tier has a budget of USD already; send `budget: {}` with it, which takes the key's own away"
JSON = {"Content-Type": "application/json"}


def test_a_key_gets_another_budget_in_the_middle_of_a_test(emulator: Emulated, client: httpx.Client) -> None:
    spend_all(client)
    order = {"key": KEY, "budget": {"credits": 1}}
    view = loopback.request("PUT", f"{emulator.origin}/_emulator/limits", json=order).json()
    assert view["limits"]["credits"]["limit"] == 1.0
    assert view["limits"]["credits"]["used"] > 0, "what is spent stays spent"
    assert execute(client, text=PAID).status_code == 200
    loopback.request("PUT", f"{emulator.origin}/_emulator/limits", json={**order, "budget": {}}).raise_for_status()
    assert "credits" not in loopback.get(f"{emulator.origin}/_emulator/limits", params={"key": KEY}).json()["limits"]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"key": KEY}, "body: 'tier' or 'budget' is missing"),
        (
            {"key": KEY, "budget": {"credits": 0}},
            "body.budget.credits: 0.0 is no budget; expected a number from 0.000000001 ",
        ),
        ({"key": KEY, "budget": {"credits": -1}}, "body.budget.credits: -1.0 is no budget; "),
        ({"key": KEY, "budget": {"credits": "1"}}, "body.budget[...]: expected a number; found text"),
        ({"key": KEY, "budget": {"coins": 1}}, "body.budget: nothing is charged in 'coins'"),
        (
            {"key": KEY, "budget": {"rpm": 1}},
            "body.budget: a limit of 10,000,000 per minute counts rpm already; send the `tier` ",
        ),
        (
            {"key": FREE, "budget": {"USD": 1}},
            "body.budget: the key's tier has a budget of USD already; send the `tier` of one that ",
        ),
    ],
)
def test_a_wrong_budget_changes_nothing(emulator: Emulated, order: Any, message: str) -> None:
    answer = loopback.request("PUT", f"{emulator.origin}/_emulator/limits", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message), answer.text
    assert counter(emulator)["limit"] == 0.00005


def test_a_tier_that_counts_what_the_key_spends_is_refused_unless_the_keys_own_budget_is_taken_away(
    emulator: Emulated,
) -> None:
    url, order = f"{emulator.origin}/_emulator/limits", {"key": "axp_live_mine", "tier": "pro", "api": "aiexport"}
    loopback.request("PUT", url, json={**order, "budget": {"USD": 1}}).raise_for_status()
    refused = loopback.request("PUT", url, json={**order, "tier": "free"})
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, f"body.tier: {TAKEN}")
    view = loopback.request("PUT", url, json={**order, "tier": "free", "budget": {}}).json()
    assert (view["tier"], view["limits"]["USD"]["limit"]) == ("free", 0.00002)


@pytest.mark.parametrize("tier", ["budget: {credits: 5}", "limits: {credits: 100/day}"])
def test_a_key_keeps_its_own_budget_when_its_tier_gets_one(running: Running, tmp_path: Path, tier: str) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(f"scenario: other\nextends: default\napis: {{aixplain: {{tiers: {{standard: {{{tier}}}}}}}}}\n")
    with closing(Emulated(running, ("default",))) as emulator:
        control, key = f"{emulator.origin}/_emulator", "aix_test_demo"
        order = {"key": key, "budget": {"credits": 1}}
        loopback.request("PUT", f"{control}/limits", json=order).raise_for_status()
        loopback.request("POST", f"{control}/scenarios/use", json={"scenarios": [str(other)]}).raise_for_status()
        used = execute(aixplain_calls.caller(emulator, key), text=PAID).json()["usedCredits"]
        spent = counter(emulator, key=key)
        assert (spent["limit"], spent["used"]) == (1.0, pytest.approx(used, abs=1e-9)), "charged once"


def test_a_limit_that_no_counter_refused_says_when_to_come_again_though_only_a_budget_is_counted(
    running: Running, tmp_path: Path
) -> None:
    plan = "{limits: {requests: unlimited, tokens: unlimited}, budget: {USD: 1}}"
    (tmp_path / "plain.yaml").write_text(
        f"scenario: plain\nextends: default\napis: {{aiexport: {{tiers: {{free: {plan}}}}}}}\n"
    )
    with closing(Emulated(running, (str(tmp_path / "plain.yaml"),))) as emulator:
        client = aiexport_calls.caller(emulator, FREE)
        response = client.get("/models", headers={"X-Emulator-Fault": "status=429"})
        assert (response.status_code, response.headers["retry-after"]) == (429, "60")


def test_a_rule_that_says_it_used_more_than_can_be_counted_spends_all(running: Running, tmp_path: Path) -> None:
    rule = "{on: assets.execute, reply: {body: {status: SUCCESS, completed: true, data: Mine, usedCredits: 1.0e300}}}"
    (tmp_path / "said.yaml").write_text(f"scenario: said\nextends: {BROKE}\nrules: [{rule}]\n")
    with closing(Emulated(running, (str(tmp_path / "said.yaml"),))) as emulator:
        client = aixplain_calls.caller(emulator, KEY)
        assert [execute(client, text=PAID).status_code for _ in range(2)] == [200, 402]
        assert loopback.get(f"{emulator.origin}/_emulator/worlds/default/snapshot").is_success
