"""Keys of a world: one of a wanted tier, made up for this world alone, so that whoever sends it is led here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from msgspec import Struct

from emulator.language.document.diagnostics import did_you_mean
from emulator.testing.client import DEFAULT, Client

DIGITS = 12  # hexadecimal ones, that tell the keys of one tier apart


class Tier(Struct, frozen=True):
    """A tier of an API, and a key of it to take after."""

    api: str
    name: str
    like: str


class Keys:
    """The keys of one world: in the default world those that the API has anyway, elsewhere keys of its own."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._made: dict[tuple[str, str, str, str | None], str] = {}

    def of(self, tier: str, api: str | None, name: str, workspace: str | None) -> str:
        """The key of this tier and name, the same whenever it is asked for."""
        found = self._tier(tier, api)
        key = (found.api, found.name, name, workspace)
        if key not in self._made:
            self._made[key] = self._make(found, name, workspace)
        return self._made[key]

    def _make(self, tier: Tier, name: str, workspace: str | None) -> str:
        world = self._client.world
        if world == DEFAULT and not name and workspace is None:
            return tier.like
        digest = sha256(f"{world}/{tier.api}/{tier.name}/{name}/{workspace}".encode()).hexdigest()[:DIGITS]
        body = {"key": f"{tier.like}_{digest}", "like": tier.like, "api": tier.api, "workspace": workspace}
        return str(self._client.post("/keys", body)["key"])

    def _tier(self, name: str, api: str | None) -> Tier:
        tiers = list(_tiers(self._client.get("/apis")["apis"]))
        known = list(dict.fromkeys(each.api for each in tiers))
        if api is not None and api not in known:
            raise ValueError(f"no API with keys is called {api!r}; {did_you_mean(api, known)}")
        among = [each for each in tiers if api in (None, each.api)]
        found = {each.api: each for each in among if each.name == name}
        if not found:
            names = dict.fromkeys(each.name for each in among)
            raise ValueError(f"no key has the tier {name!r}; {did_you_mean(name, names)}")
        if len(found) > 1:
            raise ValueError(f"{' and '.join(found)} have a tier {name!r}; say which with api={next(iter(found))!r}")
        return found.popitem()[1]


def _tiers(apis: Iterable[Mapping[str, Any]]) -> Iterable[Tier]:
    """Every tier that has a key in use, with the shortest of its keys."""
    for api in apis:
        active = {key: about for key, about in api["keys"].items() if about.get("status", "active") == "active"}
        for tier in dict.fromkeys(about["tier"] for about in active.values()):
            yield Tier(api["api"], tier, min((key for key in active if active[key]["tier"] == tier), key=len))
