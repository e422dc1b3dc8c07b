"""Where files lie: those of the package, beside it in a checkout or inside it in a wheel, and the user's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from emulator.errors import ConfigError

PACKAGE = Path(__file__).resolve().parent


def scenarios(package: Path = PACKAGE) -> Path:
    """The folder of the scenarios that come with the emulator; its `apis/` holds what each API is."""
    return _folder("scenarios", package)


def fixtures(package: Path = PACKAGE) -> Path:
    """The folder of the data that scenarios name: catalogues, canned replies, seeded usage."""
    return _folder("fixtures", package)


def data(chosen: str, env: Mapping[str, str]) -> Path:
    """Where the certificate authority is kept: `auto` is the user's own data folder, all else a folder."""
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
    raise ConfigError(f"the folder {name!r} is neither in {package} nor beside it; install the emulator again")
