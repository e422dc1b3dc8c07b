"""Address: where a running emulator is, as the options of a command say it."""

from __future__ import annotations

from emulator.errors import ConfigError
from emulator.settings import parse_public_url, parse_token

TOKEN_HINT = "give it with --token, or in EMULATOR_CONTROL_TOKEN; the banner of the server shows it"


def check_address(url: str, token: str) -> tuple[str, str]:
    """Returns URL and token, checked. Raises ConfigError that names the option, its value and what was expected."""
    try:
        address = parse_public_url(url)
    except ValueError as error:
        raise ConfigError(f"--url is {url!r}; expected {error}") from None
    try:
        return address, parse_token(token) if token else ""
    except ValueError as error:
        raise ConfigError(f"--token is not a token; expected {error}") from None
