"""The commands `emulator schema` and `emulator new`, with their options."""

from __future__ import annotations

import click

from emulator.cli.errors import exit_on_error


@click.command()
@click.argument("kind", type=click.Choice(["scenario", "api", "project"]), required=False)
@click.option("--write", is_flag=True, help="Write all to .emulator/ and add a line to each YAML file of this folder.")
@exit_on_error
def schema(kind: str | None, write: bool) -> int:
    """Print the JSON Schema of scenario, API or project files, for editors; or set up the editor with --write."""
    from pathlib import Path

    from emulator.check.setup import schema_text, write_schemas

    if write:
        for line in write_schemas(Path.cwd()):
            click.echo(line)
    elif kind is None:
        raise click.UsageError("Missing argument '[scenario|api|project]', or --write.")
    else:
        click.echo(schema_text(kind, Path.cwd()), nl=False)
    return 0


@click.command()
@click.argument("kind", type=click.Choice(["scenario", "api"]))
@click.argument("name", metavar="NAME")
@exit_on_error
def new(kind: str, name: str) -> int:
    """Write a small, commented file to start from: NAME.yaml, or apis/NAME.yaml for an API.

    A file that exists is left as it is; the exit status is 2 then.
    """
    from pathlib import Path

    from emulator.check.starter import write_starter

    for line in write_starter(kind, name, Path.cwd()):
        click.echo(line)
    return 0
