"""The parts that API and scenario files are made of.

A `Template` is any YAML value whose scalars may hold `{{ expressions }}`; it is compiled later, with its place.
A `Duration` is text such as `340ms`, `1s`, `5m`, `2h`, `15d`, or a sum such as `1s + 10ms each`.
An `Age` is a duration, a number of polls such as `3 polls` or `1 poll each`, or a sum of both.
"""

from __future__ import annotations

import reprlib
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from emulator.language.schema.provenance import Provenance
from emulator.settings.parsers import parse_size

Template = Any
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
_TERM = r"\d+(\.\d+)?\s*(ms|s|m|h|d)(\s+each)?"
Duration = Annotated[str, Field(pattern=rf"^\s*{_TERM}(\s*\+\s*{_TERM})*\s*$")]
_AGE_TERM = rf"({_TERM}|\d{{1,6}}\s*polls?(\s+each)?)"
Age = Annotated[str, Field(pattern=rf"^\s*{_AGE_TERM}(\s*\+\s*{_AGE_TERM})*\s*$")]


def _size(value: Any) -> int:
    try:
        return parse_size(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no size; expected {error}") from None


Size = Annotated[
    int,
    BeforeValidator(_size),
    Field(ge=1),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]}),
]


def _status(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if (whole and 200 <= value <= 599) or (isinstance(value, str) and "{" in value):
        return value
    raise ValueError(f"{value!r} is not a status; expected 200 to 599")


Status = Annotated[
    Any,
    AfterValidator(_status),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 200, "maximum": 599}, {"type": "string"}]}),
]
Claims = Annotated[list[str], Field(description="Ids of the promises that this part serves.")]


class Model(BaseModel):
    """A mapping in a document: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


Class = Annotated[
    Provenance | None, Field(alias="class", description="Who knows of this part itself, whatever its claims are.")
]


class ClaimModel(Model):
    """One promise of an API's document; `inferred` is the part of it that the document does not say in words."""

    grade: Provenance = Field(alias="class")
    says: str
    inferred: str | None = None


class PartModel(Model):
    """What a part of the API rests on that has no place for claims of its own."""

    grade: Class = None
    claims: Claims = []


MIN_BUDGET, MAX_BUDGET = 1e-9, 1e6


def check_budget(value: Any) -> Any:
    """Returns what a budget may be. Raises ValueError for anything else."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and MIN_BUDGET <= value <= MAX_BUDGET:
        return value
    raise ValueError(
        f"{reprlib.repr(value)} is no budget; expected a number from {MIN_BUDGET:.9f} to {MAX_BUDGET:,.0f}"
    )


Budget = dict[
    Name,
    Annotated[
        Any,
        AfterValidator(check_budget),
        WithJsonSchema({"type": "number", "minimum": MIN_BUDGET, "maximum": MAX_BUDGET}),
    ],
]


class KeyModel(Model):
    """One API key that is known from the start."""

    workspace: str
    tier: str
    name: str | None = None
    status: Literal["active", "revoked"] = "active"
    data: dict[str, Any] = {}
    budget: Budget = {}


class UnknownKeysModel(Model):
    """Who a key is that nobody registered; `workspace` may use {{ key }}."""

    tier: str
    workspace: Template
    data: dict[str, Any] = {}


class BucketModel(Model):
    """A bucket that is full at first; each request takes out what it costs, and `refill` flows back steadily."""

    bucket: Annotated[int, Field(ge=0)]
    refill: str


class JobsAtOnceModel(Model):
    """How many jobs of a kind a caller may have under way at once, each from its start until it is done."""

    at_once: Annotated[int, Field(ge=0)]
    of: Name


class TierModel(Model):
    """One plan. `limits` maps a counter's name to `60/minute`, a bucket or `unlimited`; `data` is free."""

    limits: dict[Name, str | BucketModel | JobsAtOnceModel] = {}
    budget: Budget = {}
    data: dict[str, Any] = {}
    claims: Claims = []

    def over(self, below: TierModel | None) -> TierModel:
        """This plan laid over another: limits and budgets are replaced one by one, and so are the keys of `data`."""
        if below is None:
            return self
        parts = {name: {**getattr(below, name), **getattr(self, name)} for name in ("limits", "budget", "data")}
        return self.model_copy(update=parts)


class CredentialModel(Model):
    """Where a credential may stand, a header, perhaps after a scheme, and the collection that knows it."""

    header: str
    scheme: str | None = None
    collection: Name = "keys"
    grade: Class = None
    claims: Claims = []


class ErrorKindModel(Model):
    """One way to say no. `message` replaces the engine's sentence (`{{ error.detail }}`), `body` the API's shape.

    A `status` among the `data` of the kind, or of the reply that names it, goes before the kind's own.
    """

    status: Status = Field(description="From 200 to 599, or a template that gives it.")
    type: Template = None
    message: Template = None
    headers: dict[str, Template] = {}
    body: Template = None
    data: dict[str, Any] = {}
    retry: bool | None = Field(default=None, description="Whether the same request may succeed later.")
    claims: Claims = []


class ErrorsModel(Model):
    """The API's error shape and its kinds; those that the engine itself raises have defaults (docs/api-files.md)."""

    shape: Template = {"error": {"type": "{{ error.type or error.kind }}", "message": "{{ error.message }}"}}
    headers: dict[str, Template] = {}
    kinds: dict[Name, ErrorKindModel] = {}
    claims: Claims = []


class ErrorKindChangeModel(ErrorKindModel):
    """What a scenario changes of a kind of error; what is not named stays. A new kind needs a `status`."""

    status: Status = Field(default=None, validate_default=False, description="From 200 to 599, or a template.")

    def over(self, below: ErrorKindModel | None) -> ErrorKindModel:
        """This change laid over a kind: header lines and `data` are replaced one by one, all else as a whole."""
        if below is None:
            return self
        named = {name: getattr(self, name) for name in self.model_fields_set}
        for name in ("headers", "data"):
            if name in named:
                named[name] = {**getattr(below, name), **named[name]}
        return below.model_copy(update=named)


Errors = TypeVar("Errors", "ErrorsModel", "ErrorsChangeModel")


class ErrorsChangeModel(Model):
    """What a scenario changes of an API's errors."""

    shape: Template = None
    headers: dict[str, Template] = {}
    kinds: dict[Name, ErrorKindChangeModel] = {}
    claims: Claims = []

    def over(self, below: Errors) -> Errors:
        """An API's errors, or earlier changes of them, with these changes made kind by kind."""
        kinds = {name: kind.over(below.kinds.get(name)) for name, kind in self.kinds.items()}
        changes: dict[str, Any] = {"headers": {**below.headers, **self.headers}, "kinds": {**below.kinds, **kinds}}
        if "shape" in self.model_fields_set:
            changes["shape"] = self.shape
        return below.model_copy(update=changes)


class ClientModel(Model):
    """The variables by which a program calls the emulator, and what its calls would have cost.

    The values of `environment` may use {{ url }}, {{ base_url }} and {{ key }}. `spent` maps a unit to an amount,
    worked out for each exchange from {{ answer }}, {{ body }}, {{ status }} and the API's collections.
    """

    key: str | None = Field(default=None, description="The one of the API's keys that programs are given.")
    environment: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], Template] = {}
    modules: list[str] = Field(default=[], description="Python modules that read the variables when imported.")
    spent: dict[Name, Template] = {}


class CollectionModel(Model):
    """A named set of records, seeded from a fixture; each world may add to it and change it."""

    source: str | None = Field(default=None, alias="from", description="A file below fixtures/.")
    key: str = Field(default="id", description="The field that names a record.")
    records: list[dict[str, Any]] = []
    most: int = Field(default=10_000, ge=1, description="How many records a world may add; the oldest goes first.")
    claims: Claims = []


class AnswerModel(Model):
    """What is generated: `messages` is a list of {role, content}; every field but the names of files is a template."""

    messages: Template
    text: Template = Field(
        default=None, description="A text instead of a generated one; it is counted and cut like any other."
    )
    system: Template = None
    max_tokens: Template = None
    stop: Template = Field(
        default=None, description="Texts before which an answer ends; a list, or a single one. JSON mode has none."
    )
    json_object: Template = Field(default=False, alias="json")
    canned: list[str] = Field(default=[], description="Files of canned replies below fixtures/, the first match wins.")
    claims: Claims = []


class StepModel(Model):
    """One change of state, done when its rule is rendered: exactly one verb; `as` names the outcome."""

    put: Name | None = Field(default=None, description="Write a record into a collection.")
    update: Name | None = Field(default=None, description="Set fields of a record of a collection.")
    append: Name | None = Field(default=None, description="Add to a list field of a record of a collection.")
    upsert: Name | None = Field(default=None, description="Set fields of a record, or write it if there is none.")
    remove: Name | None = Field(default=None, description="Take a record out of a collection.")
    start: Name | None = Field(default=None, description="Start a job of this kind.")
    cancel: Template = Field(default=None, description="The id of the job to cancel.")
    id: Template = None
    record: Template = None
    set: Template = None
    field: str | None = None
    values: Template = None
    ttl: Duration | None = None
    missing: Literal["fail", "skip", "create"] | None = Field(
        default=None, description="What happens if there is no such record or job."
    )
    items: Template = None
    data: Template = None
    result: Template = None
    when: Template = None
    bind: Name | None = Field(default=None, alias="as")


class RowModel(Model):
    """How one item of a job that has many looks in the results; `item`, `index` and `row` are in scope."""

    operation: str
    succeeded: Template
    errored: Template
    cancelled: Template


class WebhookModel(Model):
    """Where and how the end of a job is reported (Standard Webhooks)."""

    url: Template
    secret: Template
    body: Template
    retries: list[Duration] = []
    timeout: Duration = "15s"
    claims: Claims = []


class PolledModel(Model):
    """How a client learns that a job has ended; what `emulator/verdict` judges polling by."""

    by: str = Field(description="The operation that shows the job; its path names it.")
    until: dict[str, Any] = Field(description="What its answer's body is like from the end on, as in `when`.")


class JobKindModel(Model):
    """A kind of job: states by age. The last state of each timeline is an end."""

    timeline: dict[Name, Age]
    cancel: dict[Name, Age] = {}
    failed: Name = Field(default="failed", description="The state in which a job ends that fails.")
    rows: RowModel | None = None
    polled: PolledModel | None = None
    webhook: WebhookModel | None = None
    do: list[StepModel] = Field(default=[], description="Changes of records when it has ended; `job` is in scope.")
    most: int = Field(default=1_000, ge=1, description="How many jobs a world keeps; the oldest goes first.")
    claims: Claims = []


class TakenModel(Model):
    """What the answer to an example of another operation says at a dotted path."""

    operation: str = Field(alias="from")
    example: int = Field(default=1, ge=1, description="Which of its examples; from 1.")
    at: str


class CallModel(Model):
    """A documented request of an operation, which `emulator verify` plays; `tries` names the claims that it is about.

    A value of `path` may be `{from: OPERATION, at: data.0.id}`: what the answer to its first example says there.
    Templates of `body` see `now`.
    """

    path: dict[str, str | TakenModel] = {}
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: Template = None
    tries: list[str] = Field(default=[], description="Ids of claims; they are not served by this.")


class ExampleModel(Model):
    """A request to copy, shown when the server starts."""

    operation: str
    path: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: Any = None
