"""Traces what became of each rule of an operation, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.engine.context import Context
from emulator.engine.near_misses import NoRule, described
from emulator.engine.pipeline import Decision
from emulator.http.exchange import Exchange
from emulator.playbook.apis import Operation
from emulator.playbook.model import Rule
from emulator.playbook.rules import Miss, miss
from emulator.worlds.explained import Outcome, Source, TracedRule

GIVEN = ("now", "body", "query")  # names that a context has before a rule is chosen


def trace_decision(decision: Decision) -> list[TracedRule]:
    """Returns what became of each rule, before the steps of the one that answers are taken."""
    context, operation = decision.context, decision.context.operation
    if operation is None:
        return []
    chosen = decision.rule or decision.chosen
    refusal = decision.refusal
    unmatched = refusal is not None and isinstance(refusal.error, NoRule)
    reached = chosen is not None or unmatched or decision.lost
    before = Context(context.service, context.request, operation)  # what the rules saw: the chosen one adds names
    before.update({name: context[name] for name in GIVEN if name in context})
    before.caller, before.allowance, before.number = context.caller, context.allowance, context.number
    outcome: Outcome = "answered" if decision.rule is not None else "would have answered"
    return _trace(operation, before, reached, "" if chosen is None else chosen.id, outcome)


def trace_exchange(
    operation: Operation, exchange: Exchange, context: Context, is_canned: bool = False
) -> list[TracedRule]:
    """Returns what became of each rule in an exchange; what did not answer is compared with how things are now.

    If the answer `is_canned`, the exchange names that instead of the rule which gave it.
    """
    known = {each.id for rule in operation.rules.rules for each in (rule, *rule.each)}
    reached = bool(exchange.rule or exchange.near_misses or exchange.faults)
    if exchange.rule in known:
        return _trace(operation, context, reached, exchange.rule, "answered")
    refused = bool(exchange.faults) and not exchange.rule
    otherwise: Outcome = "answered" if is_canned else "would have answered" if refused else "matches now"
    return _trace(operation, context, reached, "", otherwise)


def _trace(operation: Operation, context: Context, reached: bool, chosen: str, outcome: Outcome) -> list[TracedRule]:
    """Returns the rules; `chosen` is the id of the one with that `outcome`, empty for the first that matches."""
    found = list(_outcomes(operation, context, reached, chosen, outcome))
    near = iter(described([missed for _, _, missed in found if missed is not None], context))  # it masks secrets: once
    traced = []
    for at, (rule, became, missed) in enumerate(found):
        differences = () if missed is None else next(near).differences
        source: Source = "api" if at >= operation.rules.before else "scenario"
        names = tuple(plan.name for plan in rule.faults)
        traced.append(TracedRule(rule.name, rule.place.file, rule.place.line, source, became, names, differences))
    return traced


def _outcomes(
    operation: Operation, context: Context, reached: bool, chosen: str, outcome: Outcome
) -> Iterator[tuple[Rule, Outcome, Miss | None]]:
    """Yields what became of each rule, and what kept it from matching."""
    counted = context.service.state.store.counters.value
    over, shaped = not reached, True
    for at, rule in enumerate(operation.rules.rules):
        if over and (shaped or at < operation.rules.before):
            yield rule, "never reached", None
            continue
        if not over and chosen and any(each.id == chosen for each in (rule, *rule.each)):
            over, shaped = True, rule.answer is None
            yield rule, outcome, None
            continue
        missed = miss(rule, context, counted)
        if missed.differences or missed.held:
            yield rule, "differs", missed
        elif over:
            shaped = True
            yield rule, "gave the reply", None
        elif rule.is_fault:
            yield rule, "added its fault", None
        elif chosen:
            yield rule, "matches now", None
        else:
            over, shaped = True, rule.answer is None
            yield rule, outcome, None
