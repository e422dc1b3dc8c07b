"""What the tests of the Python side share: the plugin's own fixture, in place of the one of the other tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator import Emulator
from pytest_ai_api_emulator import emulator as emulator  # the fixture; conftest.py above has another of this name
from tests import loopback

HAIKU = "apex-haiku-4-20250401"
HELLO = {"model": HAIKU, "messages": [{"role": "user", "content": "Hello!"}]}


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
