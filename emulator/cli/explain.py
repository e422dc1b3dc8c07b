"""The command `emulator explain`, with its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.errors import exit_on_error
from emulator.cli.words import DEFAULT_URL, address_options

if TYPE_CHECKING:
    from emulator.worlds.explained import Explanation

UNPARSED = {"allow_interspersed_args": False}  # from its first word on, everything is curl's


@click.command(
    context_settings=UNPARSED,
    params=address_options(
        "The running emulator that is asked; without this and --exchange, none is.", "The world that is asked."
    ),
)
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve; no server is needed.")
@click.option(
    "--exchange", metavar="N", type=click.IntRange(1), help="Explain this past exchange of a running emulator."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- curl URL …]")
@exit_on_error
def explain(
    command: tuple[str, ...],
    scenarios: tuple[str, ...],
    url: str,
    exchange: int | None,
    world: str,
    token: str,
    as_json: bool,
) -> int:
    """Explain which response a request would get, and why; or why a past one got its response.

    The request is a curl command line as it stands: `emulator explain --scenario mine.yaml -- curl http://…`. Nothing
    is sent and nothing changes.
    """
    from msgspec import json

    from emulator.log.escape import escaped

    source = click.get_current_context().get_parameter_source("url")
    asks = source is click.core.ParameterSource.COMMANDLINE
    if scenarios and (asks or exchange):
        other = "--url" if asks else "--exchange"
        raise click.UsageError(
            f"--scenario and {other}: a running emulator plays scenarios of its own; give one of them"
        )
    if bool(command) == bool(exchange):
        raise click.UsageError("expected a curl command line behind `--`, or --exchange; give one of them")
    if exchange is not None:
        explanation = _ask(url, world, token, {"exchange": exchange})
    elif asks:
        explanation = _ask(url, world, token, _request(command))
    else:
        explanation = _rehearse(scenarios, _request(command))
    if as_json:
        click.echo(json.encode(explanation))
    else:
        click.echo("\n".join(map(escaped, str(explanation).split("\n"))))
    return 0


def _request(command: tuple[str, ...]) -> dict[str, Any]:
    """Returns the request of a curl line, as the control API takes it."""
    import base64

    from emulator.http.curl import read_curl

    request = read_curl(command, _read)
    body = base64.b64encode(request.body).decode() if request.body else None
    return {"method": request.method, "path": request.url, "headers": request.headers, "body_base64": body}


def _read(name: str) -> bytes:
    from emulator.errors import ConfigError

    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(f"can't read {name!r}, which the curl line names: {error.strerror}") from None


def _ask(url: str, world: str, token: str, body: dict[str, Any]) -> Explanation:
    """Asks a running emulator. Raises ConfigError."""
    from msgspec import convert

    from emulator.cli.switchboard import send
    from emulator.log.address import check_address
    from emulator.testing.client import Client
    from emulator.worlds.explained import Explanation

    address, token = check_address(url, world, token)
    return convert(send(Client(address, world, token or None), "POST", "/explain", body), Explanation)


def _rehearse(scenarios: tuple[str, ...], request: dict[str, Any]) -> Explanation:
    """Answers the request by the scenarios, and the project file, in a world of its own."""
    import asyncio

    from msgspec import convert
    from msgspec.structs import replace

    from emulator.app import build
    from emulator.cli.routes import settings_of_serve
    from emulator.worlds.rehearsal import SampleRequest, rehearse

    app = build(replace(settings_of_serve(scenarios=scenarios), state=""))
    return asyncio.run(rehearse(convert(request, SampleRequest), app.worlds, DEFAULT_URL))
