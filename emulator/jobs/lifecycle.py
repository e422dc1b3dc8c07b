"""Life cycle of the jobs of an API in a world: started, found, cancelled, forced, and watched until they end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, Protocol

from msgspec.structs import replace

from emulator.clock.turns import at_once
from emulator.clock.world_clock import SLACK
from emulator.errors import ConfigError
from emulator.jobs.job import Job, JobUsage, RowOutcome, Rows
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.model import JobPlan
from emulator.playbook.timeline import CANCELLED_AT_ONCE, Timeline
from emulator.store.backend import Backend


class StartFault(Protocol):
    """A fault that goes with a job from its start."""

    @property
    def name(self) -> str: ...

    def start(self, job: Job) -> Job:
        """The job as it is with the fault. Raises ConfigError when that can't be."""


class Jobs:
    """The jobs of one API in one world: a view of the backend's records, whose ends wait in its schedule.

    `ended` is called with each watched job at the moment it ends on the clock. The jobs of an API are watched by who
    was made last.
    """

    def __init__(
        self,
        store: Backend,
        kinds: Mapping[str, JobPlan],
        ended: Callable[[Job], None] | None = None,
        api: str = "",
    ) -> None:
        self.kinds = kinds
        self._prefix = f"jobs/{api}"  # of the records, and of the ends that a webhook reports to a client
        self._quiet = f"ends/{api}"  # the other ends
        self._store = store
        self._records = store.records
        self._schedule = store.schedule
        self._clock = store.clock
        self._ended = ended
        self._watches = ended is not None
        if ended is not None:
            self._schedule.handle(self._prefix, self._end)
            self._schedule.handle(self._quiet, self._end, quiet=True)

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
        usage: JobUsage | None = None,
        started_at: float | None = None,
        state: str | None = None,
        subject: str = "",
    ) -> Job:
        """Starts a job of a known kind, now unless it `started_at` another time; `items` is a count.

        Beyond the kind's `most` the oldest job is forgotten. With a `state`, that is the one which it has now. Limits
        of jobs count it for `subject`.
        Its end is reported when it is `watched` or has usage to be counted then. `faults` stay with the job. Raises
        ConfigError, and begins nothing, when one of them does not fit it, or for an unknown state.
        """
        plan, known = self.kinds[kind], None if rows is None else Rows(rows)
        now = self._clock.now() if started_at is None else started_at
        items = items if known is None else len(known)
        cancel = plan.cancel or CANCELLED_AT_ONCE
        job = Job(id, kind, workspace, now, items, plan.timeline, cancel, data or {}, result, known)
        watched = watched or usage is not None
        job = replace(job, watched=watched, failed=plan.failed, usage=usage, subject=subject)
        for fault in faults:
            try:
                job = fault.start(job)
            except ConfigError as error:
                raise ConfigError(f"fault {fault.name}: {error}") from error
        return self._keep(job if state is None else self._begun_in(job, state))

    def find(self, id: str, workspace: str | None = None) -> Job | None:
        """The job with this id, of any kind; None when there is none or it belongs to another workspace."""
        for kind in self.kinds:
            job: Job | None = self._records.get(f"{self._prefix}/{kind}", id)
            if job is not None:
                self._report(job)
                return job if workspace is None or job.workspace == workspace else None
        return None

    def all(self, kind: str | None = None, workspace: str | None = None, state: str | None = None) -> list[Job]:
        """The jobs, the oldest first: of all kinds, workspaces and states, or of those that are given."""
        now = self._clock.now()
        found = []
        for each in self.kinds if kind is None else (kind,):
            jobs: list[Job] = [job for _, job in self._records.items(f"{self._prefix}/{each}")]
            found += [job for job in jobs if workspace in (None, job.workspace) and state in (None, job.status(now))]
        return found if kind is not None else sorted(found, key=lambda job: job.started_at)

    def under_way(self, kind: str, subject: str) -> int:
        """How many jobs of a kind are not done yet, of those that limits count for a subject."""
        now, jobs = self._clock.now(), self._records.items(f"{self._prefix}/{kind}")
        return sum(job.subject == subject and not job.done(now) for _, job in jobs)

    def poll(self, job: Job, at: float) -> Job:
        """Counts a poll of a job at a time, that of the request; what waits for it begins then."""
        polled = job.poll(at)
        if polled.ends_at != job.ends_at:
            return self._change(polled)
        self._records.put(f"{self._prefix}/{job.kind}", job.id, polled, cap=self.kinds[job.kind].most)
        return polled

    def cancel(self, job: Job) -> Job:
        """Cancels a job; one that is done or cancelled already stays as it is."""
        now = self._clock.now()
        unchanged = job.cancelled_at is not None or job.done(now)
        return job if unchanged else self._change(replace(job, cancelled_at=now))

    def force(self, job: Job, state: str, at: float | None = None) -> Job:
        """Ends a job in a state, at once or at a time; one that is done stays as it is."""
        now = self._clock.now()
        forced = (state, now if at is None else max(now, at))
        return job if job.done(now) else self._change(replace(job, forced=forced, fails=None))

    def complete(self, job: Job) -> Job:
        """Completes a job at once, with all its rows; one that is done stays as it is."""
        return self.force(job, job.timeline.end)

    def fail(self, job: Job, state: str | None = None) -> Job:
        """Fails a job at once, in the state of its kind for that or another; one that is done stays as it is."""
        return self.force(job, state or job.failed)

    def move(self, job: Job, state: str) -> Job:
        """Moves a job to a state at once; it goes on from there as its kind does; one that is done stays as it is.

        The first state of its cancelling cancels it; those in which jobs end, end it. Raises ConfigError for an
        unknown state, with the nearest one.
        """
        self._require_state(job, state)
        if state in (job.timeline.end, job.failed, job.cancel.end):
            return self.force(job, state)
        if state not in self.kinds[job.kind].timeline.states:
            return self.cancel(job)
        return job if job.done(self._clock.now()) else self._change(self._moved(job, job.timeline, state))

    def _require_state(self, job: Job, state: str) -> None:
        """Raises ConfigError for an unknown state, with the nearest one."""
        known = list(dict.fromkeys((*self.kinds[job.kind].timeline.states, *job.cancel.states, job.failed)))
        if state not in known:
            raise ConfigError(f"unknown state {state!r}; {did_you_mean(state, known)}")

    def _moved(self, job: Job, past: Timeline, state: str) -> Job:
        """Returns a job that has come to a state of its kind now, by a timeline of what was before."""
        age = self._clock.now() - job.started_at
        timeline = past.moved(self.kinds[job.kind].timeline, state, age, job.items)
        return replace(job, timeline=timeline, cancelled_at=None, forced=None, fails=None, stops=None)

    def _begun_in(self, job: Job, state: str) -> Job:
        """Returns a new job in a state. Raises ConfigError for one that it has not, or not for any time."""
        arrived = self._arrived(job, state)
        if arrived.status(self._clock.now()) != state:
            raise ConfigError(f"a job of the kind {job.kind!r} with {job.items} items is over as soon as it is {state}")
        return arrived

    def _arrived(self, job: Job, state: str) -> Job:
        """Returns a job that has a state now, however old it is. Raises ConfigError for an unknown one."""
        self._require_state(job, state)
        now, onto = self._clock.now(), job.timeline
        if job.status(now) == state:
            return job
        if state in (onto.end, job.failed, job.cancel.end):
            return replace(job, forced=(state, min(now, job.ends_at - 2 * SLACK)), fails=None)
        if state not in onto.states:
            running = self._arrived(job, onto.states[-2]) if job.done(now) else job
            return replace(running, cancelled_at=now)
        before = onto.states.index(state)
        moved = self._moved(job, Timeline(onto.states[:before], onto.begins[:before], onto.polled), state)
        if before:
            return moved
        timeline = moved.timeline  # the first state has lasted from the start
        return replace(moved, timeline=Timeline(timeline.states, (onto.begins[0], *timeline.begins[1:])))

    def close(self) -> None:
        """Stops reporting the end of jobs; what still starts jobs here leaves that to the pipeline that took over."""
        self._schedule.release(self._prefix, self._end)
        self._schedule.release(self._quiet, self._end)
        self._ended = None

    def _change(self, job: Job) -> Job:
        self._keep(job)
        self._report(job)
        return job

    def _keep(self, job: Job) -> Job:
        self._records.put(f"{self._prefix}/{job.kind}", job.id, job, cap=self.kinds[job.kind].most)
        if job.watched and self._watches:
            self._watch(job)
        return job

    def _watch(self, job: Job) -> None:
        work, ends = f"{job.kind}/{job.id}", self._ends(job)
        if job.ends_at == inf:
            self._schedule.cancel(ends, work)
            return
        if self._schedule.count(ends) > 2 * sum(kind.most for kind in self.kinds.values()):
            self._forget(ends)
        self._schedule.add(ends, work, job.ends_at)

    def _ends(self, job: Job) -> str:
        return self._quiet if self.kinds[job.kind].webhook is None else self._prefix

    def _forget(self, ends: str) -> None:
        # The backend forgets the oldest jobs without a word, and their ends may lie days ahead.
        for work, _ in self._schedule.items(ends):
            if self._of(work) is None:
                self._schedule.cancel(ends, work)

    def _of(self, work: str) -> Job | None:
        kind, _, id = work.partition("/")
        job: Job | None = self._records.get(f"{self._prefix}/{kind}", id)
        return job

    def _report(self, job: Job) -> None:
        """Reports an end whose timer has not fired yet: who sees that a job has ended finds all done that follows."""
        if self._ended is None or not job.watched or self._clock.now() + SLACK < job.ends_at:
            return
        if self._schedule.cancel(self._ends(job), f"{job.kind}/{job.id}"):
            self._ended(job)

    def _end(self, work: str) -> Coroutine[Any, Any, None] | None:
        """Does all that follows from an end that is due, as one unit of work."""
        if not self._store.immediate:
            return self._store.transact(partial(self._end_unit, work))
        at_once(self._end_unit(work))
        return None

    def _end_unit(self, work: str) -> Generator[None, None, None]:
        job, kinds = self._of(work), (self._prefix, self._quiet)
        # A unit whose commit got no reply is run again, although it may have been committed.
        if job is not None and self._ended is not None and any(self._schedule.finish(kind, work) for kind in kinds):
            self._ended(job)
        yield from ()
