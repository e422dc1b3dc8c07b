"""Address: where a running emulator is, as the options of a command say it."""

from __future__ import annotations

from emulator.errors import ConfigError
from emulator.settings.parsers import parse_public_url, parse_token, parse_world

TOKEN_HINT = "give it with --token, or in EMULATOR_CONTROL_TOKEN; the banner of the server shows it"


def check_address(url: str, world: str, token: str) -> tuple[str, str]:
    """Returns URL and token, and checks the world's name too.

    Raises ConfigError that names the option, its value and what was expected.
    """
    for option, value, parse in (("--url", url, parse_public_url), ("--world", world, parse_world)):
        try:
            parse(value)
        except ValueError as error:
            raise ConfigError(f"{option} is {value[:200]!r}; expected {error}") from None
    try:
        return parse_public_url(url), parse_token(token) if token else ""
    except ValueError as error:
        raise ConfigError(f"--token, or EMULATOR_CONTROL_TOKEN, is not a token; expected {error}") from None
