"""The variables by which a program under test calls a world: those of each API's own client, and of the HTTPS proxy."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from weakref import finalize

from emulator.environment.trust import write
from emulator.environment.variables import authority, variables
from emulator.language.document.diagnostics import did_you_mean
from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from emulator.testing.world import World


class Environment:
    """What a process needs in its environment to call one world."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._folder: Path | None = None

    def variables(self, api: str | None, tier: str | None) -> dict[str, str]:
        """Returns the variables of an API's client, or of all, with a key of the world of this tier.

        Without a tier it is that of the key which the API's clients are given anyway. Raises ValueError for an API that
        is not served, for a tier that no key has, and when two APIs want the same variable.
        """
        result = dict(self._world.env)
        wanted_by: dict[str, str] = {}
        for each in self._apis(api):
            name = each["api"]
            found = self._of(each, tier)
            for variable in found:
                if variable in wanted_by:
                    both = f"{wanted_by[variable]} and {name}"
                    raise ValueError(f"{both} want the variable {variable}; say which one gets it with api={name!r}")
                wanted_by[variable] = name
            result |= found
        return result

    def proxied(self, env: Mapping[str, str]) -> dict[str, str]:
        """Returns the variables by which calls of the real hosts arrive too, over HTTPS; `env` are the program's own.

        Raises ValueError when the emulator is on another machine, whose certificate authority is there.
        """
        url = self._world.url
        if not Listen(urlsplit(url).hostname or "").is_loopback:
            raise ValueError(
                f"{url} has its own certificate authority: export it there with `emulator certs`, and name the file in"
                " SSL_CERT_FILE; without 'https' only the APIs' own variables are set"
            )
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="emulator-"))
            finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        hosts = {host for api in self._apis(None) for host in api["hosts"]}
        trust = write(authority(self._settings, hosts, env), self._folder, env)
        return variables((), url, trust, (), env)

    def _apis(self, api: str | None) -> Sequence[Mapping[str, Any]]:
        apis: Sequence[Mapping[str, Any]] = self._world.client.get("/apis")["apis"]
        known = [each["api"] for each in apis]
        if api is not None and api not in known:
            raise ValueError(f"no API is called {api!r}; {did_you_mean(api, known)}")
        return [each for each in apis if api in (None, each["api"])]

    def _of(self, api: Mapping[str, Any], tier: str | None) -> dict[str, str]:
        usual = api["keys"].get(api["client_key"], {}).get("tier")
        if tier is None and usual is None:
            return dict(api["environment"])
        key = self._world.key(tier or usual, api=api["api"])
        (found,) = self._world.client.get("/apis", api=api["api"], key=key)["apis"]
        return dict(found["environment"])


def read_before(world: World, variables: Mapping[str, str]) -> Iterator[str]:
    """Yields a sentence for each module that has read variables when it was imported, and keeps what they were."""
    for api in world.client.get("/apis")["apis"]:
        names = [name for name in api["environment"] if os.environ.get(name) != variables.get(name)]
        for module in api["modules"] if names else ():
            if module in sys.modules:
                yield (
                    f"{module} was imported before; it keeps the old {', '.join(names)}. Import it in the test, or "
                    "run what uses it in a process of its own, with env=os.environ | emulator.environment()"
                )
