"""Standard streams: where the log goes, and going on without those that are closed or full."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
from typing import Any

import click

from emulator.cli.errors import EXIT_STATUS

LOG = logging.getLogger("emulator")
STREAMS = (0, 1, 2)
UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT)  # click itself ends with 1 where a pipe has closed


def open_closed_streams() -> None:
    """Opens /dev/null for each standard stream that is closed: a socket with its number would abort uvloop."""
    for descriptor in STREAMS:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


def stop_with_stdin() -> None:
    """Ends this process, as SIGTERM does, when standard input closes: whoever started it with a pipe has ended."""

    def wait() -> None:
        while os.read(0, 65_536):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end of standard input", daemon=True).start()


def log_to_stderr(prefix: str = "", chatty: bool = True) -> None:
    """Writes warnings to standard error and, if it is `chatty`, what the emulator itself logs as information."""
    logging.basicConfig(level=logging.WARNING, format=f"%(levelname)s: {prefix}%(message)s", stream=sys.stderr)
    if chatty:
        logging.getLogger("emulator").setLevel(logging.INFO)


class Commands(click.Group):
    """A group of commands that end with one sentence where the output takes nothing, as when a disk is full."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Runs the command that the arguments name; exits with 2 if its output can't be written."""
        try:
            result = super().main(*arguments, **options)
            sys.stdout.flush()
            return result
        except OSError as error:
            if error.errno not in UNWRITABLE or error.filename is not None:
                raise
            give_up_output()
            click.echo(f"the output can't be written: {error.strerror}", err=True)
            sys.exit(EXIT_STATUS)


def give_up_output() -> None:
    """Leads standard output nowhere, or the end of the program would try again to write what it holds."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show(text: str) -> None:
    """Prints a text; when the output takes none, says so in the log and prints nothing more."""
    try:
        click.echo(text)
    except OSError as error:
        give_up_output()
        LOG.warning("the output can't be written: %s", error.strerror)
