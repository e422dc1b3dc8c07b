"""Keys: one more that is like another, for this world alone, so that a client needs nothing else to be led to it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from emulator.control.entry import Call, Entry
from emulator.control.failure import ControlError
from emulator.control.operations import known_api
from emulator.errors import EmulatorError
from emulator.scenario.suggest import did_you_mean
from emulator.serving.usage import mask
from emulator.serving.worlds import DEFAULT


class KeyOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """A key, and the one that it takes after: its tier, its data, and its workspace unless another is named."""

    key: Annotated[str, Meta(min_length=8, max_length=200, pattern=r"^[!-~]+$")]
    like: str
    api: Annotated[str | None, Meta(description="whose key that is, needed only when several APIs know it")] = None
    workspace: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class MadeKey(Struct, frozen=True):
    """The key, which leads requests to this world."""

    key: str
    api: str
    tier: str
    workspace: str


def make(call: Call, body: KeyOrder) -> MadeKey:
    """Make a key that is like another one, and lead requests with it to this world; twice is as once."""
    sites = call.room.pipeline.sites
    known_api(call.room.pipeline.playbook, body.api, "body.api")
    meant = [site for name, site in sites.items() if body.api in (None, name) and body.like in site.records["keys"]]
    if not meant:
        known = [key for name, site in sites.items() if body.api in (None, name) for key in site.api.keys]
        raise ControlError(400, f"body.like: no key {mask(body.like)}; {did_you_mean(body.like, known)}")
    if len(meant) > 1:
        names = ", ".join(site.api.name for site in meant)
        raise ControlError(400, f"body.api: several APIs have the key {mask(body.like)}; expected one of: {names}")
    (site,) = meant
    keys = site.records["keys"]
    record = {**keys[body.like], "id": body.key}
    record["workspace"] = body.workspace or record["workspace"]
    if keys.get(body.key, record) != record:
        raise ControlError(409, f"there is a key {mask(body.key)} already, which is not like {mask(body.like)}")
    if call.room.name != DEFAULT:
        try:
            call.server.worlds.register(body.key, call.room.name)
        except EmulatorError as error:
            raise ControlError(409, str(error)) from None
    call.room.make_key(site.api.name, body.key, record)
    return MadeKey(body.key, site.api.name, record["tier"], record["workspace"])


EXAMPLE = {"key": "axp_checkout_2", "like": "axp_test_pro"}
ROUTES = (Entry("POST", "/keys", make, status=201, example=EXAMPLE, refusals=(409,)),)
