"""Two processes of one server: what is changed in one holds in the other as soon as the change is answered."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import redis
from msgspec.structs import replace

from emulator.control.route import CAUGHT_UP_AT_ONCE
from emulator.errors import ConfigError
from emulator.playbook.apis import Playbook
from emulator.sharing.sharing import Sharing
from emulator.store.redis.server import FORGOTTEN
from tests.apis import aiexport_calls as aiexport
from tests.redis_server import Server
from tests.running import Emulated, Running
from tests.store.redis.conftest import server as server  # a fixture
from tests.waiting import PATIENCE, until

MESSAGE = aiexport.asking("What is 2 + 2?")
DOWN = "scenario: down\nabout: Everything is down.\nextends: default\nrules:\n  - fault: {status: 503}\n"
OVER_DOWN = "scenario: over\nabout: More than down.\nextends: down\nrules: []\n"
GRANT = {"grant_type": "client_credentials", "client_id": "demo-enterprise", "client_secret": "demo-secret"}
IN_W = {"X-Emulator-World": "w"}


def shown(key: str) -> dict[str, str]:
    """The header of a key."""
    return {"Authorization": f"Bearer {key}"}


class Process(Emulated):
    """An emulator with a server and connections of its own, as in another process."""

    def __init__(self, store: str) -> None:
        self.own = Running()
        super().__init__(self.own, ("default",), settings=replace(self.own.settings, store=store))
        self.export = aiexport.caller(self)

    @property
    def sharing(self) -> Sharing:
        assert self.app.sharing is not None
        return self.app.sharing

    def control(self, method: str, path: str, **options: object) -> httpx.Response:
        return self.export.request(method, f"{self.origin}/_emulator{path}", **options)  # type: ignore[arg-type]

    def message(self, **headers: str) -> httpx.Response:
        return self.export.post("/messages", json=MESSAGE, headers=headers)

    def close(self) -> None:
        super().close()
        self.own.stop()


@pytest.fixture
def start(server: Server) -> Iterator[Callable[[], Process]]:
    """Starts processes on one store."""
    begun: list[Process] = []

    def start() -> Process:
        begun.append(Process(server.url))
        return begun[-1]

    yield start
    for process in begun:
        if process.own._thread.is_alive():
            process.close()


@pytest.fixture
def two(start: Callable[[], Process]) -> tuple[Process, Process]:
    return start(), start()


def test_a_world_that_one_makes_is_there_in_the_other_until_one_of_them_deletes_it(
    two: tuple[Process, Process], server: Server
) -> None:
    one, other = two
    assert one.control("PUT", "/worlds/w", json={"seed": 7}).status_code == 201
    assert other.control("GET", "/worlds/w").json()["seed"] == 7
    assert other.message(**IN_W).status_code == 200
    assert other.control("PUT", "/worlds/w", json={"seed": 7}).status_code == 200
    assert other.control("PUT", "/worlds/w", json={"seed": 8}).status_code == 409
    assert other.control("DELETE", "/worlds/w").status_code == 200
    assert one.message(**IN_W).status_code == 404
    assert one.control("GET", "/worlds/w").status_code == 404
    assert all(0 < server.client.ttl(key) <= FORGOTTEN for key in server.client.keys("*{w}*"))


def test_a_world_that_was_made_again_is_a_new_one_everywhere(two: tuple[Process, Process]) -> None:
    one, other = two
    one.control("PUT", "/worlds/w", json={"seed": 1})
    assert other.message(**IN_W).status_code == 200
    one.control("DELETE", "/worlds/w")
    one.control("PUT", "/worlds/w", json={"seed": 2})
    assert other.control("GET", "/worlds/w").json()["seed"] == 2
    assert other.control("GET", "/exchanges", params={"world": "w"}).json()["exchanges"] == []


def test_only_one_of_two_makes_a_world_that_both_are_asked_for(two: tuple[Process, Process]) -> None:
    for number in range(5):
        with ThreadPoolExecutor() as pool:
            made = [
                pool.submit(process.control, "PUT", f"/worlds/w{number}", json={"seed": seed})
                for seed, process in enumerate(two)
            ]
        assert sorted(each.result().status_code for each in made) == [201, 409]


def test_a_key_leads_to_its_world_everywhere(two: tuple[Process, Process]) -> None:
    one, other = two
    one.control("PUT", "/worlds/w", json={"keys": ["axp_test_free"]})
    one.control("POST", "/keys", params={"world": "w"}, json={"key": "axp_checkout_2", "like": "axp_test_pro"})
    for key in ("axp_checkout_2", "axp_test_free"):
        sent = other.export.post("/messages", json=MESSAGE, headers=shown(key))
        assert sent.status_code == 200
    seen = [process.control("GET", "/exchanges", params={"world": "w"}).json()["exchanges"] for process in two]
    assert max(map(len, seen)) == 2


def test_a_token_leads_to_the_world_in_which_another_process_has_issued_it(two: tuple[Process, Process]) -> None:
    one, other = two
    one.control("PUT", "/worlds/w", json={})
    issued = one.export.post("/oauth/token", data=GRANT, headers=IN_W)
    token = {"Authorization": f"Bearer {issued.json()['access_token']}"}
    client = other.client("aiexport")
    assert client.get("/models", headers=token).status_code == 200
    assert client.get("/models", headers={"Authorization": "Bearer axp_oauth_made_up"}).status_code == 401
    other.control("DELETE", "/worlds/w")
    assert one.client("aiexport").get("/models", headers=token).status_code == 401


def test_a_list_of_many_worlds_asks_the_store_by_few_connections(two: tuple[Process, Process], server: Server) -> None:
    one, other = two
    for number in range(60):
        assert one.control("PUT", f"/worlds/w{number}", json={}).status_code == 201
    with redis.Redis.from_url(server.url) as client:

        def asking() -> int:
            return sum(each["sub"] == "0" for each in client.client_list())

        before = asking()
        assert len(other.control("GET", "/worlds").json()["worlds"]) == 61
        assert other.control("GET", "/summary").status_code == 200
        assert asking() - before <= 3 * CAUGHT_UP_AT_ONCE


@pytest.mark.parametrize("name", ["default", "w"])
def test_what_one_process_shows_and_saves_of_a_world_is_what_both_have_made_of_it(
    two: tuple[Process, Process], name: str
) -> None:
    one, other = two
    one.control("PUT", "/worlds/w", json={"frozen": True})
    before = other.control("GET", f"/worlds/{name}/snapshot").json()["state"]
    assert one.message(**{"X-Emulator-World": name}).status_code == 200
    saved = other.control("GET", f"/worlds/{name}/snapshot").json()["state"]
    assert saved == one.control("GET", f"/worlds/{name}/snapshot").json()["state"] != before
    one.message(**{"X-Emulator-World": name})
    (listed,) = [each for each in other.control("GET", "/worlds").json()["worlds"] if each["name"] == name]
    one.message(**{"X-Emulator-World": name})
    shown = other.control("GET", f"/worlds/{name}").json()
    assert (listed["exchanges"], shown["exchanges"]) == (2, 3)


def test_a_process_explains_what_another_one_has_answered(two: tuple[Process, Process]) -> None:
    """It says as much, but for what was charged and what refused the request, which only that one knows."""
    one, _ = two
    fault = {"X-Emulator-Fault": "status; status=503"}
    for sent in (one.message(), one.message(**fault), one.export.post("/messages", json={})):
        assert sent.status_code in (200, 400, 503)
    for number in (1, 2, 3):
        own, others = (each.control("POST", "/explain", json={"exchange": number}) for each in two)
        assert others.status_code == 200, others.text
        missing = {name for name, value in own.json().items() if others.json().get(name) != value}
        assert missing <= {"limits", "provenance", "checks", "decided_by"}
        assert others.json()["plan"] == "pro"


def test_the_summary_of_one_process_counts_what_the_other_has_answered_in_worlds_that_ended_too(
    two: tuple[Process, Process],
) -> None:
    one, _ = two
    for world in ("w", "ended"):
        one.control("PUT", f"/worlds/{world}", json={})
        for process in two:
            process.message(**{"X-Emulator-World": world})
    one.control("DELETE", "/worlds/ended")
    for process in two:
        assert process.control("GET", "/summary").json()["elsewhere"] == 4


def test_after_a_reset_in_one_process_ids_are_in_both_as_they_were_at_first(two: tuple[Process, Process]) -> None:
    one, other = two
    first = one.message().json()["id"]
    for process in (other, one, other):
        process.message()
    one.control("POST", "/reset")
    assert other.message().json()["id"] == first


def test_scenarios_that_are_put_and_used_in_one_are_played_by_the_other(two: tuple[Process, Process]) -> None:
    one, other = two
    assert one.control("PUT", "/scenarios/down", json={"yaml": DOWN}).status_code == 201
    assert other.control("PUT", "/scenarios/over", json={"yaml": OVER_DOWN}).status_code == 201
    assert one.control("POST", "/scenarios/use", json={"scenarios": ["over"]}).status_code == 200
    assert [process.message().status_code for process in two] == [503, 503]
    assert other.control("GET", "/scenarios").json()["using"] == ["over"]
    assert other.control("POST", "/scenarios/use", json={"scenarios": ["default"]}).status_code == 200
    assert [process.message().status_code for process in two] == [200, 200]
    assert one.control("DELETE", "/scenarios/over").status_code == 200
    assert other.control("POST", "/scenarios/use", json={"scenarios": ["over"]}).status_code == 400


def test_expectations_that_are_added_in_one_are_known_to_the_other(two: tuple[Process, Process]) -> None:
    one, other = two
    first = one.control("POST", "/expectations", json={"on": "messages.create", "times": 1}).json()["id"]
    second = other.control("POST", "/expectations", json={"on": "models.list", "times": "never"}).json()["id"]
    assert first != second
    known = one.control("GET", "/expectations").json()["expectations"]
    assert [each["id"] for each in known] == [first, second]
    assert other.control("DELETE", f"/expectations/{first}").status_code == 200
    assert [each["id"] for each in one.control("GET", "/expectations").json()["expectations"]] == [second]


def test_a_reset_ends_the_streams_that_the_other_process_sends(two: tuple[Process, Process]) -> None:
    one, other = two
    one.control("PUT", "/worlds/w", json={"frozen": True})
    one.control("POST", "/faults", params={"world": "w"}, json={"fault": "stall_after", "params": {"events": 2}})
    body = {**MESSAGE, "stream": True}
    with other.export.stream("POST", "/messages", json=body, headers=IN_W) as stream:
        lines = stream.iter_lines()
        assert next(lines)
        assert one.control("POST", "/worlds/w/reset").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            list(lines)
    assert other.message(**IN_W).status_code == 200


def test_what_is_shared_is_there_again_after_a_restart(start: Callable[[], Process]) -> None:
    first = start()
    first.control("PUT", "/scenarios/down", json={"yaml": DOWN})
    first.control("PUT", "/worlds/w", json={"seed": 7, "keys": ["axp_test_free"]})
    first.control("POST", "/scenarios/use", params={"world": "w"}, json={"scenarios": ["down"]})
    first.control("POST", "/expectations", params={"world": "w"}, json={"on": "models.list", "times": "never"})
    assert first.message(**IN_W).status_code == 503
    first.close()
    second = start()
    world = second.control("GET", "/worlds/w").json()
    assert (world["seed"], world["scenarios"], world["exchanges"]) == (7, ["down"], 1)
    assert second.export.post("/messages", json=MESSAGE, headers=shown("axp_test_free")).status_code == 503
    expectations = second.control("GET", "/expectations", params={"world": "w"}).json()["expectations"]
    assert [each["id"] for each in expectations] == ["expectation_1"]
    assert second.message().status_code == 200


def test_health_counts_the_workers_and_the_index_lists_them(two: tuple[Process, Process]) -> None:
    one, other = two
    assert one.control("GET", "/health").json()["workers"] == 2
    workers = other.control("GET", "").json()["workers"]
    assert [each["id"] for each in workers] == [process.sharing._fields.me.id for process in two]
    assert all(each["started"] <= each["seen"] and each["pid"] == os.getpid() for each in workers)
    one.close()
    assert other.control("GET", "/health").json()["workers"] == 1


def test_a_change_that_is_refused_changes_nothing_anywhere(two: tuple[Process, Process]) -> None:
    one, other = two
    assert one.control("PUT", "/worlds/w", json={"scenarios": ["missing"]}).status_code == 400
    assert one.control("PUT", "/scenarios/wrong", json={"yaml": "scenario: wrong\nrulez: []\n"}).status_code == 422
    assert [len(process.control("GET", "/worlds").json()["worlds"]) for process in two] == [1, 1]
    assert "wrong" not in [each["name"] for each in other.control("GET", "/scenarios").json()["available"]]


def test_a_store_that_was_emptied_is_filled_again(two: tuple[Process, Process], server: Server) -> None:
    one, other = two
    one.control("PUT", "/worlds/w", json={"seed": 7})
    server.client.flushall()
    assert other.control("PUT", "/worlds/v", json={}).status_code == 201
    for process in two:
        assert [each["name"] for each in process.control("GET", "/worlds").json()["worlds"]] == ["default", "w", "v"]
        assert process.message(**IN_W).status_code == 200


def test_while_the_store_is_away_nothing_is_changed_and_afterwards_versions_are_compared(
    two: tuple[Process, Process], server: Server
) -> None:
    one, other = two
    server.kill()
    assert one.control("PUT", "/worlds/w", json={}).status_code == 503
    assert [each.message(**IN_W).status_code for each in two] == [503, 503]
    server.start()
    assert one.control("PUT", "/worlds/w", json={}).status_code == 201
    assert other.message(**IN_W).status_code == 200
    until(lambda: len(one.control("GET", "").json()["workers"]) == 2)


def test_a_process_that_lost_its_lock_does_not_overwrite_what_another_changed(two: tuple[Process, Process]) -> None:
    one, other = two
    begun, go_on = threading.Event(), asyncio.Event()

    async def slow() -> str:
        begun.set()
        await go_on.wait()
        return one.app.worlds.create(f"slow{one.app.worlds.default.known.resets}").name

    changing = asyncio.run_coroutine_threadsafe(one.sharing.change(slow), one.own.loop)
    assert begun.wait(PATIENCE)
    one.sharing._fields._lock, lock = "another-lock", one.sharing._fields._lock
    one.sharing._stores.server.blocking.delete(lock)
    assert other.control("PUT", "/worlds/fast", json={}).status_code == 201
    one.own.loop.call_soon_threadsafe(go_on.set)
    assert changing.result(PATIENCE) == "slow0"
    for process in two:
        assert [each["name"] for each in process.control("GET", "/worlds").json()["worlds"]] == [
            "default",
            "fast",
            "slow0",
        ]


def test_a_scenario_that_can_not_be_played_here_is_said_and_makes_the_process_unhealthy(
    two: tuple[Process, Process], tmp_path: Path
) -> None:
    one, other = two
    story = tmp_path / "story.yaml"
    story.write_text(DOWN)
    playbooks = other.app.worlds._playbooks
    setattr(playbooks, "_compile", _refusing(str(story), playbooks._compile))  # noqa: B010 - types say it is constant
    assert one.control("POST", "/scenarios/use", json={"scenarios": [str(story)]}).status_code == 200
    health = other.control("GET", "/health")
    assert (health.status_code, health.json()["status"]) == (503, "degraded")
    assert health.json()["reason"].startswith("world default: ")
    assert one.control("GET", "/health").status_code == 200


def _refusing(name: str, compile: Callable[..., Playbook]) -> Callable[..., Playbook]:
    def refuse(names: tuple[str, ...]) -> Playbook:
        if name in names:
            raise ConfigError(f"{name}: no such file")
        return compile(names)

    return refuse
