"""Fault targets: which operations a fault can apply to (they generate an answer, stream, start a job, send a webhook,
take a token), and which of the API's names its parameters may use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import fields

from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.apis import Api, Operation
from emulator.playbook.model import JobPlan

KEYS = "keys"  # the collection whose credentials are not tokens
OperationOfApi = tuple[Api, Operation]


def spots(apis: Iterable[Api]) -> list[OperationOfApi]:
    """Returns every operation with its API."""
    return [(api, operation) for api in apis for operation in api.operations.values()]


def out_of_reach(fault: Any, where: Collection[OperationOfApi], everywhere: Iterable[OperationOfApi]) -> str | None:
    """Returns why the fault can never apply to these operations, and which ones it can apply to; None when it can."""
    effect = _EFFECTS.get(fault.family)
    if effect is None:
        return None
    causes, description = effect
    if any(causes(*spot) for spot in where):
        return None
    able = dict.fromkeys(operation.name for api, operation in everywhere if causes(api, operation))
    return f"the fault {fault.name} would never apply: no operation here {description}; {did_you_mean('', able)}"


def unknown_name(fault: Any, where: Iterable[OperationOfApi]) -> str | None:
    """Returns which name in the fault none of these operations knows, with a suggestion; None when all are known.

    Defaults of the fault are not checked, nor are states where no job is started.
    """
    spots = list(where)
    for field, what in fault.refers.items():
        value, known = getattr(fault, field), dict.fromkeys(name for spot in spots for name in _KNOWN[what](*spot))
        if known and value not in known and value != _default(fault, field):
            return f"fault {fault.name}: {field}: unknown {what} {value!r}; {did_you_mean(value, known)}"
    return None


def contradiction(fault: Any, api: Api) -> str | None:
    """Returns what is wrong with a fault that names an error of an API beside a status of another one, or of another
    kind of failure; None when nothing is."""
    error, status = getattr(fault, "error", None) or "", getattr(fault, "status", None)
    known = api.errors[error].status if error in api.errors else None
    if status is None or not isinstance(known, int) or known == status:
        return None
    others = [kind for kind, each in api.errors.items() if each.status == status]
    if not others and known // 100 == status // 100:
        return None
    text = f"the error {error!r} has the status {known}, and not {status}; leave `status` out"
    return text + (f", or name the error {others[0]!r}" if others else "")


def _default(fault: Any, field: str) -> Any:
    return next(each.default for each in fields(fault) if each.name == field)


def _errors(api: Api, operation: Operation) -> Iterator[str]:
    yield from api.errors
    yield from operation.errors


def _jobs(api: Api, operation: Operation) -> Iterator[JobPlan]:
    return (api.jobs[kind] for kind in _targets("start", operation) if kind in api.jobs)


def _states(api: Api, operation: Operation) -> Iterator[str]:
    return (state for kind in _jobs(api, operation) for state in kind.timeline.states)


def _final_states(api: Api, operation: Operation) -> Iterator[str]:
    for kind in _jobs(api, operation):
        yield kind.failed
        yield from () if kind.cancel is None else (kind.cancel.end,)
        yield kind.timeline.end


def _targets(verb: str, operation: Operation) -> Iterator[str]:
    return (step.target for rule in operation.rules.rules for step in rule.steps if step.verb == verb)


def _generates(api: Api, operation: Operation) -> bool:
    return operation.answer is not None


def _streams(api: Api, operation: Operation) -> bool:
    replies = (each.reply for rule in operation.rules.rules for each in rule.each)
    return any(reply is not None and reply.events is not None for reply in replies)


def _starts_job(api: Api, operation: Operation) -> bool:
    return any(_targets("start", operation))


def _sends_webhook(api: Api, operation: Operation) -> bool:
    return any(kind.webhook is not None for kind in _jobs(api, operation))


def _has_token(api: Api, operation: Operation) -> bool:
    tokens = {credential.collection for credential in api.credentials} - {KEYS}
    return operation.auth or not tokens.isdisjoint(_targets("put", operation))


_KNOWN: Mapping[str, Callable[[Api, Operation], Iterator[str]]] = {
    "error": _errors,
    "state": _states,
    "final state": _final_states,
}
_EFFECTS: Mapping[str, tuple[Callable[[Api, Operation], bool], str]] = {
    "content": (_generates, "generates an answer"),
    "stream": (_streams, "streams"),
    "job": (_starts_job, "starts a job"),
    "webhook": (_sends_webhook, "starts a job that sends a webhook"),
    "token": (_has_token, "takes a credential or issues a token"),
}
