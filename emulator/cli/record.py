"""The commands `emulator record` and `emulator verify`, which call a real service, with their options."""

from __future__ import annotations

import click

from emulator.cli.errors import exit_on_error
from emulator.cli.streams import log_to_stderr


@click.command()
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

    log_to_stderr()
    return record(api, upstream, out, listen, force, click.echo)


@click.command()
@click.option("--api", required=True, metavar="NAME", help="The API that the target implements, or its file.")
@click.option(
    "--target",
    required=True,
    multiple=True,
    metavar="URL",
    help="The server to test; one URL for each host of the API.",
)
@click.option("--key", metavar="KEY", help="The key to use. [default: the demo key of the API's example]")
@click.option("--junit", metavar="FILE", help="Write the report as JUnit XML too.")
@exit_on_error
def verify(api: str, target: tuple[str, ...], key: str | None, junit: str | None) -> int:
    """Run each operation's examples against a target, and report where it differs.

    Claim by claim, in status, headers and shape; the exit status is 1 if it differs.
    """
    from emulator.verify.command import verify

    return verify(api, target, key, junit, click.echo)
