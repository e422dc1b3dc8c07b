"""Paths: the data files of the package, beside it in a checkout or inside it in a wheel, and the user's folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from emulator.errors import ConfigError

PACKAGE = Path(__file__).resolve().parent


def scenarios(package: Path = PACKAGE) -> Path:
    """Returns the folder of the bundled scenarios; `apis/` in it defines each API."""
    return _folder("scenarios", package)


def fixtures(package: Path = PACKAGE) -> Path:
    """Returns the folder of the data that scenarios use: catalogues, canned replies, seeded usage."""
    return _folder("fixtures", package)


def data(chosen: str, env: Mapping[str, str]) -> Path:
    """Returns the folder of the certificate authority: `auto` is in the user's data folder."""
    if chosen != "auto":
        return Path(chosen)
    home = env.get("XDG_DATA_HOME", "")
    if not os.path.isabs(home):
        home = os.path.join(os.path.expanduser("~"), ".local", "share")
    return Path(home) / "ai-api-emulator"


def _folder(name: str, package: Path) -> Path:
    for place in (package, package.parent):
        if (place / name).is_dir():
            return place / name
    raise ConfigError(f"the folder {name!r} is neither in {package} nor beside it; reinstall the emulator")
