"""Command line: parses arguments into settings, makes one call with them, and exits with its status."""

from __future__ import annotations

import gc
import logging
import os
import sys
from typing import Any

import click

from emulator import __version__
from emulator.cli.demo import demo
from emulator.cli.errors import EXIT_STATUS, exit_on_error
from emulator.cli.run import env, run
from emulator.cli.streams import open_closed_streams, show
from emulator.cli.tail import tail


def _scenarios(scenarios: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the scenarios that `serve` would play."""
    from emulator import settings

    return settings.load({"scenarios": scenarios}, os.environ).scenarios


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="emulator")
def main() -> None:
    """A local server that stands in for hosted AI APIs.

    It responds from YAML scenarios: offline, without an account, with the same result every time.
    """
    open_closed_streams()


main.add_command(run)
main.add_command(demo)
main.add_command(env)
main.add_command(tail)


@main.command()
@click.option(
    "--listen", metavar="HOST:PORT", help="Where to listen; port 0 lets the system choose. [default: 127.0.0.1:8484]"
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME|PATH",
    help="A scenario to play; may be repeated, rules of the first take precedence. [default: default]",
)
@click.option("--seed", metavar="N", help="Seed of generated texts and ids. [default: 0]")
@click.option("--max-body", metavar="SIZE", help="The largest request body, e.g. 4MiB. [default: 64MiB]")
@click.option(
    "--read-timeout",
    metavar="SECONDS",
    help="Real seconds that the head of a request may take, and a pause in its body; 0: any time. [default: 60]",
)
@click.option("--reload/--no-reload", default=None, help="Reload scenarios when they change on disk. [default: on]")
@click.option(
    "--documented-only/--no-documented-only",
    default=None,
    help="Respond with 501 to anything that the APIs' documentation does not promise. [default: off]",
)
@click.option("--cache", hidden=True, help="Has no effect; older command lines name it.")
@click.option(
    "--control-token",
    metavar="TOKEN",
    help="Token that /_emulator requires. [default: none on loopback, else generated and printed]",
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
    help="Let webhooks go there too, besides this machine and private networks; may be repeated.",
)
@click.option(
    "--webhook-time",
    metavar="world|real",
    help="Whose time signs webhooks: the world's, or the system's. [default: world]",
)
@click.option(
    "--public-url",
    metavar="URL",
    help="Where clients reach it behind a proxy; URLs in responses begin so. [default: as the client called it]",
)
@click.option(
    "--cors",
    multiple=True,
    metavar="ORIGIN|*|off",
    help="Let pages of this origin call the APIs, besides those on loopback; may be repeated. * lets all, off none.",
)
@click.option("--log", metavar="text|json", help="Format of the request log on standard output. [default: text]")
@click.option("-q", "--quiet", is_flag=True, default=None, help="Print no request log.")
@click.option("-v", "--verbose", is_flag=True, default=None, help="Print bodies too, shortened.")
@click.option("--journal-entries", metavar="N", help="Exchanges that a world's journal keeps. [default: 500]")
@click.option("--journal-bytes", metavar="SIZE", help="And their size together. [default: 16MiB]")
@exit_on_error
def serve(**options: Any) -> int:
    """Serve the APIs until Ctrl-C or SIGTERM.

    Every option is also an environment variable: EMULATOR_LISTEN, EMULATOR_SCENARIO, EMULATOR_SEED and so on.
    """
    gc.disable()  # nearly everything that is loaded stays; the server enables the collector again
    from emulator import server, settings
    from emulator.app import build
    from emulator.cli.serve import banner, ready_line, request_log
    from emulator.server.listeners import bind, bind_tls

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("emulator").setLevel(logging.INFO)
    chosen = settings.load(options, os.environ).guarded()
    app = build(chosen)
    sockets, tls = bind(chosen), bind_tls(chosen)
    if tls:
        app.proxy.prepare()  # report a problem with the CA before serving
    host, port = sockets[0].getsockname()[:2]
    secure = tls[0].getsockname()[1] if tls else None
    as_json = chosen.log == "json"
    shown = (ready_line if as_json else banner)(app.playbook, host, port, chosen.control_token, secure)
    with request_log(app, os.environ):
        return server.run(app, sockets, lambda: show(shown), tls)


@main.command()
@click.option("--api", required=True, metavar="NAME", help="The API to record, or its file.")
@click.option(
    "--upstream",
    required=True,
    multiple=True,
    metavar="URL",
    help="Where to forward calls; one URL for each host of the API.",
)
@click.option("--out", required=True, metavar="FILE", help="The scenario to write, such as recorded.yaml.")
@click.option("--listen", metavar="HOST:PORT", help="As for serve.")
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@exit_on_error
def record(api: str, upstream: tuple[str, ...], out: str, listen: str | None, force: bool) -> int:
    """Forward calls to an upstream, and write a scenario that replays them.

    Keys, tokens and redacted fields are never written.
    """
    from emulator.record.command import record

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("emulator").setLevel(logging.INFO)
    return record(api, upstream, out, listen, force, click.echo)


@main.command()
@click.option("--api", required=True, metavar="NAME", help="The API that the target implements, or its file.")
@click.option(
    "--target",
    required=True,
    multiple=True,
    metavar="URL",
    help="The server to test; one URL for each host of the API.",
)
@click.option("--key", metavar="KEY", help="The key to call with. [default: the demo key of the API's example]")
@click.option("--junit", metavar="FILE", help="Write the report as JUnit XML too.")
@exit_on_error
def verify(api: str, target: tuple[str, ...], key: str | None, junit: str | None) -> int:
    """Run each operation's examples against a target, and report where it differs.

    Claim by claim, in status, headers and shape; the exit status is 1 if it differs.
    """
    from emulator.verify.command import verify

    return verify(api, target, key, junit, click.echo)


@main.command()
@click.argument("paths", nargs=-1, metavar="[PATH …]")
@click.option("--play/--no-play", default=True, help="Play every operation once, in this process. [default: on]")
@exit_on_error
def check(paths: tuple[str, ...], play: bool) -> int:
    """Check scenarios: names, files, folders, and API files; by default all that come with the emulator.

    Every error is printed as file:line:column; the exit status is 2 if there are any.
    """
    from emulator.check.command import check_scenarios

    diagnostics, checked = check_scenarios(paths, play)
    for diagnostic in diagnostics:
        click.echo(str(diagnostic))
    if diagnostics:
        click.echo(f"{len(diagnostics)} error{'s' if len(diagnostics) > 1 else ''}", err=True)
        return EXIT_STATUS
    click.echo(f"{checked} scenario{'s' if checked != 1 else ''} OK")
    return 0


@main.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@exit_on_error
def routes(scenarios: tuple[str, ...]) -> int:
    """List every route: method, path, operation, API, and the claims that it serves with their class."""
    from emulator.app import load
    from emulator.cli.inspect import route_lines

    playbook = load(_scenarios(scenarios))
    for line in route_lines(playbook):
        click.echo(line)
    return 0


@main.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@exit_on_error
def coverage(scenarios: tuple[str, ...]) -> int:
    """List every claim of the API documents with its class and where it is served.

    The exit status is 1 if a claim is not served.
    """
    from emulator.app import load
    from emulator.cli.inspect import coverage_lines

    playbook = load(_scenarios(scenarios))
    lines, unserved = coverage_lines(playbook)
    for line in lines:
        click.echo(line)
    return 1 if unserved else 0


@main.command()
@click.argument("kind", type=click.Choice(["scenario", "api"]), required=False)
@click.option("--write", is_flag=True, help="Write both to .emulator/ and add a line to each scenario of this folder.")
@exit_on_error
def schema(kind: str | None, write: bool) -> int:
    """Print the JSON Schema of scenario or API files, for editors; or set up the editor with --write."""
    from pathlib import Path

    from emulator.check.setup import schema_text, write_schemas

    if write:
        for line in write_schemas(Path.cwd()):
            click.echo(line)
    elif kind is None:
        raise click.UsageError("Missing argument '[scenario|api]', or --write.")
    else:
        click.echo(schema_text(kind, Path.cwd()), nl=False)
    return 0


@main.command()
@click.argument("kind", type=click.Choice(["scenario", "api"]))
@click.argument("name", metavar="NAME")
@exit_on_error
def new(kind: str, name: str) -> int:
    """Write a small, commented file to start from: NAME.yaml, or apis/NAME.yaml for an API.

    A file that exists is left as it is; the exit status is 2 then.
    """
    from pathlib import Path

    from emulator.check.starter import write_starter

    for line in write_starter(kind, name, Path.cwd()):
        click.echo(line)
    return 0


@main.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@click.option("--intercept-host", "intercept_hosts", multiple=True, metavar="HOST", help="As for serve.")
@click.option("--authority", metavar="FOLDER", help="As for serve.")
@click.option("--export", metavar="FILE", help="Copy the certificate to this file; - prints it.")
@click.option("--renew", is_flag=True, help="Create a new certificate authority; give its certificate to your clients.")
@exit_on_error
def certs(export: str | None, renew: bool, **options: Any) -> int:
    """Show the certificate authority that clients must trust for https:// hosts; create it if there is none."""
    from emulator import settings
    from emulator.app import build
    from emulator.cli.inspect import show

    click.echo(show(build(settings.load(options, os.environ)).proxy.authority, export, renew), nl=False)
    return 0
