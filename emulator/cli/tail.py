"""The command `emulator tail`, with its options."""

from __future__ import annotations

import os
import sys

import click

from emulator.cli.errors import exit_on_error
from emulator.cli.words import address_options

GONE = 1  # the exit status when the world was deleted


@click.command(params=address_options(world="The world to follow."))
@click.option(
    "--last",
    metavar="N",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Begin with this many older exchanges.",
)
@click.option("--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format.")
@click.argument("filter", nargs=-1, metavar="[FILTER …]")
@exit_on_error
def tail(url: str, world: str, token: str, last: int, log: str, filter: tuple[str, ...]) -> int:
    """Print the exchanges of a running emulator as they happen, until Ctrl-C.

    A FILTER is a condition as in a rule's `when`, quoted for the shell; all must hold: 'status: {gte: 400}'
    'operation: messages.create', or '{{ took > 1 }}'.
    """
    import asyncio

    from emulator.log.escape import escaped
    from emulator.log.line import json_line, text_line, uses_colour
    from emulator.log.row import Row
    from emulator.log.tail import Tail, WorldGone, wanted

    colour = uses_colour(sys.stdout.isatty(), os.environ)

    def show(row: Row) -> None:
        sys.stdout.write(json_line(row, world) if log == "json" else text_line(row, world, colour=colour))
        sys.stdout.flush()

    def notice(text: str) -> None:
        click.echo(f"emulator tail: {escaped(text)}", err=True)

    try:
        asyncio.run(Tail(wanted(url, world, "\n".join(filter), last, token), show, notice).follow())
    except WorldGone as error:
        notice(str(error))
        return GONE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the end of the program would try it again
    except KeyboardInterrupt:
        pass
    return 0
