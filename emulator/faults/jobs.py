"""Job faults: a job gets them when it starts, and they are part of its record."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar

from msgspec.structs import asdict, replace

from emulator.errors import ConfigError
from emulator.faults.base import Age, Family, Fault, References, Text, count
from emulator.jobs.job import Job
from emulator.language.document.durations import Duration

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
    """The job never ends: it stops when it reaches `state` (default: its last work), or `after` a time or polls."""

    name: ClassVar[str] = "stuck"
    refers: ClassVar[References] = {"state": "state"}
    state: Text | None = None
    after: Age | None = None

    def __post_init__(self) -> None:
        if self.state is not None and self.after is not None:
            raise ValueError("give `state` or `after`, not both")

    def start(self, job: Job) -> Job:
        """Returns the job, which makes no progress from then on."""
        if self.after is not None:
            stops = self.after
        elif self.state is None:
            stops = job.timeline.works_from
        elif self.state == job.timeline.end:
            raise ConfigError(f"{self.state!r} is the final state; a job can't get stuck in it")
        else:
            stops = job.timeline.begin(self.state)
        return self._with_fault(job, stops=stops)


class Fail(JobFault, frozen=True):
    """The job fails in `state` (default: its kind's), `after` a time or polls (default: amid its last work)."""

    name: ClassVar[str] = "fail"
    refers: ClassVar[References] = {"state": "final state"}
    state: Text | None = None
    after: Age | None = None

    def start(self, job: Job) -> Job:
        """Returns the job, which fails at its time."""
        return self._with_fault(job, fails=(self.state or job.failed, self.after or job.timeline.halfway))


class Flap(JobFault, frozen=True):
    """The job returns to `state` and back, `times` times, `every` for each; then it goes on.

    By default it returns to the state before its last work, for one second each or, when its end waits for polls, for
    one poll each; where there is no such state, it seems to end.
    """

    name: ClassVar[str] = "flap"
    refers: ClassVar[References] = {"state": "state"}
    state: Text | None = None
    times: Annotated[int, count(1, MAX_FLAPS)] = 3
    every: Age | None = None

    def start(self, job: Job) -> Job:
        """Returns the job with a timeline that goes back and forth."""
        timeline, states = job.timeline, job.timeline.states
        state = self.state or (states[-3] if len(states) > 2 else timeline.end)
        every = self.every or (Duration(0.0, polls=1) if timeline.counts_polls else Duration(1.0))
        return self._with_fault(job, timeline=timeline.flapping(state, self.times, every))


JOB_FAULTS: tuple[type[Fault], ...] = (Stuck, Fail, Flap)
