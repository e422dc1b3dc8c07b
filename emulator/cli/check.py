"""The command `emulator check`, with its options."""

from __future__ import annotations

import click

from emulator.cli.errors import EXIT_STATUS, exit_on_error


@click.command()
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
