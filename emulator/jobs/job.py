"""Work that takes time: a job is a record plus the clock, its state a function of its age; no task runs for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any, overload

from msgspec import Struct, convert
from msgspec.structs import replace

from emulator.clock.world_clock import SLACK
from emulator.language.document.durations import Duration
from emulator.playbook.timeline import Timeline


class RowOutcome(Struct, frozen=True):
    """The answer to one item: `body` is its JSON, rendered; `usage` maps a field to its amount."""

    ok: bool
    body: bytes
    usage: Mapping[str, Any]


class Rows:
    """The outcomes of a job in the order of its items, with their running sums; `planned` are those of all of them."""

    __slots__ = ("_reached", "_succeeded", "_usage", "outcomes", "planned")

    def __init__(self, outcomes: Sequence[RowOutcome]) -> None:
        self.outcomes = tuple(outcomes)
        self.planned: dict[str, Any] = {}
        for outcome in self.outcomes:
            _add(self.planned, outcome.usage)
        self._reached = 0
        self._succeeded = 0
        self._usage: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.outcomes)

    def to_builtins(self) -> tuple[RowOutcome, ...]:
        """Returns what is saved: the outcomes, as the sums follow from them."""
        return self.outcomes

    @classmethod
    def from_builtins(cls, data: Any) -> Rows:
        """Returns the rows that were saved. Raises msgspec.ValidationError for other data."""
        return cls(convert(data, list[RowOutcome]))

    def upto(self, count: int) -> tuple[int, dict[str, Any]]:
        """Returns how many of the first `count` rows succeeded, and the sums of their numeric usage.

        A job only grows older as a rule, so each row is added once however often the job is polled.
        """
        if count < self._reached:
            self._reached, self._succeeded, self._usage = 0, 0, {}
        for outcome in self.outcomes[self._reached : count]:
            self._succeeded += outcome.ok
            _add(self._usage, outcome.usage)
        self._reached = max(self._reached, count)
        return self._succeeded, dict(self._usage)


def _add(sums: dict[str, Any], usage: Mapping[str, Any]) -> None:
    for field, amount in usage.items():
        if isinstance(amount, int | float) and not isinstance(amount, bool):
            sums[field] = sums.get(field, 0) + amount


class RowViews(Sequence[dict[str, Any]]):
    """The rows as templates see them, each made when it is asked for.

    A row is {index, status, body, usage}; status is succeeded, errored, cancelled or processing; body is JSON as bytes,
    None for the last two.
    """

    __slots__ = ("_finished", "_rest", "_rows")

    def __init__(self, rows: Rows, finished: int, rest: str) -> None:
        self._rows = rows
        self._finished = finished
        self._rest = rest

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._view, range(len(self._rows)))

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        chosen = range(len(self._rows))[index]
        return self._view(chosen) if isinstance(chosen, int) else [self._view(each) for each in chosen]

    def _view(self, index: int) -> dict[str, Any]:
        if index >= self._finished:
            return {"index": index, "status": self._rest, "body": None, "usage": {}}
        outcome = self._rows.outcomes[index]
        status = "succeeded" if outcome.ok else "errored"
        return {"index": index, "status": status, "body": outcome.body, "usage": outcome.usage}


class JobUsage(Struct, frozen=True):
    """What a job adds to the usage of an asset when it has ended; `tokens` and `latency_ms` if nothing ends it early.

    `ok` is false when it does not succeed, even in the last state of its timeline.
    """

    asset: str
    key: str
    tokens: float
    latency_ms: float
    ok: bool = True


Played = tuple[str, Mapping[str, Any]]  # a fault that goes with a job: its name, and its fields as plain data


class Job(Struct, frozen=True):
    """One job. Times are seconds since the epoch; the timelines are its own, whatever is loaded later.

    `rows` are the outcomes of its items, None when it has no items worth a row. `forced` is a state that it takes at
    a time whatever its timeline says, `fails` one that it takes at an age, and `stops` the age at which it stands
    still: from then on it grows no older, and never ends unless it is cancelled or forced. `watched`: its end is
    reported. `polls` counts how often it was asked for. `failed` is the state in which it ends when it fails, `faults`
    what goes wrong with it and with the webhook that tells of its end. `usage` is what it adds to the statistics then.
    `subject` is who has it under way, as limits of jobs count.
    """

    id: str
    kind: str
    workspace: str
    started_at: float
    items: int
    timeline: Timeline
    cancel: Timeline
    data: Mapping[str, Any]
    result: Any = None
    rows: Rows | None = None
    cancelled_at: float | None = None
    forced: tuple[str, float] | None = None
    watched: bool = False
    fails: tuple[str, Duration] | None = None
    stops: Duration | None = None
    polls: int = 0
    failed: str = "failed"
    faults: tuple[Played, ...] = ()
    usage: JobUsage | None = None
    subject: str = ""

    @property
    def ends_at(self) -> float:
        """When it ends, or ended, as things stand; infinity when it never does."""
        return min(self._unforced_end(), self._forced()[1])

    @property
    def stops_at(self) -> float | None:
        """When it stands still; None when it does not, infinity while that waits for polls."""
        return None if self.stops is None else self.started_at + self.timeline.age(self.stops, self.items)

    def poll(self, now: float) -> Job:
        """Returns the job after one poll more, with which whatever waited for it begins."""
        if self.done(now) or self._is_held(now) or not self._waits():
            return replace(self, polls=self.polls + 1)
        if self.cancelled_at is not None:
            return replace(self, polls=self.polls + 1, cancel=self.cancel.poll(now - self.cancelled_at))
        return replace(self, polls=self.polls + 1, timeline=self.timeline.poll(now - self.started_at))

    def done(self, now: float) -> bool:
        """Returns whether nothing changes any more, or its timeline already shows its end."""
        if now + SLACK >= self.ends_at:
            return True
        return not self._is_cancelled(now) and self.timeline.ended(self._age(now), self.items)

    def status(self, now: float) -> str:
        """The state at a time."""
        state = self._forced_state(now)
        if state is not None:
            return state
        if self.cancelled_at is None or not self._is_cancelled(now):
            return self.timeline.at(self._age(now), self.items)
        return self.cancel.at(now - self.cancelled_at, self.items)

    def finished(self, now: float) -> int:
        """Returns how many rows are done at a time; a cancelled or failed job finishes no more, a completed one all."""
        if self._forced_state(now) == self.timeline.end:
            return self.items
        stops = (inf if self.cancelled_at is None else self.cancelled_at, self._forced()[1])
        return self.timeline.finished(self._age(min(now, *stops)), self.items)

    def view(self, now: float) -> dict[str, Any]:
        """Returns what templates see as `job`; `counts` and `usage` of finished rows (or items), `planned` of all."""
        done, finished, rows, ends_at = self.done(now), self.finished(now), self.rows, self.ends_at
        succeeded, usage = (finished, {}) if rows is None else rows.upto(finished)
        stopped = done or self._is_cancelled(now)
        left = self.items - finished
        return {
            "id": self.id,
            "kind": self.kind,
            "status": self.status(now),
            "done": done,
            "started_at": self.started_at,
            "ends_at": None if ends_at == inf else ends_at,
            "ended_at": None if not done else ends_at if now + SLACK >= ends_at else now,
            "cancelled_at": self.cancelled_at,
            "counts": {
                "total": self.items,
                "processing": 0 if stopped else left,
                "succeeded": succeeded,
                "errored": finished - succeeded,
                "cancelled": left if stopped else 0,
            },
            "usage": usage,
            "planned": {} if rows is None else rows.planned,
            "rows": () if rows is None else RowViews(rows, finished, "cancelled" if stopped else "processing"),
            "result": self.result,
            "data": self.data,
        }

    def history(self) -> list[tuple[str, float]]:
        """Returns each state with the time at which it began or will begin, as things stand; the end is the last.

        The time of a state that waits for polls is infinity.
        """
        begun = self._begun(self.timeline, self.started_at)
        if self.stops_at is not None:
            begun = [(state, at) for state, at in begun[:-1] if at <= self.stops_at]
        if self.cancelled_at is not None:
            begun = _before(begun, self.cancelled_at) + self._begun(self.cancel, self.cancelled_at)
        state, at = self._forced()
        if state is not None and at <= self._unforced_end():
            begun = [*_before(begun, at), (state, at)]
        return begun

    def poll_of(self, state: str) -> int:
        """Returns the number of the poll with which a state to come begins. Raises ConfigError for an unknown state."""
        timeline = self.timeline if self.cancelled_at is None else self.cancel
        return timeline.begin(state).count(self.items)

    def _begun(self, timeline: Timeline, start: float) -> list[tuple[str, float]]:
        return [(state, start + age) for state, age in zip(timeline.states, timeline.ages(self.items), strict=True)]

    def _is_cancelled(self, now: float) -> bool:
        return self.cancelled_at is not None and now + SLACK >= self.cancelled_at

    def _age(self, now: float) -> float:
        age, timeline = now - self.started_at, self.timeline
        if self.stops is None:
            return age
        # However late it stops, it is kept just short of its end.
        return min(age, timeline.age(self.stops, self.items), timeline.ends_after(self.items) - 2 * SLACK)

    def _waits(self) -> bool:
        """Whether something is to begin with a poll that has not come: only those polls are kept, each with its age."""
        timeline, ages = self.timeline, [age for age in (self.stops, self.fails and self.fails[1]) if age is not None]
        if self.cancelled_at is not None:
            timeline, ages = self.cancel, []
        return any(age.count(self.items) > len(timeline.polled) for age in (*timeline.begins, *ages))

    def _is_held(self, now: float) -> bool:
        """Whether one poll more changes nothing: it stands still, or would come to the end that it never reaches."""
        if self.stops is None or self.cancelled_at is not None:
            return False
        last = len(self.timeline.polled) + 1 >= self.timeline.begins[-1].count(self.items)
        return last or now + SLACK >= self.started_at + self.timeline.age(self.stops, self.items)

    def _forced(self) -> tuple[str | None, float]:
        """The state that it takes whatever its timeline says, and when; None and infinity when there is none."""
        if self.forced is not None:
            return self.forced
        if self.fails is not None:
            return self.fails[0], self.started_at + self.timeline.age(self.fails[1], self.items)
        return None, inf

    def _unforced_end(self) -> float:
        if self.cancelled_at is not None:
            return self.cancelled_at + self.cancel.ends_after(self.items)
        return inf if self.stops is not None else self.started_at + self.timeline.ends_after(self.items)

    def _forced_state(self, now: float) -> str | None:
        state, at = self._forced()
        return state if at <= min(self._unforced_end(), now + SLACK) else None


def _before(begun: list[tuple[str, float]], time: float) -> list[tuple[str, float]]:
    """Returns the states that began before a time."""
    return [(state, at) for state, at in begun if at < time]
