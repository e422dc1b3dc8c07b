"""Snapshots: after one is restored, here or in another process, the same requests get the same answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.errors import ConfigError, DocumentError
from emulator.http.request import Request
from emulator.worlds.registry import UnknownWorld
from tests import loopback
from tests.apis.aiexport_calls import asking
from tests.running import Emulated, Running
from tests.waiting import PATIENCE
from tests.worlds.test_registry import CLIENT, Many

pytestmark = pytest.mark.one_worker("it asks one process, without the control API")

PRO = {"X-API-Key": "axp_test_pro"}
HAIKU = "apex-haiku-4-20250401"
# What another process does with a snapshot that it is given on its standard input.
ELSEWHERE = """
import json, sys
from emulator.clock.world_clock import manual
from tests.running import Emulated, Running
from tests.worlds.test_snapshot import story
running = Running()
emulator = Emulated(running, ("default",))
async def make():
    emulator.app.worlds.create("copy", seed=99)
running.call(make())
running.call(emulator.app.worlds.restore("copy", json.load(sys.stdin)))
json.dump(story(emulator, "copy"), sys.stdout)
emulator.close()
running.stop()
"""


@pytest.fixture
def many(emulator: Emulated) -> Many:
    return Many(emulator)


def prelude(many: Many, name: str) -> None:
    """Leave something of every kind in a world: counters, a job in the middle, a token, a session, a fault, a tier."""
    client, inside = many.client, {"X-Emulator-World": name}
    rows = [asking(f"Question {number}", model=HAIKU) for number in range(50)]
    client.post("/batch", json={"requests": rows}, headers=PRO | inside)
    client.post("/oauth/token", data=CLIENT, headers=inside)
    client.post("/messages", json=asking("Hello"), headers=PRO | inside)
    world = many.worlds.find(name)
    many.call(world.state.clock.advance(1.25))
    world.state.armed.arm({"fault": "status", "params": {"status": 503}, "on": "messages.create", "nth": 2})
    client.post("/messages", json=asking("Hello"), headers=PRO | inside)
    world.set_tier("axp_live_mine", "free")


def story(emulator: Emulated, world: str) -> list[Any]:
    """What a client sees from here on: every byte, every header."""
    client, inside = emulator.client("aiexport"), {"X-Emulator-World": world}
    clock = emulator.app.worlds.find(world).state.clock
    answers: list[httpx.Response] = []
    for _ in range(2):
        answers.append(client.post("/messages", json=asking("And now for a poem"), headers=PRO | inside))
    answers.append(client.get("/batch", headers=PRO | inside))
    emulator.running.call(clock.advance(30))
    answers.append(client.get("/batch", headers=PRO | inside))
    batch = answers[-1].json()["data"][0]["id"]
    answers.append(client.get(f"/batch/{batch}/results", headers=PRO | inside))
    answers.append(client.post("/oauth/token", data=CLIENT, headers=inside))
    answers.append(
        client.post("/messages", json=asking("x", model=HAIKU), headers={"X-API-Key": "axp_live_mine"} | inside)
    )
    aix = {"x-api-key": "aix_test_demo"} | inside
    answers.append(loopback.get(f"{emulator.origin}/sdk/agents", headers=aix))
    return [[each.status_code, sorted(each.headers.items()), each.text] for each in answers]


def test_the_same_requests_get_the_same_answers_byte_for_byte(many: Many) -> None:
    many.create("one", seed=5, frozen=1_800_000_000.0)
    prelude(many, "one")
    saved = json.loads(json.dumps(many.worlds.snapshot("one"), allow_nan=False))
    first = story(many.emulator, "one")
    assert [status for status, _, _ in first] == [503, 200, 200, 200, 200, 200, 200, 200]
    assert story(many.emulator, "one") != first
    many.call(many.worlds.restore("one", saved))
    assert story(many.emulator, "one") == first
    many.create("copy", scenarios=["strict"], seed=6)
    many.call(many.worlds.restore("copy", saved))
    assert story(many.emulator, "copy") == first
    assert many.worlds.find("copy").scenarios == ("default",)


@pytest.mark.slow
def test_another_process_gives_the_same_answers(many: Many) -> None:
    many.create("one", seed=5, frozen=1_800_000_000.0)
    prelude(many, "one")
    saved = json.dumps(many.worlds.snapshot("one"))
    first = story(many.emulator, "one")
    ran = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        input=saved,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert json.loads(ran.stdout) == json.loads(json.dumps(first))


def test_what_is_saved_is_the_same_when_it_is_restored_and_saved_again(many: Many) -> None:
    many.create("one", frozen=1_800_000_000.0)
    prelude(many, "one")
    saved = many.worlds.snapshot("one")
    many.call(many.worlds.restore("one", saved))
    assert many.worlds.snapshot("one") == saved


def test_the_default_world_is_saved_and_restored_too(many: Many) -> None:
    prelude(many, "default")
    saved = many.worlds.snapshot("default")
    first = story(many.emulator, "default")
    many.call(many.worlds.restore("default", saved))
    assert story(many.emulator, "default") == first


def test_tokens_of_a_snapshot_lead_to_the_world_where_it_was_restored(many: Many) -> None:
    many.create("one")
    token = many.client.post("/oauth/token", data=CLIENT, headers={"X-Emulator-World": "one"}).json()["access_token"]
    saved = many.worlds.snapshot("one")
    many.call(many.worlds.delete("one"))
    many.create("two", keys=["mine"])
    many.call(many.worlds.restore("two", saved))
    assert many.client.get("/models", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert many.exchanges("two") == 1
    assert many.worlds.keys("two") == ["mine"]


def test_a_clock_goes_on_as_it_was(many: Many) -> None:
    clock = many.create("one").state.clock
    clock.freeze()
    many.call(clock.set(4_000_000_000.0))
    clock.auto = True
    saved = many.worlds.snapshot("one")
    many.call(many.worlds.reset("one"))
    assert not clock.auto
    many.call(many.worlds.restore("one", saved))
    assert (clock.now(), clock.speed, clock.auto) == (4_000_000_000.0, 0.0, True)


def test_the_windows_of_rules_are_where_they_were_in_the_world_that_was_saved(many: Many, tmp_path: Path) -> None:
    rule = "{on: models.list, when: {after: 1m, for: 1m}, fault: {status: 503}}"
    outage = tmp_path / "outage.yaml"
    outage.write_text(f"scenario: outage\nabout: A test.\nextends: default\nrules: [{rule}]\n")
    worlds = {name: many.create(name, scenarios=[str(outage)], frozen=1_800_000_000.0) for name in ("one", "two")}
    many.call(worlds["one"].state.clock.advance(30))
    saved = json.loads(json.dumps(many.worlds.snapshot("one")))
    many.call(worlds["one"].state.clock.advance(500))
    for name, world in worlds.items():
        many.call(many.worlds.restore(name, saved))
        statuses = []
        for _ in range(4):  # 30, 60, 90 and 120 s after the world that was saved began
            statuses.append(many.client.get("/models", headers=PRO | {"X-Emulator-World": name}).status_code)
            many.call(world.state.clock.advance(30))
        assert statuses == [200, 503, 503, 200]


DEMO = {"tier": "standard", "workspace": "demo"}
SPENDS = "records/aixplain/keys/aix_test_demo/budget"
OLDER = r"this snapshot was written by an older version \(format 1\); this version reads format 2; take it again"
DAMAGE: list[tuple[list[str], Any, str]] = [
    (["format"], 1, OLDER),
    (["format"], 3, r"this snapshot was written by a newer version \(format 3\); this version reads format 2"),
    (["format"], None, "this is no snapshot of a world; expected an object with `format: 2`"),
    (["scenarios"], ["no-such"], "no-such"),
    (["scenarios"], [1], "Expected `str`, got `int`"),
    (["clock", "now"], -1, r"Expected `float` >= 0.0 - at `\$.clock.now`"),
    (["clock", "speed"], True, r"Expected `float`, got `bool` - at `\$.clock.speed`"),
    (["state"], {}, "missing required field `records`"),
    (["state"], 5, r"Expected `object`, got `int` - at `\$.state`"),
    (["state", "windows"], {"a": 1}, "the snapshot is damaged"),
    (["state", "usage"], [["api"]], "the snapshot is damaged"),
    (["state", "records", "faults"], [["f", {"order": {"fault": "sttaus"}, "armed_at": 0}, None]], "mean 'status'"),
    (["state", "records", "attempts"], 1, "the snapshot is damaged"),
    (["state", "records", "world"], [], "the snapshot is damaged: the origin of the world is missing"),
    (["state", "records", "world"], [["origin", {"root": "x", "began": 0}, None]], "world/origin: "),
    *(
        (["state", "records", "records/aixplain/keys"], [["aix_test_demo", {**DEMO, "budget": budget}, None]], said)
        for budget, said in (
            ([1], f"{SPENDS}: a list is no budget; expected amounts by unit, such as {{credits: 0.05}}"),
            ({"credits": "0.05"}, f"{SPENDS}/credits: '0.05' is no budget; expected a number from 0.000000001 to "),
            ({"credits": 1e300}, rf"{SPENDS}/credits: 1e\+300 is no budget; "),
        )
    ),
]


@pytest.mark.parametrize(("path", "value", "complaint"), DAMAGE, ids=lambda each: str(each)[:30])
def test_a_damaged_snapshot_is_refused_and_changes_nothing(
    many: Many, path: list[str], value: Any, complaint: str
) -> None:
    many.create("one", frozen=1_800_000_000.0)
    prelude(many, "one")
    saved, damaged = (json.loads(json.dumps(many.worlds.snapshot("one"))) for _ in range(2))
    part = damaged
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    with pytest.raises((ConfigError, DocumentError), match=complaint):
        many.call(many.worlds.restore("one", damaged))
    assert many.worlds.snapshot("one") == saved


@pytest.mark.parametrize("part", ["clock", "scenarios", "state"])
def test_a_part_that_is_missing_is_named(many: Many, part: str) -> None:
    saved = many.worlds.snapshot("default")
    del saved[part]
    with pytest.raises(ConfigError, match=f"the snapshot is damaged: .*missing required field `{part}`"):
        many.call(many.worlds.restore("default", saved))


def test_an_unknown_world_is_neither_saved_nor_restored(many: Many) -> None:
    with pytest.raises(UnknownWorld):
        many.worlds.snapshot("one")
    with pytest.raises(UnknownWorld):
        many.call(many.worlds.restore("one", many.worlds.snapshot("default")))


def test_a_webhook_that_is_to_be_sent_is_sent_after_restoring(running: Running, many: Many) -> None:
    world = many.create("one", frozen=1_800_000_000.0)
    rows = {"requests": [asking("Hi")], "webhook_url": "http://127.0.0.1:9/"}
    assert many.client.post("/batch", json=rows, headers=PRO | {"X-Emulator-World": "one"}).status_code == 202
    before = many.worlds.snapshot("one")
    many.call(world.state.clock.advance(10))
    tried = world.state.sender.attempts()
    retrying = many.worlds.snapshot("one")
    assert len(tried) >= 1
    many.call(many.worlds.restore("one", before))
    assert world.state.sender.attempts() == []
    many.call(world.state.clock.advance(10))
    assert [(each.id, each.at) for each in world.state.sender.attempts()] == [(each.id, each.at) for each in tried]
    many.call(many.worlds.restore("one", retrying))
    many.call(world.state.clock.advance(86_400))
    assert len(world.state.sender.attempts()) > len(tried)


WRONG: list[Any] = ["x", -1, 1e308, None, [], {}, 2**63, True, [[[]]]]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all values in a snapshot, of those that are lists of many alike only the first and last."""
    if path:
        yield path
    if isinstance(value, dict):
        for name in value:
            yield from leaves(value[name], (*path, name))
    elif isinstance(value, list):
        for index in range(len(value)) if len(value) < 10 else (0, len(value) - 1):
            yield from leaves(value[index], (*path, index))


def damaged(saved: str, path: tuple[Any, ...], wrong: Any) -> Any:
    whole = part = json.loads(saved)
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = wrong
    return whole


@pytest.mark.slow
def test_whatever_is_damaged_is_refused_or_works(many: Many) -> None:
    many.create("one", frozen=1_800_000_000.0)
    prelude(many, "one")
    many.client.post(
        "/batch",
        json={"requests": [asking("Hi")], "webhook_url": "http://127.0.0.1:9/"},
        headers=PRO | {"X-Emulator-World": "one"},
    )
    many.call(many.worlds.find("one").state.clock.advance(10))
    saved = json.dumps(many.worlds.snapshot("one"))
    broken: list[Any] = []
    with loopback.Client(base_url=f"{many.emulator.origin}/_emulator", timeout=PATIENCE) as control:
        for number, path in enumerate(leaves(json.loads(saved))):
            wrong = WRONG[number % len(WRONG)]  # each part has many places, so each is damaged in every way
            said = control.put("/worlds/one/snapshot", json=damaged(saved, path, wrong))
            if said.status_code not in (200, 400, 422):
                broken.append((path, wrong, said.text))
            if said.status_code == 200:
                answers = [
                    many.client.post("/messages", json=asking("Hi"), headers=PRO | {"X-Emulator-World": "one"}),
                    many.client.get("/batch", headers=PRO | {"X-Emulator-World": "one"}),
                    control.get("/limits", params={"key": "axp_test_pro", "world": "one"}),
                    control.get("/faults", params={"world": "one"}),
                    control.get("/jobs", params={"world": "one"}),
                    control.get("/webhooks", params={"world": "one"}),
                    control.get("/worlds/one/snapshot"),
                    control.post("/worlds/one/reset"),
                ]
                broken += [(path, wrong, each.text) for each in answers if each.status_code == 500]
    assert broken == []


JOB = {
    "id": "batch_1",
    "kind": "batch",
    "workspace": "demo-pro",
    "started_at": 1.0,
    "items": 0,
    "timeline": {"states": ["done"], "begins": [{"fixed": 0, "each": 0}]},
    "cancel": {"states": ["cancelled"], "begins": [{"fixed": 0, "each": 0}]},
    "data": {},
}
JOBS = ("state", "records", "jobs/aiexport/batch")
ARMED = {"fault": "status"}
PLACES: list[tuple[tuple[Any, ...], Any]] = [
    (("state", "counters"), "x"),
    (("state", "counters", "exchanges"), -1),
    (("state", "counters", "exchanges"), 1e308),
    (("state", "records", "faults"), [["fault_1", {"order": ARMED, "armed_at": "x"}, None]]),
    (("state", "records", "faults"), [["fault_1", {"order": ARMED, "armed_at": -1}, None]]),
    (("state", "records", "faults"), [["fault_1", {"order": ARMED, "armed_at": 1e308}, None]]),
    (("state", "records", "records/aiexport/keys"), [["axp_test_pro", {"tier": "x", "workspace": "y"}, None]]),
    (("state", "records", "records/aiexport/keys"), [["axp_test_pro", 5, None]]),
    (("state", "records", "records/aiexport/models"), [["model_1", 5, None]]),
    (("state", "records", "keys"), [["k", {"api": "aiexport", "id": "k", "record": {"id": "k"}}, None]]),
    (("state", "records", "keys"), [["k", 5, None]]),
    (("state", "records", "messages"), [["msg_1", {"message": {"id": "msg_1"}}, None]]),
    (JOBS, [["other", JOB, None]]),
    (JOBS, [["batch_1", {**JOB, "kind": "other"}, None]]),
    (JOBS, [["batch_1", {**JOB, "items": -1}, None]]),
    (JOBS, [["batch_1", {**JOB, "started_at": 1e13}, None]]),
    (JOBS, [["batch_1", {**JOB, "timeline": {"states": [], "begins": []}}, None]]),
    (JOBS, [["batch_1", {**JOB, "rows": [{"ok": True, "body": "", "usage": {}}]}, None]]),
    (JOBS, [["batch_1", {**JOB, "rows": [{"ok": True, "body": "no base64!", "usage": {}}]}, None]]),
]


@pytest.mark.parametrize(("path", "wrong"), PLACES, ids=str)
def test_what_no_world_could_work_with_is_refused(many: Many, path: tuple[Any, ...], wrong: Any) -> None:
    many.create("one", frozen=1_800_000_000.0)
    many.worlds.find("one").state.armed.arm({"fault": "status", "params": {"status": 503}})
    saved = json.dumps(many.worlds.snapshot("one"))
    with pytest.raises(ConfigError, match="the snapshot is damaged"):
        many.call(many.worlds.restore("one", damaged(saved, path, wrong)))
    assert json.dumps(many.worlds.snapshot("one")) == saved


def test_a_token_of_the_default_world_stays_its_own_when_its_snapshot_is_restored_elsewhere(many: Many) -> None:
    state = many.worlds.default.state
    state.issue("token-of-the-default-world")
    many.create("copy")
    saved = many.worlds.snapshot("default")
    many.call(many.worlds.restore("copy", saved))
    headers = {b"authorization": b"Bearer token-of-the-default-world"}
    request = Request("GET", "/v2/models", "", headers, "127.0.0.1", "http", "127.0.0.1")
    assert many.worlds.resolve(request) is many.worlds.default
