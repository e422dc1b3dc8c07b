"""Command line: parses arguments into settings, makes one call with them, and exits with its status.

Each command is in a module that imports only what its options need; what it does is imported when it is called, so that
no command waits for the others, nor `--help` for any.
"""

from __future__ import annotations

import click

from emulator import __version__

# Modules, not what is in them: a command that is called like its module would hide it.
from emulator.cli import (
    certs,
    check,
    demo,
    editor,
    explain,
    mcp,
    openapi,
    record,
    routes,
    run,
    serve,
    switchboard,
    tail,
)
from emulator.cli.streams import Commands, open_closed_streams


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="emulator")
def main() -> None:
    """A local server that stands in for hosted AI APIs.

    It responds from YAML scenarios: offline, without an account, with the same result every time.
    """
    open_closed_streams()


for command in (
    certs.certs,
    check.check,
    demo.demo,
    editor.new,
    editor.schema,
    explain.explain,
    mcp.mcp,
    openapi.import_,
    openapi.openapi,
    record.record,
    routes.coverage,
    routes.routes,
    run.env,
    run.run,
    serve.health,
    serve.serve,
    serve.store,
    *switchboard.commands(),
    tail.tail,
    record.verify,
):
    main.add_command(command)
