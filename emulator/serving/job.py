"""Do work that takes time: a job is a record plus the clock, its state a function of its age; no task runs for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from emulator.clock import Clock, Timer
from emulator.scenario.plans import JobPlan
from emulator.serving.rows import RowOutcome, Rows, RowViews
from emulator.serving.timeline import CANCELLED_AT_ONCE, SLACK, Timeline
from emulator.storage import Store


class Kind(Struct, frozen=True):
    """What jobs of one kind have in common; `most` is how many of them are kept."""

    timeline: Timeline
    cancel: Timeline
    most: int

    @classmethod
    def of(cls, plan: JobPlan) -> Kind:
        """Raises ConfigError when a timeline runs backwards."""
        cancel = Timeline.parse(plan.cancel) if plan.cancel else CANCELLED_AT_ONCE
        return cls(Timeline.parse(plan.timeline), cancel, plan.most)


class Job(Struct, frozen=True):
    """One job. Times are seconds since the epoch; the timelines are its own, whatever is loaded later.

    `rows` are the outcomes of its items, None when it has no items worth a row. `forced` is a state that it takes at
    a time whatever its timeline says. `watched`: somebody is told when it ends.
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

    @property
    def ends_at(self) -> float:
        """When it ends, or ended, as things stand."""
        return min(self._unforced_end(), self.forced[1] if self.forced else inf)

    def done(self, now: float) -> bool:
        """Nothing changes any more."""
        return now + SLACK >= self.ends_at

    def status(self, now: float) -> str:
        """The state at a time."""
        state = self._forced_state(now)
        if state is not None:
            return state
        if self.cancelled_at is None or now + SLACK < self.cancelled_at:
            return self.timeline.at(now - self.started_at, self.items)
        return self.cancel.at(now - self.cancelled_at, self.items)

    def finished(self, now: float) -> int:
        """How many rows are done at a time; a cancelled or failed job finishes no more, a completed one has all."""
        if self._forced_state(now) == self.timeline.end:
            return self.items
        stops = (inf if self.cancelled_at is None else self.cancelled_at, self.forced[1] if self.forced else inf)
        return self.timeline.finished(min(now, *stops) - self.started_at, self.items)

    def view(self, now: float) -> dict[str, Any]:
        """What templates see as `job`; `counts` and `usage` speak of finished rows (or items), `planned` of all."""
        done, finished, rows = self.done(now), self.finished(now), self.rows
        succeeded, usage = (finished, {}) if rows is None else rows.upto(finished)
        stopped = done or (self.cancelled_at is not None and now + SLACK >= self.cancelled_at)
        left = self.items - finished
        return {
            "id": self.id,
            "kind": self.kind,
            "status": self.status(now),
            "done": done,
            "started_at": self.started_at,
            "ends_at": self.ends_at,
            "ended_at": self.ends_at if done else None,
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

    def _unforced_end(self) -> float:
        if self.cancelled_at is None:
            return self.started_at + self.timeline.ends_after(self.items)
        return self.cancelled_at + self.cancel.ends_after(self.items)

    def _forced_state(self, now: float) -> str | None:
        state, at = self.forced or (None, 0.0)
        return state if at <= min(self._unforced_end(), now + SLACK) else None


class Jobs:
    """The jobs of one API (`prefix` keeps APIs apart) in one world.

    `ended` is called with each watched job at the moment it ends on the clock.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        kinds: Mapping[str, Kind],
        ended: Callable[[Job], None] | None = None,
        prefix: str = "",
    ) -> None:
        self.kinds = kinds
        self._prefix = f"{prefix}/jobs" if prefix else "jobs"
        self._store = store
        self._clock = clock
        self._ended = ended
        self._timers: dict[tuple[str, str], Timer] = {}

    def start(
        self,
        kind: str,
        id: str,
        workspace: str,
        items: int = 0,
        data: Mapping[str, Any] | None = None,
        result: Any = None,
        rows: Sequence[RowOutcome] | None = None,
        watched: bool = False,
    ) -> Job:
        """Begin a job of a known kind; `items` is a count. Beyond the kind's `most` the oldest job is forgotten."""
        plan, now, known = self.kinds[kind], self._clock.now(), None if rows is None else Rows(rows)
        items = items if known is None else len(known)
        job = Job(id, kind, workspace, now, items, plan.timeline, plan.cancel, data or {}, result, known)
        return self._keep(replace(job, watched=watched))

    def find(self, id: str, workspace: str | None = None) -> Job | None:
        """The job with this id, of any kind; None when there is none or it belongs to another workspace."""
        for kind in self.kinds:
            job: Job | None = self._store.get(f"{self._prefix}:{kind}", id)
            if job is not None:
                return job if workspace is None or job.workspace == workspace else None
        return None

    def all(self, kind: str, workspace: str | None = None) -> list[Job]:
        """The jobs of a kind, the oldest first."""
        jobs: list[Job] = [job for _, job in self._store.items(f"{self._prefix}:{kind}")]
        return jobs if workspace is None else [job for job in jobs if job.workspace == workspace]

    def cancel(self, job: Job) -> Job:
        """Cancel a job; one that is done or cancelled already stays as it is."""
        now = self._clock.now()
        unchanged = job.cancelled_at is not None or job.done(now)
        return job if unchanged else self._keep(replace(job, cancelled_at=now))

    def force(self, job: Job, state: str, at: float | None = None) -> Job:
        """Let a job end in a state, at once or at a time; one that is done stays as it is."""
        now = self._clock.now()
        forced = (state, now if at is None else max(now, at))
        return job if job.done(now) else self._keep(replace(job, forced=forced))

    def resume(self) -> None:
        """Watch the jobs that others started: what a reload must not lose."""
        for kind in self.kinds if self._ended is not None else ():
            for job in self.all(kind):
                if job.watched and not job.done(self._clock.now()):
                    self._watch(job)

    def close(self) -> None:
        """Tell nobody of jobs that end from here on."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _keep(self, job: Job) -> Job:
        self._store.put(f"{self._prefix}:{job.kind}", job.id, job, most=self.kinds[job.kind].most)
        if job.watched and self._ended is not None:
            self._watch(job)
        return job

    def _watch(self, job: Job) -> None:
        name = (job.kind, job.id)
        if name in self._timers:
            self._timers.pop(name).cancel()
        if len(self._timers) > 2 * sum(kind.most for kind in self.kinds.values()):
            self._forget()
        self._timers[name] = self._clock.call_at(job.ends_at, partial(self._tell, job.kind, job.id))

    def _forget(self) -> None:
        # The store forgets the oldest jobs without a word, and their timers may lie days ahead.
        for kind, id in list(self._timers):
            if self._store.get(f"{self._prefix}:{kind}", id) is None:
                self._timers.pop((kind, id)).cancel()

    def _tell(self, kind: str, id: str) -> None:
        self._timers.pop((kind, id), None)
        job: Job | None = self._store.get(f"{self._prefix}:{kind}", id)
        if job is not None and self._ended is not None:
            self._ended(job)
