"""Traces what became of each rule of an operation, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.engine.context import Context
from emulator.engine.near_misses import NoRule, described
from emulator.engine.pipeline import Decision
from emulator.http import Differing, Exchange
from emulator.playbook import Operation
from emulator.playbook.model import Rule
from emulator.playbook.rules import Miss, miss
from emulator.worlds.explained import Outcome, TracedRule

GIVEN = ("now", "body", "query")  # names that a context has before a rule is chosen


def trace_decision(decision: Decision) -> list[TracedRule]:
    """Returns what became of each rule, before the steps of the one that answers are taken."""
    context, operation = decision.context, decision.context.operation
    if operation is None:
        return []
    chosen = decision.rule or decision.chosen
    refusal = decision.refusal
    reached = chosen is not None or (refusal is not None and isinstance(refusal.error, NoRule))
    before = Context(context.service, context.request, operation)  # what the rules saw: the chosen one adds names
    before.update({name: context[name] for name in GIVEN if name in context})
    before.caller, before.allowance, before.number = context.caller, context.allowance, context.number
    outcome: Outcome = "answered" if decision.rule is not None else "would have answered"
    return list(_trace(operation, before, reached, "" if chosen is None else chosen.id, outcome))


def trace_exchange(operation: Operation, exchange: Exchange, context: Context) -> list[TracedRule]:
    """Returns what became of each rule in an exchange; what did not answer is compared with how things are now."""
    known = {each.id for rule in operation.rules.rules for each in (rule, *rule.each)}
    reached = bool(exchange.rule or exchange.near_misses or exchange.faults)
    if exchange.rule in known:
        return list(_trace(operation, context, reached, exchange.rule, "answered"))
    otherwise: Outcome = "would have answered" if exchange.faults and not exchange.rule else "matches now"
    return list(_trace(operation, context, reached, "", otherwise))


def _trace(
    operation: Operation, context: Context, reached: bool, chosen: str, outcome: Outcome
) -> Iterator[TracedRule]:
    """Yields the rules; `chosen` is the id of the one with that `outcome`, empty for the first that matches."""
    counted = context.service.state.store.counters.value
    over, shaped = not reached, True
    for at, rule in enumerate(operation.rules.rules):
        own = at >= operation.rules.before
        if over and (shaped or not own):
            yield _traced(rule, own, "never reached")
            continue
        if not over and chosen and any(each.id == chosen for each in (rule, *rule.each)):
            over, shaped = True, rule.answer is None
            yield _traced(rule, own, outcome)
            continue
        difference = miss(rule, context, counted)
        if difference.differences or difference.held:
            yield _traced(rule, own, "differs", context, difference)
        elif over:
            shaped = True
            yield _traced(rule, own, "gave the reply")
        elif rule.is_fault:
            yield _traced(rule, own, "added its fault")
        elif chosen:
            yield _traced(rule, own, "matches now")
        else:
            over, shaped = True, rule.answer is None
            yield _traced(rule, own, outcome)


def _traced(
    rule: Rule, own: bool, outcome: Outcome, context: Context | None = None, difference: Miss | None = None
) -> TracedRule:
    names = tuple(plan.name for plan in rule.faults)
    differences: tuple[Differing, ...] = ()
    if context is not None and difference is not None:
        (near,) = described([difference], context)
        differences = near.differences
    place = rule.place
    return TracedRule(rule.name, place.file, place.line, "api" if own else "scenario", outcome, names, differences)
