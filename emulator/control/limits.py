"""Limits: how a key's counters stand, and giving it another tier in the middle of a test."""

from __future__ import annotations

from msgspec import Struct

from emulator.control.entry import Call, Entry
from emulator.control.failure import ControlError, unknown
from emulator.control.operations import known_api
from emulator.errors import ApiError
from emulator.scenario.suggest import did_you_mean
from emulator.serving.authenticate import identify
from emulator.serving.limit import states
from emulator.serving.site import Site
from emulator.serving.usage import mask


class Counter(Struct, frozen=True):
    """One counter; `reset` is the second since the epoch at which its window ends."""

    limit: int
    remaining: int
    used: int
    reset: int


class Limits(Struct, frozen=True):
    """How a key stands with one API; a tier without limits has none."""

    key: str
    api: str
    tier: str
    limits: dict[str, Counter]


class LimitsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`key`: whose; `api`: with which API, needed only when several could be meant."""

    key: str
    api: str | None = None


class TierOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """The tier that a key has from its next request on."""

    key: str
    tier: str
    api: str | None = None


def limits(call: Call, query: LimitsQuery) -> Limits:
    """What a key may still do, and until when."""
    return _view(_site(call, query.key, query.api, "query"), query.key)


def put(call: Call, body: TierOrder) -> Limits:
    """Give a key another tier; its counters go on."""
    site = _site(call, body.key, body.api, "body")
    if body.tier not in site.api.tiers:
        raise ControlError(400, f"body.tier: no tier {body.tier!r}; {did_you_mean(body.tier, site.api.tiers)}")
    call.room.set_tier(body.key, body.tier, site.api.name)
    return _view(site, body.key)


def _site(call: Call, key: str, api: str | None, where: str) -> Site:
    """The API that is meant: the one named, or the only one that knows the key, or that welcomes it."""
    sites = call.room.pipeline.sites
    known_api(call.room.pipeline.playbook, api, f"{where}.api")
    if api is not None:
        return sites[api]
    knowing = [site for site in sites.values() if key in site.records["keys"]]
    welcoming = [site for site in sites.values() if site.api.unknown is not None]
    meant = knowing or welcoming
    if len(meant) > 1:
        names = ", ".join(site.api.name for site in meant)
        raise ControlError(
            400, f"{where}.api: the key {mask(key)} may be one of several APIs; expected one of: {names}"
        )
    if not meant:
        raise unknown("key", mask(key), "no API knows it, and none welcomes unknown keys")
    return meant[0]


def _view(site: Site, key: str) -> Limits:
    try:
        caller = identify(site.background(), "keys", key)
    except ApiError as error:
        raise ControlError(409 if error.kind == "revoked" else 404, error.detail) from None
    counters = states(site.world.store, caller.subject, site.served.limits[caller.tier])
    shown = {
        name: Counter(each["limit"], each["remaining"], each["used"], each["reset"]) for name, each in counters.items()
    }
    return Limits(key, site.api.name, caller.tier, shown)


ROUTES = (
    Entry("GET", "/limits", limits, at={"?key": "axp_test_free"}, refusals=(404, 409)),
    Entry("PUT", "/limits", put, example={"key": "axp_test_free", "tier": "pro"}, refusals=(404, 409)),
)
