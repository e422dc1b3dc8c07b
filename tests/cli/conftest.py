"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.library import STORY, api


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scenario beside its API, `demo`, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo.yaml").write_text(api())
    path = tmp_path / "story.yaml"
    path.write_text(STORY)
    return path
