"""Explanations: why an exchange was answered as it was, worked out from what the journal keeps when somebody asks.

Nothing here is computed for a request: the rule is found by its id, and the provenance from what the exchange shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from msgspec import Struct, field

from emulator.engine.context import Context, Service
from emulator.engine.provenance import Basis, provenance_of
from emulator.engine.validate import check_form, read_form
from emulator.errors import ApiError, EmulatorError
from emulator.http import Decided, Exchange, Reply, Request, Schedule
from emulator.language.schema.provenance import Provenance
from emulator.playbook import Operation, Playbook
from emulator.playbook.json_schema import Schema
from emulator.playbook.model import CheckPlan, Rule, TierPlan
from emulator.store.limits import Allowance
from emulator.store.masking import mask_key
from emulator.store.tokens import KEYS
from emulator.worlds.spending import spending
from emulator.worlds.world import World


class RuleView(Struct, frozen=True):
    """A rule that answered: its name, and where it stands."""

    name: str
    file: str
    line: int


class ChargeView(Struct, frozen=True):
    """A counter of the caller before and after a request, and what it was charged; `refused`: it let it not pass.

    `reset` is the second since the epoch at which its window ends.
    """

    name: str
    limit: int
    before: int
    charged: int
    after: int
    reset: int
    refused: bool


class TimingView(Struct, frozen=True):
    """When each event of a stream was planned, and when each that was sent left, in seconds after the response began.

    `content` is the stream as it was planned, if a fault has changed it.
    """

    planned: list[float]
    sent: list[float]
    content: str | None


class BasisView(Struct, frozen=True):
    """One thing that a response rests on: a claim with what its document `says`, or a part that no claim is about.

    `class` is documented, inferred or invented; `inferred` is the part of a claim that the document does not say.
    """

    grade: Provenance = field(name="class")
    name: str
    says: str = ""
    inferred: str = ""


class Explanation(Struct, frozen=True):
    """Why a request was answered as it was. `rule` is null if none answered, or if it is played no more.

    `plan` is the caller's; `decided_by` says what refused the request, `spent` is what it used by unit; `prompt` is
    what was replied to, if something is generated there.
    """

    number: int
    rule: RuleView | None
    decided_by: str
    plan: str
    limits: list[ChargeView]
    timing: TimingView | None
    spent: dict[str, float]
    prompt: str
    route: Provenance | None
    provenance: list[BasisView]


def explain(exchange: Exchange, world: World) -> Explanation:
    """Returns why an exchange of a world was answered as it was, by the playbook that the world plays now."""
    operation = _operation(world.playbook, exchange)
    rules = () if operation is None else operation.rules.rules
    rule = next((each for rule in rules for each in (rule, *rule.each) if each.id == exchange.rule), None)
    service = world.pipeline.services.get(exchange.api)
    tier = None if service is None else _tier(service, exchange)
    prompt, basis = "", None
    answering = service or _nearest(world, exchange)
    context = _context(answering, operation, exchange, world.playbook)
    if operation is not None:
        prompt = _prompt(context, operation)
        context.pop("prompt", None)  # it would count as used
        if exchange.decided is None and operation.answer is not None and rule is not None and _is_own(rule, operation):
            context["answer"] = ""  # what was generated is named by its claims, whatever it was
    if operation is not None or exchange.decided is not None:
        reply = Reply(exchange.status, [], exchange.reply_body)
        unknown = _is_unknown(answering, operation, exchange)
        basis = provenance_of(context, rule, reply, exchange.decided, tier, unknown)
    return Explanation(
        exchange.number,
        None if rule is None else RuleView(rule.name, rule.place.file, rule.place.line),
        _decider(exchange.decided),
        "" if tier is None else tier.name,
        list(_charges(exchange)),
        None if exchange.schedule is None else _timing(exchange.schedule),
        {} if service is None else spending(service, exchange),
        prompt,
        None if basis is None else basis.route,
        [] if basis is None else list(_bases(answering, basis)),
    )


def _prompt(context: Context, operation: Operation) -> str:
    """Returns what the operation replies to; empty if it generates nothing, or the request has no prompt."""
    if operation.answer is None:
        return ""
    try:
        return str(context["prompt"]["text"])
    except (EmulatorError, KeyError, TypeError):
        return ""


def _operation(playbook: Playbook, exchange: Exchange) -> Operation | None:
    api = playbook.apis.get(exchange.api)
    return None if api is None else api.operations.get(exchange.operation)


def _nearest(world: World, exchange: Exchange) -> Service:
    """Returns the API that refuses a request which leads to none of its operations."""
    return world.pipeline.services[world.playbook.router.nearest_api(_host(exchange), exchange.path)]


def _host(exchange: Exchange) -> str:
    return _authority(exchange).partition(":")[0].lower()


def _authority(exchange: Exchange) -> str:
    """Returns the host of a request with its port, as its header says it."""
    return next((line for name, line in exchange.headers if name.lower() == b"host"), b"").decode("latin-1")


def _is_unknown(service: Service, operation: Operation | None, exchange: Exchange) -> bool:
    """Whether a caller was let in with a key that its API does not know, as far as the masked key tells."""
    if operation is None or not operation.auth or not exchange.caller or service.api.unknown is None:
        return False
    return exchange.caller not in {mask_key(key) for key, _ in service.records[KEYS].items()}


def _context(service: Service, operation: Operation | None, exchange: Exchange, playbook: Playbook) -> Context:
    """Returns the context of the request as far as the journal has it, secrets masked."""
    fields = {name.lower(): value for name, value in exchange.headers}
    host, authority = _host(exchange), _authority(exchange)
    request = Request(exchange.method, exchange.path, exchange.query, fields, host, "http", authority, exchange.body)
    found = playbook.router.find(exchange.method, host, exchange.path)
    request.params = {} if found is None else found.params
    context = Context(service, request, operation)
    if operation is not None:
        with suppress(ApiError):
            read_form(context, operation)
            check_form(context, operation)
    return context


def _is_own(rule: Rule, operation: Operation) -> bool:
    """Whether a rule is the API file's, not a scenario's: those generate what they answer."""
    return rule.place.file == operation.place.file


def _tier(service: Service, exchange: Exchange) -> TierPlan | None:
    """Returns the caller's plan: the one whose limits were asked."""
    allowance: Allowance | None = exchange.allowance
    if allowance is None:
        return None
    return next((tier for tier in service.api.tiers.values() if tier.limits is allowance.limits), None)


def _decider(decided: Decided | None) -> str:
    """Returns what refused a request, in words; empty when nothing did or no part of the playbook is to name."""
    if decided is None:
        return ""
    part = decided.part
    if isinstance(part, CheckPlan):
        return f"the check at {part.place}"
    if isinstance(part, TierPlan):
        return f"the limits of the plan {part.name}"
    if isinstance(part, Schema):
        return f"the schema of the request, at {decided.param}" if decided.param else "the schema of the request"
    return ""


def _charges(exchange: Exchange) -> Iterator[ChargeView]:
    allowance: Allowance | None = exchange.allowance
    if allowance is None:
        return
    refused = exchange.decided is not None and isinstance(exchange.decided.part, TierPlan)
    for limit in allowance.limits:
        state, charged = allowance.states[limit.name], allowance.charged.get(limit.name, 0)
        used = state["used"]
        spent = refused and not state["remaining"]
        yield ChargeView(limit.name, limit.amount, max(0, used - charged), charged, used, state["reset"], spent)


def _timing(schedule: Schedule) -> TimingView:
    sent: list[float] = []
    for events, at in schedule.sent:
        sent += [round(at, 6)] * (events - len(sent))
    text = None if schedule.content is None else schedule.content.decode("utf-8", "backslashreplace")
    return TimingView([round(due, 6) for due in schedule.planned], sent, text)


def _bases(service: Service, basis: Basis) -> Iterator[BasisView]:
    for grade, names in basis.names.items():
        for name in names:
            claim = service.api.claims.get(name)
            says, inferred = ("", "") if claim is None else (claim.says, claim.inferred or "")
            yield BasisView(grade, name, says, inferred)
