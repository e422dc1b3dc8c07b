"""The commands `emulator routes` and `emulator coverage`, with their options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.errors import exit_on_error

if TYPE_CHECKING:
    from emulator.settings.options import Settings


@click.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@exit_on_error
def routes(scenarios: tuple[str, ...]) -> int:
    """List every route: method, path, operation, API, and the claims that it serves with their class."""
    from emulator.app import load
    from emulator.cli.inspect import route_lines

    playbook = load(settings_of_serve(scenarios=scenarios).scenarios)
    for line in route_lines(playbook):
        click.echo(line)
    return 0


@click.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@exit_on_error
def coverage(scenarios: tuple[str, ...]) -> int:
    """List every claim of the API documents with its class and where it is served.

    The exit status is 1 if a claim is not served.
    """
    from emulator.app import load
    from emulator.cli.inspect import coverage_lines

    playbook = load(settings_of_serve(scenarios=scenarios).scenarios)
    lines, unserved = coverage_lines(playbook)
    for line in lines:
        click.echo(line)
    return 1 if unserved else 0


def settings_of_serve(**options: Any) -> Settings:
    """Returns the settings that `serve` would have, but that no state is kept."""
    from emulator.project import read_project
    from emulator.settings.options import load_settings

    return load_settings({**options, "keep": False, "store": "memory"}, os.environ, read_project(Path.cwd()).values)
