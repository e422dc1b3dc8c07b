"""What the tests of serving share: small APIs that they write themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.settings import Settings
from tests.running import Emulated, Running
from tests.small import play

Small = Callable[..., Emulated]


@pytest.fixture
def small(running: Running, tmp_path: Path) -> Iterator[Small]:
    """`small(operations, more="", scenario="", settings=None)` plays a small API; the last one played answers."""
    played: list[Emulated] = []

    def start(operations: str, more: str = "", scenario: str = "", settings: Settings | None = None) -> Emulated:
        folder = tmp_path / str(len(played))
        folder.mkdir()
        played.append(play(running, folder, operations, more, scenario, settings))
        return played[-1]

    yield start
    for emulated in played:
        emulated.close()
