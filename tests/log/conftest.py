"""What the tests of the log share: a client that speaks to the control API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests import loopback
from tests.running import Emulated
from tests.waiting import PATIENCE


@pytest.fixture
def control(emulator: Emulated) -> Iterator[httpx.Client]:
    """A client of the control API."""
    with loopback.Client(base_url=f"{emulator.origin}/_emulator", timeout=PATIENCE) as client:
        yield client
