"""The command `emulator check`, with its options."""

from __future__ import annotations

import os

import click

from emulator.cli.errors import EXIT_STATUS, exit_on_error


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH …]")
@click.option("--play/--no-play", default=True, help="Play every operation once, in this process. [default: on]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    help="How errors are printed. [default: github in GitHub Actions, otherwise text]",
)
@exit_on_error
def check(paths: tuple[str, ...], play: bool, form: str | None) -> int:
    """Check scenarios: names, files, folders, and API files; by default all that come with the emulator.

    Every error is printed as file:line:column; the exit status is 2 if there are any.
    """
    from emulator.check.command import check_scenarios
    from emulator.check.formats import FORMATS, default_format

    diagnostics, checked = check_scenarios(paths, play)
    for line in FORMATS[form or default_format(os.environ)](diagnostics):
        click.echo(line)
    if diagnostics:
        click.echo(f"{len(diagnostics)} error{'s' if len(diagnostics) > 1 else ''}", err=True)
        return EXIT_STATUS
    click.echo(f"{checked} scenario{'s' if checked != 1 else ''} OK", err=form == "json")
    return 0
