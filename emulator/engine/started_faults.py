"""Beginning: which faults go with a job that a request starts, and with a token that it makes."""

from __future__ import annotations

from random import Random

from emulator.engine.context import Context
from emulator.faults.base import Family
from emulator.faults.credentials import TokenFault
from emulator.faults.jobs import JobFault
from emulator.faults.webhooks import WebhookFault
from emulator.store.tokens import token_collections

OF_JOBS: frozenset[Family] = frozenset(("job", "webhook"))


def job_faults(context: Context) -> tuple[JobFault | WebhookFault, ...]:
    """Those of the request, and those that are armed: for these a job that starts is what they wait for."""
    armed, operation = context.service.state.armed, context.operation
    found = context.faults
    if armed.orders and operation is not None:
        key = context.caller.key if context.caller is not None else None
        chance = Random(f"{context.service.state.root}/{context.number}/started")
        found += armed.pick(operation.name, operation.api, key, context["now"], chance, OF_JOBS)
    return tuple(each for each in found if isinstance(each, JobFault | WebhookFault))


def apply_token_faults(context: Context, collection: str, token: str) -> None:
    """Let the faults of the request on tokens have their way with a record that it put into a collection."""
    if context.faults and collection in token_collections(context.service):
        for fault in context.faults:
            if isinstance(fault, TokenFault):
                fault.issue(context.service, token)
