"""Kept playbooks: what was compiled from files that are still the same is taken from disk, as Python does with .pyc."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from emulator import __version__
from emulator.language.document.reader import SUFFIXES
from emulator.language.expressions import Language

MOST = 32  # playbooks in a folder; the one that was written first goes first
STALE = 3_600 * 10**9  # nanoseconds after which a file that nobody finished is nobody's
_PACKAGE = Path(__file__).resolve().parent
_LANGUAGE = "language"
LOG = logging.getLogger("emulator")
T = TypeVar("T")
Pairs = tuple[tuple[str, Any], ...]


class PlaybookCache:
    """A folder of compiled playbooks, each found by what was asked for, and good only while every file it was made of
    has the same content and no scenario came to their folders or went. It never fails: what can't be read or written
    is compiled again.

    A playbook holds no code, and the folder is trusted only if it is ours and nobody else may write to it.
    """

    def __init__(self, folder: Path, language: Language) -> None:
        self.folder = folder
        self.language = language

    def take_or_make(self, names: Sequence[str], wishes: object, make: Callable[[], tuple[T, Iterable[Path]]]) -> T:
        """What was kept for these scenarios and wishes, or what `make` gives, which says from which files."""
        path = self.folder / f"{_digest(repr((_program(), tuple(names), wishes, _here())).encode())}.playbook"
        found = self._take(path)
        if found is not None:
            return found[0]  # type: ignore[no-any-return]
        begun = self._begin()
        try:
            made, files = make()
            if begun is not None:
                self._keep(path, begun, made, _inventory(names, files))
            return made
        finally:
            if begun is not None:
                begun.unlink(missing_ok=True)

    def _take(self, path: Path) -> tuple[Any] | None:
        try:
            with path.open("rb") as file:
                if not (_is_private(self.folder.stat()) and _is_private(os.fstat(file.fileno()))):
                    return None
                inventory, digest = pickle.load(file)
                data = file.read()
            if _digest(data) != digest or not _still_holds(inventory):
                return None
            return (_Unpickler(BytesIO(data), self.language).load(),)
        except FileNotFoundError:
            return None
        except Exception as error:  # whatever is wrong with it: it is only a copy
            LOG.debug("a playbook that was kept can't be used: %r", error)
            return None

    def _begin(self) -> Path | None:
        """An empty file in the folder, made before anything is read: what changes later is newer than this file."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_private(self.folder.stat()):
                return None
            descriptor, name = tempfile.mkstemp(".new", dir=self.folder)
            os.close(descriptor)
            return Path(name)
        except OSError:
            return None

    def _keep(self, path: Path, begun: Path, made: Any, inventory: Sequence[Pairs]) -> None:
        """Keep what was made, unless a file changed while it was being made: nobody knows then what was read of it."""
        try:
            start = _changed(begun)
            files, folders, _ = inventory
            if any(_changed(Path(path)) >= start for path, _ in files) or any(
                _changed(Path(path)) > start for path, _ in folders
            ):
                return
            data = BytesIO()
            _Pickler(data, pickle.HIGHEST_PROTOCOL).dump(made)
            head = pickle.dumps((inventory, _digest(data.getvalue())), pickle.HIGHEST_PROTOCOL)
            begun.write_bytes(head + data.getvalue())
            os.replace(begun, path)
            self._make_room(_changed(path))
        except Exception as error:
            LOG.debug("the playbook can't be kept: %r", error)

    def _make_room(self, now: int) -> None:
        kept = sorted(self.folder.glob("*.playbook"), key=_changed)
        unfinished = [file for file in self.folder.glob("*.new") if file.stat().st_mtime_ns < now - STALE]
        for file in (*kept[:-MOST], *unfinished):
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


def _is_private(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)


def _inventory(names: Iterable[str], files: Iterable[Path]) -> Sequence[Pairs]:
    """Every file with its content, every folder that one was found in with its scenarios, where the named ones lead."""
    paths = sorted(set(files))
    named = [Path(name) for name in names if name.endswith(SUFFIXES)]
    found_in = {path.parent for path in (*paths, *named)}
    folders = sorted(folder for folder in {*found_in, *(folder / "apis" for folder in found_in)} if folder.is_dir())
    return (
        tuple((str(path), _digest(path.read_bytes())) for path in paths),
        tuple((str(folder), _scenarios_in(folder)) for folder in folders),
        tuple((str(path), os.path.realpath(path)) for path in named),
    )


def _still_holds(inventory: Sequence[Pairs]) -> bool:
    files, folders, named = inventory
    return (
        all(_digest(Path(path).read_bytes()) == digest for path, digest in files)
        and all(_scenarios_in(Path(folder)) == found for folder, found in folders)
        and all(os.path.realpath(path) == target for path, target in named)
    )


def _scenarios_in(folder: Path) -> tuple[str, ...]:
    """The scenarios of a folder, and where those lead that are links."""
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.name.endswith(SUFFIXES) or entry.name == "apis"]
        return tuple(sorted(os.path.realpath(entry) if entry.is_symlink() else entry.name for entry in found))


def _changed(path: Path) -> int:
    """When the file or folder last changed, in nanoseconds, whatever time its writer gave it."""
    found = path.stat()
    return max(found.st_ctime_ns, found.st_mtime_ns)


def _program() -> Sequence[object]:
    """What would compile the same files otherwise: another Python, other libraries, another state of the source."""
    sources = [
        (path, found.st_size, found.st_mtime_ns) for path in sorted(_sources(_PACKAGE)) for found in [os.stat(path)]
    ]
    libraries = os.stat(Path(msgspec.__file__).parent.parent).st_mtime_ns
    return (sys.version, __version__, libraries, sources)


def _sources(folder: Path) -> Iterable[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _sources(Path(entry.path))


def _here() -> str | None:
    with contextlib.suppress(OSError):  # somebody may have removed it
        return os.getcwd()
    return None


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
