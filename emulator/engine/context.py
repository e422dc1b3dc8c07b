"""The context of one request: the names that templates see; and the service that gives them: one API in one world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol

from emulator.engine.state import WorldState
from emulator.errors import ApiError, ConfigError
from emulator.generate.canned import canned_context
from emulator.generate.text import GivenText, Prompt, TextGenerator, object_in
from emulator.http.reply import Reply
from emulator.http.request import Caller, Request
from emulator.jobs.job import Job
from emulator.jobs.lifecycle import Jobs
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.expressions.runtime import MISSING
from emulator.language.expressions.template import Template
from emulator.playbook.apis import Api, Operation
from emulator.playbook.error_reply import error_plan, render_error
from emulator.playbook.matching import AGE, CHANCE
from emulator.playbook.model import AnswerPlan, LatencyPlan
from emulator.store.ids import hex_digits, uuid_of
from emulator.store.records import Records, WithheldRecords
from emulator.store.tokens import KEYS, Tokens

if TYPE_CHECKING:
    from faker import Faker

    from emulator.faults import Fault
    from emulator.faults.content import Answer
    from emulator.generate.answers import AnswerMatch
    from emulator.playbook.model import FaultPlan, Rule, RuleAnswer
    from emulator.store.limits import Allowance


class Answers(Protocol):
    """The answers that were added to a world."""

    @property
    def lists(self) -> Sized:
        """What is empty where there is none."""

    def find(self, prompt: str, api: str, operation: str) -> AnswerMatch | None:
        """Returns what is said to a prompt in an operation. Raises TemplateError."""


Maker = Callable[["Context"], Any]
Corrupt = Callable[["Context"], "Answer | None"]
NO_LETS: Mapping[str, Template] = {}


class Context(dict[str, Any]):
    """Maps names to values; a missing one is computed once, by a `let` of the rule or operation, or by a maker, and
    MISSING where neither is there."""

    __slots__ = (
        "allowance",
        "answered",
        "answering",
        "blocks",
        "caller",
        "corrupt",
        "counted_later",
        "digits",
        "faults",
        "ignored",
        "lets",
        "lots",
        "makers",
        "number",
        "operation",
        "planned",
        "polled",
        "request",
        "service",
        "set_off",
        "used",
    )

    def __init__(self, service: Service, request: Request, operation: Operation | None = None) -> None:
        self.service: Service = service
        self.request = request
        self.operation = operation
        self.lets: Mapping[str, Template] = operation.lets if operation is not None else NO_LETS
        self.makers: Mapping[str, Maker] = service.makers
        if operation is not None:
            self.makers, constants = service.names[operation.name]
            self.update(constants)
        self.caller: Caller | None = None
        self.allowance: Allowance | None = None
        self.ignored: tuple[str, ...] = ()  # the fields of the request that no schema names
        self.number: int | str = 0  # of the exchange: what chance is drawn from
        self.blocks = 0  # of digits for ids that were drawn
        self.digits = ""  # that are left of the last
        self.lots = 0  # that were drawn
        self.counted_later = False  # a job that the request has started is counted when it ends
        self.polled = ""  # the id of the job of which this request is a poll
        self.answering: RuleAnswer | None = None  # what the rule wants to be said
        self.answered = ""  # the id of the canned answer that is said
        self.faults: tuple[Fault, ...] = ()  # all that play, including those on what the request starts
        self.set_off: tuple[str, ...] = ()  # the names of those on what the request has started, or said
        self.corrupt: Corrupt | None = None  # what gives the fault on an answer, once the rule is chosen
        self.planned: tuple[FaultPlan, ...] = ()  # those of rules
        self.used: dict[str, int] | None = None  # what was used beside the rule that replies, and how often

    def __missing__(self, name: str) -> Any:
        let = self.lets.get(name)
        if let is not None:
            value = self[name] = let.maybe(self)
            return value
        make = self.makers.get(name)
        if make is None:
            return MISSING  # which is no name that it has
        value = self[name] = make(self)
        return value

    @property
    def api(self) -> Api:
        """The API that the request is for."""
        return self.service.api

    @property
    def tokens(self) -> Tokens:
        """The access tokens of the API in this world."""
        return self.service.tokens

    def error_reply(self, error: ApiError) -> Reply:
        """The error in the shape that the API, or the operation, gives its errors. Raises TemplateError."""
        return self.service.error_reply(error, self)

    def new_id(self, length: int = 24) -> str:
        """Lower-case hexadecimal digits, at most 128, unique in this world for all practical purposes."""
        digits = self.digits
        if len(digits) < length:
            self.blocks += 1
            digits = hex_digits(self.service.state.root, self.number, self.blocks)
        self.digits = digits[length:]
        return digits[:length]

    def new_uuid(self) -> str:
        """A version 4 UUID (RFC 9562)."""
        return uuid_of(self.new_id(32))

    def adopt(self, rule: Rule) -> bool:
        """Adds the names that the rule's own `let` defines; whether it answers what was generated already, for a cost
        or a check, which is then generated again, and all that depends on it."""
        self.lets = rule.lets
        self.answering = rule.answer
        return rule.answer is not None and self.forget_answer()

    def forget_answer(self) -> bool:
        """Lets the answer be generated again, and all that depends on it; whether it was generated already."""
        if "answer" not in self:
            return False
        for name in ("answer", *self.lets):
            self.pop(name, None)
        return True


def request_view(context: Context) -> dict[str, Any]:
    """Returns what templates see as `request`."""
    request = context.request
    return {
        "id": f"req_{context.new_id()}",
        "method": request.method,
        "path": request.path,
        "origin": request.origin,
        "at": context["now"],
    }


def limits_view(context: Context) -> Any:
    """Returns what templates see as `limits`: the caller's counters, with this request charged."""
    return context.allowance.states if context.allowance is not None else {}


# What the conditions `after`, `for` and `probability` of a `when` use; no template can use these names.
CONDITION_MAKERS: Mapping[str, Maker] = {
    AGE: lambda context: context["now"] - context.service.state.began,
    CHANCE: lambda context: f"{context.service.state.root}/{context.number}",
}
REQUEST_MAKERS: Mapping[str, Maker] = {
    "request": request_view,
    "limits": limits_view,
    "now": lambda context: context.service.state.clock.now(),
    "header": lambda context: context.request.headers,
    "caller": lambda context: context.caller.view if context.caller is not None else MISSING,
    "path": lambda context: context.request.params,
}


MAX_CALLERS = 10_000
NOBODY = Request("GET", "/", "", {}, "", "http", "")


class OperationNames(dict[str, tuple[Mapping[str, Maker], Mapping[str, Any]]]):
    """By operation: the makers of its names, and the names that are there from the start.

    Computed when an operation is first used: a world that lives for one test uses few.
    """

    def __init__(
        self,
        api: Api,
        constants: Mapping[str, Any],
        makers: Mapping[str, Maker],
        generators: Mapping[str, TextGenerator],
    ) -> None:
        super().__init__()
        self._api = api
        self._constants = constants
        self._makers = makers
        self._generators = generators
        self.defining_caller: set[str] = set()  # operations where a `let` has this name

    def __missing__(self, name: str) -> tuple[Mapping[str, Maker], Mapping[str, Any]]:
        operation = self._api.operations[name]
        makers = {**self._makers}
        if operation.answer is not None:
            plan = self._api.answers[operation.answer]
            generator = self._generators[plan.name]
            makers["prompt"], makers["answer"] = partial(_prompt, plan, generator), partial(_answer, plan, generator)
        own = {*operation.lets, *(name for rule in operation.rules.rules for name in rule.lets)}
        if "caller" in own:
            self.defining_caller.add(name)
        names = self[name] = makers, {name: value for name, value in self._constants.items() if name not in own}
        return names


class Service:
    """Service: one API in one world, with what it needs to answer; `job_ended` is called at the end of each job, and
    `answers` are those that were added to the world."""

    def __init__(
        self,
        api: Api,
        latency: LatencyPlan,
        state: WorldState,
        job_ended: Callable[[Service, Job], None] | None = None,
        answers: Answers | None = None,
    ) -> None:
        self.api: Api = api
        self.answers = answers
        self.latency: LatencyPlan = latency
        self.state: WorldState = state
        credentials = {each.collection for each in api.credentials}
        self.records = {
            name: (WithheldRecords if plan.refused else Records)(
                plan, self.api.name, state.store, state.issue if name in credentials else None
            )
            for name, plan in self.api.collections.items()
        }
        tokens = {name: self.records[name] for name in credentials - {KEYS}}
        self.tokens = Tokens(self.api.name, state.store, tokens)
        self.generators = {
            name: TextGenerator(f"{state.root}/{name}", each.texts) for name, each in api.answers.items()
        }
        ended = None if job_ended is None else partial(job_ended, self)
        self.jobs = Jobs(state.store, api.jobs, ended, self.api.name)
        self.callers: dict[str, tuple[Any, Caller]] = {}
        self.constants: Mapping[str, Any] = {"switches": self.api.switches, **self.records}
        self.makers: Mapping[str, Maker] = {
            **REQUEST_MAKERS,
            **CONDITION_MAKERS,
            "prompt": _missing,
            "answer": _missing,
            **{name: partial(_constant, constant) for name, constant in self.constants.items()},
        }
        self.names = OperationNames(api, self.constants, self.makers, self.generators)
        state.ledger.seed(api.name, api.statistics, {key: each.workspace for key, each in api.keys.items()})

    @cached_property
    def faker(self) -> Faker:
        """What invents names and words. It is seeded for each, so no two threads may share one."""
        from faker import Faker  # its import takes a sixth of a second, which is paid by those who use it

        return Faker("en_US")

    def remember(self, presented: str, record: Any, caller: Caller) -> None:
        """Caches a caller as long as its record is the same object."""
        if len(self.callers) >= MAX_CALLERS:
            self.callers.clear()
        self.callers[presented] = (record, caller)

    def check_tier(self, key: str, tier: str, budget: Mapping[str, float] | None = None) -> None:
        """Raises ConfigError when the key can't have this tier, with its budget or this one, or nobody knows it."""
        if tier not in self.api.tiers:
            raise ConfigError(f"unknown tier {tier!r} of {self.api.name}; {did_you_mean(tier, self.api.tiers)}")
        if self.api.unknown is None and key not in self.records["keys"]:
            raise ConfigError(f"unknown key {key!r} of {self.api.name}; {did_you_mean(key, self.api.keys)}")
        record = self.records["keys"].get(key, {})
        if budget is None:
            cure = "send `budget: {}` with it, which takes the key's own away"
            self.api.require_budget(tier, record.get("budget"), cure)
        else:
            self.api.require_budget(tier, budget, "send the `tier` of one that does not count it with it")

    def set_tier(self, key: str, tier: str, budget: Mapping[str, float] | None = None) -> None:
        """Gives a key another tier, and perhaps another budget, from the next request on; its counters go on.

        Raises ConfigError as `check_tier` does.
        """
        self.check_tier(key, tier, budget)
        keys, unknown = self.records["keys"], self.api.unknown
        record = keys.get(key)
        if record is None and unknown is not None:
            workspace = str(unknown.workspace.value(self.background(key=key)))
            record = {"id": key, "workspace": workspace, "name": None, "data": unknown.data}
        keys.amend(key, {**record, "tier": tier} | ({} if budget is None else {"budget": budget}))

    def error_reply(self, error: ApiError, context: Context) -> Reply:
        """Renders an error in the API's own shape, under the name that the operation gives it. Raises TemplateError."""
        renamed = context.operation.errors if context.operation is not None else {}
        return render_error(error_plan(self.api.errors, renamed, error.kind), error, context)

    def background(self, **names: Any) -> Context:
        """Returns a context for what no request caused, such as a webhook at the end of a job."""
        context = Context(self, NOBODY)
        context.update(names)
        return context


def _constant(value: Any, context: Context) -> Any:
    return value


def _missing(context: Context) -> Any:
    return MISSING


def _prompt(plan: AnswerPlan, generator: TextGenerator, context: Context) -> Prompt:
    """Returns what templates see as `prompt`, which is there before any text is generated: {text, tokens}."""
    messages, system = plan.conversation(context)
    return generator.prompt(messages or None, system)


def _answer(plan: AnswerPlan, generator: TextGenerator, context: Context) -> Any:
    """Returns what templates see as `answer`: generated from the request, the same in every operation.

    A template that names it makes the text: as a rule the reply's, after the request was admitted.
    """
    prompt = context.get("prompt")  # which a `let` may have given another meaning
    if prompt.__class__ is not Prompt:
        prompt = _prompt(plan, generator, context)
    max_tokens, json_object, stop, text = plan.options(context)
    given = None
    added = context.service.answers
    if context.answering is not None or plan.canned is not None or (added is not None and added.lists):
        given = find_answer(plan, generator, prompt, context)
    known = given
    if given is None and text is not None and text is not MISSING:
        known = GivenText.of(str(text))
    limit, json, ends = int(max_tokens) if max_tokens else None, bool(json_object), _texts(stop) if stop else ()
    if context.corrupt is not None and (fault := context.corrupt(context)) is not None:
        return {**generator.corrupted(fault.kind, fault.how, prompt, limit, json, ends, known), "given": True}
    values = generator.values(prompt, limit, json, ends, known)
    return values if given is None else {**values, "given": True}


def find_answer(plan: AnswerPlan, generator: TextGenerator, prompt: Prompt, context: Context) -> GivenText | None:
    """Returns what is said instead of what would be generated, if anything: an answer of the world, else what the
    rule says, else what a scenario says to the prompt. Raises TemplateError."""
    text, service, operation = prompt["text"], context.service, context.operation
    where = service.api.name, "" if operation is None else operation.name
    found = None if service.answers is None else service.answers.find(text, *where)
    if found is None and (answering := context.answering) is not None:
        return _given(answering.text, answering.json, context)
    if found is None and plan.canned is not None:
        found = plan.canned.find(text, *where)
    if found is None:
        return None
    answer = found.answer
    context.answered = answer.id
    if answer.fixed is not None and answer.json is None:
        return GivenText(answer.fixed, object_in(answer.fixed.text))
    view = Context(service, context.request, operation)
    view.caller, view.number, view.lets = context.caller, f"{context.number}/answer", context.lets
    view.update(context)
    view.update(canned_context(generator.conversation(prompt), found.match))
    return _given(answer.text, answer.json, view)


def _given(text: Template | None, json: Template | None, context: Context) -> GivenText:
    """Evaluates what is said, in text and in JSON mode; where only one is there, it is said in both."""
    data = None if json is None else json.value(context)
    template = text if text is not None else json
    said = None if template is None else template.value(context)
    written = said if isinstance(said, str) else "" if template is None else template.json(context).decode()
    return GivenText.of(written, data if isinstance(data, dict) else object_in(written))


def _texts(value: Any) -> list[str]:
    """Returns one text, or those of a list; nothing else ends an answer."""
    given = value if isinstance(value, list) else [value]
    return [each for each in given if isinstance(each, str)]
