"""Explanations: why an exchange was answered as it was, worked out from what the journal keeps when somebody asks.

Nothing here is computed for a request: the rule is found by its id, and the provenance from what the exchange shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from emulator.compile.questions import shortened, summary_of
from emulator.engine.context import Context, Service
from emulator.engine.near_misses import described
from emulator.engine.provenance import Basis, provenance_of
from emulator.errors import EmulatorError
from emulator.http.exchange import Exchange
from emulator.http.reply import Reply, StreamTiming
from emulator.playbook.apis import Operation
from emulator.playbook.expectations import ListedRule
from emulator.playbook.json_schema import Schema
from emulator.playbook.limits import Spends, TierPlan
from emulator.playbook.model import CheckPlan, Rule
from emulator.playbook.rules import Miss
from emulator.store.limits import Allowance
from emulator.store.masking import MASKED, mask_key
from emulator.store.passed_over import operation_of, passed_over
from emulator.store.tokens import KEYS
from emulator.store.views import FIELDS
from emulator.verdict.coverage import Usage
from emulator.worlds.explained import (
    BasisView,
    CallerView,
    ChargeView,
    ChosenWorld,
    Explanation,
    ReplyView,
    RuleView,
    TimingView,
    TracedRule,
)
from emulator.worlds.past_exchange import completed, context_of, context_of_rules, nearest_service
from emulator.worlds.rule_trace import trace_exchange
from emulator.worlds.spending import spending
from emulator.worlds.world import World

HINT = "x-emulator-hint"


def explain(exchange: Exchange, world: World) -> Explanation:
    """Returns why an exchange of a world was answered as it was, by the playbook that the world plays now."""
    exchange = completed(exchange, world)
    rules = compared(exchange, world)
    notes = _notes(exchange, operation_of(exchange, world.playbook), rules, _canned(exchange, world))
    return explained(exchange, world, "the exchange is in its journal", rules, notes)


def compared(exchange: Exchange, world: World) -> list[TracedRule]:
    """Returns what became of each rule in an exchange of a world, as far as can be said now."""
    operation, service = operation_of(exchange, world.playbook), world.pipeline.services.get(exchange.api)
    if operation is None or service is None:
        return []
    exchange = completed(exchange, world)
    context = context_of_rules(service, operation, exchange, world.playbook)
    return trace_exchange(operation, exchange, context, bool(_canned(exchange, world)))


def explained(
    exchange: Exchange,
    world: World,
    reason: str,
    rules: list[TracedRule],
    notes: list[str],
    reply: ReplyView | None = None,
) -> Explanation:
    """Returns what is said of an exchange in a world that was chosen for this `reason`; `rules` are its traced ones."""
    operation = operation_of(exchange, world.playbook)
    own = () if operation is None else operation.rules.rules
    rule = next((each for rule in own for each in (rule, *rule.each) if each.id == exchange.rule), None)
    service = world.pipeline.services.get(exchange.api)
    answering = service or nearest_service(world, exchange)
    tier = exchange.plan
    prompt, basis = _grounds(exchange, world, answering, operation, rule, tier)
    return Explanation(
        number=exchange.number,
        method=exchange.method,
        path=exchange.path,
        world=ChosenWorld(world.name, reason),
        api=exchange.api,
        operation=exchange.operation,
        caller=_caller(exchange, answering, operation, tier),
        checks=_checks(exchange, operation, rules),
        status=exchange.status,
        error=exchange.error,
        hint=FIELDS["reply_headers"](exchange).get(HINT, ""),
        faults=list(exchange.faults),
        rules=rules,
        passed_over=passed_over(exchange, world.playbook),
        reply=reply,
        notes=notes,
        answer=_canned(exchange, world),
        rule=None if rule is None else RuleView(rule.name, rule.place.file, rule.place.line),
        decided_by=_decider(exchange),
        plan="" if tier is None else tier.name,
        limits=list(_charges(exchange)),
        timing=None if exchange.schedule is None else _timing(exchange.schedule),
        spent={} if service is None else spending(service, exchange),
        prompt=prompt,
        route=None if basis is None else basis.route,
        provenance=[] if basis is None else list(_bases(answering, basis)),
    )


def _grounds(
    exchange: Exchange,
    world: World,
    answering: Service,
    operation: Operation | None,
    rule: Rule | None,
    tier: TierPlan | None,
) -> tuple[str, Basis | None]:
    """Returns the prompt that was replied to, and what the response rests on."""
    prompt = ""
    context = context_of(answering, operation, exchange, world.playbook)
    if operation is not None:
        prompt = _prompt(context, operation)
        context.pop("prompt", None)  # it would count as used
        if exchange.decided is None and operation.answer is not None and rule is not None and _is_own(rule, operation):
            context["answer"] = ""  # what was generated is named by its claims, whatever it was
    if operation is None and exchange.decided is None:
        return prompt, None
    reply = Reply(exchange.status, [], exchange.reply_body)
    unknown = _is_unknown(answering, operation, exchange)
    return prompt, provenance_of(context, rule, reply, exchange.decided, tier, unknown)


def _canned(exchange: Exchange, world: World) -> str:
    """Returns the id of the canned answer that was given, of a scenario or of the world; empty when none was."""
    operation, service = operation_of(exchange, world.playbook), world.pipeline.services.get(exchange.api)
    if operation is None or service is None or operation.answer is None:
        return ""
    canned = service.api.answers[operation.answer].canned
    known = {each.id for each in (*world.pipeline.answers.added, *(() if canned is None else canned.answers))}
    return exchange.rule if exchange.rule in known else ""


def _notes(exchange: Exchange, operation: Operation | None, rules: list[TracedRule], answer: str) -> list[str]:
    """Returns what an explanation of the past can't know."""
    notes = []
    if operation is not None:
        notes.append("rules that did not answer are compared with their counters as they are now, not as they were")
        if any(MASKED in each.found for rule in rules for each in rule.differences):
            notes.append("the journal masks secrets: a rule that looks at one may seem to differ")
        if exchange.rule != answer and not any(
            each.id == exchange.rule for rule in operation.rules.rules for each in (rule, *rule.each)
        ):
            notes.append(f"{exchange.rule} answered, and is played no more")
    if exchange.cut:
        notes.append(
            "the journal has cut this exchange: fields beyond the cut count as missing, and the provenance lacks what "
            "they rest on"
        )
    return notes


def _caller(
    exchange: Exchange, service: Service, operation: Operation | None, tier: TierPlan | None
) -> CallerView | None:
    if not exchange.caller:
        return None
    known = not _is_unknown(service, operation, exchange)
    return CallerView(exchange.caller, exchange.workspace, "" if tier is None else tier.name, known)


def _checks(exchange: Exchange, operation: Operation | None, rules: list[TracedRule]) -> str:
    """Returns whether what a request says was accepted, in words."""
    if operation is None:
        return ""
    part = None if exchange.decided is None else exchange.decided.part
    if isinstance(part, (CheckPlan, Schema)):
        return f"refused by {_decider(exchange)}"
    if isinstance(part, TierPlan) or any(each.outcome != "never reached" for each in rules):
        return "passed"
    return "not reached: no key was accepted" if operation.auth and not exchange.caller else "refused"


def _prompt(context: Context, operation: Operation) -> str:
    """Returns what the operation replies to; empty if it generates nothing, or the request has no prompt."""
    if operation.answer is None:
        return ""
    try:
        return str(context["prompt"]["text"])
    except (EmulatorError, KeyError, TypeError):
        return ""


def _is_unknown(service: Service, operation: Operation | None, exchange: Exchange) -> bool:
    """Whether a caller was let in with a key that its API does not know, as far as the masked key tells."""
    if operation is None or not operation.auth or not exchange.caller or service.api.unknown is None:
        return False
    return exchange.caller not in {mask_key(key) for key, _ in service.records[KEYS].items()}


def _is_own(rule: Rule, operation: Operation) -> bool:
    """Whether a rule is the API file's, not a scenario's: those generate what they answer."""
    return rule.place.file == operation.place.file


def _decider(exchange: Exchange) -> str:
    """Returns what refused a request, in words; empty when nothing did or no part of the playbook is to name."""
    decided = exchange.decided
    if decided is None:
        return ""
    part = decided.part
    if isinstance(part, CheckPlan):
        return f"the check at {part.place}"
    if isinstance(part, TierPlan):
        if decided.kind != "payment_required" or exchange.allowance is None:
            return f"the limits of the plan {part.name}"
        states = exchange.allowance.states
        budgets = [each for each in exchange.allowance.limits if isinstance(each.pace, Spends)]
        spent = [each for each in budgets if not states[each.name]["remaining"]]
        if not spent:  # the plan has no such budget any more
            return f"a budget of {decided.counter}"
        return " or ".join(
            f"{'the key' if each.owner else f'the plan {part.name}'}'s budget of {each.name}" for each in spent
        )
    if isinstance(part, Schema):
        return f"the schema of the request, at {decided.param}" if decided.param else "the schema of the request"
    return ""


def _charges(exchange: Exchange) -> Iterator[ChargeView]:
    allowance: Allowance | None = exchange.allowance
    if allowance is None:
        return
    refused = exchange.decided is not None and isinstance(exchange.decided.part, TierPlan)
    for limit in allowance.limits:
        state, charged = allowance.states[limit.name], limit.shown(allowance.charged.get(limit.name, 0))
        used = state["used"]
        spent = refused and not state["remaining"]
        before = max(0, used - charged) if limit.parts == 1 else max(0.0, round(used - charged, 9))
        yield ChargeView(limit.name, limit.shown(limit.amount), before, charged, used, state["reset"], spent)


def _timing(schedule: StreamTiming) -> TimingView:
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


MAX_COMPARED = 50  # exchanges that are compared with a rule
MAX_IDLE = 50  # rules that are compared with exchanges


def nearest_to_idle(usage: Usage, world: World) -> dict[str, str]:
    """Returns, by id, which request was nearest to each of the first rules that have not answered."""
    nearest = NearestRequest(world)
    return {id: nearest(rule) for id, rule in islice(usage.idle, MAX_IDLE)}


class NearestRequest:
    """Says which of the last requests was nearest to a rule; what is compared is collected once for all rules."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._exchanges = list(world.state.journal)[::-1]
        self._last: dict[frozenset[tuple[str, str]], list[Exchange]] = {}
        self._contexts: dict[int, Context] = {}

    def __call__(self, rule: ListedRule) -> str:
        """Returns the request and what kept the rule from answering it; empty if none came to its operations."""
        exchanges = self._last_of(rule.operations)
        if not exchanges:
            return ""
        found: list[tuple[Miss, Exchange]] = []
        for exchange in exchanges:
            operation = operation_of(exchange, self._world.playbook)
            compiled = None if operation is None else operation.rules.by_place.get(rule.place)
            if compiled is not None:
                differences = compiled.matcher.differences(self.context_of(exchange, operation))
                found.append((Miss(compiled, tuple(differences)), exchange))
        nearest = sorted(found, key=lambda each: len(each[0].differences))[:1]
        exchange = nearest[0][1] if nearest else exchanges[-1]
        near = [each for missed, of in nearest for each in described([missed], self._contexts[of.number])]  # no secrets
        about = (
            "; ".join(shortened(each) for miss in near for each in miss.differences)
            or "another rule answered, or a counter kept it back"
        )
        return f"nearest is {summary_of(exchange)}: {about}"

    def _last_of(self, operations: frozenset[tuple[str, str]]) -> list[Exchange]:
        """Returns the last exchanges of some operations, oldest first."""
        found = self._last.get(operations)
        if found is None:
            fitting = (each for each in self._exchanges if (each.api, each.operation) in operations)
            found = self._last[operations] = list(islice(fitting, MAX_COMPARED))[::-1]
        return found

    def context_of(self, exchange: Exchange, operation: Operation | None) -> Context:
        context = self._contexts.get(exchange.number)
        if context is None:
            service = self._world.pipeline.services[exchange.api]
            context = context_of_rules(service, operation, completed(exchange, self._world), self._world.playbook)
            self._contexts[exchange.number] = context
        return context
