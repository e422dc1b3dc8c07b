"""Standard streams: where the log goes, and going on without those that are closed or full."""

from __future__ import annotations

import logging
import os
import sys

import click

LOG = logging.getLogger("emulator")
STREAMS = (0, 1, 2)


def open_closed_streams() -> None:
    """Opens /dev/null for each standard stream that is closed: a socket with its number would abort uvloop."""
    for descriptor in STREAMS:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


def log_to_stderr() -> None:
    """Writes warnings to standard error, and what the emulator itself logs as information."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("emulator").setLevel(logging.INFO)


def show(text: str) -> None:
    """Prints a text; when the output takes none, says so in the log and prints nothing more."""
    try:
        click.echo(text)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the end of the program would try it again
        LOG.warning("the output can't be written: %s", error.strerror)
