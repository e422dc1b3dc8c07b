"""A server as a process that plays a scenario of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import Serving
from tests.server.talking import API, STORY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scenario of one's own: an API, its fixture, and the story that plays it."""
    (tmp_path / "small.yaml").write_text(API)
    (tmp_path / "words.yaml").write_text("- {id: one}\n")
    (tmp_path / "story.yaml").write_text(STORY)
    return tmp_path


@pytest.fixture
def serving(folder: Path) -> Iterator[Serving]:
    """A server that plays the story."""
    with Serving(folder, "--scenario", "story.yaml") as process:
        yield process
