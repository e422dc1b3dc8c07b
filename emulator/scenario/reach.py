"""The reach of a fault: which operations set off what it goes wrong with, when that is a job, a webhook or a token."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from emulator.scenario.playbook import Api, Operation
from emulator.scenario.suggest import did_you_mean

KEYS = "keys"  # the collection whose credentials are no tokens
Spot = tuple[Api, Operation]


def spots(apis: Iterable[Api]) -> list[Spot]:
    """Every operation, with its API."""
    return [(api, operation) for api in apis for operation in api.operations.values()]


def out_of_reach(fault: Any, where: Collection[Spot], everywhere: Iterable[Spot]) -> str | None:
    """Why the fault could never play on these operations, and which ones it could play on; None when it could."""
    found = _SETS_OFF.get(fault.family)
    if found is None:
        return None
    sets_off, what = found
    if any(sets_off(*spot) for spot in where):
        return None
    able = dict.fromkeys(operation.name for api, operation in everywhere if sets_off(api, operation))
    return f"the fault {fault.name} would never play: no operation here {what}; {did_you_mean('', able)}"


def _targets(verb: str, operation: Operation) -> Iterator[str]:
    return (step.target for rule in operation.rules.rules for step in rule.steps if step.verb == verb)


def _starts_job(api: Api, operation: Operation) -> bool:
    return any(_targets("start", operation))


def _sends_webhook(api: Api, operation: Operation) -> bool:
    kinds = [api.jobs[kind] for kind in _targets("start", operation) if kind in api.jobs]
    return any(kind.webhook is not None for kind in kinds)


def _has_token(api: Api, operation: Operation) -> bool:
    tokens = {credential.collection for credential in api.credentials} - {KEYS}
    return operation.auth or not tokens.isdisjoint(_targets("put", operation))


_SETS_OFF: Mapping[str, tuple[Callable[[Api, Operation], bool], str]] = {
    "job": (_starts_job, "starts a job"),
    "webhook": (_sends_webhook, "starts a job whose end a webhook tells"),
    "token": (_has_token, "takes a credential or issues a token"),
}
