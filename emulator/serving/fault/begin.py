"""Beginning: which faults go with a job that a request starts, and with a token that it makes."""

from __future__ import annotations

from random import Random

from emulator.serving.expiry import token_collections
from emulator.serving.fault.fault import Family
from emulator.serving.fault.job import JobFault
from emulator.serving.fault.token import TokenFault
from emulator.serving.fault.webhook import WebhookFault
from emulator.serving.scope import Scope

OF_JOBS: frozenset[Family] = frozenset(("job", "webhook"))


def job_faults(scope: Scope) -> tuple[JobFault | WebhookFault, ...]:
    """Those of the request, and those that are armed: for these a job that starts is what they wait for."""
    armed, operation = scope.site.world.armed, scope.operation
    found = scope.faults
    if armed.orders and operation is not None:
        key = scope.caller.key if scope.caller is not None else None
        chance = Random(f"{scope.site.world.root}/{scope.number}/started")
        found += armed.pick(operation.name, operation.api, key, scope["now"], chance, OF_JOBS)
    return tuple(each for each in found if isinstance(each, JobFault | WebhookFault))


def spoil_token(scope: Scope, collection: str, token: str) -> None:
    """Let the faults of the request on tokens have their way with a record that it put into a collection."""
    if scope.faults and collection in token_collections(scope.site):
        for fault in scope.faults:
            if isinstance(fault, TokenFault):
                fault.issue(scope.site, token)
