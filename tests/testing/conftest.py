"""What the tests of the Python side share: the plugin's own fixture, in place of the one of the other tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from _pytest.pytester import SysModulesSnapshot

from emulator import Emulator
from pytest_ai_api_emulator import emulator as emulator  # the fixture; conftest.py above has another of this name
from tests import loopback

HAIKU = "apex-haiku-4-20250401"
HELLO = {"model": HAIKU, "messages": [{"role": "user", "content": "Hello!"}]}


def restore(snapshot: SysModulesSnapshot) -> None:
    """Puts back the modules that there were.

    pytester empties `sys.modules` for this and fills it again. A server's thread that imports a package in between
    begins it anew, finds half of it, and leaves it broken for the rest of the run.
    """
    saved: dict[str, Any] = snapshot._SysModulesSnapshot__saved  # type: ignore[attr-defined]
    preserve = snapshot._SysModulesSnapshot__preserve  # type: ignore[attr-defined]
    for name in [name for name in sys.modules if name not in saved and not (preserve and preserve(name))]:
        del sys.modules[name]
    sys.modules.update({name: module for name, module in saved.items() if not (preserve and preserve(name))})


setattr(SysModulesSnapshot, "restore", restore)  # noqa: B010 - types say it is a method


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    """A client of AI Export, whose key leads to this test's world."""
    headers = {"X-API-Key": emulator.key("pro")}
    with loopback.Client(base_url=emulator.base_url("aiexport"), headers=headers) as client:
        yield client


@pytest.fixture
def hello() -> dict[str, Any]:
    """A message that every plan may send."""
    return HELLO
