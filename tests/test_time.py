"""Time: after any sequence of requests and moves of the clock, everything that tells of time agrees."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import ceil
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.dates import iso
from emulator.worlds.registry import World
from tests.apis.aiexport_calls import HAIKU, asking
from tests.apis.aixplain_calls import DEMO, LLM
from tests.running import Emulated, Running

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))  # more find more; then they are different ones each time
WALKS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
START = 1_800_000_000.25
LIMIT, WINDOW, LIFE = 3, 60.0, 3_600
CLIENT = {"client_id": "demo-enterprise", "client_secret": "demo-secret", "grant_type": "client_credentials"}
TIGHT = """\
scenario: tight
about: Three requests a minute.
extends: default
apis: {aiexport: {tiers: {pro: {limits: {requests: 3/minute, tokens: unlimited}}}}}
"""
SECONDS = st.sampled_from([0.0, 0.001, 0.5, 1.0, 59.0, 59.999, 60.0, 61.0, 3_599.0, 3_600.0]) | st.floats(0, 100_000)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["message", "wait", "token", "tokens", "batch", "batches", "run", "usage", "again"])),
    st.tuples(st.sampled_from(["message", "run"]), st.integers(1, 4)),
    st.tuples(st.just("advance"), SECONDS),
    st.tuples(st.just("forward"), SECONDS),
    st.tuples(st.just("back"), SECONDS),
    st.tuples(st.just("hurry"), st.sampled_from([1.0, 60.0, 1_000.0])),
)


class Walk:
    """One walk through time, and what its steps must show: a second opinion on every figure."""

    def __init__(self, emulator: Emulated, world: World) -> None:
        self.emulator = emulator
        self.world = world
        self.clock = world.state.clock
        inside = {"X-Emulator-World": world.name}
        self.exports = emulator.client("aiexport", headers={"X-API-Key": "axp_test_pro"} | inside)
        self.plain = emulator.client("aiexport", headers=inside)
        self.models = emulator.client("aixplain", headers={"x-api-key": DEMO} | inside)
        self.used, self.resets_at = 0, 0.0
        self.issued: list[tuple[str, float]] = []
        self.started: dict[str, float] = {}
        self.runs: Counter[str] = Counter()

    @property
    def now(self) -> float:
        return self.clock.now()

    # ------------------------------------------------------------------ moving the clock

    def advance(self, seconds: float) -> None:
        self.emulator.running.call(self.clock.advance(seconds))
        assert all(timer.due > self.now for timer in self.clock.pending())

    def forward(self, seconds: float) -> None:
        before = self.now
        self.emulator.running.call(self.clock.set(before + seconds))
        assert abs(self.now - before - seconds) < 1e-5

    def back(self, seconds: float) -> None:
        """What is due stays due, and nothing fires."""
        due = [timer.due for timer in self.clock.pending()]
        self.emulator.running.call(self.clock.set(self.now - seconds))
        assert [timer.due for timer in self.clock.pending()] == due

    def hurry(self, speed: float) -> None:
        """Run for a request; nothing tells of another second than the request's own."""
        self.emulator.running.call(self._run(speed))
        answer = self.plain.get("/status")
        self.emulator.running.call(self._run(0.0))
        assert START - 2_000_000 < date_of(answer) <= self.now

    async def _run(self, speed: float) -> None:
        self.clock.run(speed)

    def again(self) -> None:
        """Saving and restoring is no event."""
        worlds = self.emulator.app.worlds
        self.emulator.running.call(worlds.restore(self.world.name, worlds.snapshot(self.world.name)))

    # ------------------------------------------------------------------ asking

    def message(self, times: int = 1) -> None:
        """Limits: `Retry-After`, `X-RateLimit-Reset` and `Date` speak of the same window."""
        for _ in range(times):
            if not self.now < self.resets_at <= self.now + WINDOW:
                self.used, self.resets_at = 0, self.now + WINDOW
            admitted = self.used < LIMIT
            self.used += admitted
            answer = self.exports.post("/messages", json=asking("Hi", model=HAIKU))
            self._dated(answer)
            headers = answer.headers
            assert answer.status_code == (200 if admitted else 429)
            assert int(headers["x-ratelimit-remaining"]) == LIMIT - self.used
            assert int(headers["x-ratelimit-reset"]) == ceil(self.resets_at)
            assert ("retry-after" in headers) is not admitted
            if admitted:
                assert answer.json()["created_at"] == iso(self.now)
            else:
                wait = int(headers["retry-after"])
                assert wait == ceil(self.resets_at - self.now)
                assert 1 <= wait <= WINDOW
                assert 0 <= int(headers["x-ratelimit-reset"]) - date_of(answer) - wait <= 1  # both are whole seconds

    def wait(self) -> None:
        """Who waits as long as `Retry-After` says is let in."""
        while (answer := self.exports.post("/messages", json=asking("Hi", model=HAIKU))).status_code == 200:
            pass
        self.advance(int(answer.headers["retry-after"]))
        self.used = self.resets_at = 0
        self.message()

    def token(self) -> None:
        answer = self.plain.post("/oauth/token", data=CLIENT)
        assert answer.json()["expires_in"] == LIFE
        self.issued.append((answer.json()["access_token"], self.now))

    def tokens(self) -> None:
        """A token is good for as long as `expires_in` said."""
        for token, at in self.issued[-3:]:
            answer = self.plain.get("/models?limit=1", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == (200 if self.now < at + LIFE else 401), (at, self.now)

    def batch(self) -> None:
        self.used, self.resets_at = 0, 0.0
        self.world.state.store.windows.settle("aiexport/demo-pro/requests", -LIMIT)
        answer = self.exports.post("/batch", json={"requests": [asking("Hi", model=HAIKU)] * 100})
        assert answer.json()["created_at"] == iso(self.now)
        self.started[answer.json()["id"]] = self.now
        self._follow_window()

    def batches(self) -> None:
        """A job's times are those that its state says, and none lies ahead unless the clock was set back."""
        self.world.state.store.windows.settle("aiexport/demo-pro/requests", -LIMIT)
        for id, at in list(self.started.items())[-2:]:
            batch = self.exports.get(f"/batch/{id}").json()
            age = self.now - at + 1e-6
            assert batch["status"] == ("completed" if age >= 2 else "in_progress" if age >= 1 else "queued")
            assert batch["created_at"] == iso(at)
            assert batch["completed_at"] == (iso(at + 2) if age >= 2 else None)
            done = 100 if age >= 2 else max(0, int((age - 1) / 0.01))
            assert abs(batch["request_counts"]["succeeded"] - done) <= 1
        self._follow_window()

    def run(self, times: int = 1) -> None:
        for _ in range(times):
            answer = self.models.post(f"/api/v2/execute/{LLM}", json={"data": "Hi"})
            assert answer.status_code == 200
            self._dated(answer)
            self.runs[self._today()] += 1

    def usage(self) -> None:
        """Today's statistics count the runs of the day that `Date` says, each in its hour."""
        today = self._today()
        asked = {"startDay": today, "endDay": today, "modelId": LLM}
        told: list[dict[str, Any]] = self.models.post("/sdk/models/stats", json=asked).json()
        total = told[0]["aggregateMetrics"]["totalRequests"] if told else 0
        assert total == self.runs[today]

    def _follow_window(self) -> None:
        window = self.world.state.store.windows.peek("aiexport/demo-pro/requests", WINDOW)
        self.used, self.resets_at = (window.used, window.resets_at) if window is not None else (0, 0.0)

    def _today(self) -> str:
        return iso(self.now)[:10]

    def _dated(self, answer: httpx.Response) -> None:
        assert date_of(answer) == int(self.now)


def date_of(answer: httpx.Response) -> int:
    """`Date` in seconds since the epoch."""
    moment: datetime = parsedate_to_datetime(answer.headers["date"])
    return int(moment.timestamp())


@pytest.fixture(scope="module")
def tight(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    path: Path = tmp_path_factory.mktemp("time") / "tight.yaml"
    path.write_text(TIGHT)
    emulated = Emulated(running, (str(path),))
    yield emulated
    emulated.close()


@WALKS
@given(st.lists(STEPS, min_size=3, max_size=12))
def test_whatever_happens_everything_that_tells_of_time_agrees(tight: Emulated, steps: list[tuple[Any, ...]]) -> None:
    tight.play()
    worlds = tight.app.worlds

    async def make() -> World:
        return worlds.create("walk", frozen=START)

    walk = Walk(tight, tight.running.call(make()))
    try:
        for name, *arguments in steps:
            getattr(walk, name)(*arguments)
        for name in ("message", "tokens", "batches", "run", "usage", "wait"):
            getattr(walk, name)()
    finally:
        tight.running.call(worlds.delete("walk"))
