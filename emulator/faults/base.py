"""Fault: one way in which something goes wrong; its parameters are the fields of a small frozen class.

A fault imports nothing of the engine: what it may know of a request is FaultContext.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from random import Random
from typing import Annotated, Any, ClassVar, Literal, Protocol

from msgspec import Struct

from emulator.clock.world_clock import Clock
from emulator.errors import ApiError, DocumentError, Location
from emulator.http.reply import Reply
from emulator.http.request import Caller
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.durations import Duration, LatencyDistribution, parse_age, parse_duration, parse_latency
from emulator.language.document.scalars import shown
from emulator.playbook.apis import Api
from emulator.store.tokens import Tokens

Family = Literal["answer", "content", "body", "stream", "wire", "job", "webhook", "token"]
References = Mapping[str, Literal["error", "state", "final state"]]
OF_ANSWERS: frozenset[Family] = frozenset(("answer", "body", "wire", "token"))
OF_STREAMS: frozenset[Family] = frozenset(("answer", "stream", "wire", "token"))
OF_REQUESTS = OF_ANSWERS | OF_STREAMS
ON = {
    "answer": "responses and streams",
    "content": "answers",
    "body": "responses",
    "stream": "streams",
    "wire": "responses and streams",
    "job": "jobs",
    "webhook": "webhooks",
    "token": "tokens",
}


class FaultWorld(Protocol):
    """What a fault that outlasts its request sees of the world: its clock, and how to mark a task that ends with it."""

    clock: Clock

    def attend(self) -> AbstractContextManager[None]: ...


class ServiceInWorld(Protocol):
    """An API in a world."""

    @property
    def state(self) -> FaultWorld: ...


class FaultContext(Protocol):
    """What a fault sees of the request that it plays on."""

    @property
    def api(self) -> Api:
        """The API that the request is for."""

    @property
    def caller(self) -> Caller | None:
        """The caller whose credential the request carries; None for a request without one."""

    @property
    def tokens(self) -> Tokens:
        """The access tokens of the API in this world."""

    @property
    def service(self) -> ServiceInWorld:
        """The API in this world."""

    def error_reply(self, error: ApiError) -> Reply:
        """The error in the shape that the API gives its errors."""


class Fault(Struct, frozen=True):
    """One way in which something goes wrong.

    The first line of a fault's docstring is its description, its fields are its parameters, each annotated with the
    Parameter that parses it (`events: Count`). The first field may be given alone: `cut_after: 3`.
    The faults of one request apply in the order of their `phase`, whatever order they are written in.
    `refers` maps the fields that name something of the API to what they name: an `error`, a `state` of its jobs, or a
    `final state`, in which they end.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    phase: ClassVar[int] = 0
    refuses: ClassVar[bool] = False
    refers: ClassVar[References] = {}

    def loses(self, draw: float) -> bool:
        """Whether the request is lost before anything is done for it; `draw` decides where that is left to chance."""
        return False

    def refusal(self, context: FaultContext) -> ApiError | None:
        """Returns the error that refuses the request before it changes anything, or None if there is none."""
        return None

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Changes the reply, or how it will be sent; `chance` is the exchange's own source of random numbers."""
        return reply


def about(fault: type[Fault]) -> str:
    """Returns what a fault does, in one sentence."""
    return (fault.__doc__ or "").partition("\n")[0]


NOWHERE = Location("fault", 1, 1)
MAX_COUNT = 2**31
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB)/s", re.ASCII)
DONE = {"yes": "yes", "true": "yes", "no": "no", "false": "no", "random": "random"}
_RATES = {"B": 1.0, "KB": 1_000.0, "MB": 1_000_000.0}


class Parameter(Struct, frozen=True):
    """One kind of value: `parse` returns it or raises ValueError, `expected` describes it; `choices` are all there are,
    if it is one of a few names."""

    expected: str
    parse: Callable[[Any], Any]
    choices: tuple[str, ...] = ()


def seconds(value: Any) -> float:
    """Parses a duration such as `340ms` into seconds. Raises ValueError."""
    try:
        duration = parse_duration(value, NOWHERE)
    except DocumentError as error:
        raise ValueError(error.diagnostics[0].message) from error
    if duration.each:
        raise ValueError(f"'each' needs something to count, and there is nothing here; found {shown(value)!r}")
    return duration.fixed


def seconds_until(most: str) -> Parameter:
    """A duration that is no longer than `most`."""
    limit, expected = seconds(most), f"a duration such as '340ms', at most {most!r}"

    def parse(value: Any) -> float:
        if (found := seconds(value)) > limit:
            raise ValueError(f"expected {expected}; found {shown(repr(value))}")
        return found

    return Parameter(expected, parse)


def age(value: Any) -> Duration:
    """Parses a duration, a number of polls such as `2 polls`, or both. Raises ValueError."""
    try:
        duration = parse_age(value, NOWHERE)
    except DocumentError as error:
        raise ValueError(error.diagnostics[0].message) from error
    if duration.each or duration.polls_each:
        raise ValueError(f"'each' can't be used here; found {shown(value)!r}")
    return duration


def latency(value: Any) -> LatencyDistribution:
    """Parses a latency as scenarios write it. Raises ValueError."""
    try:
        return parse_latency(value, NOWHERE)
    except DocumentError as error:
        raise ValueError(error.diagnostics[0].message) from error


def drawn(form: str, value: Any) -> LatencyDistribution:
    """Parses a latency of one form, `uniform` or `lognormal`. Raises ValueError."""
    return latency({form: value})


def count(least: int = 0, most: int = MAX_COUNT) -> Parameter:
    """A whole number in a range; digits are accepted as well, because a header has nothing else."""
    expected = f"a whole number from {least}" + (f" to {most}" if most < MAX_COUNT else "")

    def parse(value: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 12:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"expected {expected}; found {shown(repr(value))}")
        return value

    return Parameter(expected, parse)


def choice(*known: str) -> Parameter:
    """A parameter that is one of these names."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"{shown(repr(value))} is not allowed; {did_you_mean(str(value), known)}")
        return value

    return Parameter(f"one of: {', '.join(known)}", parse, known)


def fraction(value: Any) -> float:
    """Parses a number from 0 to 1. Raises ValueError."""
    try:
        number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else -1.0
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError(f"expected a number from 0 to 1; found {shown(repr(value))}")
    return number


def done(value: Any) -> str:
    """Parses `yes`, `no` or `random`; YAML and JSON may say true and false. Raises ValueError."""
    spelled = str(value).lower() if isinstance(value, (bool, str)) else ""
    if spelled not in DONE:
        raise ValueError(f"expected yes, no or random; found {shown(repr(value))}")
    return DONE[spelled]


def text(value: Any) -> str:
    """Parses text. Raises ValueError for anything else."""
    if not isinstance(value, str):
        raise ValueError(f"expected text; found {shown(repr(value))}")
    return value


def rate(value: Any) -> float:
    """Parses a rate such as `10KB/s` into bytes a second; a bare number is KB/s. Raises ValueError."""
    if isinstance(value, str) and (match := _RATE.fullmatch(value.strip())) and float(match[1]) > 0:
        return float(match[1]) * _RATES[match[2]]
    if not isinstance(value, bool) and isinstance(value, (int, float)) and 0 < value < MAX_COUNT:
        return value * _RATES["KB"]
    raise ValueError(f"expected a rate such as '10KB/s' (units: B/s, KB/s, MB/s); found {shown(repr(value))}")


Seconds = Annotated[float, Parameter("a duration such as '340ms'", seconds)]
Age = Annotated[Duration, Parameter("a duration such as '340ms', or polls: '2 polls'", age)]
Spread = Annotated[
    LatencyDistribution,
    Parameter("'340ms', {uniform: [100ms, 300ms]} or {lognormal: {p50: 340ms, sigma: 0.4}}", latency),
]
Rate = Annotated[float, Parameter("bytes a second: '10KB/s'", rate)]
Text = Annotated[str, Parameter("text", text)]
Count = Annotated[int, count()]
Positive = Annotated[int, count(1)]
By = Annotated[str, choice("close", "reset")]
Done = Annotated[str, Parameter("one of: yes, no, random", done)]
