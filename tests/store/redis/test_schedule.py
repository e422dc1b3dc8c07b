"""The schedule in Redis while the server goes away: work is done at its time, and what was done is not done again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import suppress

import msgspec
import pytest

from emulator.clock.world_clock import manual
from emulator.engine.state import STORED_TYPES
from emulator.errors import StoreUnavailable
from emulator.jobs.lifecycle import Jobs
from emulator.language.document.durations import Duration
from emulator.playbook.model import JobPlan
from emulator.playbook.timeline import CANCELLED_AT_ONCE, Timeline
from emulator.store.redis.server import CommitResult
from tests.redis_server import OwnBackend, new_world, redis_url

START = manual().now()
KINDS = {
    "run": JobPlan("run", Timeline(("running", "done"), (Duration(0.0), Duration(5.0))), CANCELLED_AT_ONCE, most=10)
}


class Line:
    """The way to the server. It can be cut, at once or after the next commit, and lose the next reply."""

    def __init__(self, store: OwnBackend, monkeypatch: pytest.MonkeyPatch) -> None:
        self._commit, self._clock = store.server.commit, store.clock
        self.cut = self.cut_next = self.loses_reply = False
        monkeypatch.setattr(store.server, "commit", self.commit)

    async def commit(self, world: str, packed: Sequence[str | bytes]) -> CommitResult:
        if self.cut:
            await self._clock.sleep(0)
            raise StoreUnavailable("the line is cut")
        reply = await self._commit(world, packed)
        sets, drops = msgspec.msgpack.decode(b"".join(each for each in packed[:1] if isinstance(each, bytes)))[6:8]
        if not (sets or drops):  # a sign of life
            return reply
        self.cut = self.cut_next
        if self.loses_reply:
            self.loses_reply = False
            raise StoreUnavailable("the reply is lost")
        return reply


Story = Callable[[OwnBackend, Line], Awaitable[None]]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    for module in ("committer", "schedule"):
        monkeypatch.setattr(f"emulator.store.redis.{module}.RETRY_SECONDS", 0.0)

    async def run(story: Story) -> None:
        store = OwnBackend(redis_url(), new_world(), manual(), types=STORED_TYPES)
        try:
            await story(store, Line(store, monkeypatch))
        finally:
            await store.close()

    return lambda story: asyncio.run(run(story))


async def lose(store: OwnBackend, line: Line) -> None:
    """Cuts the line, and waits until the store has noticed."""
    line.cut = True
    with pytest.raises(StoreUnavailable, match="the line is cut"):
        await store.flush()


async def find_again(store: OwnBackend, line: Line) -> None:
    line.cut = False
    with suppress(StoreUnavailable):  # of a commit that was under way
        await store.flush()
    await store.flush()


async def kept(store: OwnBackend, kind: str = "work") -> list[tuple[str, float]]:
    """The work that Redis holds."""
    late = OwnBackend(redis_url(), store.world, manual(), types=STORED_TYPES)
    items = late.schedule.items(kind)
    await late.close()
    return items


def test_work_that_is_scheduled_while_the_server_is_away_is_done(play: Callable[[Story], None]) -> None:
    async def story(store: OwnBackend, line: Line) -> None:
        done: list[str] = []
        store.schedule.handle("work", done.append)
        line.cut = True
        store.schedule.add("work", "a", START + 60)
        await lose(store, line)
        store.schedule.add("work", "b", START + 60)
        await find_again(store, line)
        assert await kept(store) == [("a", START + 60), ("b", START + 60)]
        await store.clock.advance(3_600)
        await store.flush()
        assert (done, await kept(store)) == (["a", "b"], [])

    play(story)


def test_the_next_try_that_is_scheduled_while_the_server_is_away_is_made(play: Callable[[Story], None]) -> None:
    async def story(store: OwnBackend, line: Line) -> None:
        tries: list[float] = []

        async def attempt(id: str) -> None:
            tries.append(store.clock.now() - START)
            if len(tries) < 3:
                store.schedule.add("work", id, store.clock.now() + 60)

        store.schedule.handle("work", attempt)
        store.schedule.add("work", "a", START + 1)
        await store.flush()
        line.cut = True
        await store.clock.advance(1)
        await lose(store, line)
        await find_again(store, line)
        await store.clock.advance(3_600)
        await store.flush()
        assert (tries, await kept(store)) == ([1.0, 61.0, 121.0], [])

    play(story)


def test_work_that_was_done_while_the_server_was_away_is_not_done_again(play: Callable[[Story], None]) -> None:
    async def story(store: OwnBackend, line: Line) -> None:
        done: list[str] = []

        async def send(id: str) -> None:
            done.append(id)

        store.schedule.handle("work", send)
        store.schedule.add("work", "a", START + 1)
        await store.flush()
        line.cut = True
        await store.clock.advance(1)
        await lose(store, line)
        await store.clock.advance(10)
        await find_again(store, line)
        await store.clock.advance(10)
        await store.flush()
        assert (done, await kept(store)) == (["a"], [])

    play(story)


def test_work_that_has_begun_is_kept_until_it_is_done_and_not_begun_again(play: Callable[[Story], None]) -> None:
    async def story(store: OwnBackend, line: Line) -> None:
        begun, go, seen = list[str](), asyncio.Event(), asyncio.Event()

        async def send(id: str) -> None:
            begun.append(id)
            seen.set()
            await go.wait()

        store.schedule.handle("work", send)
        line.cut = True
        store.schedule.add("work", "a", START)
        await seen.wait()
        await lose(store, line)
        await find_again(store, line)
        assert await kept(store) == [("a", START)]
        go.set()
        await store.clock.advance(10)
        await store.flush()
        assert (begun, await kept(store)) == (["a"], [])

    play(story)


def counting(store: OwnBackend) -> Jobs:
    """The jobs of a world, whose ends are counted in it."""
    return Jobs(store, KINDS, lambda job: ignored(store.counters.increment("ended")), api="api")


def ignored(value: object) -> None:
    """Nobody asks what was counted."""


def starting(jobs: Jobs) -> Generator[None, None, None]:
    yield
    jobs.start("run", "run_1", "one", watched=True)


def test_the_end_of_a_job_whose_commit_gets_no_reply_is_counted_once(play: Callable[[Story], None]) -> None:
    async def story(store: OwnBackend, line: Line) -> None:
        jobs = counting(store)
        await store.transact(lambda: starting(jobs))
        line.loses_reply = True
        await store.clock.advance(60)
        await store.flush()
        assert store.counters.value("ended") == 1
        assert await kept(store, "ends/api") == []

    play(story)


def test_the_end_of_a_job_that_is_not_committed_is_counted_later(play: Callable[[Story], None]) -> None:
    async def story(store: OwnBackend, line: Line) -> None:
        jobs = counting(store)
        await store.transact(lambda: starting(jobs))
        await lose(store, line)
        moved = asyncio.create_task(store.clock.advance(60))
        for _ in range(50):
            await store.clock.sleep(0)
        assert store.counters.value("ended") == 0
        line.cut = False
        await moved
        await store.flush()
        assert store.counters.value("ended") == 1
        assert await kept(store, "ends/api") == []

    play(story)


def test_a_process_that_dies_once_the_end_of_a_job_is_committed_leaves_nothing_to_do(
    play: Callable[[Story], None],
) -> None:
    async def story(store: OwnBackend, line: Line) -> None:
        jobs = counting(store)
        await store.transact(lambda: starting(jobs))
        line.cut_next = True
        await store.clock.advance(60)
        assert store.counters.value("ended") == 1
        assert await kept(store, "ends/api") == []

    play(story)
