"""The command line: arguments become settings, settings one call, the call an exit status."""

from __future__ import annotations

import gc
import logging
import os
import sys
from typing import Any

import click

from emulator import __version__
from emulator.cli.errors import EXIT_STATUS
from emulator.cli.errors import exit_on_error as _told
from emulator.cli.run import env, run


def _chosen(scenarios: tuple[str, ...]) -> tuple[str, ...]:
    """The scenarios that `serve` would play."""
    from emulator import settings

    return settings.load({"scenarios": scenarios}, os.environ).scenarios


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="emulator")
def main() -> None:
    """A local server that stands in for hosted AI APIs.

    It answers from YAML scenarios: offline, without an account, always the same.
    """


main.add_command(run)
main.add_command(env)


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
@click.option("--cache", hidden=True, help="Has no effect; older command lines name it.")
@click.option(
    "--control-token",
    metavar="TOKEN",
    help="What callers of /_emulator must show. [default: none on loopback, else one is made and printed]",
)
@click.option("--tls-listen", metavar="HOST:PORT", help="Serve TLS here too, for names in /etc/hosts. [default: off]")
@click.option(
    "--intercept-host",
    "intercept_hosts",
    multiple=True,
    metavar="HOST",
    help="Another host to answer as over HTTPS, beside the APIs' own; may be repeated.",
)
@click.option(
    "--authority", metavar="FOLDER", help="Where the certificate authority is kept. [default: the user's data folder]"
)
@_told
def serve(**options: Any) -> int:
    """Serve the APIs until Ctrl-C or SIGTERM.

    Every option can also be set by a variable: EMULATOR_LISTEN, EMULATOR_SCENARIO, EMULATOR_SEED and so on.
    """
    gc.disable()  # nearly all that is loaded stays; the server lets the collector run again
    from emulator import server, settings
    from emulator.app import build
    from emulator.cli.serve import banner

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("emulator").setLevel(logging.INFO)
    chosen = settings.load(options, os.environ).guarded()
    app = build(chosen)
    sock, tls = server.bind(chosen), server.bind_tls(chosen)
    if tls is not None:
        app.proxy.prepare()  # report a problem with the CA before serving
    host, port = sock.getsockname()[:2]
    secure = None if tls is None else tls.getsockname()[1]
    shown = banner(app.playbook, host, port, chosen.control_token, secure)
    return server.run(app, sock, lambda: click.echo(shown), tls)


@main.command()
@click.option("--api", required=True, metavar="NAME", help="The API that is recorded, or its file.")
@click.option(
    "--upstream", required=True, multiple=True, metavar="URL", help="Where calls go; one for each host of the API."
)
@click.option("--out", required=True, metavar="FILE", help="The scenario to write, such as recorded.yaml.")
@click.option("--listen", metavar="HOST:PORT", help="As for serve.")
@click.option("--force", is_flag=True, help="Write over FILE if it is there already.")
@_told
def record(api: str, upstream: tuple[str, ...], out: str, listen: str | None, force: bool) -> int:
    """Pass calls on to an upstream, and write a scenario that replays them.

    Keys, tokens and fields to be redacted are never written.
    """
    from emulator.record.command import record

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("emulator").setLevel(logging.INFO)
    return record(api, upstream, out, listen, force, click.echo)


@main.command()
@click.option("--api", required=True, metavar="NAME", help="The API that the target should be, or its file.")
@click.option(
    "--target", required=True, multiple=True, metavar="URL", help="Who is asked; one for each host of the API."
)
@click.option("--key", metavar="KEY", help="The key to call with. [default: the demo key of the API's example]")
@click.option("--junit", metavar="FILE", help="Write the report as JUnit XML too.")
@_told
def verify(api: str, target: tuple[str, ...], key: str | None, junit: str | None) -> int:
    """Play each operation's examples against a target, and tell where it differs.

    Claim by claim, in status, headers and shape; the exit status is 1 when it does.
    """
    from emulator.verify.command import verify

    return verify(api, target, key, junit, click.echo)


@main.command()
@click.argument("paths", nargs=-1, metavar="[PATH …]")
@_told
def check(paths: tuple[str, ...]) -> int:
    """Check scenarios: names, files, folders of them, API files too; without PATH all that come with the emulator.

    Every error is printed as file:line:column, and the exit status is 2 when there is one.
    """
    from emulator.cli.inspect import check_scenarios

    diagnostics, checked = check_scenarios(paths)
    for diagnostic in diagnostics:
        click.echo(str(diagnostic))
    if diagnostics:
        click.echo(f"{len(diagnostics)} error{'s' if len(diagnostics) > 1 else ''}", err=True)
        return EXIT_STATUS
    click.echo(f"{checked} scenario{'s' if checked != 1 else ''} OK")
    return 0


@main.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@_told
def routes(scenarios: tuple[str, ...]) -> int:
    """List every route: method, path, operation, API, and the claims it serves with their class."""
    from emulator.app import load
    from emulator.cli.inspect import route_lines

    playbook = load(_chosen(scenarios))
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
    from emulator.cli.inspect import coverage_lines

    playbook = load(_chosen(scenarios))
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

    from emulator.language.schema.scenario import ApiFile, ScenarioFile

    shape = ScenarioFile.model_json_schema() if kind == "scenario" else ApiFile.model_json_schema()
    click.echo(json.dumps(shape, indent=2))
    return 0


@main.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@click.option("--intercept-host", "intercept_hosts", multiple=True, metavar="HOST", help="As for serve.")
@click.option("--authority", metavar="FOLDER", help="As for serve.")
@click.option("--export", metavar="FILE", help="Copy the certificate there; - prints it.")
@click.option("--renew", is_flag=True, help="Make another authority; clients must be given its certificate.")
@_told
def certs(export: str | None, renew: bool, **options: Any) -> int:
    """Show the certificate authority that clients must trust for https:// hosts; it is made if there is none."""
    from emulator import settings
    from emulator.app import build
    from emulator.cli.inspect import show

    click.echo(show(build(settings.load(options, os.environ)).proxy.authority, export, renew), nl=False)
    return 0
