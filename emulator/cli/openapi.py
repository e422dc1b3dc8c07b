"""The commands `emulator openapi` and `emulator import`, with their options."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.errors import exit_on_error
from emulator.cli.routes import settings_of_serve
from emulator.cli.words import DEFAULT_URL


@click.command()
@click.argument("api", metavar="API")
@click.option("--documented-only", is_flag=True, default=None, help="Only routes that the API's own document shows.")
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME|PATH", help="As for serve.")
@click.option("--url", default=DEFAULT_URL, show_default=True, help="Where the emulator is.")
@exit_on_error
def openapi(api: str, documented_only: bool | None, scenarios: tuple[str, ...], url: str) -> int:
    """Print an emulated API as an OpenAPI 3.1 document, as JSON.

    Each part names the claims that it is based on, and their class: documented, inferred or invented.
    """
    import orjson

    from emulator.app import load
    from emulator.errors import ConfigError
    from emulator.language.document.diagnostics import did_you_mean
    from emulator.openapi.document import document

    chosen = settings_of_serve(scenarios=scenarios, documented_only=documented_only)
    playbook = load(chosen.scenarios)
    found = playbook.apis.get(api)
    if found is None:
        raise ConfigError(f"no API is called {api!r}; {did_you_mean(api, playbook.apis)}")
    written = document(playbook, found, url.rstrip("/"), chosen.documented_only)
    click.echo(orjson.dumps(written, option=orjson.OPT_INDENT_2))
    return 0


@click.command("import")
@click.argument("document", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The API file to write. [default: apis/NAME.yaml]",
)
@click.option("--name", metavar="NAME", help="The name of the API. [default: from FILE's name, or its title]")
@click.option("--force", is_flag=True, help="Overwrite the API file if it exists.")
@exit_on_error
def import_(document: Path, out: Path | None, name: str | None, force: bool) -> int:
    """Write an API file from an OpenAPI 3.0 or 3.1 document, YAML or JSON.

    Examples become responses; where there are none, they are made from schemas. What is left out is noted. If the
    document can't be imported, every reason is printed as file:line:column, and nothing is written.
    """
    from emulator.importer.command import import_openapi

    done, notes = import_openapi(document, out, name, force)
    for note in notes:
        click.echo(f"{note.place}: note: {note.message}", err=True)
    for line in done:
        click.echo(line)
    return 0
