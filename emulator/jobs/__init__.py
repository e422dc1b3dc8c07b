"""The jobs of an API in a world: started, found, cancelled, forced, and watched until they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, Protocol

from msgspec.structs import replace

from emulator.clock import Clock, Timer
from emulator.errors import ConfigError
from emulator.jobs.job import Job, RowOutcome, Rows
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.model import JobPlan
from emulator.playbook.timeline import CANCELLED_AT_ONCE
from emulator.store import Store


class StartFault(Protocol):
    """A fault that goes with a job from its start."""

    @property
    def name(self) -> str: ...

    def start(self, job: Job) -> Job:
        """The job as it is with the fault. Raises ConfigError when that can't be."""


class Jobs:
    """The jobs of one API (`prefix` keeps APIs apart) in one world.

    `ended` is called with each watched job at the moment it ends on the clock.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        kinds: Mapping[str, JobPlan],
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
        faults: Sequence[StartFault] = (),
    ) -> Job:
        """Begin a job of a known kind; `items` is a count. Beyond the kind's `most` the oldest job is forgotten.

        `faults` stay with the job. Raises ConfigError, and begins nothing, when one of them does not fit it.
        """
        plan, now, known = self.kinds[kind], self._clock.now(), None if rows is None else Rows(rows)
        items = items if known is None else len(known)
        cancel = plan.cancel or CANCELLED_AT_ONCE
        job = Job(id, kind, workspace, now, items, plan.timeline, cancel, data or {}, result, known)
        job = replace(job, watched=watched, failed=plan.failed)
        for fault in faults:
            try:
                job = fault.start(job)
            except ConfigError as error:
                raise ConfigError(f"fault {fault.name}: {error}") from error
        return self._keep(job)

    def find(self, id: str, workspace: str | None = None) -> Job | None:
        """The job with this id, of any kind; None when there is none or it belongs to another workspace."""
        for kind in self.kinds:
            job: Job | None = self._store.get(f"{self._prefix}:{kind}", id)
            if job is not None:
                return job if workspace is None or job.workspace == workspace else None
        return None

    def all(self, kind: str | None = None, workspace: str | None = None, state: str | None = None) -> list[Job]:
        """The jobs, the oldest first: of all kinds, workspaces and states, or of those that are given."""
        now = self._clock.now()
        found = []
        for each in self.kinds if kind is None else (kind,):
            jobs: list[Job] = [job for _, job in self._store.items(f"{self._prefix}:{each}")]
            found += [job for job in jobs if workspace in (None, job.workspace) and state in (None, job.status(now))]
        return found if kind is not None else sorted(found, key=lambda job: job.started_at)

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

    def complete(self, job: Job) -> Job:
        """Let a job end at once as it should, with all its rows; one that is done stays as it is."""
        return self.force(job, job.timeline.end)

    def fail(self, job: Job, state: str | None = None) -> Job:
        """Let a job fail at once, in the state of its kind for that or another; one that is done stays as it is."""
        return self.force(job, state or job.failed)

    def move(self, job: Job, state: str) -> Job:
        """Let a job be in a state at once, and go on from there as its kind does; one that is done stays as it is.

        The first state of its cancelling cancels it; those in which jobs end, end it. Raises ConfigError for an
        unknown state, with the nearest one.
        """
        onto = self.kinds[job.kind].timeline
        ends = (job.timeline.end, job.failed, job.cancel.end)
        known = list(dict.fromkeys((*onto.states, *job.cancel.states, job.failed)))
        if state not in known:
            raise ConfigError(f"unknown state {state!r}; {did_you_mean(state, known)}")
        if state in ends:
            return self.force(job, state)
        now = self._clock.now()
        if state not in onto.states:
            return self.cancel(job)
        if job.done(now):
            return job
        timeline = job.timeline.moved(onto, state, now - job.started_at, job.items)
        return self._keep(replace(job, timeline=timeline, cancelled_at=None, forced=None, stops_at=None))

    def resume(self) -> None:
        """Watch the jobs that others started: what a reload must not lose."""
        for kind in self.kinds if self._ended is not None else ():
            for job in self.all(kind):
                if job.watched and job.ends_at > self._clock.now():
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
        if job.ends_at == inf:
            return
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
