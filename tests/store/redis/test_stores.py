"""State in Redis while the emulator serves: refused in a sentence at the start, 503 while it is away, found again."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from emulator import __version__
from emulator.app import build
from emulator.clock.world_clock import manual
from emulator.errors import ConfigError
from emulator.settings.options import Settings
from emulator.store.redis.server import FORGOTTEN
from tests.apis import aiexport_calls as aiexport
from tests.apis import aixplain_calls as aixplain
from tests.emulate import emulate
from tests.redis_server import Server
from tests.running import Emulated, Running
from tests.waiting import until

REMAINING = "x-ratelimit-remaining"
MESSAGE = aiexport.asking("What is 2 + 2?")


def emulated(running: Running, server: Server) -> Emulated:
    return Emulated(running, ("default",), settings=replace(running.settings, store=server.url))


def refusal(url: str) -> str:
    with pytest.raises(ConfigError) as caught:
        build(Settings(store=url))
    return str(caught.value)


def test_what_was_begun_goes_on_in_the_next_emulator(running: Running, server: Server) -> None:
    first = emulated(running, server)
    run = aixplain.execute(aixplain.caller(first), aixplain.SLOW_LLM, text="Hello!").json()["data"]
    assert aiexport.caller(first).post("/messages", json=MESSAGE).status_code == 200
    first.advance(1.5)
    first.close()
    second = Emulated(running, ("default",), manual(0.0), replace(running.settings, store=server.url))
    assert second.clock.now() == first.clock.now()
    assert aixplain.caller(second).get(httpx.URL(run).path).status_code == 200
    answer = aiexport.caller(second).post("/messages", json=MESSAGE)
    assert int(answer.headers[REMAINING]) == int(answer.headers["x-ratelimit-limit"]) - 2
    second.close()


def test_a_message_takes_one_round_trip_and_another_one_for_its_end(running: Running, server: Server) -> None:
    with_redis = emulated(running, server)
    client = aiexport.caller(with_redis)
    client.post("/messages", json=MESSAGE)
    running.call(with_redis.app.state.store.flush())
    scripts = []
    for _ in range(5):
        server.client.config_resetstat()
        client.post("/messages", json=MESSAGE)
        running.call(with_redis.app.state.store.flush())
        scripts.append(server.client.info("commandstats")["cmdstat_evalsha"]["calls"])
    assert min(scripts) <= 3, scripts  # the last one is that of `flush`; signs of life may add others
    with_redis.close()


def test_while_the_store_is_away_requests_get_503_and_afterwards_all_goes_on(running: Running, server: Server) -> None:
    with_redis = emulated(running, server)
    export, plain = aiexport.caller(with_redis), aixplain.caller(with_redis)
    before = int(export.post("/messages", json=MESSAGE).headers[REMAINING])
    control = with_redis.origin + "/_emulator"
    server.kill()
    away = export.post("/messages", json=MESSAGE)
    assert (away.status_code, away.json()["error"]["type"]) == (503, "overloaded_error")
    assert "the store can't be reached" in away.json()["error"]["message"]
    assert "the store can't be reached" in away.headers["x-emulator-hint"]
    assert aixplain.execute(plain, text="Hello!").status_code == 503
    health = export.get(control + "/health")
    assert (health.status_code, health.json()["status"], health.json()["store"]) == (503, "degraded", "redis")
    assert export.post(control + "/faults", json={"fault": "status"}).status_code == 503
    server.start()
    assert int(export.post("/messages", json=MESSAGE).headers[REMAINING]) == before - 1
    assert export.get(control + "/health").json()["reason"] == ""
    assert [each["status"] for each in export.get(control + "/exchanges").json()["exchanges"]] == [200, 200]
    with_redis.close()


def test_a_world_that_is_made_leaves_nothing_behind_that_lasts(running: Running, server: Server) -> None:
    gc.freeze()  # looking at what other tests keep takes seconds
    with_redis = emulated(running, server)
    control = with_redis.origin + "/_emulator"
    client = aiexport.caller(with_redis)
    assert client.put(control + "/worlds/other", json={}).status_code in (200, 201)
    assert client.post("/messages", json=MESSAGE, headers={"X-Emulator-World": "other"}).status_code == 200
    assert server.client.keys("*{other}*")
    copy = weakref.ref(with_redis.app.worlds.find("other").state.store)
    assert client.delete(control + "/worlds/other").status_code in (200, 204)
    assert all(0 < server.client.ttl(key) <= FORGOTTEN for key in server.client.keys("*{other}*"))
    until(lambda: gc.collect() >= 0 and copy() is None)  # its parts know each other: only the collector frees them
    with_redis.close()


def test_what_can_not_be_used_is_said_in_a_sentence(server: Server) -> None:
    assert refusal("unix:///nowhere/socket").startswith("--store unix:///nowhere/socket: the store can't be reached")
    assert "no password" not in refusal("redis://:secret@localhost:1/0")
    assert "secret" not in refusal("redis://:secret@localhost:1/0")
    server.client.config_set("maxmemory", "1mb")
    assert refusal(server.url) == f"--store {server.url}: the store is full"
    server.client.config_set("maxmemory-policy", "allkeys-lru")
    assert "set its maxmemory-policy to noeviction" in refusal(server.url)
    server.client.config_set("maxmemory", "0")
    server.client.replicaof("localhost", "1")
    assert refusal(server.url) == f"--store {server.url}: the store is read-only"
    server.client.replicaof("NO", "ONE")
    server.client.set("ai-api-emulator:about", "mine")
    assert "belongs to another application" in refusal(server.url)
    server.client.delete("ai-api-emulator:about")
    server.client.hset("ai-api-emulator:about", "version", "0.0.1")
    assert f"version 0.0.1, and this is version {__version__}" in refusal(server.url)


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://", "unix://relative", "redis://h/x"])
def test_a_url_that_is_wrong_is_refused(url: str) -> None:
    result = emulate("serve", "--store", url)
    assert (result.exit_code, "redis://localhost:6379/0 or unix:///run/redis.sock" in result.stderr) == (2, True)


def test_clearing_removes_what_is_ours_and_nothing_else(server: Server) -> None:
    server.client.set("another", "1")
    server.client.hset("ai-api-emulator:{default}:state", "a", "b")
    result = emulate("store", "clear", EMULATOR_STORE=server.url)
    assert (result.exit_code, result.stdout) == (0, "1 keys removed\n")
    assert server.client.keys() == [b"another"]
    assert emulate("store", "clear").exit_code == 2


def test_only_what_serves_uses_the_store(tmp_path: Path) -> None:
    for command in (("certs", "--authority", str(tmp_path)), ("routes",), ("coverage",)):
        assert emulate(*command, EMULATOR_STORE="unix:///nowhere/socket").exit_code == 0, command
