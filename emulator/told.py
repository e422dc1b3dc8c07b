"""What commands have in common: what is wrong with flags and files is said without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from emulator.errors import ConfigError

WRONG = 2


def told(command: Callable[..., int]) -> Callable[..., None]:
    """Say what is wrong in the user's files and flags, without a traceback, and exit with 2."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            status = command(*arguments, **options)
        except ConfigError as error:
            click.echo(str(error), err=True)
            status = WRONG
        sys.exit(status)

    return run
