"""The clients that scripts/clients has made, and a world for each program; without the clients, tests are skipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from emulator import Emulator

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENTS = ROOT / ".clients"
PROGRAMS = Path(__file__).resolve().parent / "programs"
PATIENCE = 120.0
HURRY = 10.0  # the worlds' clocks run so many times as fast as real time, that polling is short
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")


class Asker(Struct, frozen=True):
    """Runs programs against one world, in one set of clients, with nothing in their environment but what is told."""

    world: Emulator
    clients: str
    folder: Path
    variables: Mapping[str, str]

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The program to its end; what it finds beside it are the packages of its set, and no proxy."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        quiet = {"HOME": str(self.folder), "NO_PROXY": "127.0.0.1"}
        return subprocess.run(
            [*interpreter(self.clients), str(PROGRAMS / program), *arguments],
            cwd=self.folder,
            env={**kept, **quiet, **self.variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def told(self, program: str, *arguments: str) -> dict[str, Any]:
        """What the program has told: the JSON in its last line."""
        return last(self.run(program, *arguments))


def last(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The last line of what was printed. Raises AssertionError, with what went wrong, for a program that failed."""
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def made(clients: str) -> Path:
    """The folder of a set. Skips the test, and says why, when scripts/clients has not made it."""
    folder = CLIENTS / clients
    if not (folder / "installed").exists():
        pytest.skip(f"there is no .clients/{clients}; scripts/clients makes it (scripts/test --clients runs it too)")
    return folder


def interpreter(clients: str) -> list[str]:
    if clients == "node":
        made(clients)
        return [shutil.which("node") or pytest.skip("node is not installed")]
    return [str(made(clients) / "bin" / "python")]


@pytest.fixture(scope="session")
def server() -> Iterator[Emulator]:
    """One emulator for all these tests."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def world(server: Emulator, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """A world for one test, with a clock that hurries."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    with server.world(name) as made_world:
        made_world.clock.speed(HURRY)
        yield made_world


@pytest.fixture(params=["sdk", "sdk-before"])
def sdk(request: pytest.FixtureRequest) -> str:
    """The public SDK: the newest, and the one before."""
    made(request.param)
    return str(request.param)


def _aixplain(world: Emulator, sdk: str, folder: Path, execute: str, **more: str) -> Asker:
    variables = {
        "TEAM_API_KEY": world.key("standard", api="aixplain", workspace="clients"),
        "BACKEND_URL": world.url,
        "MODELS_RUN_URL": world.url + execute,
        "AIXPLAIN_ALLOW_INSECURE_URLS": "1",
        **more,
    }
    return Asker(world, sdk, folder, variables)


@pytest.fixture
def v2(world: Emulator, sdk: str, tmp_path: Path) -> Asker:
    """Runs programs of the SDK's client of v2, told by its own variables where the service is."""
    return _aixplain(world, sdk, tmp_path, "/api/v2/execute")


@pytest.fixture
def v1(world: Emulator, sdk: str, tmp_path: Path) -> Asker:
    """Runs programs of the SDK's legacy factories, told by its own variables where the service is."""
    return _aixplain(world, sdk, tmp_path, "/api/v1/execute", AIXPLAIN_SUPPRESS_V1_DEPRECATION="1")


def _aiexport(world: Emulator, clients: str, folder: Path, **more: str) -> Asker:
    variables = {"AIEXPORT_BASE_URL": world.base_url("aiexport"), "AIEXPORT_API_KEY": world.key("pro", api="aiexport")}
    return Asker(world, clients, folder, variables | more)


@pytest.fixture
def generic(world: Emulator, tmp_path: Path) -> Asker:
    """Runs programs of clients that know nothing of the emulator."""
    secret = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1haWV4cG9ydCE="
    made("generic")
    # requests-oauthlib speaks to http:// only when it is told to, by a variable of its own.
    more = {"AIEXPORT_WEBHOOK_SECRET": secret, "OAUTHLIB_INSECURE_TRANSPORT": "1"}
    return _aiexport(world, "generic", tmp_path, **more)


@pytest.fixture
def node(world: Emulator, tmp_path: Path) -> Asker:
    """Runs programs in Node."""
    return _aiexport(world, "node", tmp_path, NODE_PATH=str(made("node") / "node_modules"))
