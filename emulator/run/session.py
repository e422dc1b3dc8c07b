"""A run: start an emulator, lead the command's calls to it, and tell afterwards what they were."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from urllib.parse import quote

from msgspec import Struct

from emulator.errors import ConfigError
from emulator.run.command import run as run_command
from emulator.run.environment import allowed_hosts, variables
from emulator.run.summary import summary_lines
from emulator.run.trust import authority, bundle
from emulator.server import bind
from emulator.serving.leads import ALL_ELSE
from emulator.settings import Settings
from emulator.testing.client import DEFAULT, Client, ControlError
from emulator.testing.thread import ServerThread
from emulator.testing.world import World

LEFT, JUDGED = 3, 4  # exit statuses: a call tried to leave; the verdict is against the client
LOST = 125  # nothing can be told of the calls: the run failed and not the command, as `timeout` and `env` have it
Tell = Callable[[str], None]


class Wishes(Struct, frozen=True):
    """What is wanted of a run beside the settings of its emulator."""

    world: str = DEFAULT
    allowed: tuple[str, ...] = ()
    judged: bool = False


def run(words: Sequence[str], settings: Settings, wishes: Wishes, env: Mapping[str, str], tell: Tell) -> int:
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


def _judged(world: World, wishes: Wishes, emulated: Collection[str], status: int, tell: Tell) -> int:
    departures = world.client.get("/departures")["departures"]
    verdict = world.verdict
    for line in summary_lines(world.client.get("/summary"), verdict, departures, emulated, wishes.judged):
        tell(line)
    if departures:
        return LEFT
    return JUDGED if wishes.judged and status == 0 and not verdict.ok else status
