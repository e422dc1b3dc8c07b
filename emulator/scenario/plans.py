"""Plans: the compiled parts of APIs and scenarios, immutable values that serving only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol

from msgspec import Struct, field

from emulator.errors import Place
from emulator.scenario.absent import ABSENT
from emulator.scenario.document import Document
from emulator.scenario.duration import Duration, Latency
from emulator.scenario.headers import Headers
from emulator.scenario.match import Matcher
from emulator.scenario.quick import compile_quick, joined, literal
from emulator.scenario.template import Template

Maker = Callable[[Any], Any]
NOWHERE = Place("", 1, 1)


class EventPlan(Struct, frozen=True, dict=True):
    """One server-sent event, or one for each item; `lead` is what stands before the data, `wait` the event's own."""

    lead: bytes
    each: Template | None
    bind: str
    when: Template | None
    id: Template | None
    data: Template | None
    text: Template | None
    wait: Latency | None = None

    @cached_property
    def frame(self) -> Maker | None:
        """The whole event as bytes at once, when all of it but the data is known."""
        return None if self.data is None or self.id is not None else self.data.framed(self.lead + b"data: ", b"\n\n")


class PacePlan(Struct, frozen=True):
    """How long before the first paced event and between two; None: as the scenario's latency says."""

    first: Latency | None
    each: Latency | None


class ReplyPlan(Struct, frozen=True):
    """What a rule sends; exactly one of body, text, events and error, or nothing at all."""

    place: Place
    status: int | Template
    headers: Headers
    body: Template | None = None
    text: Template | None = None
    events: tuple[EventPlan, ...] | None = None
    pace: PacePlan | None = None
    error: str | None = None
    message: Template | None = None
    param: Template | None = None
    data: Mapping[str, Template] = field(default_factory=dict)


class StepPlan(Struct, frozen=True):
    """One change of state: a verb, what it works on, and its arguments as templates."""

    verb: str
    target: str
    place: Place
    when: Template | None
    bind: str | None
    arguments: Mapping[str, Template]
    ttl: float | None = None


class Faults(Protocol):
    """The table of faults. `make` raises ConfigError for a name or parameters that it does not know."""

    def make(self, name: str, given: Any = None) -> Any: ...


class FaultPlan(Struct, frozen=True):
    """A fault by its name, made with its parameters from the table of faults."""

    name: str
    place: Place
    fault: Any


class Rule(Struct, frozen=True):
    """`when` → `do` → `reply` and/or faults. `id` tells people where it stands; `counted_as` is the name of its count,
    which stays when the lines around the rule change; empty when nothing is counted."""

    id: str
    place: Place
    name: str
    matcher: Matcher
    makers: Mapping[str, Maker]
    steps: tuple[StepPlan, ...]
    reply: ReplyPlan | None
    faults: tuple[FaultPlan, ...]
    claims: tuple[str, ...]
    counted_as: str = ""
    unchecked: bool = False

    @property
    def paced(self) -> bool:
        """Whether the rule sets its own pace, whatever the scenario's latency."""
        return self.reply is not None and self.reply.pace is not None


class CheckPlan(Struct, frozen=True):
    """A refusal that costs nothing: when it matches, the error is answered."""

    place: Place
    matcher: Matcher
    error: str
    message: Template | None
    param: Template | None


class UsagePlan(Struct, frozen=True):
    """What a request adds to the statistics."""

    asset: Template
    tokens: Template
    latency_ms: Template | None
    ok: Template | None = None


class ErrorPlan(Struct, frozen=True):
    """One kind of error as the API says it."""

    kind: str
    place: Place
    status: int | Template
    type: Template | None
    message: Template | None
    headers: Headers
    body: Template
    data: Mapping[str, Any]
    retry: bool | None = None


class AnswerPlan(Struct, frozen=True, dict=True):
    """What is generated for an operation."""

    name: str
    messages: Template
    system: Template | None
    max_tokens: Template | None
    json_object: Template
    canned: tuple[Document, ...]
    stop: Template | None = None

    @cached_property
    def arguments(self) -> Maker:
        """(messages, system, max_tokens, json_object, stop) of a request; what is absent or not asked for is None."""
        parts = (self.messages, self.system, self.max_tokens, self.json_object, self.stop)

        def careful(scope: Any) -> tuple[Any, ...]:
            given = [None if part is None else part.maybe(scope) for part in parts]
            return tuple(None if each is ABSENT else each for each in given)

        ways = [literal(None) if part is None else part.way for part in parts]
        return compile_quick(joined("(%, %, %, %, %)", *ways), careful)


class RowPlan(Struct, frozen=True):
    """How the items of a job are worked and shown."""

    operation: str
    succeeded: Template
    errored: Template
    cancelled: Template


class WebhookPlan(Struct, frozen=True):
    """Who is told when a job ends."""

    url: Template
    secret: Template
    body: Template
    retries: tuple[float, ...]
    timeout: float


class PolledPlan(Struct, frozen=True):
    """Which operation shows a job to a client, and what the body of its answer is like from the job's end on."""

    by: str
    until: Matcher


class JobPlan(Struct, frozen=True):
    """A kind of job: states by age."""

    kind: str
    timeline: Mapping[str, Duration]
    cancel: Mapping[str, Duration]
    rows: RowPlan | None
    webhook: WebhookPlan | None
    most: int
    place: Place = NOWHERE
    failed: str = "failed"
    polled: PolledPlan | None = None


class CollectionPlan(Struct, frozen=True):
    """Records a scenario starts with, by their key; worlds lay their own over them."""

    name: str
    key: str
    records: Mapping[str, Any]
    most: int


class TierPlan(Struct, frozen=True):
    """A plan: its limits as text (`60/minute`), its free data, and where each limit stands."""

    name: str
    limits: Mapping[str, str]
    data: Mapping[str, Any]
    places: Mapping[str, Place] = field(default_factory=dict)


class LatencyPlan(Struct, frozen=True):
    """How long answers take; None: no time."""

    reply: Latency | None = None
    first_token: Latency | None = None
    token: Latency | None = None
