"""A file is replaced whole or not at all, and nobody may read it who could not before."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from emulator.atomic import replace_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_a_new_file_is_private_unless_a_mode_is_given(file: Path, tmp_path: Path) -> None:
    replace_file(file, b"new")
    assert (file.read_bytes(), mode(file)) == (b"new", 0o600)
    replace_file(tmp_path / "public", b"new", mode=0o644)
    assert mode(tmp_path / "public") == 0o644


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o666])
def test_a_replaced_file_keeps_its_mode(file: Path, kept: int) -> None:
    file.write_bytes(b"old")
    file.chmod(kept)
    replace_file(file, b"new", sync=True)
    assert (file.read_bytes(), mode(file)) == (b"new", kept)


def test_a_mode_that_is_too_open_is_not_kept_if_so_asked(file: Path) -> None:
    file.write_bytes(b"old")
    file.chmod(0o644)
    replace_file(file, b"new", keep=False)
    assert mode(file) == 0o600


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"old")
    link = tmp_path / "link.json"
    link.symlink_to(file)
    replace_file(link, b"new")
    assert (link.is_symlink(), file.read_bytes()) == (True, b"new")


def test_a_failure_leaves_the_file_and_no_draft(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(file, b"new", sync=True)
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (b"old", [file])


@pytest.mark.parametrize("name", ["dd", "dd/..", "dd/."])
def test_a_folder_is_refused_and_nothing_is_left(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "dd"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / name, b"new")
    assert (list(tmp_path.iterdir()), list(folder.iterdir())) == ([folder], [])


def test_a_draft_of_a_killed_process_is_no_obstacle(file: Path, tmp_path: Path) -> None:
    (tmp_path / f".state.json.{os.getpid()}.tmp").write_bytes(b"half")
    replace_file(file, b"new")
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (b"new", [file])
