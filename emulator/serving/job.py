"""Do work that takes time: a job is a record plus the clock, its state a function of its age; no task runs for it."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from msgspec import Struct

from emulator.scenario.plans import JobPlan
from emulator.serving.rows import Rows, RowViews
from emulator.serving.timeline import CANCELLED_AT_ONCE, SLACK, Timeline

Played = tuple[str, Mapping[str, Any]]  # a fault that goes with a job: its name, and its fields as plain data


class Kind(Struct, frozen=True):
    """What jobs of one kind have in common.

    `most` is how many of them are kept, `failed` the state in which one ends that fails.
    """

    timeline: Timeline
    cancel: Timeline
    most: int
    failed: str = "failed"

    @classmethod
    def of(cls, plan: JobPlan) -> Kind:
        """Raises ConfigError when a timeline runs backwards."""
        cancel = Timeline.parse(plan.cancel) if plan.cancel else CANCELLED_AT_ONCE
        return cls(Timeline.parse(plan.timeline), cancel, plan.most, plan.failed)


class Job(Struct, frozen=True):
    """One job. Times are seconds since the epoch; the timelines are its own, whatever is loaded later.

    `rows` are the outcomes of its items, None when it has no items worth a row. `forced` is a state that it takes at
    a time whatever its timeline says. `watched`: somebody is told when it ends. `stops_at` is when it stands still:
    from then on it grows no older, and never ends unless it is cancelled or forced. `failed` is the state in which it
    ends when it fails, `faults` what goes wrong with it and with the webhook that tells of its end.
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
    stops_at: float | None = None
    failed: str = "failed"
    faults: tuple[Played, ...] = ()

    @property
    def ends_at(self) -> float:
        """When it ends, or ended, as things stand; infinity when it never does."""
        return min(self._unforced_end(), self.forced[1] if self.forced else inf)

    def done(self, now: float) -> bool:
        """Nothing changes any more; or so it seems, when its timeline shows the end before it comes."""
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
        """How many rows are done at a time; a cancelled or failed job finishes no more, a completed one has all."""
        if self._forced_state(now) == self.timeline.end:
            return self.items
        stops = (inf if self.cancelled_at is None else self.cancelled_at, self.forced[1] if self.forced else inf)
        return self.timeline.finished(self._age(min(now, *stops)), self.items)

    def view(self, now: float) -> dict[str, Any]:
        """What templates see as `job`; `counts` and `usage` speak of finished rows (or items), `planned` of all."""
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

    def _is_cancelled(self, now: float) -> bool:
        return self.cancelled_at is not None and now + SLACK >= self.cancelled_at

    def _age(self, now: float) -> float:
        age = now - self.started_at
        if self.stops_at is None:
            return age
        # However late it stops, it is kept just short of its end.
        return min(age, self.stops_at - self.started_at, self.timeline.ends_after(self.items) - 2 * SLACK)

    def _unforced_end(self) -> float:
        if self.cancelled_at is not None:
            return self.cancelled_at + self.cancel.ends_after(self.items)
        return inf if self.stops_at is not None else self.started_at + self.timeline.ends_after(self.items)

    def _forced_state(self, now: float) -> str | None:
        state, at = self.forced or (None, 0.0)
        return state if at <= min(self._unforced_end(), now + SLACK) else None
