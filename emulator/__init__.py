"""One local server that stands in for hosted AI APIs described in YAML."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.testing.client import ControlError
    from emulator.testing.emulator import Emulator

__version__ = "0.1.0"
__all__ = ["ControlError", "Emulator", "__version__"]

# Where each public name is, imported when it is asked for: whoever only wants the version pays for nothing else.
_PUBLIC = {"ControlError": "emulator.testing.client", "Emulator": "emulator.testing.emulator"}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
