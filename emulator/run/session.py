"""A run: start an emulator, lead the command's calls to it, and tell afterwards what they were."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import click
from msgspec import Struct

from emulator import settings
from emulator.errors import ConfigError
from emulator.run.environment import allowed_hosts, authority, bundle, lines, variables
from emulator.run.process import CannotRun
from emulator.run.process import run as run_command
from emulator.run.summary import summary_lines
from emulator.server import bind
from emulator.settings import Settings
from emulator.testing.client import DEFAULT, Client, ControlError
from emulator.testing.emulator import ServerThread
from emulator.testing.world import World
from emulator.worlds.credentials import ALL_ELSE

LEFT, JUDGED = 3, 4  # exit statuses: a call tried to leave; the verdict is against the client
LOST = 125  # nothing can be told of the calls: the run failed and not the command, as `timeout` and `env` have it
Tell = Callable[[str], None]


class RunOptions(Struct, frozen=True):
    """What is wanted of a run beside the settings of its emulator."""

    world: str = DEFAULT
    allowed: tuple[str, ...] = ()
    judged: bool = False


def run(words: Sequence[str], settings: Settings, wishes: RunOptions, env: Mapping[str, str], tell: Tell) -> int:
    """Run a command against an emulator of its own, and give the exit status of the run.

    That is the command's own, unless a call tried to leave, or the verdict was asked for and is against the client.
    Raises ConfigError or ControlError when the emulator can't be set up as wanted, CannotRun when the command can't be
    started.
    """
    if not settings.listen.is_loopback:
        raise ConfigError(f"--listen is {settings.listen}; a run listens on this machine only, such as 127.0.0.1:0")
    with _served(settings) as client, ExitStack() as stack:
        apis = client.get("/apis")["apis"]
        emulated = {*settings.intercept_hosts, *(host.lower() for api in apis for host in api["hosts"])}
        allowed = allowed_hosts(wishes.allowed, emulated)
        world = _world(client, wishes.world)
        trusted = stack.enter_context(bundle(authority(settings, emulated, env), bool(allowed), env))
        told = variables(apis, client.url, trusted, allowed, env.get("NODE_OPTIONS", ""))
        told["EMULATOR_WORLD"] = wishes.world
        if settings.control_token:
            told["EMULATOR_CONTROL_TOKEN"] = settings.control_token
        status = run_command(words, {**env, **told})
        try:
            return _judged(world, wishes, emulated, status, tell)
        except ControlError as error:
            tell(f"emulator run: the command ended with {status}, but what it called can't be told: {error}")
            return LOST


@contextmanager
def _served(settings: Settings) -> Iterator[Client]:
    """The control API of an emulator that serves meanwhile."""
    thread = ServerThread(settings, bind(settings))
    thread.start()
    try:
        client = Client(thread.url, token=settings.control_token or None)
        try:
            yield client
        finally:
            client.close()
    finally:
        thread.stop()


def _world(client: Client, name: str) -> World:
    """The world of the calls that nothing leads to another one."""
    if name == DEFAULT:
        return World(client)
    client.make(f"/worlds/{quote(name, '')}", {"keys": [ALL_ELSE]})
    return World(client.of(name))


def _judged(world: World, wishes: RunOptions, emulated: Collection[str], status: int, tell: Tell) -> int:
    departures = world.client.get("/departures")["departures"]
    verdict = world.verdict
    for line in summary_lines(world.client.get("/summary"), verdict, departures, emulated, wishes.judged):
        tell(line)
    if departures:
        return LEFT
    return JUDGED if wishes.judged and status == 0 and not verdict.ok else status


# What a run made is told at its end, so the journal is to hold all of it.
ROOMY = {"journal_entries": 20_000, "journal_bytes": "128MiB"}


def run_program(command: Sequence[str], options: Mapping[str, Any], wishes: Mapping[str, Any]) -> int:
    """Run a command against an emulator of its own; gives the exit status. Raises EmulatorError when there is none."""
    _hold_streams()
    logging.basicConfig(level=logging.WARNING, format="emulator: %(message)s")
    roomy = {name: value for name, value in ROOMY.items() if not os.environ.get(f"EMULATOR_{name.upper()}")}
    chosen = settings.load({**roomy, **options}, os.environ)
    try:
        return run(command, chosen, RunOptions(**wishes), os.environ, _tell)
    except CannotRun as error:
        _tell(f"emulator run: {error}")
        return error.status


def print_environment(url: str, shell: str, folder: str | None) -> int:
    """Print what leads a program to a running emulator, whose authority is in `folder` (None: in the usual one).

    Raises ConfigError when none answers there.
    """
    client = Client(url, token=os.environ.get("EMULATOR_CONTROL_TOKEN"))
    try:
        apis = client.get("/apis")["apis"]
    except ControlError as error:
        raise ConfigError(f"{error.message}; start one with `emulator serve`, or say where it is with --url") from error
    finally:
        client.close()
    trusted: Path | None = None
    if settings.Listen(urlsplit(url).hostname or "").is_loopback:
        chosen = settings.load({} if folder is None else {"authority": folder}, os.environ)
        trusted = authority(chosen, {host for api in apis for host in api["hosts"]}, os.environ)
    else:
        _tell(
            f"{url} has an authority of its own: export it there with `emulator certs`, and name the file in"
            " SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and NODE_EXTRA_CA_CERTS"
        )
    for line in lines(variables(apis, client.url, trusted, (), os.environ.get("NODE_OPTIONS", "")), shell):
        print(line)
    return 0


def _hold_streams() -> None:
    """Let no socket of ours take the number of a standard stream that is closed: the command would write to it."""
    for stream in range(3):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _tell(line: str) -> None:
    """Say something beside the output of the command; when nobody listens any more, the run ends as it would have."""
    with contextlib.suppress(OSError):
        click.echo(line, err=True)
