"""The clients that scripts/clients has made, and a world for each program; without the clients, tests are skipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from emulator import Emulator
from emulator.environment.trust import write
from emulator.environment.variables import variables
from emulator.https.authority import Authority

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENTS = ROOT / ".clients"
HERE = Path(__file__).resolve().parent
PROGRAMS = Path(__file__).resolve().parent / "programs"
PATIENCE = 120.0
# How many times as fast as real time the worlds' clocks run. In a hurry, what is polled for is there at the first look.
BRISK, HURRY = 10.0, 1000.0
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
# What tells the SDK where the service is. Without it, it calls https://models.aixplain.com and https://platform-api.aixplain.com.
TOLD = ("BACKEND_URL", "MODELS_RUN_URL", "PIPELINES_RUN_URL", "AIXPLAIN_ALLOW_INSECURE_URLS")
WEBHOOK_SECRET = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1haWV4cG9ydCE="


# What runs a program of the machine's own, by the end of its name.
TOOLS = {".cjs": "node", ".mjs": "node", ".sh": "sh", ".php": "php", ".rb": "ruby"}
SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # a JVM that does not prepare for a long run
# By client, the program of another language that asks by it.
OTHERS = {
    "java": "Client.java",
    "go": "client.go",
    "php": "client.php",
    "ruby": "client.rb",
    "deno": "client.mjs",
    "bun": "client.mjs",
}


class Asker(Struct, frozen=True):
    """Runs programs against one world, in one set of clients, with nothing in their environment but what is told."""

    world: Emulator
    clients: str
    folder: Path
    variables: Mapping[str, str]

    def run(self, program: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The program to its end; what it finds beside it are the packages of its set."""
        return subprocess.run(
            command(self.clients, program, *arguments),
            cwd=self.folder,
            env={**plain(self.folder), **self.variables, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def told(self, program: str, *arguments: str, **more: str) -> dict[str, Any]:
        """What the program has told: the JSON in its last line."""
        return last(self.run(program, *arguments, **more))


def plain(home: Path) -> dict[str, str]:
    """An environment in which nothing is set up."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {"HOME": str(home)}


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


def command(clients: str, program: str, *arguments: str) -> list[str]:
    """What runs a program with the packages of a set, or with a tool of the machine, by how it is called."""
    path = str(PROGRAMS / program)
    match Path(program).suffix, clients:
        case ".py", _:
            words = [str(made(clients) / "bin" / "python"), path]
        case ".mjs", "deno" | "bun":
            bun = [str(made("node") / "node_modules" / ".bin" / clients)]
            words = [*bun, "run", *(["--allow-net", "--allow-env"] if clients == "deno" else []), path]
        case ".go", _:
            words = [str(made("machine") / "client")]
        case ".java", _:
            words = [tool("java"), *SHORT_LIVED, path]
        case suffix, _:
            words = [tool(TOOLS[suffix]), path]
    return [*words, *arguments]


def node_path() -> str:
    """Where Node finds its packages."""
    return str(made("node") / "node_modules")


def tool(name: str) -> str:
    """Where a tool of the machine is. Skips the test, and says why, when it is not there."""
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="session")
def kept_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the authority of the HTTPS proxy is kept, made once for all these tests."""
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="session")
def server(kept_authority: Path) -> Iterator[Emulator]:
    """One emulator for all these tests."""
    with Emulator(authority=kept_authority) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def reach(server: Emulator, kept_authority: Path) -> dict[str, str]:
    """What leads a program's calls to the real hosts here, as `emulator run` sets it."""
    apis = server.client.get("/apis")["apis"]
    hosts = [host for api in apis for host in api["hosts"]]
    certificate = Authority(kept_authority, hosts).certificate_path
    return variables(apis, server.url, write(certificate, kept_authority, {}))


@pytest.fixture
def world(server: Emulator, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """A world for one test, with a clock that is brisk."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    with server.world(name) as made_world:
        made_world.clock.speed(BRISK)
        yield made_world


@pytest.fixture(params=["sdk", "sdk-before"])
def sdk(request: pytest.FixtureRequest) -> str:
    """The public SDK: the newest, and the one before."""
    made(request.param)
    return str(request.param)


@pytest.fixture
def aixplain(world: Emulator, reach: Mapping[str, str], sdk: str, tmp_path: Path) -> Asker:
    """Runs programs of the SDK. It is told a key and nothing else, so what it calls are the real https:// hosts."""
    untold = {name: value for name, value in reach.items() if name not in TOLD}
    key = world.key("standard", api="aixplain", workspace="clients")
    own = {"TEAM_API_KEY": key, "AIXPLAIN_API_KEY": key, "AIXPLAIN_SUPPRESS_V1_DEPRECATION": "1"}
    return Asker(world, sdk, tmp_path, untold | own)


def _aiexport(world: Emulator, clients: str, folder: Path, **more: str) -> Asker:
    own = {"AIEXPORT_BASE_URL": world.base_url("aiexport"), "AIEXPORT_API_KEY": world.key("pro", api="aiexport")}
    return Asker(world, clients, folder, {"NO_PROXY": "127.0.0.1", **own, **more})


class Unchanged(Struct, frozen=True):
    """`emulator run` in front of commands that run at once, each in the same environment."""

    folder: Path

    def __call__(
        self, commands: Mapping[str, list[str]], *, speed: float = BRISK, variables: Mapping[str, str] = {}
    ) -> tuple[dict[str, Any], str]:
        """What each has told, and the summary. `speed` is the clock's, `variables` are in the environment besides.

        Raises AssertionError when one failed, or a call tried to leave.
        """
        words = [sys.executable, str(PROGRAMS / "side_by_side.py"), str(speed), json.dumps(commands)]
        done = subprocess.run(
            [sys.executable, "-m", "emulator", "run", "--", *words],
            cwd=self.folder,
            env={**plain(self.folder), **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return last(done), done.stderr


@pytest.fixture(scope="session")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Unchanged:
    """Runs programs through `emulator run`, as a user does who has never run it before."""
    return Unchanged(tmp_path_factory.mktemp("home"))


@pytest.fixture
def generic(world: Emulator, tmp_path: Path) -> Asker:
    """Runs programs of clients that know nothing of the emulator."""
    made("generic")
    # requests-oauthlib speaks to http:// only when it is told to, by a variable of its own.
    more = {"AIEXPORT_WEBHOOK_SECRET": WEBHOOK_SECRET, "OAUTHLIB_INSECURE_TRANSPORT": "1"}
    return _aiexport(world, "generic", tmp_path, **more)


@pytest.fixture
def node(world: Emulator, tmp_path: Path) -> Asker:
    """Runs programs in Node."""
    return _aiexport(world, "node", tmp_path, NODE_PATH=node_path())
