"""Faults of jobs: a job has them from its start, so they are part of its record and need nobody to remember them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar

from msgspec.structs import asdict, replace

from emulator.errors import ConfigError
from emulator.faults.base import Family, Fault, References, Seconds, Text, count
from emulator.jobs.job import Job

MOST_FLAPS = 1_000


class JobFault(Fault, frozen=True):
    """What goes wrong with a job."""

    family: ClassVar[Family] = "job"

    @abstractmethod
    def start(self, job: Job) -> Job:
        """The job as it begins with the fault. Raises ConfigError when it does not fit the job."""

    def noted(self, job: Job, **changes: Any) -> Job:
        """The job with these changes, and the fault in its record."""
        return replace(job, faults=(*job.faults, (self.name, asdict(self))), **changes)


class Stuck(JobFault, frozen=True):
    """The job never ends: it stands still when it takes `state`, or `after` a time; else when its last work begins."""

    name: ClassVar[str] = "stuck"
    refers: ClassVar[References] = {"state": "state"}
    state: Text | None = None
    after: Seconds | None = None

    def __post_init__(self) -> None:
        if self.state is not None and self.after is not None:
            raise ValueError("give `state` or `after`, not both")

    def start(self, job: Job) -> Job:
        """The job, standing still from then on."""
        if self.after is not None:
            age = self.after
        elif self.state is None:
            age = job.timeline.works_after(job.items)
        elif self.state == job.timeline.end:
            raise ConfigError(f"a job is not stuck in {self.state!r}, where it ends")
        else:
            age = job.timeline.begin(self.state).seconds(job.items)
        return self.noted(job, stops_at=job.started_at + age)


class Fail(JobFault, frozen=True):
    """The job fails: in `state`, else that of its kind for it; `after` a time, else halfway through its last work."""

    name: ClassVar[str] = "fail"
    state: Text | None = None
    after: Seconds | None = None

    def start(self, job: Job) -> Job:
        """The job, forced to fail at its time."""
        age = self.after
        if age is None:
            age = (job.timeline.works_after(job.items) + job.timeline.ends_after(job.items)) / 2
        return self.noted(job, forced=(self.state or job.failed, job.started_at + age))


class Flap(JobFault, frozen=True):
    """The job goes back to `state` and forth again, `times` times, each for `every` long; then it goes on.

    Without a state it goes back to the one before its last work; where there is none, it seems to end.
    """

    name: ClassVar[str] = "flap"
    refers: ClassVar[References] = {"state": "state"}
    state: Text | None = None
    times: Annotated[int, count(1, MOST_FLAPS)] = 3
    every: Seconds = 1.0

    def start(self, job: Job) -> Job:
        """The job, with a timeline that goes back and forth."""
        states = job.timeline.states
        state = self.state or (states[-3] if len(states) > 2 else job.timeline.end)
        return self.noted(job, timeline=job.timeline.flapping(state, self.times, self.every))


JOB_FAULTS: tuple[type[Fault], ...] = (Stuck, Fail, Flap)
