"""The command `emulator certs`, with its options."""

from __future__ import annotations

import os
from typing import Any

import click

from emulator.cli.errors import exit_on_error


@click.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@click.option("--intercept-host", "intercept_hosts", multiple=True, metavar="HOST", help="As for serve.")
@click.option("--authority", metavar="FOLDER", help="As for serve.")
@click.option("--export", metavar="FILE", help="Copy the certificate to this file; - prints it.")
@click.option("--renew", is_flag=True, help="Create a new certificate authority; give its certificate to your clients.")
@exit_on_error
def certs(export: str | None, renew: bool, **options: Any) -> int:
    """Show the certificate authority that clients must trust for https:// hosts; create it if there is none."""
    from emulator.app import build
    from emulator.cli.inspect import show
    from emulator.settings.options import load_settings

    click.echo(
        show(
            build(load_settings({**options, "keep": False, "store": "memory"}, os.environ)).proxy.authority,
            export,
            renew,
        ),
        nl=False,
    )
    return 0
