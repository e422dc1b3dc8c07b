"""A world: a key's tier changed in the middle, and what takes time ends with the world."""

from __future__ import annotations

import asyncio

import pytest

from emulator.errors import ConfigError
from emulator.worlds.world import World
from tests.apis.aiexport_calls import asking
from tests.running import Emulated

pytestmark = pytest.mark.one_worker("it asks one process, without the control API")


def left(emulator: Emulated, key: str) -> tuple[str, str]:
    answer = emulator.client("aiexport").post(
        "/messages", json=asking("Hi", model="apex-haiku-4-20250401"), headers={"X-API-Key": key}
    )
    return answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]


def test_a_key_has_its_tier_from_the_next_request_on_and_its_counters_go_on(emulator: Emulated) -> None:
    world = emulator.app.worlds.default
    assert left(emulator, "axp_test_pro") == ("600", "599")
    assert world.set_tier("axp_test_pro", "free") == ["aiexport"]
    assert left(emulator, "axp_test_pro") == ("60", "58")
    assert world.set_tier("axp_test_pro", "pro", api="aiexport") == ["aiexport"]
    assert left(emulator, "axp_test_pro") == ("600", "597")


def test_a_key_that_nobody_knew_gets_the_workspace_that_it_would_have(emulator: Emulated) -> None:
    world = emulator.app.worlds.default
    assert left(emulator, "axp_live_new") == ("600", "599")
    assert world.set_tier("axp_live_new", "free") == ["aiexport"]
    assert left(emulator, "axp_live_new") == ("60", "58")


@pytest.mark.scenario("strict")
def test_a_key_that_nobody_may_know_gets_no_tier(emulator: Emulated) -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'axp_tset_pro' of aiexport; .*did you mean 'axp_test_pro'"):
        emulator.app.worlds.default.set_tier("axp_tset_pro", "free")


@pytest.mark.parametrize(
    ("tier", "api", "complaint"),
    [
        ("fere", "aiexport", "unknown tier 'fere' of aiexport; expected one of: free, pro, .*did you mean 'free'"),
        ("fere", None, "unknown tier 'fere' of aiexport"),
        ("free", "aiexprot", "unknown API 'aiexprot'; .*did you mean 'aiexport'"),
    ],
)
def test_a_wrong_tier_or_api_is_refused(emulator: Emulated, tier: str, api: str | None, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        emulator.app.worlds.default.set_tier("axp_test_pro", tier, api)
    assert left(emulator, "axp_test_pro") == ("600", "599")


def test_a_tier_that_only_one_of_the_keys_apis_has_changes_nothing_anywhere(emulator: Emulated) -> None:
    world = emulator.app.worlds.default
    with pytest.raises(ConfigError, match="unknown tier 'gone'"):
        world.set_tier("never-seen", "gone")
    assert "never-seen" not in world.pipeline.services["aiexport"].records["keys"]


def test_a_site_is_found_by_the_name_of_its_api(emulator: Emulated) -> None:
    world = emulator.app.worlds.default
    assert world.service("aiexport").api.name == "aiexport"
    with pytest.raises(ConfigError, match="unknown API 'x'"):
        world.service("x")


def test_a_server_that_lends_no_line_is_simply_left(emulator: Emulated) -> None:
    world: World = emulator.app.worlds.create("one")
    said, left = list[object](), list[str]()

    async def forever(connection: object, receive: object, send: object) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            left.append("left")

    async def say(*words: object) -> None:
        said.append(words)

    async def run() -> None:
        task = asyncio.create_task(world.serve(forever, {}, say, say))  # type: ignore[arg-type]
        await world.state.clock.sleep(0)
        await world.state.end()
        await task

    asyncio.run(run())
    assert left == ["left"]
    assert said == []
