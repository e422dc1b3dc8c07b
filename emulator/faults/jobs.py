"""Job faults: a job gets them when it starts, and they are part of its record."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar

from msgspec.structs import asdict, replace

from emulator.errors import ConfigError
from emulator.faults.base import Family, Fault, References, Seconds, Text, count
from emulator.jobs.job import Job

MAX_FLAPS = 1_000


class JobFault(Fault, frozen=True):
    """A fault of a job."""

    family: ClassVar[Family] = "job"

    @abstractmethod
    def start(self, job: Job) -> Job:
        """Returns the job as it starts with the fault. Raises ConfigError when the fault does not fit the job."""

    def _with_fault(self, job: Job, **changes: Any) -> Job:
        """Returns the job with these changes, and with the fault in its record."""
        return replace(job, faults=(*job.faults, (self.name, asdict(self))), **changes)


class Stuck(JobFault, frozen=True):
    """The job never ends: it stops when it reaches `state`, or `after` a time; by default when its last work starts."""

    name: ClassVar[str] = "stuck"
    refers: ClassVar[References] = {"state": "state"}
    state: Text | None = None
    after: Seconds | None = None

    def __post_init__(self) -> None:
        if self.state is not None and self.after is not None:
            raise ValueError("give `state` or `after`, not both")

    def start(self, job: Job) -> Job:
        """Returns the job, which makes no progress from then on."""
        if self.after is not None:
            age = self.after
        elif self.state is None:
            age = job.timeline.works_after(job.items)
        elif self.state == job.timeline.end:
            raise ConfigError(f"{self.state!r} is the final state; a job can't get stuck in it")
        else:
            age = job.timeline.begin(self.state).seconds(job.items)
        return self._with_fault(job, stops_at=job.started_at + age)


class Fail(JobFault, frozen=True):
    """The job fails in `state` (default: its kind's), `after` a time (default: halfway through the last work)."""

    name: ClassVar[str] = "fail"
    state: Text | None = None
    after: Seconds | None = None

    def start(self, job: Job) -> Job:
        """Returns the job, forced to fail at its time."""
        age = self.after
        if age is None:
            age = (job.timeline.works_after(job.items) + job.timeline.ends_after(job.items)) / 2
        return self._with_fault(job, forced=(self.state or job.failed, job.started_at + age))


class Flap(JobFault, frozen=True):
    """The job returns to `state` and back, `times` times, `every` for each; then it goes on.

    By default it returns to the state before its last work; where there is none, it seems to end.
    """

    name: ClassVar[str] = "flap"
    refers: ClassVar[References] = {"state": "state"}
    state: Text | None = None
    times: Annotated[int, count(1, MAX_FLAPS)] = 3
    every: Seconds = 1.0

    def start(self, job: Job) -> Job:
        """Returns the job with a timeline that goes back and forth."""
        states = job.timeline.states
        state = self.state or (states[-3] if len(states) > 2 else job.timeline.end)
        return self._with_fault(job, timeline=job.timeline.flapping(state, self.times, self.every))


JOB_FAULTS: tuple[type[Fault], ...] = (Stuck, Fail, Flap)
