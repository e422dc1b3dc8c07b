"""Roles: what each operation is to a client, read from its rules: it starts jobs, polls, cancels, issues tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from emulator.playbook.apis import Api, Operation, Playbook
from emulator.playbook.model import JobPlan, StepPlan

# Statuses that say that the same request fails again (RFC 9110 section 15.5, RFC 6585). 408, 409, 423, 425, 429 may
# pass with time, and what no RFC defines is not judged unless the API's `errors` say.
FUTILE = frozenset(
    (400, 401, 402, 403, 404, 405, 406, 410, 411, 412, 413, 414, 415, 416, 417, 422, 426, 428, 431, 501, 505)
)
PLAN = "caller.plan"  # a check that speaks of it refuses what the plan does not include


class Role(Struct, frozen=True):
    """One operation. `batches` are jobs of many items; `polls` are the jobs that it shows;
    `token` is how long a token that it issues lives; `planned` are (status, param) of the refusals by plan."""

    batches: bool = False
    cancels: bool = False
    polls: tuple[JobPlan, ...] = ()
    token: float | None = None
    planned: frozenset[tuple[int, str]] = frozenset()


NO_ROLE = Role()


class OperationRoles(Struct, frozen=True):
    """The roles of all operations, by (API, name); `retry` is what APIs say of their statuses, by (API, status);
    `bearers` are the headers and schemes that carry tokens, by API."""

    roles: Mapping[tuple[str, str], Role]
    retry: Mapping[tuple[str, int], bool]
    bearers: Mapping[str, tuple[tuple[bytes, str], ...]]

    @classmethod
    def of(cls, playbook: Playbook) -> OperationRoles:
        roles: dict[tuple[str, str], Role] = {}
        retry: dict[tuple[str, int], bool] = {}
        bearers: dict[str, tuple[tuple[bytes, str], ...]] = {}
        for api in playbook.apis.values():
            bearers[api.name] = tuple(
                (each.header.lower().encode(), (each.scheme or "").lower())
                for each in api.credentials
                if each.collection != "keys"
            )
            roles |= {(api.name, name): _role(api, each) for name, each in api.operations.items()}
            retry |= {(api.name, status): may for status, may in _retries(api).items()}
        return cls(roles, retry, bearers)

    def futile(self, api: str, status: int) -> bool:
        """Whether sending the same again can't help."""
        retry = self.retry.get((api, status))
        return status in FUTILE if retry is None else not retry


def _role(api: Api, operation: Operation) -> Role:
    steps = [step for rule in operation.rules.rules for step in rule.steps]
    started = [api.jobs[step.target] for step in steps if step.verb == "start"]
    polls = [kind for kind in api.jobs.values() if kind.polled is not None and kind.polled.by == operation.name]
    return Role(
        batches=any(kind.rows is not None for kind in started),
        cancels=any(step.verb == "cancel" for step in steps),
        polls=tuple(polls),
        token=next(_lifetimes(api, steps), None),
        planned=frozenset(_planned(api, operation)),
    )


def _lifetimes(api: Api, steps: list[StepPlan]) -> Iterator[float]:
    """How long the credentials live that these steps put where callers are looked up."""
    collections = {each.collection for each in api.credentials} - {"keys"}
    return (step.ttl for step in steps if step.verb == "put" and step.target in collections and step.ttl is not None)


def _planned(api: Api, operation: Operation) -> Iterator[tuple[int, str]]:
    """(status, param) of the checks that speak of the caller's plan and refuse a word, not a size."""
    for check in api.file.operations[operation.name].checks:
        kind = api.errors.get(operation.errors.get(check.error, check.error))
        if PLAN in str(check.when) and isinstance(check.param, str) and kind is not None and kind.status == 403:
            yield 403, check.param


def _retries(api: Api) -> dict[int, bool]:
    """What the API says of its statuses; what two kinds of one status say differently is not said."""
    retries: dict[int, set[Any]] = {}
    for kind in api.errors.values():
        if isinstance(kind.status, int) and kind.retry is not None:
            retries.setdefault(kind.status, set()).add(kind.retry)
    return {status: each.pop() for status, each in retries.items() if len(each) == 1}
