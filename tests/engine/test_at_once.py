"""`2 at once`: a limit of what is under way, which a stream gives back when it has ended, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from emulator.check.command import check_scenario
from tests import loopback
from tests.apis.aiexport_calls import FREE, HAIKU, asking, caller
from tests.running import Emulated, Running
from tests.waiting import until

SCENARIO = """
scenario: at_once
about: Two responses at once.
extends: default
apis: {aiexport: {tiers: {free: {limits: {requests: unlimited, concurrent: 2 at once}}}}}
"""
STALLED = {"X-Emulator-Fault": "stall_after=1"}
SAID = "Rate limit reached for concurrent: 2 of 2 at once used; try again in 1 s."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "at_once.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture
def emulated(running: Running, path: Path) -> Iterator[Emulated]:
    with closing(Emulated(running, (str(path),))) as emulated:
        yield emulated


def stream(client: httpx.Client) -> httpx.Response:
    """A stream that stays open."""
    request = client.build_request("POST", "/messages/stream", json=asking(model=HAIKU), headers=STALLED)
    response = client.send(request, stream=True)
    assert response.status_code == 200
    return response


def used(emulated: Emulated) -> int:
    """How many responses of the caller are under way."""
    limits = loopback.get(f"{emulated.origin}/_emulator/limits", params={"key": FREE}).json()["limits"]
    return int(limits["concurrent"]["used"])


def test_what_is_under_way_is_counted_until_it_has_ended(emulated: Emulated) -> None:
    client = caller(emulated, FREE)
    for _ in range(3):
        assert client.get("/models").status_code == 200, "what has ended is given back"
    streams = [stream(client) for _ in range(2)]
    refused = client.get("/models")
    assert (refused.status_code, refused.json()["error"]["message"]) == (429, SAID)
    assert refused.headers["retry-after"] == "1"
    assert client.get("/models").status_code == 429, "a refusal counts as nothing"
    streams[0].close()
    until(lambda: client.get("/models").status_code == 200)
    streams[1].close()


def test_other_callers_have_their_own(emulated: Emulated) -> None:
    client = caller(emulated, FREE)
    with closing(stream(client)), closing(stream(client)):
        assert client.get("/models").status_code == 429
        assert caller(emulated, "axp_test_pro").get("/models").status_code == 200


def test_a_request_that_is_refused_for_what_it_says_gives_back_what_it_had(emulated: Emulated) -> None:
    client = caller(emulated, FREE)
    for _ in range(3):
        assert client.post("/messages", json={}).status_code == 400
        assert client.post("/messages", json=asking(model=HAIKU, max_tokens=10**9)).status_code == 400
    assert client.get("/models").status_code == 200


def test_a_reset_gives_back_everything(emulated: Emulated) -> None:
    client = caller(emulated, FREE)
    with closing(stream(client)), closing(stream(client)):
        emulated.running.call(emulated.app.worlds.reset("default"))
        for _ in range(3):
            assert client.get("/models").status_code == 200
    assert used(emulated) == 0


def test_a_snapshot_that_is_restored_meanwhile_gives_back_everything_once(emulated: Emulated) -> None:
    client = caller(emulated, FREE)
    with loopback.Client(base_url=f"{emulated.origin}/_emulator/worlds/default") as control:
        with closing(stream(client)), closing(stream(client)):
            saved = control.get("/snapshot").json()
            assert used(emulated) == 2
            assert control.put("/snapshot", json=saved).status_code == 200
            assert used(emulated) == 0
            with closing(stream(client)):
                assert used(emulated) == 1
        until(lambda: used(emulated) == 0)


def test_check_wants_no_cost_for_it(path: Path) -> None:
    assert check_scenario(str(path), play=False) == []
