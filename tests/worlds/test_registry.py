"""Worlds: made, found, led to, reset, reloaded and deleted, over a real socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.app import Application
from emulator.errors import ConfigError, DocumentError
from emulator.settings.options import Settings
from emulator.worlds.registry import UnknownWorld, World, WorldRegistry, WorldSpec
from tests import loopback
from tests.apis.aiexport_calls import asking
from tests.running import Emulated, Running
from tests.small import play
from tests.waiting import PATIENCE

pytestmark = pytest.mark.one_worker("it asks one process, without the control API")

PRO = {"X-API-Key": "axp_test_pro"}
CLIENT = {"client_id": "demo-enterprise", "client_secret": "demo-secret", "grant_type": "client_credentials"}


class Many:
    """The worlds of an emulator, handled on the server's loop."""

    def __init__(self, emulator: Emulated) -> None:
        self.emulator = emulator
        self.worlds: WorldRegistry = emulator.app.worlds
        self.client = emulator.client("aiexport")

    def create(self, name: str, **wishes: Any) -> World:
        async def make() -> World:
            return self.worlds.create(name, **wishes)

        return self.emulator.running.call(make())

    def call(self, work: Any) -> Any:
        return self.emulator.running.call(work)

    def message(self, world: str | None = None, key: str = "axp_test_pro", text: str = "Hello!") -> httpx.Response:
        headers = {"X-API-Key": key, **({"X-Emulator-World": world} if world is not None else {})}
        return self.client.post("/messages", json=asking(text), headers=headers)

    def exchanges(self, world: str) -> int:
        """How many exchanges are in the journal of a world, when those are that clients have seen the end of."""

        async def count() -> int:
            return len(self.worlds.find(world).state.journal)

        found: int = self.call(count())
        return found

    def left(self, world: str | None = None, key: str = "axp_test_pro") -> int:
        """What the request counter has left after one more request."""
        return int(self.message(world, key).headers["x-ratelimit-remaining"])


@pytest.fixture
def many(emulator: Emulated) -> Many:
    return Many(emulator)


def test_a_request_goes_to_the_world_of_its_header_else_of_its_key_else_to_the_default_one(many: Many) -> None:
    many.create("one", keys=["axp_live_one"])
    many.create("two", keys=["axp_live_two"])
    assert [many.left("one"), many.left("one"), many.left("two"), many.left(), many.left("default")] == [
        599,
        598,
        599,
        599,
        598,
    ]
    assert [many.left(key="axp_live_one"), many.left(key="axp_live_one"), many.left("two", "axp_live_one")] == [
        599,
        598,
        599,
    ]
    assert [many.exchanges(name) for name in many.worlds.names()] == [2, 4, 2]


def test_an_unknown_world_is_refused_in_the_apis_words_and_nothing_remembers_it(many: Many) -> None:
    many.create("checkout")
    before = many.worlds.snapshot("default")
    answer = many.message("chekout")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "not_found_error"
    assert "there is no world 'chekout'; expected one of: default, checkout; did you mean 'checkout'?" in answer.text
    assert "did you mean 'checkout'?" in answer.headers["x-emulator-hint"]
    assert answer.headers["date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert many.worlds.snapshot("default") == before
    other = loopback.get(many.emulator.origin + "/sdk/agents", headers={"X-Emulator-World": "nowhere"})
    assert other.json().keys() == {"statusCode", "message", "error", "hint"}
    assert many.client.head("/models", headers={"X-Emulator-World": "x"}).status_code == 404


def test_a_token_leads_back_to_the_world_that_issued_it(many: Many) -> None:
    many.create("one")
    many.create("two", keys=["demo-enterprise"])
    tokens = {
        "one": many.client.post("/oauth/token", data=CLIENT, headers={"X-Emulator-World": "one"}),
        "two": many.client.post("/oauth/token", data=CLIENT),
    }
    basic = {"data": {"grant_type": "client_credentials"}, "auth": ("demo-enterprise", "demo-secret")}
    assert many.client.post("/oauth/token", **basic).status_code == 200  # type: ignore[arg-type]
    for name, answer in tokens.items():
        before = many.exchanges(name)
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert many.client.get("/models", headers=token).status_code == 200
        assert many.exchanges(name) == before + 1
        elsewhere = many.client.get("/models", headers=token | {"X-Emulator-World": "default"})
        assert elsewhere.status_code == 401
    assert [many.exchanges(name) for name in ("one", "two")] == [2, 3]


def test_an_issued_token_that_has_expired_is_refused_by_its_own_world(many: Many) -> None:
    world = many.create("one", frozen=1_800_000_000.0)
    answer = many.client.post("/oauth/token", data=CLIENT, headers={"X-Emulator-World": "one"})
    token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    many.call(world.state.clock.advance(3_599))
    assert many.client.get("/models", headers=token).status_code == 200
    many.call(world.state.clock.advance(1))
    refused = many.client.get("/models", headers=token)
    assert (refused.status_code, refused.headers["date"]) == (401, "Fri, 15 Jan 2027 09:00:00 GMT")


def test_each_world_has_a_clock_of_its_own(many: Many) -> None:
    many.create("past", frozen=0.0)
    many.create("still", frozen=True)
    many.create("runs")
    assert many.message("past").headers["date"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert many.message().headers["date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    many.call(many.worlds.find("past").state.clock.advance(86_400))
    assert many.message("past").headers["date"] == "Fri, 02 Jan 1970 00:00:00 GMT"
    assert many.message().headers["date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    speeds = {name: many.worlds.find(name).state.clock.speed for name in many.worlds.names()}
    assert speeds == {"default": 0.0, "past": 0.0, "still": 0.0, "runs": 1.0}


def test_the_same_seed_and_name_give_the_same_answers_and_others_other_ones(many: Many) -> None:
    question = "Tell me something about rivers and bridges"

    def said() -> bytes:
        many.create("one", seed=7, frozen=0.0)
        answer = many.message("one", text=question)
        many.call(many.worlds.delete("one"))
        return answer.content

    assert said() == said()
    many.create("two", seed=7, frozen=0.0)
    assert many.message("two", text=question).content != said()


@pytest.mark.parametrize(
    ("name", "wishes", "complaint"),
    [
        ("", {}, "'' can't be a world's name; expected 1 to 100 of the letters"),
        ("a b", {}, "'a b' can't be a world's name"),
        ("x" * 101, {}, "can't be a world's name"),
        ("default", {}, "there is a world 'default' already; delete or reset it"),
        ("fine", {"frozen": -1.0}, "the clock can't stand at -1.0"),
        ("fine", {"keys": ["taken"]}, "is registered to the world 'one' already"),
        ("fine", {"keys": ["ok", "a\nb"]}, "can't be a key"),
        ("fine", {"scenarios": ["no-such"]}, "no-such"),
    ],
)
def test_a_world_that_cannot_be_made_leaves_nothing_behind(
    many: Many, name: str, wishes: dict[str, Any], complaint: str
) -> None:
    many.create("one", keys=["taken"])
    with pytest.raises(ConfigError, match=complaint):
        many.create(name, **wishes)
    assert many.worlds.names() == ["default", "one"]
    assert many.worlds.keys("one") == ["taken"]
    assert many.left(key="ok") == 599  # in the default world


@pytest.mark.bound("worlds")
def test_there_are_only_so_many_worlds(many: Many) -> None:
    many.worlds.limit = 3
    many.create("one")
    many.create("two")
    with pytest.raises(ConfigError, match="there are 3 worlds already; delete those that are done with"):
        many.create("three")
    many.call(many.worlds.delete("one"))
    many.create("three")
    assert many.worlds.names() == ["default", "two", "three"]


def test_bodies_of_all_worlds_share_a_quota_that_fits_the_largest(running: Running, tmp_path: Path) -> None:
    play(running, tmp_path, "one: {route: GET /one, max_body: 300 MiB, rules: [{reply: {body: {}}}]}").close()
    many = Many(Emulated(running, ("default",)))
    bodies = many.worlds.default.pipeline.bodies
    before = bodies.size
    other = many.create("other", scenarios=[str(tmp_path / "story.yaml")])
    assert (other.pipeline.bodies, bodies.size) == (bodies, 4 * 300 * 2**20)
    many.call(many.worlds.delete("other"))
    assert bodies.size == before
    many.emulator.close()


def test_a_room_remembers_what_was_wished(many: Many) -> None:
    world = many.create("one", scenarios=["strict"], seed=3, frozen=True, keys=["k"])
    assert world.spec == WorldSpec(("strict",), 3, True)
    assert (world.scenarios, world.playbook.scenarios) == (("strict",), ("strict", "default"))
    assert many.worlds.keys("one") == ["k"]


def test_playbooks_are_shared_by_those_who_play_the_same(many: Many) -> None:
    one, two, three = many.create("one"), many.create("two"), many.create("three", scenarios=["strict"])
    assert one.playbook is two.playbook is many.worlds.default.playbook
    assert three.playbook is not one.playbook


def test_another_scenario_is_played_from_the_next_request_on_and_state_stays(many: Many) -> None:
    many.create("one")
    assert many.left("one") == 599
    many.call(_use(many.worlds, "one", ["strict"]))
    assert many.left("one") == 598
    assert many.message("one", key="axp_live_unknown").status_code == 401
    assert many.message(key="axp_live_unknown").status_code == 200
    with pytest.raises(DocumentError, match="no-such"):
        many.call(_use(many.worlds, "one", ["no-such"]))
    assert many.worlds.find("one").scenarios == ("strict",)
    with pytest.raises(DocumentError, match="no-such"):
        many.call(many.worlds.compile(["no-such"]))


async def _use(worlds: WorldRegistry, name: str, scenarios: list[str]) -> None:
    worlds.use(name, scenarios)


def test_a_key_can_be_registered_later_but_to_one_world_only(many: Many) -> None:
    many.create("one")
    many.create("two")
    many.worlds.register("late", "one")
    many.worlds.register("late", "one")
    with pytest.raises(ConfigError, match="is registered to the world 'one' already"):
        many.worlds.register("late", "two")
    with pytest.raises(UnknownWorld, match="did you mean 'two'"):
        many.worlds.register("other", "twoo")
    assert [many.left(key="late"), many.left("one", key="late")] == [599, 598]


def test_a_reset_leaves_scenarios_keys_and_seed_and_nothing_else(many: Many) -> None:
    world = many.create("one", scenarios=["strict"], seed=5, frozen=1_800_000_000.5, keys=["demo-enterprise"])
    state = world.state

    def day() -> list[bytes]:
        answers = [many.message("one"), many.client.post("/oauth/token", data=CLIENT)]
        answers.append(many.client.post("/batch", json={"requests": [asking("Hi")]}, headers=PRO | in_one))
        many.call(state.clock.advance(100))
        answers.append(many.client.get("/batch", headers=PRO | in_one))
        return [answer.content for answer in answers]

    in_one = {"X-Emulator-World": "one"}
    first = day()
    state.armed.arm({"fault": "status", "params": {"status": 503}})
    assert many.message("one").status_code == 503
    world.set_tier("axp_test_pro", "free")
    state.clock.run(5.0)
    assert many.message("one").status_code == 403
    many.call(many.worlds.reset("one"))
    assert (len(state.journal), state.armed.list(), state.clock.now()) == (0, (), 1_800_000_000.5)
    assert (many.worlds.keys("one"), world.scenarios, state.seed) == (["demo-enterprise"], ("strict",), 5)
    assert day() == first


def test_a_world_that_ran_is_back_at_the_systems_time_after_a_reset(many: Many) -> None:
    clock = many.create("one").state.clock
    began = clock.now()
    many.call(clock.set(4_000_000_000.0))
    clock.freeze()
    many.call(many.worlds.reset("one"))
    assert clock.speed == 1.0
    assert began <= clock.now() < began + 600


def test_a_deleted_world_is_gone_with_its_keys_and_tokens(many: Many) -> None:
    many.create("one", keys=["mine"])
    token = many.client.post("/oauth/token", data=CLIENT, headers={"X-Emulator-World": "one"}).json()["access_token"]
    many.call(many.worlds.delete("one"))
    assert many.message("one").status_code == 404
    assert many.left(key="mine") == 599  # in the default world
    assert many.client.get("/models", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    with pytest.raises(UnknownWorld):
        many.call(many.worlds.delete("one"))
    with pytest.raises(ConfigError, match="the default world can't be deleted; reset it instead"):
        many.call(many.worlds.delete("default"))
    many.create("one", keys=["mine"])
    assert many.left(key="mine") == 599


@pytest.mark.parametrize("how", ["delete", "reset"])
def test_open_streams_and_waits_end_with_their_world_and_others_go_on(
    many: Many, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    worlds = [many.create(name, scenarios=["realistic-latency"], frozen=0.0) for name in ("one", "two")]
    seen: dict[str, list[str]] = {"one": [], "two": []}
    begun = {name: threading.Event() for name in seen}

    def read(name: str) -> None:
        headers = PRO | {"X-Emulator-World": name}
        try:
            with many.client.stream("POST", "/messages/stream", json=asking("Hi"), headers=headers) as answer:
                for line in answer.iter_lines():
                    seen[name].append(line)
                    begun[name].set()
        except httpx.RemoteProtocolError as error:
            seen[name].append(repr(error))

    threads = [threading.Thread(target=read, args=[name]) for name in seen]
    for thread in threads:
        thread.start()
    assert all(event.wait(PATIENCE) for event in begun.values())
    many.call(getattr(many.worlds, how)("one"))
    threads[0].join(PATIENCE)
    assert "incomplete chunked read" in seen["one"][-1]
    assert not worlds[0].state.clock.pending()
    assert threads[1].is_alive()
    many.call(worlds[1].state.clock.advance(60))
    threads[1].join(PATIENCE)
    assert seen["two"][-2] == 'data: {"type":"message_stop"}'
    assert len(worlds[0].state.journal) == (how == "delete")
    assert not caplog.records, caplog.text


def test_closing_ends_every_world(many: Many) -> None:
    world = many.create("one", frozen=0.0)
    many.client.post(
        "/batch",
        json={"requests": [asking("Hi")], "webhook_url": "http://127.0.0.1:9/"},
        headers=PRO | {"X-Emulator-World": "one"},
    )
    assert world.state.clock.pending()
    many.call(many.worlds.close())
    assert not world.state.clock.pending()


@pytest.fixture
def story(running: Running, tmp_path: Path) -> Iterator[tuple[Emulated, Path, Application]]:
    emulated = play(running, tmp_path, "say: {route: GET /say, rules: [{reply: {body: before}}]}")
    path = tmp_path / "story.yaml"
    other = tmp_path / "other.yaml"
    other.write_text(path.read_text().replace("scenario: story", "scenario: other"))
    settings = Settings(scenarios=(str(path),), reload=False)
    from emulator.app import build

    emulated.app = build(settings, emulated.clock)
    emulated.play()
    yield emulated, tmp_path, emulated.app
    emulated.close()


def test_a_reload_changes_every_world_or_none(story: tuple[Emulated, Path, Application]) -> None:
    emulated, folder, app = story

    async def make() -> None:
        app.worlds.create("one")
        app.worlds.create("two", scenarios=[str(folder / "other.yaml")])

    emulated.running.call(make())

    def said() -> list[str]:
        names = app.worlds.names()
        with loopback.Client() as client:
            ask = [{"X-Key": "key-of-ann", "X-Emulator-World": name} for name in names]
            return [client.get(f"{emulated.origin}/say", headers=headers).json() for headers in ask]

    async def reload() -> bool:
        return app.reload()

    assert said() == ["before"] * 3
    small = folder / "small.yaml"
    small.write_text(small.read_text().replace("before", "after"))
    assert emulated.running.call(reload())
    assert said() == ["after"] * 3
    assert app.worlds.find("one").playbook is app.worlds.default.playbook
    small.write_text(small.read_text().replace("after", "later"))
    (folder / "other.yaml").write_text("scenario: other\n")
    assert not emulated.running.call(reload())
    assert said() == ["after"] * 3
    assert app.watched() == {folder}


def test_a_world_without_a_loop_can_be_made_and_found(emulator: Emulated) -> None:
    world = emulator.app.worlds.create("quiet")
    assert emulator.app.worlds.find("quiet") is world
    asyncio.run(emulator.app.worlds.delete("quiet"))
