"""The command `emulator demo`, with its options."""

from __future__ import annotations

import click

from emulator.cli.errors import exit_on_error


@click.command()
@click.option(
    "--pace",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    help="Go on after this many seconds instead of waiting for Enter; 0 plays everything at once.",
)
@click.option("--browser/--no-browser", default=True, help="Open the inspector, if there is a browser. [default: on]")
@click.option(
    "--listen", metavar="HOST:PORT", help="Where to serve. [default: 127.0.0.1:8484, or a free port if that is taken]"
)
@exit_on_error
def demo(pace: float | None, browser: bool, listen: str | None) -> int:
    """Play a walkthrough of five minutes, step by step; press Enter to go on.

    A conversation, a stream that breaks, a limit, a batch with its webhook, and the verdict: each request to the
    scenario `demo` is shown, and what comes back.
    """
    from emulator.demo.command import play_demo

    return play_demo(listen, pace, browser, lambda text: click.echo(text, nl=False))
