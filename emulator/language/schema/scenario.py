"""The shape of API and scenario files: what may stand in them, checked before anything is compiled."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from emulator.language.schema.api import (
    Age,
    AnswerModel,
    CallModel,
    ClaimModel,
    Claims,
    Class,
    ClientModel,
    CollectionModel,
    CredentialModel,
    ErrorsChangeModel,
    ErrorsModel,
    ExampleModel,
    JobKindModel,
    KeyModel,
    Model,
    Name,
    PartModel,
    Size,
    StepModel,
    Template,
    TierModel,
    UnknownKeysModel,
)
from emulator.language.schema.provenance import Provenance
from emulator.settings.parsers import MIB


class EventModel(Model):
    """One server-sent event, or with `$each` one for each item. `data` is JSON, `text` is sent as it is."""

    each: Template = Field(default=None, alias="$each")
    bind: Name = Field(default="item", alias="as")
    when: Template = Field(default=None, alias="$if")
    event: str | None = Field(default=None, pattern=r"^[^\r\n]*$")
    id: Template = None
    data: Template = None
    text: Template = None
    wait: Template = Field(default=None, description="A latency of its own before it; with `$each` before each.")


class PaceModel(Model):
    """When paced events (those of `$each`) leave: before the first one, and between two."""

    first: Template = None
    each: Template = None
    speed: Template = Field(default=None, description="A number: so many times as fast between two, whatever the pace.")


class StreamModel(Model):
    """A body that is a sequence of server-sent events."""

    events: list[EventModel]
    pace: PaceModel | None = None


class ReplyModel(Model):
    """What is sent: a body, `lines` of JSON, a stream, plain `text`, or an `error` with `message`, `param`, `data`.

    Or only an `answer`, and its `json`: the API's own rules say it in their shape.
    """

    answer: Template = None
    json_answer: Template = Field(default=None, alias="json")
    status: Template = 200
    headers: dict[str, Template] = {}
    body: Template = None
    text: Template = None
    lines: Template = Field(default=None, description="A list, each item of which is sent as one line of JSON.")
    stream: StreamModel | None = None
    error: str | None = None
    message: Template = None
    param: Template = None
    data: dict[str, Template] = {}
    share: float | None = Field(default=None, gt=0, le=1_000_000, description="Of several replies, one is drawn.")
    times: int = Field(default=1, ge=1, le=1_000_000, description="Of several replies, how often this one is given.")
    grade: Class = None


class RuleModel(Model):
    """`when` → `do` → `reply` and/or `fault`. Rules are asked in order, the first that matches answers."""

    name: str | None = None
    on: list[str] | str | None = Field(default=None, description="Operations, as names with *; only in scenarios.")
    when: Template = None
    unchecked: bool = Field(default=False, description="Where it matches, schemas and checks do not refuse.")
    let: dict[Name, Template] = {}
    do: list[StepModel] = []
    reply: ReplyModel | None = None
    replies: list[ReplyModel] = []
    then: Literal["stay", "repeat", "next"] = "stay"
    fault: Template = None
    grade: Class = None
    claims: Claims = []

    @property
    def each_reply(self) -> list[ReplyModel]:
        """The reply, or each of the replies."""
        return [*([] if self.reply is None else [self.reply]), *self.replies]


class CannedAnswerModel(Model):
    """What is answered to a prompt: at most one of `prompt`, `contains` and `matches` says to which; none: to each."""

    prompt: list[str] | str | None = Field(default=None, description="Whole prompts.")
    contains: list[str] | str | None = Field(default=None, description="Texts of which a prompt has one in it.")
    matches: str | None = Field(default=None, description="A regular expression that is found in a prompt.")
    on: list[str] | str | None = Field(default=None, description="Operations, as names with *.")
    answer: Template = None
    json_answer: dict[str, Template] | None = Field(default=None, alias="json")


class CheckModel(Model):
    """What a JSON Schema can't say: when it matches, the request is refused before it costs anything."""

    when: Template
    error: str
    message: Template = None
    param: Template = None
    grade: Class = None
    claims: Claims = []


class UsageModel(Model):
    """What one request adds to the statistics; nothing is recorded when `asset` is null."""

    asset: Template
    tokens: Template = 0
    latency_ms: Template = None
    ok: Template = Field(default=None, description="Whether an answer below 400 counts as a success; null: it does.")
    claims: Claims = []


MethodAndPath = Annotated[str, Field(pattern=r"^[A-Z]+ /\S*$")]


class AliasModel(Model):
    """A second method and path for the same operation."""

    route: MethodAndPath
    host: str | None = None
    claims: Claims = []


class OperationModel(Model):
    """One method and path of an API, and everything done to answer it."""

    route: MethodAndPath
    aliases: list[AliasModel] = []
    host: str | None = None
    shared: bool = Field(
        default=False, description="Another API may have this path: a key that only one of them knows decides."
    )
    summary: str = ""
    grade: Provenance | None = Field(
        default=None, alias="class", description="Who knows of the route, if that is worse than its claims."
    )
    claims: Claims = []
    auth: bool = True
    accept: list[Literal["json", "form", "text"]] = Field(
        default=["json"], description="Kinds of body; text is JSON sent as text/plain."
    )
    max_body: Size | None = Field(default=None, description="The largest body it takes; by default the API's.")
    request: dict[str, Any] | None = Field(default=None, description="JSON Schema of the body.")
    query: dict[str, Any] | None = Field(
        default=None, description="JSON Schema of the query; values are converted to its types."
    )
    let: dict[Name, Template] = {}
    answer: str | None = None
    checks: list[CheckModel] = []
    cost: dict[Name, Template] | None = None
    settle: dict[Name, Template] = {}
    usage: UsageModel | None = None
    redact: list[str] = Field(default=[], description="Field names whose values never reach the journal.")
    errors: dict[str, str] = Field(
        default={}, description="Kinds of error that this operation says in another kind's words."
    )
    headers: dict[str, Template] = {}
    examples: list[CallModel] = Field(default=[], description="Documented requests, which `emulator verify` plays.")
    rules: list[RuleModel]


class SwitchModel(Model):
    """A guess that can be turned: its default, the other choices, and the claim it interprets."""

    default: Any
    choices: list[Any]
    about: str = ""
    claims: Claims = []


class ApiFile(Model):
    """One emulated service."""

    api: Name
    title: str
    version: str
    about: str = ""
    hosts: list[str] = []
    base: str = Field(default="", pattern=r"^(/\S*)?$")
    claims: dict[str, ClaimModel] = {}
    serves: Claims = Field(default=[], description="Claims that the file as a whole serves.")
    provenance: dict[Literal["headers", "limit_headers", "unknown_keys"], PartModel] = Field(
        default={}, description="What parts rest on that have no place for claims of their own."
    )
    switches: dict[Name, SwitchModel] = {}
    keys: dict[str, KeyModel] = {}
    unknown_keys: UnknownKeysModel | Literal["refuse"] = "refuse"
    key_prefix: str | None = Field(default=None, min_length=1, description="What keys of this API begin with.")
    tiers: dict[Name, TierModel] = {}
    limits_per: Literal["workspace", "key"] = "workspace"
    auth: list[CredentialModel] = []
    max_body: Size = Field(default=8 * MIB, description="The largest body, unless an operation says otherwise.")
    cost: dict[Name, Template] = Field(
        default={}, description="What a request costs unless its operation says otherwise."
    )
    refused: dict[Name, Template] = Field(
        default={}, description="What a request costs instead that is refused for what it says; nothing by default."
    )
    unknown_fields: Literal["ignore", "hint", "refuse"] = Field(
        default="ignore", description="What a field means that the schema of a body or a query does not name."
    )
    headers: dict[str, Template] = Field(default={}, description="Headers of every answer.")
    limit_headers: dict[str, Template] = Field(
        default={}, description="Headers of every answer to a limited caller; null leaves one out."
    )
    errors: ErrorsModel = ErrorsModel()
    schemas: dict[Name, dict[str, Any]] = Field(default={}, description="JSON Schemas for `$ref: '#/schemas/…'`.")
    collections: dict[Name, CollectionModel] = {}
    statistics: str | None = Field(default=None, description="A fixture of usage before the emulator started.")
    answers: dict[Name, AnswerModel] = {}
    jobs: dict[Name, JobKindModel] = {}
    example: ExampleModel | None = None
    client: ClientModel | None = None
    operations: dict[Name, OperationModel] = Field(min_length=1)


class OverrideModel(Model):
    """What a scenario changes of one API; what is not named stays as it is."""

    switches: dict[Name, Any] = {}
    keys: dict[str, KeyModel] = {}
    unknown_keys: UnknownKeysModel | Literal["refuse"] | None = None
    unknown_fields: Literal["ignore", "hint", "refuse"] | None = Field(
        default=None, description="What a field means that the schema of a body or a query does not name."
    )
    tiers: dict[Name, TierModel] = {}
    errors: ErrorsChangeModel | None = Field(default=None, description="Kinds of error, their shape and headers.")
    limit_headers: dict[str, Template] = Field(
        default={}, description="Header lines beside or instead of the API's; null leaves one out."
    )
    jobs: dict[Name, dict[Name, Age]] = Field(default={}, description="Timelines by kind of job.")
    collections: dict[Name, list[dict[str, Any]] | CollectionModel] = Field(
        default={}, description="Records added to a collection; or, as in an API file, a new collection."
    )
    statistics: str | None = Field(default=None, description="A fixture of usage, instead of the API's.")
    canned: dict[Name, list[str]] = Field(
        default={}, description="Files of canned replies by answer, asked before the API's own."
    )


class LatencyModel(Model):
    """How long things take: `340ms`, `{uniform: [100ms, 300ms]}`, `{lognormal: {p50: 340ms, sigma: 0.4}}`."""

    reply: Template = None
    first_token: Template = None
    token: Template = None


class OrderedModel(Model):
    """One of several requests that are to come in order."""

    on: list[str] | str = Field(description="Operations, as names with *.")
    when: Template = None


def _in_order(value: Any) -> Any:
    if isinstance(value, list) and len(value) < 2:
        only = value[0] if value else None
        cure = f"; for one, write `on: {only}`" if isinstance(only, str) else "; for one, write `on` without it"
        raise ValueError(f"in_order needs at least two requests{cure}")
    return value


class ExpectModel(Model):
    """What must have been asked in the end: requests, by number or in order; what they spent; or rules that answered.

    Without `times`, at least one request.
    """

    on: list[str] | str | None = Field(default=None, description="Operations, as names with *.")
    when: Template = None
    times: int | Literal["never"] | dict[str, Any] | None = Field(
        default=None, description="A number, `never`, or bounds such as {lte: 2}."
    )
    in_order: Annotated[list[str | OrderedModel] | None, BeforeValidator(_in_order)] = Field(
        default=None, min_length=2, max_length=100
    )
    spent: dict[str, Any] | None = Field(default=None, min_length=1)
    rules: Literal["all"] | list[str] | None = Field(default=None)


class ScenarioFile(Model):
    """A story played on top of the APIs."""

    scenario: Name
    about: str = ""
    extends: str | None = None
    apis: dict[Name, OverrideModel | None] = Field(
        default={}, description="Those that are served, after those of `extends`."
    )
    latency: LatencyModel | None = None
    answers: list[CannedAnswerModel] = []
    rules: list[RuleModel] = []
    expect: list[ExpectModel] = []
