"""The command `emulator serve`, with its options; `emulator health` asks it, `emulator store` clears what it keeps."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any

import click

from emulator.cli import streams
from emulator.cli.errors import exit_on_error
from emulator.cli.streams import log_to_stderr, show

if TYPE_CHECKING:
    from emulator.settings.options import Settings


Ports = tuple[list[socket], list[socket], list[socket]]  # of HTTP, of TLS, and of the control API alone
WORKER = "from emulator.cli.serve import worker; worker()"  # what a process of several runs


@click.command()
@click.option(
    "--listen", metavar="HOST:PORT", help="Where to listen; port 0 lets the system choose. [default: 127.0.0.1:8484]"
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME|PATH",
    help="A scenario to use; may be repeated, the first takes precedence. [default: default]",
)
@click.option("--seed", metavar="N", help="Seed for generated texts and ids. [default: 0]")
@click.option(
    "--max-body",
    metavar="SIZE",
    help="The largest request body for every operation, e.g. 4MiB. [default: set by each API file]",
)
@click.option(
    "--read-timeout",
    metavar="SECONDS",
    help="Real seconds that the head of a request, or a pause in its body, may take; 0: no limit. [default: 60]",
)
@click.option("--reload/--no-reload", default=None, help="Reload scenarios when they change on disk. [default: on]")
@click.option(
    "--documented-only/--no-documented-only",
    default=None,
    help="Respond with 501 to anything that the APIs' documentation does not show. [default: off]",
)
@click.option("--cache", hidden=True, help="Has no effect; older command lines name it.")
@click.option(
    "--control-token",
    metavar="TOKEN",
    help="Token that /_emulator requires. [default: none on loopback, else generated and printed]",
)
@click.option(
    "--control-listen",
    metavar="HOST:PORT",
    help="Serve /_emulator here too; the fault `refuse` then closes the APIs' port. [default: off]",
)
@click.option("--tls-listen", metavar="HOST:PORT", help="Serve TLS here too, for names in /etc/hosts. [default: off]")
@click.option(
    "--intercept-host",
    "intercept_hosts",
    multiple=True,
    metavar="HOST",
    help="Another host to emulate over HTTPS, besides the APIs' own; may be repeated.",
)
@click.option(
    "--authority", metavar="FOLDER", help="Folder of the certificate authority. [default: the user's data folder]"
)
@click.option(
    "--webhook-allow",
    "webhook_allow",
    multiple=True,
    metavar="ADDRESS|NETWORK",
    help="Allow webhooks to this address too, besides this machine and private networks; may be repeated.",
)
@click.option(
    "--webhook-time",
    metavar="world|real",
    help="The clock that webhooks are signed with: the world's, or the system's. [default: world]",
)
@click.option(
    "--public-url",
    metavar="URL",
    help="The address that clients use behind a proxy, for URLs in responses. [default: as the client called it]",
)
@click.option(
    "--cors",
    multiple=True,
    metavar="ORIGIN|*|off",
    help="Pages of this origin may call the APIs, besides those on loopback; may be repeated. * means all, off none.",
)
@click.option(
    "--clock",
    metavar="WORDS",
    help="How the clock of each world starts: frozen, auto, x100, 2026-01-01T00:00:00Z, or several, by commas.",
)
@click.option("--state", metavar="FILE", help="Begin with the snapshot in this file.")
@click.option("--keep", is_flag=True, default=None, help="Write the state back to --state, at the end and in between.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY=LIKE",
    help="Another API key, modelled on a demo key; may be repeated.",
)
@click.option("--log", metavar="text|json", help="Format of the request log on standard output. [default: text]")
@click.option("-q", "--quiet", is_flag=True, default=None, help="Print no request log.")
@click.option("-v", "--verbose", is_flag=True, default=None, help="Print bodies too, shortened.")
@click.option("--journal-entries", metavar="N", help="How many exchanges a world's journal keeps. [default: 500]")
@click.option("--journal-bytes", metavar="SIZE", help="The total size of these exchanges. [default: 16MiB]")
@click.option(
    "--store",
    metavar="URL",
    help="Keep the state in Redis: redis://HOST:PORT/DB or unix:///PATH. [default: memory]",
)
@click.option("--metrics/--no-metrics", default=None, help="Count for Prometheus: /_emulator/metrics. [default: off]")
@click.option(
    "--workers",
    metavar="N",
    help="Serve with N processes on one port, which share a store; without --store a redis-server is started. "
    "[default: 1]",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="Arm a fault from the start, e.g. 'messages.*: status=503; probability=0.1'; may be repeated.",
)
@click.option(
    "--stop-with-stdin",
    is_flag=True,
    help="Stop when standard input closes, as it does when the program that started the server ends. [no variable]",
)
@exit_on_error
def serve(stop_with_stdin: bool, **options: Any) -> int:
    """Serve the APIs until Ctrl-C or SIGTERM.

    Every option is also an environment variable: EMULATOR_LISTEN, EMULATOR_SCENARIO, EMULATOR_SEED and so on. Both
    take precedence over emulator.yaml, or [tool.emulator] in pyproject.toml, in the working folder.
    """
    if stop_with_stdin:
        streams.stop_with_stdin()
    gc.disable()  # nearly everything that is loaded stays; the server enables the collector again
    # Pydantic would read the metadata of every installed package, to look for plugins that are of no use here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from emulator.project import read_project
    from emulator.server.listeners import bind, bind_control, bind_tls
    from emulator.settings.options import load_settings

    log_to_stderr()
    project = read_project(Path.cwd())
    chosen = load_settings(options, os.environ, project.values).guarded()
    if chosen.workers > 1:
        return supervise(chosen, options)
    return serve_here(chosen, project.source, lambda: (bind(chosen), bind_tls(chosen), bind_control(chosen)), show)


def supervise(chosen: Settings, options: Mapping[str, Any]) -> int:
    """Serves with several processes; returns the exit status. Raises ConfigError."""
    import asyncio

    from emulator.errors import ConfigError
    from emulator.server.listeners import Reserved
    from emulator.supervisor.order import Order
    from emulator.supervisor.private_store import PrivateStore
    from emulator.supervisor.supervisor import Supervisor

    if chosen.state:
        raise ConfigError("--state is for one process; with --workers the state is in the store: see --store")
    reserved = Reserved(chosen)
    try:
        private = None if chosen.store else PrivateStore()
        url = chosen.store if private is None else private.url
        folder = "" if private is None else str(private.folder)
        given = {name: value for name, value in options.items() if value not in (None, ())}
        token, ports, inherited = chosen.control_token, reserved.addresses, reserved.inherited
        order = Order(0, "", given, url, token, ports, inherited, -1, True, folder)

        async def run() -> int:
            return await Supervisor(chosen.workers, order, reserved, show, private, WORKER).run()

        return asyncio.run(run())
    finally:
        reserved.close()


@exit_on_error
def worker() -> int:
    """Serves as one of the processes of `emulator serve --workers`, which starts it."""
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from msgspec.structs import replace

    from emulator.project import read_project
    from emulator.server.listeners import CONTROL, take_part
    from emulator.settings.options import load_settings
    from emulator.supervisor.order import read_order, send_report, stop_with_parent
    from emulator.supervisor.private_store import end_orphan

    order = read_order()
    log_to_stderr(f"worker {order.number}: ", chatty=order.number == 1)
    orphaned = stop_with_parent()
    project = read_project(Path.cwd())
    loaded = load_settings(order.options, os.environ, project.values)
    chosen = replace(loaded, store=order.store, control_token=order.token)
    if not order.arms:
        chosen = replace(chosen, faults=())

    def listen() -> Ports:
        http, https, control = (
            take_part(order.addresses[kind], order.sockets.get(kind, ())) for kind in ("http", "https", CONTROL)
        )
        return http, https, control

    try:
        return serve_here(chosen, project.source, listen, partial(send_report, order), order.id)
    finally:
        if order.private and orphaned():
            end_orphan(order.store, order.private)


def serve_here(
    chosen: Settings,
    project: str,
    listen: Callable[[], Ports],
    report: Callable[[str], None],
    worker_id: str = "",
) -> int:
    """Serves in this process, at the sockets that `listen` returns; returns the exit status.

    `report` gets what is shown when requests are accepted.
    """
    from emulator.app import build
    from emulator.cli.output import banner, ready_line, request_log, started
    from emulator.server.running import run

    app = build(chosen, worker_id=worker_id)
    sockets, tls, control = listen()
    if tls:
        app.proxy.prepare()  # report a problem with the CA before serving
    host, port = sockets[0].getsockname()[:2]
    secure = tls[0].getsockname()[1] if tls else None
    own = control[0].getsockname()[:2] if control else None
    shown = ready_line if chosen.log == "json" else banner

    def ready() -> None:
        unusual = started(chosen, project, app.clock, own)
        report(shown(app.playbook, host, port, chosen.control_token, secure, unusual))

    with request_log(app, os.environ):
        return run(app, sockets, ready, tls, control)


UNHEALTHY = 1  # exit status
HEALTH_SECONDS = 2.0
LISTEN = re.compile(rb"\0--listen(?:=|\0)([^\0]+)")


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Where it listens. [default: EMULATOR_LISTEN, or 127.0.0.1:8484]")
@click.option("--pid", type=int, metavar="PID", help="Its process: the --listen in its command line takes precedence.")
@exit_on_error
def health(listen: str | None, pid: int | None) -> int:
    """Ask a server on this machine whether it is healthy; exit with 1 if it isn't.

    It needs no token: it is what containers and their orchestrators run.
    """
    import json
    from http.client import HTTPConnection, HTTPException

    from emulator.settings.listen import Listen
    from emulator.settings.options import load_settings

    where = load_settings({"listen": _listen_of(pid) or listen}, os.environ).listen
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(where.host, where.host)
    connection = HTTPConnection(host, where.port, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/_emulator/health")
        answer = connection.getresponse()
        found = json.loads(answer.read())
        status, reason = str(found["status"]), str(found["reason"])
    except (OSError, HTTPException) as error:
        status, reason = "unreachable", f"no emulator answers at {Listen(host, where.port)}: {error}"
    except (ValueError, KeyError, TypeError):
        status, reason = "unknown", f"what answers at {Listen(host, where.port)} is no emulator"
    finally:
        connection.close()
    click.echo(f"{status}: {reason}" if reason else status)
    return 0 if status == "ok" else UNHEALTHY


def _listen_of(pid: int | None) -> str | None:
    """Returns the last --listen in the command line of a process, if there is one. Raises ConfigError."""
    from emulator.errors import ConfigError

    if pid is None:
        return None
    try:
        found = LISTEN.findall(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError as error:
        raise ConfigError(f"--pid is {pid}; its command line can't be read: {error.strerror}") from None
    return found[-1].decode() if found else None


@click.group()
def store() -> None:
    """Look after the state that `serve --store` keeps in Redis."""


@store.command()
@click.option("--store", "url", metavar="URL", help="As for serve. [default: EMULATOR_STORE]")
@exit_on_error
def clear(url: str | None) -> int:
    """Remove all state of emulators from a Redis server, and nothing else; stop the emulators that use it first."""
    from emulator.app import redis_stores
    from emulator.errors import ConfigError
    from emulator.settings.options import load_settings

    chosen = load_settings({"store": url}, os.environ).store
    if not chosen:
        raise ConfigError("--store: expected the URL of a Redis server; or set EMULATOR_STORE")
    click.echo(f"{redis_stores().clear(chosen)} keys removed")
    return 0
