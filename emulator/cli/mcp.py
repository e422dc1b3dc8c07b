"""The command `emulator mcp`, with its options."""

from __future__ import annotations

import os
import signal
from _thread import start_new_thread  # a Thread takes locks when it starts, and the main thread may hold them
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import click
from click.core import ParameterSource

from emulator.cli.errors import exit_on_error
from emulator.cli.words import address_options


@click.command(params=address_options(world="The world of calls that name none."))
@click.option("--start", is_flag=True, help="Start an emulator of its own, which ends with the client.")
@click.option(
    "--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="With --start: as for serve; may be repeated."
)
@click.option("--listen", metavar="HOST:PORT", help="With --start: where to listen. [default: a free port]")
@click.pass_context
@exit_on_error
def mcp(
    context: click.Context,
    url: str,
    world: str,
    token: str,
    start: bool,
    scenarios: tuple[str, ...],
    listen: str | None,
) -> int:
    """Serve the tools of an emulator to an agent, over MCP on standard input and output.

    It is what an MCP host runs. The emulator runs elsewhere already, or is started with --start; one that runs serves
    the same tools over HTTP, at /_emulator/mcp.
    """
    import asyncio

    from emulator.control.mcp.endpoint import sdk
    from emulator.errors import ConfigError
    from emulator.log.address import check_address

    if not start and (scenarios or listen):
        raise ConfigError("--scenario and --listen are for an emulator that --start starts")
    if start and context.get_parameter_source("url") is ParameterSource.COMMANDLINE:
        raise ConfigError("--start starts an emulator, and --url names one that runs; give one of them")
    address, token = check_address(url, world, token)
    server = sdk()

    async def converse(address: str, token: str) -> None:
        from emulator.control.mcp.attached import AttachedClient
        from emulator.control.mcp.tools import Toolbox
        from emulator.control.routes import TABLE

        async with AttachedClient(address, token) as client:
            await server.converse(server.make_server(Toolbox(TABLE), client, world))

    with ends_at_signals() as begun:  # before anything says that it has begun
        found = begun.enter_context(_started(scenarios, listen, world, token)) if start else (address, token)
        asyncio.run(converse(*found))
    return 0


@contextmanager
def _started(scenarios: tuple[str, ...], listen: str | None, world: str, token: str) -> Iterator[tuple[str, str]]:
    """Yields URL and token of an emulator with this world, which runs meanwhile. Raises ConfigError."""
    from emulator.project import read_project
    from emulator.server.listeners import bind
    from emulator.settings.options import load_settings
    from emulator.testing.client import DEFAULT, Client
    from emulator.testing.emulator import ServerThread

    options = {"scenarios": scenarios, "listen": listen, "control_token": token or None}
    env = {"EMULATOR_LISTEN": "127.0.0.1:0", **os.environ}  # a free port, unless somebody says otherwise
    chosen = load_settings(options, env, read_project(Path.cwd()).values).guarded()
    thread = ServerThread(chosen, *bind(chosen))
    thread.start()
    try:
        if world != DEFAULT:
            with closing(Client(thread.url, token=chosen.control_token or None)) as client:
                client.make(f"/worlds/{world}", {})
        click.echo(f"emulator mcp: the emulator listens on {thread.url}", err=True)
        yield thread.url, chosen.control_token
    finally:
        thread.stop()


@contextmanager
def ends_at_signals() -> Iterator[ExitStack]:
    """Yields what is closed at the end of the block, and at Ctrl-C and SIGTERM, which end the process then, though a
    thread may read standard input, which nothing can break off."""
    begun = ExitStack()

    def end(*_: object) -> None:
        # Not here: closing may wait for a lock that the main thread holds, which goes on.
        start_new_thread(finish, ())

    def finish() -> None:
        status = 1
        try:
            begun.close()
            status = 0
        except Exception as error:
            click.echo(f"error: {error}", err=True)
        finally:
            os._exit(status)

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with begun:
            yield begun
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
