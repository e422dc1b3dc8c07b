"""`{at_once: 2, of: batch}`: a limit of jobs that are under way, each from its start until it is done."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests import loopback
from tests.apis.aiexport_calls import ENTERPRISE, HAIKU, PRO, asking, caller
from tests.apis.aixplain_calls import LLM, SLOW_LLM, execute, started
from tests.apis.aixplain_calls import caller as aixplain
from tests.engine.test_budget import BROKE
from tests.running import Emulated

pytestmark = pytest.mark.scenario(BROKE)
COUNTERS = ("requests", "batches")
BATCH = {"requests": [asking(model=HAIKU)]}


@pytest.fixture
def client(emulator: Emulated) -> httpx.Client:
    return caller(emulator, PRO)


def begin(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post("/batch", json=BATCH, headers=headers)


def standing(emulator: Emulated, key: str = PRO, name: str = "batches") -> Any:
    view = loopback.get(f"{emulator.origin}/_emulator/limits", params={"key": key}).json()
    return view["limits"][name]


def control(emulator: Emulated, method: str, path: str, **options: Any) -> httpx.Response:
    return loopback.request(method, f"{emulator.origin}/_emulator{path}", **options).raise_for_status()


def test_a_batch_beyond_the_limit_is_refused_and_not_kept(emulator: Emulated, client: httpx.Client) -> None:
    assert [begin(client).status_code for _ in range(3)] == [202, 202, 429]
    refused = begin(client)
    said = "Rate limit reached for batches: 2 of 2 at once used; try again in 1 s."
    assert (refused.json()["error"]["type"], refused.json()["error"]["message"]) == ("rate_limit_error", said)
    assert refused.headers["retry-after"] == "1"
    assert standing(emulator)["used"] == 2
    assert len(client.get("/batch").json()["data"]) == 2
    assert client.post("/messages", json=asking()).status_code == 200, "what begins none is not limited"


def test_one_that_has_ended_makes_room(emulator: Emulated, client: httpx.Client) -> None:
    begin(client), begin(client)
    emulator.running.call(emulator.clock.advance(60))
    assert standing(emulator)["used"] == 0
    assert begin(client).status_code == 202


def test_one_that_is_cancelled_makes_room_when_it_has_ended(emulator: Emulated, client: httpx.Client) -> None:
    first = begin(client).json()["id"]
    begin(client)
    assert client.delete(f"/batch/{first}/cancel").is_success
    emulator.running.call(emulator.clock.advance(1))
    assert client.get(f"/batch/{first}").json()["status"] == "cancelled"
    assert begin(client).status_code == 202


def test_one_that_is_failed_or_forgotten_makes_room(emulator: Emulated, client: httpx.Client) -> None:
    first = begin(client).json()["id"]
    begin(client)
    control(emulator, "POST", f"/jobs/{first}/fail")
    assert begin(client).status_code == 202
    control(emulator, "POST", "/reset")
    assert [begin(client).status_code for _ in range(3)] == [202, 202, 429]


def test_one_that_was_begun_without_a_request_counts(emulator: Emulated, client: httpx.Client) -> None:
    control(emulator, "POST", "/jobs", json={"kind": "batch", "as": PRO, "items": BATCH["requests"]})
    assert [begin(client).status_code for _ in range(2)] == [202, 429]


def test_one_that_is_sent_again_is_no_other(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "mine"}
    begin(client), begin(client, **key)
    again = begin(client, **key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")


def test_what_is_refused_takes_no_room(client: httpx.Client) -> None:
    for _ in range(3):
        assert client.post("/batch", json={"requests": []}).status_code == 400
    assert [begin(client).status_code for _ in range(3)] == [202, 202, 429]


def test_others_have_their_own(emulator: Emulated, client: httpx.Client) -> None:
    begin(client), begin(client)
    assert begin(caller(emulator, "axp_of_somebody")).status_code == 202
    assert begin(caller(emulator, ENTERPRISE)).status_code == 202


def test_a_limit_per_key_counts_those_of_the_key(emulator: Emulated) -> None:
    client, other = aixplain(emulator, "aix_careful"), aixplain(emulator, "aix_careful_too")
    started(execute(client, SLOW_LLM, text="Hello!"))
    refused = execute(client, SLOW_LLM, text="Hello!")
    assert (refused.status_code, refused.json()["statusCode"]) == (429, 429)
    assert execute(client, LLM, text="Hello!").status_code == 200, "what is answered at once is no job"
    started(execute(other, SLOW_LLM, text="Hello!"))


def test_a_snapshot_remembers_what_is_under_way(emulator: Emulated, client: httpx.Client) -> None:
    begin(client), begin(client)
    saved = control(emulator, "GET", "/worlds/default/snapshot").content
    control(emulator, "POST", "/reset")
    assert standing(emulator)["used"] == 0
    headers = {"Content-Type": "application/json"}
    control(emulator, "PUT", "/worlds/default/snapshot", content=saved, headers=headers)
    assert begin(client).status_code == 429


def test_a_reply_that_is_slow_to_come_is_counted_once(emulator: Emulated, client: httpx.Client) -> None:
    with client.stream("POST", "/batch", json=BATCH, headers={"X-Emulator-Fault": "slow_close; lasts=60s"}) as first:
        assert first.status_code == 202
        assert standing(emulator)["used"] == 1
        assert begin(client).status_code == 202


def test_a_refusal_that_costs_something_shows_the_jobs_that_are_under_way(
    emulator: Emulated, client: httpx.Client
) -> None:
    begin(client)
    assert client.post("/batch", json={"requests": []}).status_code == 400
    (refused,) = control(emulator, "GET", "/exchanges", params={"filter": "status: 400"}).json()["exchanges"]
    shown = control(emulator, "GET", f"/exchanges/{refused['number']}/explanation").json()["limits"]
    assert [(each["charged"], each["after"]) for each in shown if each["name"] in COUNTERS] == [(1, 2), (0, 1)]
