"""What an API and its scenarios say, compiled: rules and replies, answers, jobs, collections and tiers."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property, partial
from typing import Any, Literal

from msgspec import Struct, field

from emulator.errors import Location
from emulator.http.status import check_status
from emulator.language.document.durations import LatencyDistribution
from emulator.language.expressions.frames import Frames, write_all
from emulator.language.expressions.template import NO_LETS, Template, writers
from emulator.language.expressions.writer import Writer, generate
from emulator.language.schema.provenance import PROVENANCES, Provenance
from emulator.playbook.headers import Headers
from emulator.playbook.matching import Matcher
from emulator.playbook.timeline import Timeline


class ClaimPlan(Struct, frozen=True):
    """One promise of an API's document; `inferred` is the part of it that the document does not say in words."""

    grade: Provenance
    says: str
    inferred: str | None = None


LINE_ENDS = re.compile(r"\r\n|\r|\n")


class EventPlan(Struct, frozen=True, dict=True):
    """One server-sent event, or one for each item; `lead` is what stands before the data, `wait` the event's own."""

    lead: bytes
    each: Template | None
    bind: str
    when: Template | None
    id: Template | None
    data: Template | None
    text: Template | None
    wait: LatencyDistribution | None = None

    @cached_property
    def frames(self) -> Frames:
        """The event's frames as the WHATWG HTML standard writes them (section 9.2), with \\n line ends."""
        parts = [] if self.id is None else [(self.id, _id_line)]
        data = [b"data: ", (self.data, None), b"\n\n"] if self.data is not None else [(self.text, _data_lines), b"\n"]
        return Frames([*parts, self.lead, *data], self.each, self.bind, self.when)


def _id_line(value: Any) -> bytes:
    return b"id: " + LINE_ENDS.sub("", str(value)).encode() + b"\n"


def _data_lines(value: Any) -> bytes:
    return b"".join(b"data: " + line.encode() + b"\n" for line in LINE_ENDS.split(str(value)))


class PacePlan(Struct, frozen=True):
    """How long before the first paced event and between two; None: as the scenario's latency says."""

    first: LatencyDistribution | None
    each: LatencyDistribution | None


class ReplyPlan(Struct, frozen=True, dict=True):
    """What a rule sends; exactly one of body, text, lines, events and error, or nothing at all.

    `error_headers` are all headers of the error, if the rule has headers of its own; `lets` are the rule's.
    """

    place: Location
    status: int | Template
    headers: Headers
    body: Template | None = None
    text: Template | None = None
    lines: Template | None = None
    events: tuple[EventPlan, ...] | None = None
    pace: PacePlan | None = None
    speed: Template | None = None
    error: str | None = None
    message: Template | None = None
    param: Template | None = None
    data: Mapping[str, Template] = field(default_factory=dict)
    error_headers: Headers | None = None
    grade: Provenance | None = None
    lets: Mapping[str, Template] = NO_LETS

    @cached_property
    def parts(self) -> Callable[[Any], tuple[int, str, bytes]]:
        """The status, the headers as they are sent, and the body without events."""
        return generate(copy(self)._write, writers(self.lets))

    @cached_property
    def whole(self) -> Callable[[Any], tuple[int, str, bytes, int]]:
        """The same with the body of a stream that is not paced: all its events, and how many they are."""
        return generate(copy(self)._write_whole, writers(self.lets))

    def _write(self, writer: Writer) -> str:
        return f"({', '.join(self._write_parts(writer))})"

    def _write_whole(self, writer: Writer) -> str:
        status, headers, _ = self._write_parts(writer)
        events = write_all([event.frames for event in self.events or ()], writer)
        return f"({status}, {headers}, {', '.join(events)})"

    def _write_parts(self, writer: Writer) -> tuple[str, str, str]:
        status = repr(self.status) if isinstance(self.status, int) else self.status.node.value(writer)
        body = "b''"
        if self.body is not None:
            body = self.body.whole(writer)
        elif self.text is not None:
            body = f"str({self.text.node.value(writer)}).encode()"
        headers = self.headers.write(writer)
        if not isinstance(self.status, int):
            body = writer.variable(body)
            writer.line(f"{writer.bind(check_status)}({status}, {writer.bind(self.place)})")
        return status, headers, body


class StepPlan(Struct, frozen=True):
    """One change of state: a verb, what it works on, and its arguments as templates; `missing` says what happens where
    there is no such record or job: `fail`, `skip` or `create`."""

    verb: str
    target: str
    place: Location
    when: Template | None
    bind: str | None
    arguments: Mapping[str, Template]
    ttl: float | None = None
    missing: str = "fail"


class FaultPlan(Struct, frozen=True):
    """A fault by its name, made with its parameters from the table of faults."""

    name: str
    place: Location
    fault: Any


class RuleAnswer(Struct, frozen=True):
    """What a rule lets the API's own rules say; `lets` are the names that only the rule defines."""

    place: Location
    text: Template | None
    json: Template | None = None
    lets: Mapping[str, Template] = NO_LETS


class Rule(Struct, frozen=True):
    """`when` → `do` → `reply` and/or faults. `id` tells people where it stands; `counted_as` is the name of its count,
    which stays when the lines around the rule change; empty when nothing is counted."""

    id: str
    place: Location
    name: str
    matcher: Matcher
    lets: Mapping[str, Template]
    steps: tuple[StepPlan, ...]
    reply: ReplyPlan | None
    faults: tuple[FaultPlan, ...]
    claims: tuple[str, ...]
    counted_as: str = ""
    unchecked: bool = False
    grade: Provenance | None = None
    answer: RuleAnswer | None = None
    replies: Replies | None = None

    @property
    def each(self) -> tuple[Rule, ...]:
        """The rule with each of its replies."""
        return (self,) if self.replies is None else self.replies.rules

    @property
    def is_fault(self) -> bool:
        """Whether it adds its faults to what another rule answers."""
        return self.reply is None and self.replies is None and self.answer is None


class Replies(Struct, frozen=True):
    """Several replies of a rule, which is here once with each: in order, or by lot when they have `shares`.

    `ends` are the numbers of the requests that each is the last time given to. `then` says what follows: the last
    stays, they repeat, or the next rules are asked. `counted_as` is the name of the count of those that were given,
    `salt` what tells its lots from those of other rules.
    """

    rules: tuple[Rule, ...]
    ends: tuple[int, ...]
    then: Literal["stay", "repeat", "next"] = "stay"
    shares: tuple[float, ...] = ()
    counted_as: str = ""
    salt: str = ""

    def at(self, number: int) -> Rule | None:
        """Returns the rule with its reply to a request, counted from 1; None when the next rules are to be asked."""
        most = self.ends[-1]
        if number > most:
            if self.then != "repeat":
                return self.rules[-1] if self.then == "stay" else None
            number = (number - 1) % most + 1
        return self.rules[bisect_left(self.ends, number)]

    def drawn(self, chance: float) -> Rule:
        """Returns the rule with the reply that falls to a number from 0 up to 1."""
        left = chance * sum(self.shares)
        for rule, share in zip(self.rules, self.shares, strict=True):
            left -= share
            if left < 0:
                return rule
        return self.rules[-1]


class CheckPlan(Struct, frozen=True):
    """A refusal that costs nothing: when it matches, the error is answered."""

    place: Location
    matcher: Matcher
    error: str
    message: Template | None
    param: Template | None
    claims: tuple[str, ...] = ()
    grade: Provenance | None = None


class UsagePlan(Struct, frozen=True):
    """What a request adds to the statistics."""

    asset: Template
    tokens: Template
    latency_ms: Template | None
    ok: Template | None = None


class ErrorPlan(Struct, frozen=True):
    """One kind of error as the API says it."""

    kind: str
    place: Location
    status: int | Template
    type: Template | None
    message: Template | None
    headers: Headers
    body: Template
    data: Mapping[str, Any]
    retry: bool | None = None
    claims: tuple[str, ...] = ()


class AnswerPlan(Struct, frozen=True, dict=True):
    """What is generated for an operation. `texts` is what the generator of replies makes texts of; opaque here."""

    name: str
    messages: Template
    system: Template | None
    max_tokens: Template | None
    json_object: Template
    texts: Any
    stop: Template | None = None
    text: Template | None = None
    claims: tuple[str, ...] = ()
    canned: Any = None  # the answers of scenarios, which go before `text`; None where there are none

    @cached_property
    def conversation(self) -> Callable[[Any], tuple[Any, Any]]:
        """(messages, system) of a request; None for what is missing or empty."""
        return generate(partial(_write_parts, (self.messages, self.system)))

    @cached_property
    def options(self) -> Callable[[Any], tuple[Any, Any, Any, Any]]:
        """(max_tokens, json_object, stop, text) of a request; what is missing or not asked for is false or None."""
        return generate(partial(_write_parts, (self.max_tokens, self.json_object, self.stop, self.text)))


def _write_parts(parts: Sequence[Template | None], writer: Writer) -> str:
    """Writes the code of a tuple with the value of each part, which is false or None where it is missing."""
    values = ["None" if part is None else part.node.maybe(writer) for part in parts]
    return f"({''.join(f'{value}, ' for value in values)})"


class RowPlan(Struct, frozen=True):
    """How the items of a job are worked and shown."""

    operation: str
    succeeded: Template
    errored: Template
    cancelled: Template


class WebhookPlan(Struct, frozen=True):
    """Where the end of a job is reported."""

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
    """A kind of job: states by age, from its start and from when it is cancelled (None: cancelled at once).

    `most` is how many jobs are kept, `failed` the state in which one ends that fails, `steps` what is done at its end.
    """

    kind: str
    timeline: Timeline
    cancel: Timeline | None
    most: int
    rows: RowPlan | None = None
    webhook: WebhookPlan | None = None
    failed: str = "failed"
    polled: PolledPlan | None = None
    steps: tuple[StepPlan, ...] = ()
    claims: tuple[str, ...] = ()


class CitedRecord(Struct, frozen=True):
    """A record of a collection, with what it rests on."""

    collection: str
    id: str
    claims: tuple[str, ...]
    grade: Provenance | None


class CollectionPlan(Struct, frozen=True):
    """Records a scenario starts with, by their key; worlds lay their own over them.

    `refused` are those that are not served, by id, each with the sentence that says so.
    """

    name: str
    key: str
    records: Mapping[str, Any]
    most: int
    claims: tuple[str, ...] = ()
    refused: Mapping[str, str] = {}

    def cited(self) -> Iterator[CitedRecord]:
        """Yields the records that rest on something: their own `claims` and class (`provenance`), or its claims."""
        for id, record in self.records.items():
            claims, grade = record.get("claims"), record.get("provenance")
            own = tuple(each for each in claims if isinstance(each, str)) if isinstance(claims, list) else self.claims
            known = grade if grade in PROVENANCES else None
            if own or known is not None:
                yield CitedRecord(self.name, id, own, known)


class Seed(Struct, frozen=True):
    """Usage that happened before the emulator started; an hour (UTC) of one key, on a day counted back from today."""

    asset: str
    key: str
    workspace: str
    days_ago: int
    hour: int
    requests: int
    successful: int
    latency_ms: float
    tokens: float


class LatencyPlan(Struct, frozen=True):
    """How long answers take; None: no time."""

    reply: LatencyDistribution | None = None
    first_token: LatencyDistribution | None = None
    token: LatencyDistribution | None = None
