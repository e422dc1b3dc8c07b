"""Finds expectations that can never be met: of a status that no rule, error or fault of their operations gives."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.compile.questions import Question
from emulator.errors import Diagnostic
from emulator.playbook.apis import Playbook
from emulator.playbook.expectations import Expectation, Selection
from emulator.playbook.matching import FieldCheck
from emulator.playbook.operators import field_test

STATUS = ("status", "reply.status")
NO_RESPONSE = 0  # the status of an exchange whose client left first


def unmeetable(playbook: Playbook) -> Iterator[Diagnostic]:
    """Yields a diagnostic for each expectation that no client can meet, whatever it sends."""
    for expectation in playbook.expectations:
        for asked in expectation.asked if _needs_requests(expectation) else ():
            statuses = _statuses(playbook, asked)
            for wanted in _wanted(asked) if statuses is not None else ():
                if not any(map(field_test(wanted.operand), statuses or ())):
                    reason = f"{asked.text} never comes: no rule, error or fault there gives such a {wanted.field}"
                    known = ", ".join(str(each) for each in sorted(statuses or ()) if each != NO_RESPONSE)
                    yield Diagnostic(expectation.place, f"{reason}; there are {known}")


def _needs_requests(expectation: Expectation) -> bool:
    """Whether it is not met as long as nothing comes."""
    return expectation.kind == "in_order" or (expectation.times is not None and expectation.times.missing(0))


def _wanted(asked: Selection) -> Iterator[FieldCheck]:
    if isinstance(asked.condition, Question):
        for check in asked.condition.matcher.checks:
            if isinstance(check, FieldCheck) and check.query is None and check.field in STATUS:
                yield check


def _statuses(playbook: Playbook, asked: Selection) -> set[int] | None:
    """Returns the statuses that the operations can answer with; None where a template gives one."""
    found: set[int | None] = {NO_RESPONSE}
    for name, api in playbook.apis.items():
        operations = [each for each in api.operations if asked.operations is None or (name, each) in asked.operations]
        found |= {each.status if isinstance(each.status, int) else None for each in api.errors.values() if operations}
        for rule in (rule for each in operations for rule in api.operations[each].rules.rules):
            replies = [each.reply for each in rule.each if each.reply is not None and each.reply.error is None]
            found |= {reply.status if isinstance(reply.status, int) else None for reply in replies}
            found |= {getattr(plan.fault, "status", NO_RESPONSE) or NO_RESPONSE for plan in rule.faults}
            if any("status" in each.reply.data for each in rule.each if each.reply is not None):
                return None
    return None if None in found else {each for each in found if each is not None}
