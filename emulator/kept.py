"""Kept playbooks: what was compiled from files that are still the same is taken from disk, as Python does with .pyc."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

from emulator import __version__
from emulator.scenario.document import SUFFIXES
from emulator.scenario.expression import Language

MOST = 32  # playbooks in a folder; the one that was written first goes first
_PACKAGE = Path(__file__).resolve().parent
_LANGUAGE = "language"
Inventory = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, tuple[str, ...]], ...]]


class Kept:
    """A folder of compiled playbooks, each found by what was asked for, and good only while every file it was made of
    has the same content and no scenario came to their folders or went. It never fails: what can't be read or written
    is compiled again.

    A playbook holds no code, and the folder is trusted only if it is ours and nobody else may write to it.
    """

    def __init__(self, folder: Path, language: Language) -> None:
        self.folder = folder
        self.language = language

    def take(self, wanted: object) -> Any:
        """What was kept for these wishes, or None."""
        try:
            if not _is_private(self.folder):
                return None
            with self._file(wanted).open("rb") as file:
                inventory: Inventory = pickle.load(file)
                return _Unpickler(file, self.language).load() if _is_true(inventory) else None
        except Exception:  # whatever is wrong with it: it is only a copy
            return None

    def keep(self, wanted: object, made: Any, files: Iterable[Path]) -> None:
        """Keep what was made of these files."""
        with contextlib.suppress(Exception):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_private(self.folder):
                return
            with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".new", delete=False) as file:
                try:
                    pickle.dump(_inventory(files), file, pickle.HIGHEST_PROTOCOL)
                    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(made)
                    file.close()
                    os.replace(file.name, self._file(wanted))
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
            self._make_room()

    def _file(self, wanted: object) -> Path:
        return self.folder / f"{_digest(repr((_program(), wanted, os.getcwd())).encode())}.playbook"

    def _make_room(self) -> None:
        kept = sorted(self.folder.glob("*.playbook"), key=lambda file: file.stat().st_mtime_ns)
        for file in kept[:-MOST]:
            file.unlink(missing_ok=True)


class _Pickler(pickle.Pickler):
    """Leaves the language out, which is the program's own."""

    def persistent_id(self, thing: Any) -> str | None:
        return _LANGUAGE if isinstance(thing, Language) else None


class _Unpickler(pickle.Unpickler):
    """Puts the language in again."""

    def __init__(self, file: BinaryIO, language: Language) -> None:
        super().__init__(file)
        self._language = language

    def persistent_load(self, name: Any) -> Language:
        return self._language


def _is_private(folder: Path) -> bool:
    if not hasattr(os, "geteuid"):
        return True
    found = folder.stat()
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _inventory(files: Iterable[Path]) -> Inventory:
    """Every file with its content, every folder that one was found in with the scenarios there."""
    paths = sorted(set(files))
    folders = sorted({folder for path in paths for folder in (path.parent, path.parent / "apis")})
    return (
        tuple((str(path), _digest(path.read_bytes())) for path in paths),
        tuple((str(folder), _scenarios_in(folder)) for folder in folders),
    )


def _is_true(inventory: Inventory) -> bool:
    files, folders = inventory
    same = all(_digest(Path(path).read_bytes()) == digest for path, digest in files)
    return same and all(_scenarios_in(Path(folder)) == names for folder, names in folders)


def _scenarios_in(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(name for name in os.listdir(folder) if name.endswith(SUFFIXES)))
    except OSError:
        return ()


def _program() -> Sequence[object]:
    """What would compile the same files otherwise: another Python, another version, another state of the source."""
    sources = [
        (path, entry.st_size, entry.st_mtime_ns) for path in sorted(_sources(_PACKAGE)) for entry in [os.stat(path)]
    ]
    return (sys.version, __version__, sources)


def _sources(folder: Path) -> Iterable[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _sources(Path(entry.path))


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
