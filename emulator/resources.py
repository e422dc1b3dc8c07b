"""Where the files that travel with the package lie: beside it in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

from emulator.errors import ConfigError

PACKAGE = Path(__file__).resolve().parent


def scenarios(package: Path = PACKAGE) -> Path:
    """The folder of the scenarios that come with the emulator; its `apis/` holds what each API is."""
    return _folder("scenarios", package)


def fixtures(package: Path = PACKAGE) -> Path:
    """The folder of the data that scenarios name: catalogues, canned replies, seeded usage."""
    return _folder("fixtures", package)


def _folder(name: str, package: Path) -> Path:
    for place in (package, package.parent):
        if (place / name).is_dir():
            return place / name
    raise ConfigError(f"the folder {name!r} is neither in {package} nor beside it; install the emulator again")
