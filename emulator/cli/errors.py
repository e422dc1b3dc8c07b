"""Error handling of commands: expected errors are printed without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from emulator.errors import EmulatorError

EXIT_STATUS = 2


def exit_on_error(command: Callable[..., int]) -> Callable[..., None]:
    """Makes a command print errors in files, options or the server without a traceback, and exit with 2."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            status = command(*arguments, **options)
        except EmulatorError as error:
            click.echo(str(error), err=True)
            status = EXIT_STATUS
        sys.exit(status)

    return run
