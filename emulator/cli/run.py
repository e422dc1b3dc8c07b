"""The commands `emulator run` and `emulator env`, with their options."""

from __future__ import annotations

from typing import Any

import click

from emulator.cli.errors import exit_on_error
from emulator.cli.words import DEFAULT_URL

UNPARSED = {"allow_interspersed_args": False}  # from its first word on, everything belongs to the command


@click.command(context_settings=UNPARSED)
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@click.option("--world", metavar="NAME", default="default", help="The world that the calls go to.")
@click.option(
    "--allow-host", "allowed", multiple=True, metavar="HOST", help="Allow calls to this real host; may be repeated."
)
@click.option("--verdict", "verdict", is_flag=True, help="Report the verdict in full; exit with 4 if it has findings.")
@click.option(
    "--expect-calls",
    "expected",
    metavar="[N]",
    is_flag=False,
    flag_value=1,
    default=0,
    type=click.IntRange(0),
    help="Exit with 5 if fewer calls arrive.  [default: 1, if given without N]",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=FILE",
    help="Write a report there: junit, md, json, har or jsonl; may be repeated.",
)
@click.option(
    "--coverage", is_flag=True, help="Report which rules never answered, and how the calls of each operation ended."
)
@click.option(
    "--coverage-fail",
    "coverage_fail",
    multiple=True,
    metavar="unused-rules|PATTERN:OUTCOME",
    help="Exit with 6 if a rule was never used, or a called operation never had that outcome; may be repeated.",
)
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:0", help="Where to listen. [default: a free port]")
@click.option(
    "--webhook-allow", "webhook_allow", multiple=True, metavar="ADDRESS|NETWORK", help="As for serve; may be repeated."
)
@click.option("--webhook-time", metavar="world|real", help="As for serve.")
@click.option("--clock", metavar="WORDS", help="As for serve: how the clock starts, such as frozen.")
@click.option("--state", metavar="FILE", help="As for serve: begin with the snapshot in this file.")
@click.option("--keep", is_flag=True, default=None, help="As for serve: write the state back to --state.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="As for serve; may be repeated.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND …")
@exit_on_error
def run(
    command: tuple[str, ...],
    world: str,
    allowed: tuple[str, ...],
    verdict: bool,
    expected: int,
    reports: tuple[str, ...],
    coverage: bool,
    coverage_fail: tuple[str, ...],
    **settings: Any,
) -> int:
    """Run a command with its calls redirected to a private emulator.

    The exit status is the command's, or 3 if a call to a host that is not emulated was blocked.
    """
    from emulator.run import session as start

    run_options = {
        "world": world,
        "allowed": allowed,
        "verdict": verdict,
        "expected": expected,
        "reports": reports,
        "coverage": coverage,
        "coverage_fail": coverage_fail,
    }
    return start.run_program(command, settings, run_options)


@click.command()
@click.option("--url", metavar="URL", default=DEFAULT_URL, show_default=True, help="The running emulator.")
@click.option(
    "--shell", type=click.Choice(["sh", "fish"]), default="sh", show_default=True, help="Syntax of the output."
)
@click.option("--authority", metavar="FOLDER", help="As for serve.")
@exit_on_error
def env(url: str, shell: str, authority: str | None) -> int:
    """Print the variables that redirect a program's calls to a running emulator.

    To set them in a shell: eval "$(emulator env)", or in fish: emulator env --shell fish | source
    """
    from emulator.run import session as start

    return start.print_environment(url, shell, authority)
