"""The commands `emulator run` and `emulator env`, with their options."""

from __future__ import annotations

from typing import Any

import click

from emulator.cli.errors import exit_on_error

AS_IT_STANDS = {"allow_interspersed_args": False}  # from its first word on, all is the command's


@click.command(context_settings=AS_IT_STANDS)
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@click.option("--world", metavar="NAME", default="default", help="The world of its calls.")
@click.option("--allow-host", "allowed", multiple=True, metavar="HOST", help="Let calls go to this real host.")
@click.option("--verdict", "judged", is_flag=True, help="Tell the verdict in full; exit with 4 if it finds something.")
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:0", help="Where to listen. [default: a free port]")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND …")
@exit_on_error
def run(command: tuple[str, ...], scenarios: tuple[str, ...], listen: str, **wishes: Any) -> int:
    """Run a command whose calls arrive at an emulator of its own.

    The exit status is the command's, or 3 when a call tried to leave for a host that is not emulated.
    """
    from emulator.run import session as start

    return start.run_program(command, {"scenarios": scenarios, "listen": listen}, wishes)


@click.command()
@click.option("--url", metavar="URL", default="http://127.0.0.1:8484", show_default=True, help="The running emulator.")
@click.option("--shell", type=click.Choice(["sh", "fish"]), default="sh", show_default=True, help="Whose words to use.")
@click.option("--authority", metavar="FOLDER", help="As for serve.")
@exit_on_error
def env(url: str, shell: str, authority: str | None) -> int:
    """Print the variables that lead a program's calls to a running emulator.

    To set them in a shell: eval "$(emulator env)", or in fish: emulator env --shell fish | source
    """
    from emulator.run import session as start

    return start.print_environment(url, shell, authority)
