"""The reach of a fault: which operations set off what it goes wrong with (a job, a webhook, a token), and which of the
API's names it can speak of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import fields

from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook import Api, Operation

KEYS = "keys"  # the collection whose credentials are no tokens
OperationOfApi = tuple[Api, Operation]


def spots(apis: Iterable[Api]) -> list[OperationOfApi]:
    """Every operation, with its API."""
    return [(api, operation) for api in apis for operation in api.operations.values()]


def out_of_reach(fault: Any, where: Collection[OperationOfApi], everywhere: Iterable[OperationOfApi]) -> str | None:
    """Why the fault could never play on these operations, and which ones it could play on; None when it could."""
    found = _SETS_OFF.get(fault.family)
    if found is None:
        return None
    sets_off, what = found
    if any(sets_off(*spot) for spot in where):
        return None
    able = dict.fromkeys(operation.name for api, operation in everywhere if sets_off(api, operation))
    return f"the fault {fault.name} would never play: no operation here {what}; {did_you_mean('', able)}"


def unknown_name(fault: Any, where: Iterable[OperationOfApi]) -> str | None:
    """What in the fault stands for nothing in any of these operations, and what could be meant; None when all is known.

    A value that the fault has without being told is not asked about, nor are states where no job is started.
    """
    spots = list(where)
    for field, what in fault.refers.items():
        value, known = getattr(fault, field), dict.fromkeys(name for spot in spots for name in _KNOWN[what](*spot))
        if known and value not in known and value != _default(fault, field):
            return f"fault {fault.name}: {field}: no {what} here is called {value!r}; {did_you_mean(value, known)}"
    return None


def _default(fault: Any, field: str) -> Any:
    return next(each.default for each in fields(fault) if each.name == field)


def _errors(api: Api, operation: Operation) -> Iterator[str]:
    yield from api.errors
    yield from operation.errors


def _states(api: Api, operation: Operation) -> Iterator[str]:
    return (state for kind in _targets("start", operation) if kind in api.jobs for state in api.jobs[kind].timeline)


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


_KNOWN: Mapping[str, Callable[[Api, Operation], Iterator[str]]] = {"error": _errors, "state": _states}
_SETS_OFF: Mapping[str, tuple[Callable[[Api, Operation], bool], str]] = {
    "job": (_starts_job, "starts a job"),
    "webhook": (_sends_webhook, "starts a job whose end a webhook tells"),
    "token": (_has_token, "takes a credential or issues a token"),
}
