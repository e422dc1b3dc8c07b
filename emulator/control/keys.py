"""Keys: how each stands; one more that is like another, for this world alone, so that a client needs nothing else to
be led to it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from emulator.control.about import known_api
from emulator.control.mcp.tool import Tool
from emulator.control.parsing import ControlFailure, unknown
from emulator.control.route import ControlRequest, ControlRoute
from emulator.engine.accounting import counters as counters_of
from emulator.engine.authenticate import identify
from emulator.engine.context import Service
from emulator.errors import ApiError, ConfigError, EmulatorError
from emulator.http.request import Caller
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.schema.api import check_budget
from emulator.store.masking import mask_key
from emulator.worlds.registry import DEFAULT
from emulator.worlds.world import World


class Counter(Struct, frozen=True):
    """One counter; `reset` is the second since the epoch at which its window ends, null for a budget, which never
    comes back."""

    limit: int | float
    remaining: int | float
    used: int | float
    reset: int | None


class KeyRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A key, and the one that it takes after: its tier, its data, and its workspace unless another is named."""

    key: Annotated[str, Meta(min_length=8, max_length=200, pattern=r"^[!-~]+$")]
    like: str
    api: Annotated[str | None, Meta(description="whose key that is, needed only when several APIs know it")] = None
    workspace: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class CreatedKey(Struct, frozen=True):
    """The key, which leads requests to this world."""

    key: str
    api: str
    tier: str
    workspace: str


def make(request: ControlRequest, body: KeyRequest) -> CreatedKey:
    """Create a key modelled on an existing one and bind it to this world (idempotent)."""
    services = request.world.pipeline.services
    known_api(request.world.pipeline.playbook, body.api, "body.api")
    candidates = [
        service
        for name, service in services.items()
        if body.api in (None, name) and body.like in service.records["keys"]
    ]
    if not candidates:
        known = [key for name, service in services.items() if body.api in (None, name) for key in service.api.keys]
        raise ControlFailure(400, f"body.like: no key {mask_key(body.like)}; {did_you_mean(body.like, known)}")
    if len(candidates) > 1:
        names = ", ".join(service.api.name for service in candidates)
        raise ControlFailure(
            400, f"body.api: several APIs have the key {mask_key(body.like)}; expected one of: {names}"
        )
    (service,) = candidates
    keys = service.records["keys"]
    record = {**keys[body.like], "id": body.key}
    record["workspace"] = body.workspace or record["workspace"]
    if keys.get(body.key, record) != record:
        raise ControlFailure(
            409, f"there is a key {mask_key(body.key)} already, which is not like {mask_key(body.like)}"
        )
    if request.world.name != DEFAULT:
        try:
            request.server.worlds.check_key(body.key, request.world.name)
        except EmulatorError as error:
            raise ControlFailure(409, str(error)) from None
        request.state.store.on_commit(partial(request.server.worlds.register, body.key, request.world.name))
    request.world.make_key(service.api.name, body.key, record)
    return CreatedKey(body.key, service.api.name, record["tier"], record["workspace"])


class KeyStanding(Struct, frozen=True):
    """A key of an API, and how its counters stand; `status` is `active` or says why it is refused.

    `masked` is the key as exchanges show it.
    """

    key: str
    masked: str
    api: str
    tier: str
    status: str
    workspace: str
    limits: dict[str, Counter]


class KeysView(Struct, frozen=True):
    """The keys; `tiers` are those that each API has."""

    keys: list[KeyStanding]
    tiers: dict[str, list[str]]


def keys(request: ControlRequest) -> KeysView:
    """The keys that the APIs know in this world, each with its tier and counters."""
    services = request.world.pipeline.services
    return KeysView(list(standing(request.world)), {name: list(each.api.tiers) for name, each in services.items()})


def standing(world: World) -> Iterator[KeyStanding]:
    """Yields how each key that an API knows stands in a world."""
    for name, service in world.pipeline.services.items():
        for key, record in service.records["keys"].items():
            status = record.get("status", "active")
            limits = _view(service, key).limits if status == "active" else {}
            yield KeyStanding(key, mask_key(key), name, record["tier"], status, record["workspace"], limits)


EXAMPLE = {"key": "axp_checkout_2", "like": "axp_test_pro"}
KEY_ROUTES = (
    ControlRoute(
        "GET",
        "/keys",
        keys,
        tool=Tool(
            "list_keys",
            "List the API keys that the emulated APIs know, each with its tier and how much of its limits is used.",
        ),
    ),
    ControlRoute(
        "POST",
        "/keys",
        make,
        status=201,
        example=EXAMPLE,
        refusals=(409,),
        writes=True,
        tool=Tool(
            "create_key",
            "Create an API key modelled on another one and bind it to the world: whoever sends it is led there.",
            effect="adds",
            idempotent=True,
            words={
                "key": "the new key: 8 to 200 printable characters",
                "like": "the key whose tier and data it gets, such as one of list_keys",
                "workspace": "its workspace; by default that of the other key",
            },
        ),
        shared=True,
    ),
)


class LimitsView(Struct, frozen=True):
    """How a key stands with one API; a tier without limits has none."""

    key: str
    api: str
    tier: str
    limits: dict[str, Counter]


class LimitsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`key`: whose; `api`: with which API, needed only when several could be meant."""

    key: str
    api: str | None = None


class TierRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The tier that a key has from its next request on, or its own budget by unit; what is spent stays spent."""

    key: str
    tier: str | None = None
    budget: dict[str, float] | None = None
    api: str | None = None


def limits(request: ControlRequest, query: LimitsQuery) -> LimitsView:
    """A key's limits: how much is used, how much is left, and when each resets."""
    return _view(_service_of(request, query.key, query.api, "query"), query.key)


def put(request: ControlRequest, body: TierRequest) -> LimitsView:
    """Give a key another tier or budget; its counters are kept."""
    if body.tier is None and body.budget is None:
        raise ControlFailure(400, "body: 'tier' or 'budget' is missing")
    for unit, amount in (body.budget or {}).items():
        try:
            check_budget(amount)
        except ValueError as error:
            raise ControlFailure(400, f"body.budget.{unit}: {error}") from None
    service = _service_of(request, body.key, body.api, "body")
    if body.tier is not None and body.tier not in service.api.tiers:
        raise ControlFailure(400, f"body.tier: no tier {body.tier!r}; {did_you_mean(body.tier, service.api.tiers)}")
    tier = body.tier or _caller(service, body.key).tier
    try:
        request.world.set_tier(body.key, tier, service.api.name, body.budget)
    except ConfigError as error:
        raise ControlFailure(400, f"body.{'tier' if body.budget is None else 'budget'}: {error}") from None
    return _view(service, body.key)


def _service_of(request: ControlRequest, key: str, api: str | None, where: str) -> Service:
    """The API that is meant: the one named, or the only one that knows the key, or that welcomes it."""
    services = request.world.pipeline.services
    known_api(request.world.pipeline.playbook, api, f"{where}.api")
    if api is not None:
        return services[api]
    knowing = [service for service in services.values() if key in service.records["keys"]]
    welcoming = [service for service in services.values() if service.api.unknown is not None]
    candidates = knowing or welcoming
    led = None if knowing else request.server.worlds.of_key(key)
    if led is not None and led.name != request.world.name:
        raise ControlFailure(
            400,
            f"{where}.key: no API of the world {request.world.name!r} knows the key {mask_key(key)}, which leads to "
            f"the world {led.name!r}",
            f"ask that world: --world {led.name} in a terminal, ?world={led.name} over HTTP",
        )
    if len(candidates) > 1:
        names = ", ".join(service.api.name for service in candidates)
        reason = "is known to several APIs" if knowing else "is known to no API, and several accept unknown keys"
        raise ControlFailure(400, f"{where}.api: the key {mask_key(key)} {reason}; expected one of: {names}")
    if not candidates:
        raise unknown("key", mask_key(key), "no API knows it, and none welcomes unknown keys")
    return candidates[0]


def _caller(service: Service, key: str) -> Caller:
    try:
        return identify(service.background(), "keys", key)
    except ApiError as error:
        raise ControlFailure(409 if error.kind == "revoked" else 404, error.detail) from None


def _view(service: Service, key: str) -> LimitsView:
    caller = _caller(service, key)
    counters = counters_of(service, caller.subject, caller.plan)
    shown = {
        name: Counter(each["limit"], each["remaining"], each["used"], each["reset"]) for name, each in counters.items()
    }
    return LimitsView(key, service.api.name, caller.tier, shown)


TIER_EXAMPLE = {"key": "axp_test_free", "tier": "pro"}
LIMIT_ROUTES = (
    ControlRoute(
        "GET",
        "/limits",
        limits,
        at={"?key": "axp_test_free"},
        refusals=(404, 409),
        tool=Tool(
            "get_limits",
            "Show the rate limits and budget of one key: how much is used, how much is left, when each resets.",
            words={"key": "whose", "api": "with which API, needed only when several could be meant"},
        ),
    ),
    ControlRoute(
        "PUT",
        "/limits",
        put,
        example=TIER_EXAMPLE,
        refusals=(404, 409),
        writes=True,
        tool=Tool(
            "set_limits",
            "Give a key another tier, or a budget of its own, from its next request on; what is used stays used.",
            effect="changes",
            idempotent=True,
            words={
                "key": "whose",
                "tier": "a tier, as list_keys lists them",
                "budget": "amounts by unit, such as {credits: 0.05}",
                "api": "with which API, needed only when several could be meant",
            },
        ),
    ),
)
