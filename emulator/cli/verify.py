"""The command `emulator verify`, with its options."""

from __future__ import annotations

import click

from emulator.cli.errors import exit_on_error


@click.command()
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
