"""An advance in one process finds the streams of another one, even those that it has only just decided to send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.clock.world_clock import Clock
from emulator.store.journal import Journal
from emulator.store.redis.server import CommitResult
from emulator.worlds import registry
from tests.redis_server import OwnBackend, new_world, redis_url
from tests.running import Emulated, Running
from tests.small import KEY, play
from tests.waiting import PATIENCE

OPERATIONS = """
stream:
  route: GET /stream
  rules: [{reply: {stream: {pace: {each: 1s}, events: [{$each: [1, 2, 3], data: "{{ item }}"}]}}}]
late:
  route: GET /late
  rules: [{fault: {latency: 2s}, reply: {body: {late: true}}}]
broken:
  route: GET /broken
  rules:
    - fault: {cut_after: {events: 2}}
      reply: {stream: {pace: {each: 1s}, events: [{$each: [1, 2, 3], data: "{{ item }}"}]}}
"""
Two = tuple[Emulated, Emulated]


@pytest.fixture
def two(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """One world in two emulators, the first of which answers; each has a copy of its own, as in two processes."""
    redis, world = redis_url(), new_world()

    def backend(clock: Clock, journal: Journal, types: Any) -> OwnBackend:
        return OwnBackend(redis, world, clock, types=types)

    monkeypatch.setattr(registry, "MemoryBackend", backend)
    with ExitStack() as stack:
        both = [play(running, tmp_path, OPERATIONS) for _ in range(2)]
        for each in both:
            stack.callback(each.close)
        both[0].play()
        yield both[0], both[1]


def own(emulated: Emulated) -> OwnBackend:
    """Its backend."""
    store = emulated.app.state.store
    assert isinstance(store, OwnBackend)
    return store


async def moved(emulated: Emulated, seconds: float) -> None:
    """Moves the clock on for all processes."""
    await own(emulated).catch_up()
    await emulated.clock.advance(seconds)
    await own(emulated).flush()


@pytest.mark.parametrize(("path", "answer"), [("/stream", b"data: 3"), ("/late", b"true"), ("/broken", b"data: 2")])
def test_an_advance_between_the_commit_of_a_response_and_its_delivery_does_not_pass_it_by(
    two: Two, monkeypatch: pytest.MonkeyPatch, path: str, answer: bytes
) -> None:
    one, other = two
    commit = own(one).server.commit

    async def moving(world: str, packed: Sequence[str | bytes]) -> CommitResult:
        """Loses the reply to a request's commit, and asks again when the other one has moved the clock: then the reply
        to it and the new time come together."""
        reply = await commit(world, packed)
        if len(packed) == 1:
            return reply
        monkeypatch.undo()
        await moved(other, 60)
        return await commit(world, packed)

    monkeypatch.setattr(own(one).server, "commit", moving)

    def ask() -> bytes:
        body = b""
        with (
            suppress(httpx.RemoteProtocolError),  # one is cut
            one.client("small", headers=KEY).stream("GET", path) as response,
        ):
            for chunk in response.iter_raw():
                body += chunk
        return body

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        assert answer in asking.result(PATIENCE)
    assert one.clock.now() == other.clock.now()
