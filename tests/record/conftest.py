"""What recording is tested with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Emulator
from tests.studio import Studio


@pytest.fixture(scope="session")
def upstream() -> Iterator[Emulator]:
    with Emulator(scenarios=["default"]) as emulator:
        yield emulator


@pytest.fixture
def studio(tmp_path: Path, upstream: Emulator) -> Studio:
    return Studio(tmp_path, upstream)
