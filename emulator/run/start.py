"""Where the commands `emulator run` and `emulator env` begin: options and variables become one call each."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from emulator import settings
from emulator.errors import ConfigError
from emulator.run.command import CannotRun
from emulator.run.environment import variables
from emulator.run.session import Wishes
from emulator.run.session import run as run_session
from emulator.run.shell import lines
from emulator.run.trust import authority
from emulator.testing.client import Client, ControlError

# What a run made is told at its end, so the journal is to hold all of it.
ROOMY = {"journal_entries": 20_000, "journal_bytes": "128MiB"}


def run(command: Sequence[str], options: Mapping[str, Any], wishes: Mapping[str, Any]) -> int:
    """Run a command against an emulator of its own; gives the exit status. Raises EmulatorError when there is none."""
    _hold_streams()
    logging.basicConfig(level=logging.WARNING, format="emulator: %(message)s")
    roomy = {name: value for name, value in ROOMY.items() if not os.environ.get(f"EMULATOR_{name.upper()}")}
    chosen = settings.load({**roomy, **options}, os.environ)
    try:
        return run_session(command, chosen, Wishes(**wishes), os.environ, _tell)
    except CannotRun as error:
        _tell(f"emulator run: {error}")
        return error.status


def print_environment(url: str, shell: str, folder: str | None) -> int:
    """Print what leads a program to a running emulator, whose authority is in `folder` (None: in the usual one).

    Raises ConfigError when none answers there.
    """
    client = Client(url, token=os.environ.get("EMULATOR_CONTROL_TOKEN"))
    try:
        apis = client.get("/apis")["apis"]
    except ControlError as error:
        raise ConfigError(f"{error.message}; start one with `emulator serve`, or say where it is with --url") from error
    finally:
        client.close()
    trusted: Path | None = None
    if settings.Listen(urlsplit(url).hostname or "").is_loopback:
        chosen = settings.load({} if folder is None else {"authority": folder}, os.environ)
        trusted = authority(chosen, {host for api in apis for host in api["hosts"]}, os.environ)
    else:
        _tell(
            f"{url} has an authority of its own: export it there with `emulator certs`, and name the file in"
            " SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and NODE_EXTRA_CA_CERTS"
        )
    for line in lines(variables(apis, client.url, trusted, (), os.environ.get("NODE_OPTIONS", "")), shell):
        print(line)
    return 0


def _hold_streams() -> None:
    """Let no socket of ours take the number of a standard stream that is closed: the command would write to it."""
    for stream in range(3):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _tell(line: str) -> None:
    """Say something beside the output of the command; when nobody listens any more, the run ends as it would have."""
    with contextlib.suppress(OSError):
        click.echo(line, err=True)
