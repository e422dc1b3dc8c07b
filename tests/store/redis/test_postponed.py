"""Requests that come whole wait for their commit without a task: each is answered once, in order, or says why not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.apis.aiexport_calls import PRO, asking
from tests.redis_server import Server
from tests.running import Emulated, Running
from tests.store.redis.test_stores import emulated
from tests.waiting import until
from tests.wire import Answer, Wire, request

HEADERS = [("x-api-key", PRO), ("content-type", "application/json")]
PAUSE = 60_000  # milliseconds, which no test waits for


@pytest.fixture
def kept(running: Running, server: Server) -> Iterator[Emulated]:
    """An emulator whose state is in Redis."""
    with_redis = emulated(running, server)
    yield with_redis
    with_redis.close()


def message(text: str = "Hello!", **headers: str) -> bytes:
    body = json.dumps(asking(f"Say {text}")).encode()
    more = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return request("POST", "/v2/messages", [*HEADERS, *more], body)


def asked(wire: Wire, text: str = "Hello!", **headers: str) -> Answer:
    wire.send(message(text, **headers))
    return wire.answer()


def outcomes(emulator: Emulated) -> list[tuple[int, str]]:
    return [(each.status, each.outcome) for each in emulator.app.state.store.journal]


def waiting(emulator: Emulated) -> int:
    """How many units of work wait for their commit."""
    return len(emulator.app.state.store._committer._pending)  # type: ignore[attr-defined]


def pause(server: Server) -> None:
    """Lets the server commit nothing until `unpause`."""
    server.client.client_pause(PAUSE, all=False)


def unpause(server: Server) -> None:
    server.client.client_unpause()


def test_a_message_is_one_script_and_one_entry(running: Running, server: Server, kept: Emulated) -> None:
    with Wire(running.port) as wire:
        asked(wire)
        taken = []
        for _ in range(5):
            server.client.config_resetstat()
            assert asked(wire).status == 200
            commands = server.client.info("commandstats")
            taken.append((commands["cmdstat_evalsha"]["calls"], commands["cmdstat_xadd"]["calls"]))
    assert min(taken) == (1, 1)  # a sign of life may be a second script, once a second and at the beginning
    assert sum(entries for _, entries in taken) == 5
    assert outcomes(kept) == [(200, "complete")] * 6


def test_nothing_is_answered_before_it_is_committed(running: Running, server: Server, kept: Emulated) -> None:
    with Wire(running.port) as wire:
        asked(wire)
        pause(server)
        wire.send(message())
        until(lambda: waiting(kept) == 1)
        assert outcomes(kept) == [(200, "complete")]
        unpause(server)
        assert wire.answer().status == 200
    assert outcomes(kept) == [(200, "complete")] * 2


def test_what_a_client_sends_meanwhile_is_answered_in_order(running: Running, server: Server, kept: Emulated) -> None:
    with Wire(running.port) as wire:
        asked(wire)
        pause(server)
        wire.send(message("one"))
        until(lambda: waiting(kept) == 1)
        second, third = message("two"), message("three")
        wire.send(second[:100])
        wire.send(second[100:] + third)
        unpause(server)
        answers = [wire.answer() for _ in range(3)]
    assert [each.status for each in answers] == [200, 200, 200]
    bodies = [json.loads(each.body)["messages"][0]["content"] for each in kept.app.state.store.journal]
    assert bodies == ["Say Hello!", "Say one", "Say two", "Say three"]


def test_a_client_that_leaves_meanwhile_hinders_nobody(running: Running, server: Server, kept: Emulated) -> None:
    with Wire(running.port) as wire, Wire(running.port) as other:
        asked(wire)
        pause(server)
        wire.send(message())
        other.send(message(x_emulator_fault="latency=1s"))
        until(lambda: waiting(kept) == 2)
    connections = running._server.server_state.connections
    until(lambda: not connections)
    unpause(server)
    with Wire(running.port) as wire:
        assert asked(wire).status == 200
    until(lambda: [outcome for _, outcome in outcomes(kept)] == ["complete", "complete", "left", "complete"])


def test_a_reply_that_needs_time_gets_it(running: Running, kept: Emulated) -> None:
    with Wire(running.port) as wire:
        wire.send(message(x_emulator_fault="latency=5s"))
        until(lambda: outcomes(kept) == [(200, "open")])
        kept.advance(5)
        assert wire.answer().status == 200
        assert asked(wire).status == 200
    until(lambda: outcomes(kept) == [(200, "complete")] * 2)


def test_when_the_store_dies_meanwhile_each_gets_503(running: Running, server: Server, kept: Emulated) -> None:
    with Wire(running.port) as wire:
        asked(wire)
        pause(server)
        wire.send(message("one"))
        until(lambda: waiting(kept) == 1)
        wire.send(message("two"))
        server.kill()
        assert [wire.answer().status for _ in range(2)] == [503, 503]
        server.start()
        assert asked(wire).status == 200


def test_a_mistake_of_our_own_is_an_answer_too(
    running: Running, kept: Emulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("a mistake of our own")

    with Wire(running.port) as wire:
        asked(wire)
        with monkeypatch.context() as broke:
            broke.setattr(kept.app.worlds.default.pipeline, "_match", broken)
            assert asked(wire).status == 500
    with Wire(running.port) as wire:
        assert asked(wire).status == 200
