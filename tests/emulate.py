"""The command line in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

from emulator.cli import main


def emulate(*arguments: str, **variables: str) -> Result:
    """What `emulator ARGUMENTS` prints, and its status."""
    return CliRunner().invoke(main, arguments, env=variables)
