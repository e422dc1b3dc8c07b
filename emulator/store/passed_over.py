"""Rules of scenarios that a request was not answered by, because one of the API's own rules fitted and they did not."""

from __future__ import annotations

from emulator.http.exchange import Exchange
from emulator.playbook.apis import Operation, Playbook
from emulator.playbook.model import Rule


def passed_over(exchange: Exchange, playbook: Playbook) -> int:
    """Returns how many rules of scenarios stood before the API's own rule that answered; 0 when another answered."""
    operation = operation_of(exchange, playbook)
    if operation is None or not operation.rules.before or exchange.rule not in operation.rules.own_ids:
        return 0
    return sum(not _played(rule, exchange) for rule in operation.rules.rules[: operation.rules.before])


def operation_of(exchange: Exchange, playbook: Playbook) -> Operation | None:
    """Returns the operation of an exchange; None when it has none, or none that is served."""
    api = playbook.apis.get(exchange.api)
    return None if api is None else api.operations.get(exchange.operation)


def _played(rule: Rule, exchange: Exchange) -> bool:
    """Whether a rule has added its fault, as far as the names of those that played tell."""
    return rule.is_fault and all(plan.name in exchange.faults for plan in rule.faults)
