"""The command line: arguments become settings, settings one call, the call an exit status."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from emulator import __version__
from emulator.errors import ConfigError

WRONG = 2


def _chosen(scenarios: tuple[str, ...]) -> tuple[str, ...]:
    """The scenarios that `serve` would play."""
    from emulator import settings

    return settings.load({"scenarios": scenarios}, os.environ).scenarios


def _told(command: Callable[..., int]) -> Callable[..., None]:
    """Say what is wrong in the user's files and flags, without a traceback, and exit with 2."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            status = command(*arguments, **options)
        except ConfigError as error:
            click.echo(str(error), err=True)
            status = WRONG
        sys.exit(status)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="emulator")
def main() -> None:
    """A local server that stands in for hosted AI APIs.

    It answers from YAML scenarios: offline, without an account, always the same.
    """


@main.command()
@click.option(
    "--listen", metavar="HOST:PORT", help="Where to listen; port 0 lets the system choose. [default: 127.0.0.1:8484]"
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME|PATH",
    help="A scenario to play; may be repeated, the first one's rules stand first. [default: default]",
)
@click.option("--seed", metavar="N", help="Another seed gives other generated texts and ids. [default: 0]")
@click.option("--max-body", metavar="SIZE", help="The largest request body, e.g. 4MiB. [default: 32MiB]")
@click.option("--reload/--no-reload", default=None, help="Read scenarios again when they change on disk. [default: on]")
@click.option(
    "--documented-only/--no-documented-only",
    default=None,
    help="Answer 501 to what the APIs' documents do not promise. [default: off]",
)
@click.option(
    "--cache",
    metavar="FOLDER|off",
    help="Where compiled scenarios are kept, so that the next start is quicker. [default: the user's cache folder]",
)
@click.option(
    "--control-token",
    metavar="TOKEN",
    help="What callers of /_emulator must show. [default: none on loopback, else one is made and printed]",
)
@_told
def serve(**options: Any) -> int:
    """Serve the APIs until Ctrl-C or SIGTERM.

    Every option can also be set by a variable: EMULATOR_LISTEN, EMULATOR_SCENARIO, EMULATOR_SEED and so on.
    """
    gc.disable()  # nearly all that is loaded stays; the server lets the collector run again
    from emulator import server, settings
    from emulator.app import build
    from emulator.banner import banner

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("emulator").setLevel(logging.INFO)
    chosen = settings.load(options, os.environ).guarded()
    app = build(chosen)
    sock = server.bind(chosen)
    host, port = sock.getsockname()[:2]
    return server.run(app, sock, lambda: click.echo(banner(app.playbook, host, port, chosen.control_token)))


@main.command()
@click.argument("paths", nargs=-1, metavar="[PATH …]")
@_told
def check(paths: tuple[str, ...]) -> int:
    """Check scenarios: names, files, folders of them, API files too; without PATH all that come with the emulator.

    Every complaint is printed as file:line:column, and the exit status is 2 when there is one.
    """
    from emulator.report import check_scenarios

    complaints, checked = check_scenarios(paths)
    for complaint in complaints:
        click.echo(str(complaint))
    if complaints:
        click.echo(f"{len(complaints)} complaint{'s' if len(complaints) > 1 else ''}", err=True)
        return WRONG
    click.echo(f"{checked} scenario{'s' if checked != 1 else ''} checked, no complaints")
    return 0


@main.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@_told
def routes(scenarios: tuple[str, ...]) -> int:
    """List every route: method, path, operation, API, and the claims it serves with their class."""
    from emulator.app import load
    from emulator.report import route_lines

    playbook, _ = load(_chosen(scenarios))
    for line in route_lines(playbook):
        click.echo(line)
    return 0


@main.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@_told
def coverage(scenarios: tuple[str, ...]) -> int:
    """List every claim of the API documents with its class and where it is served.

    The exit status is 1 when a claim is served by nothing.
    """
    from emulator.app import load
    from emulator.report import coverage_lines

    playbook, _ = load(_chosen(scenarios))
    lines, unserved = coverage_lines(playbook)
    for line in lines:
        click.echo(line)
    return 1 if unserved else 0


@main.command()
@click.argument("kind", type=click.Choice(["scenario", "api"]))
@_told
def schema(kind: str) -> int:
    """Print the JSON Schema of scenario or API files, for editors."""
    import json

    from emulator.scenario.model import ApiFile, ScenarioFile

    shape = ScenarioFile.model_json_schema() if kind == "scenario" else ApiFile.model_json_schema()
    click.echo(json.dumps(shape, indent=2))
    return 0
