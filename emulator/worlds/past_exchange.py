"""Past exchanges as an explanation looks at them: with the context of the request, as far as the journal has it, and
with the parts of the playbook that the exchanges of another process only name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import copy

from msgspec.structs import replace

from emulator.engine.authenticate import make_caller
from emulator.engine.context import Context, Service
from emulator.engine.validate import check_form, read_form
from emulator.errors import ApiError
from emulator.http.exchange import PLAN, SCHEMA, Exchange
from emulator.http.request import Caller, Request
from emulator.playbook.apis import Operation, Playbook
from emulator.playbook.limits import Limit, TierPlan
from emulator.store.limits import Allowance
from emulator.store.masking import mask_key
from emulator.store.passed_over import operation_of
from emulator.worlds.world import World


def completed(exchange: Exchange, world: World) -> Exchange:
    """Returns an exchange that another process has answered with the parts of this one's playbook that it names: the
    caller's plan, what refused the request, and the limits. Parts that no longer exist are left out."""
    plan, decided, allowance = exchange.plan, exchange.decided, exchange.allowance
    if not isinstance(plan, str) and (decided is None or not isinstance(decided.part, str)):
        return exchange
    operation = operation_of(exchange, world.playbook)
    service = world.pipeline.services.get(exchange.api) or nearest_service(world, exchange)
    context = context_of(service, operation, exchange, world.playbook)
    found = copy(exchange)
    if isinstance(plan, str):
        found.plan = _plan(plan, caller_of(exchange, context), service)
    if decided is not None:
        found.decided = replace(decided, part=_part(str(decided.part), found.plan, context))
    if allowance is not None and found.plan is not None:
        found.allowance = _with_limits(allowance, found.plan.limits)
    return found


def _plan(name: str, caller: Caller | None, service: Service) -> TierPlan | None:
    """Returns the plan of this name, with the budget of the caller's own key."""
    if caller is not None and caller.plan.name == name:
        plan: TierPlan = caller.plan
        return plan
    return service.api.tiers.get(name)


def _with_limits(allowance: Allowance, limits: Sequence[Limit]) -> Allowance:
    """Returns an allowance with those of these limits whose counters it shows: the plan may have others by now."""
    stands = dict(zip(allowance.charged, allowance.stands, strict=True))
    shown = stands or allowance.states
    kept = [limit for limit in limits if limit.name in shown]
    return replace(allowance, limits=kept, stands=[stands[limit.name] for limit in kept if stands])


def _part(name: str, plan: TierPlan | None, context: Context) -> object:
    """Returns the part of the playbook that refused a request, by its name."""
    operation = context.operation
    if name == PLAN or operation is None:
        return plan if name == PLAN else None
    if name != SCHEMA:
        return next((check for check in operation.checks if str(check.place) == name), None)
    try:
        check_form(context, operation, read_form(context, operation))
    except ApiError as error:
        if error.decided_by is not None:
            return error.decided_by
    return operation.request or operation.query  # the journal has cut what was wrong


def nearest_service(world: World, exchange: Exchange) -> Service:
    """Returns the API that refuses a request which leads to none of its operations."""
    return world.pipeline.services[world.playbook.router.nearest_api(_host(exchange), exchange.path)]


def _host(exchange: Exchange) -> str:
    return _authority(exchange).partition(":")[0].lower()


def _authority(exchange: Exchange) -> str:
    """Returns the host of a request with its port, as its header says it."""
    return next((line for name, line in exchange.headers if name.lower() == b"host"), b"").decode("latin-1")


def caller_of(exchange: Exchange, context: Context) -> Caller | None:
    """Returns the caller of an exchange, whose key the journal has masked: who has such a key in such a workspace."""
    service = context.service
    if not exchange.caller:
        return None
    for plan in service.api.credentials:
        for key, record in service.records[plan.collection].items():
            if mask_key(key) == exchange.caller and record["workspace"] == exchange.workspace:
                return make_caller(context, key, record)
    unknown = service.api.unknown
    if unknown is None:
        return None
    record = {"workspace": exchange.workspace, "tier": unknown.tier, "data": unknown.data}
    return make_caller(context, exchange.caller, record)


def context_of(service: Service, operation: Operation | None, exchange: Exchange, playbook: Playbook) -> Context:
    """Returns the context of the request as far as the journal has it, secrets masked."""
    fields = {name.lower(): value for name, value in exchange.headers}
    host, authority = _host(exchange), _authority(exchange)
    request = Request(exchange.method, exchange.path, exchange.query, fields, host, "http", authority, exchange.body)
    request.origin = f"http://{authority}"
    found = playbook.router.find(exchange.method, host, exchange.path)
    request.params = {} if found is None else found.params
    context = Context(service, request, operation)
    if operation is not None:
        with suppress(ApiError):
            check_form(context, operation, read_form(context, operation))
    return context


def context_of_rules(service: Service, operation: Operation | None, exchange: Exchange, playbook: Playbook) -> Context:
    """Returns the context with what rules are compared with besides: the caller, its allowance, and the time."""
    context = context_of(service, operation, exchange, playbook)
    context.caller, context.allowance, context.number = (
        caller_of(exchange, context),
        exchange.allowance,
        exchange.number,
    )
    context["now"] = exchange.at
    return context
