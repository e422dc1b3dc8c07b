"""APIs: what is served, where, and with which keys."""

from __future__ import annotations

from msgspec import Struct

from emulator.control.entry import Call, Entry
from emulator.serving.site import Site


class KeyView(Struct, frozen=True):
    """A key that the API knows, as it stands in this world; `status` is `active` or says why it is refused."""

    tier: str
    status: str
    workspace: str


class ApiView(Struct, frozen=True):
    """One emulated service: its base URL here, and the real hosts it stands in for.

    `environment` are the variables that make the service's own client call it here, with the key `client_key`.
    """

    api: str
    title: str
    version: str
    base_url: str
    hosts: tuple[str, ...]
    keys: dict[str, KeyView]
    client_key: str | None
    environment: dict[str, str]


class Apis(Struct, frozen=True):
    """Every API of a world."""

    apis: list[ApiView]


def apis(call: Call) -> Apis:
    """The APIs that the world serves, with their base URLs and keys."""
    return Apis([_view(site, call.origin) for site in call.room.pipeline.sites.values()])


def _view(site: Site, origin: str) -> ApiView:
    api = site.api
    keys = {
        key: KeyView(record["tier"], record.get("status", "active"), record["workspace"])
        for key, record in site.records["keys"].items()
    }
    names = site.background(url=origin, base_url=origin + api.base, key=api.client.key)
    told = {name: str(value.value(names)) for name, value in api.client.environment.items()}
    return ApiView(api.name, api.title, api.version, origin + api.base, api.hosts, keys, api.client.key, told)


ROUTES = (Entry("GET", "/apis", apis),)
