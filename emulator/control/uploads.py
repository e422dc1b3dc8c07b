"""Scenarios that were put by the API: files of the process's own, which are gone when it is.

Processes of one server share their texts; each has files of its own, whose paths have the same ends.

One that was put in a world belongs to it; those of the default world are there for all.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from emulator.control.parsing import ControlFailure
from emulator.errors import ConfigError
from emulator.language.document.reader import PRIVATE, read
from emulator.worlds.registry import DEFAULT, WorldRegistry

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
MAX_SCENARIOS = 200  # scenarios of one world


class UploadedScenarios:
    """Which scenarios were put, by world and name. Their folder is made when the first one is."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._files: dict[str, dict[str, Path]] = {}
        self._nameless: set[Path] = set()  # replaced or removed, and perhaps still played
        self._abouts: dict[Path, str] = {}
        self._texts_of: dict[Path, dict[str, bytes]] = {}  # what was read to be shared

    def known(self, world: str) -> dict[str, Path]:
        """What this world may play: its own, and the default world's."""
        return {**self._files.get(DEFAULT, {}), **self._files.get(world, {})}

    def own(self, world: str) -> dict[str, Path]:
        """The scenarios that were put in this world."""
        return dict(self._files.get(world, {}))

    def resolve(self, world: str, names: Iterable[str]) -> tuple[str, ...]:
        """The names with those of put scenarios replaced by their files; all others as they are."""
        files = self.known(world)
        return tuple(str(files.get(name, name)) for name in names)

    def shown(self, names: Iterable[str]) -> tuple[str, ...]:
        """The opposite of `resolve`."""
        return tuple(Path(name).stem if self._is_inside(name) else name for name in names)

    def saved(self, names: Iterable[str], files: Collection[Path]) -> dict[str, dict[str, str]]:
        """By name, the put scenarios among `names`: each one's text, and those of the `files` beside it, by name."""
        found = {}
        for path in map(Path, names):
            if self._is_inside(str(path)):
                used = {path, *(file for file in files if file.parent == path.parent)}
                found[path.stem] = {file.stem: file.read_text() for file in sorted(used)}
        return found

    def snapshot(self, worlds: WorldRegistry, name: str) -> dict[str, Any]:
        """A world's whole state, with the text of put scenarios. Raises UnknownWorld; ConfigError when a record can't
        be saved."""
        world = worlds.find(name)
        written = self.saved(world.scenarios, world.playbook.files)
        return {**worlds.snapshot(name), "scenarios": list(self.shown(world.scenarios)), "written": written}

    async def restore(self, worlds: WorldRegistry, name: str, snapshot: Mapping[str, Any]) -> None:
        """Puts a world back to what was saved. The scenarios of the snapshot are its own before those of this server.

        Raises UnknownWorld, ConfigError, DocumentError; then nothing is changed.
        """
        worlds.find(name)
        texts, drafts = _texts(snapshot.get("written", {})), dict[str, Path]()
        try:
            for scenario, each in texts.items():
                drafts[scenario] = self.copy(name, scenario, each)
            names = snapshot.get("scenarios")
            if isinstance(names, list) and all(isinstance(each, str) for each in names):
                names = [str(drafts[each]) if each in drafts else self.resolve(name, [each])[0] for each in names]
            await worlds.restore(name, {**snapshot, "scenarios": names})
        except BaseException:
            for path in drafts.values():
                self.discard(path)
            raise
        for scenario, path in drafts.items():
            self.keep(name, scenario, path)
        self.sweep(worlds.playing)

    def copy(self, world: str, name: str, texts: Mapping[str, str]) -> Path:
        """A draft of a scenario that was saved, with what lay beside it. Raises ControlError as `draft` does."""
        path = self.draft(world, name, texts[name].encode())
        for other, text in texts.items():
            if NAME.fullmatch(other) is None:
                self.discard(path)
                raise ControlFailure(400, f"body.written: {other[:100]!r} can't be the name of a scenario")
            path.with_name(f"{other}.yaml").unlink(missing_ok=True)  # it may be a link to the file of another draft
            path.with_name(f"{other}.yaml").write_text(text)
        return path

    def about(self, file: Path) -> str:
        """What a scenario says of itself; of one that was put it is read once. Raises DocumentError."""
        about = self._abouts.get(file)
        if about is None:
            data = read(file).data
            about = str(data.get("about", "")) if isinstance(data, dict) else ""
            if self._is_inside(str(file)):
                self._abouts[file] = about
        return about

    def draft(self, world: str, name: str, text: bytes) -> Path:
        """A file for this text, not yet known by its name. Raises ControlError for a name that is none, or too many.

        What else the world knows lies beside it, so that it can extend it.
        """
        if NAME.fullmatch(name) is None or name.endswith((".yaml", ".yml")):
            raise ControlFailure(
                400, f"scenario {name[:100]!r}: expected a name of letters, digits, '-', '_' and '.', without '.yaml'"
            )
        own, beside = self._files.get(world, {}), self.known(world)
        if name not in own and len(own) >= MAX_SCENARIOS:
            raise ControlFailure(409, f"world {world!r} has {MAX_SCENARIOS} scenarios of its own; delete one first")
        try:
            return self._write(name, text, beside)
        except OSError as error:
            hint = "TMPDIR names a folder that the server may write to"
            raise ControlFailure(409, f"the scenario can't be kept: {error.strerror or error}", hint) from error

    def keep(self, world: str, name: str, path: Path) -> bool:
        """Knows this file by its name from here on; returns whether the name is new."""
        new = not self.remove(world, name)
        self._files.setdefault(world, {})[name] = path
        return new

    def remove(self, world: str, name: str) -> bool:
        """Forgets a name of this world; worlds that play it go on. Returns whether it was there."""
        before = self._files.get(world, {}).pop(name, None)
        if before is not None:
            self._nameless.add(before)
        return before is not None

    def forget(self, world: str) -> None:
        """Forgets all names of a world that ends."""
        self._nameless.update(self._files.pop(world, {}).values())

    def sweep(self, playing: Collection[str]) -> None:
        """Removes the files that have no name any more and that no world plays."""
        for path in [each for each in self._nameless if str(each) not in playing]:
            self._nameless.remove(path)
            self.discard(path)

    def discard(self, path: Path) -> None:
        """Remove a draft that nobody plays."""
        self._abouts.pop(path, None)
        self._texts_of.pop(path, None)
        shutil.rmtree(path.parent, ignore_errors=True)

    # ------------------------------------------------------------------ sharing

    def files(self, played: Collection[str]) -> dict[str, dict[str, bytes]]:
        """Returns the texts of all that were put and have a name or are played: by the end of each one's path, those in
        its folder, by name."""
        named = {path for each in self._files.values() for path in each.values()}
        found = {}
        for path in sorted({*named, *(Path(name) for name in played if self._is_inside(name))}):
            if (texts := self._texts_of.get(path)) is None:
                texts = {file.stem: file.read_bytes() for file in sorted(path.parent.iterdir())}
                self._texts_of[path] = texts
            found[str(self.end_of(str(path)))] = texts
        return found

    def end_of(self, name: str) -> str | None:
        """Returns the end of a path by which other processes know it; None for what was not put."""
        return str(Path(name).relative_to(self._root)) if self._is_inside(name) else None

    def at(self, end: str) -> Path:
        """Returns the path here with this end."""
        return self._root / end

    def bring(self, end: str, texts: Mapping[str, bytes]) -> None:
        """Writes a scenario that was put in another process, with what lies beside it. Raises ConfigError."""
        folder, _, name = end.partition("/")
        if not folder.endswith(PRIVATE) or NAME.fullmatch(name) is None:
            raise ConfigError(f"{end[:200]!r} can't be where a scenario is that was put")
        path = self.at(end)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        for name, text in texts.items():
            path.with_name(f"{name}.yaml").write_bytes(text)
        self._nameless.add(path)

    def become(self, world: str, ends: Mapping[str, str]) -> None:
        """Knows in a world the scenarios with these ends by these names, and no others."""
        for name in [each for each in self._files.get(world, {}) if each not in ends]:
            self.remove(world, name)
        for name, end in ends.items():
            path = self.at(end)
            if self._files.get(world, {}).get(name) != path:
                self.keep(world, name, path)
                self._nameless.discard(path)

    @property
    def _root(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="emulator-")).resolve()
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def _write(self, name: str, text: bytes, beside: Mapping[str, Path]) -> Path:
        path = Path(tempfile.mkdtemp(dir=self._root, suffix=PRIVATE)) / f"{name}.yaml"
        for other, file in beside.items():
            if other != name:
                os.link(file, path.with_name(f"{other}.yaml"))
        path.write_bytes(text)
        return path

    def _is_inside(self, file: str) -> bool:
        return self._folder is not None and Path(file).is_relative_to(self._folder)


def _texts(uploads: Any) -> dict[str, dict[str, str]]:
    """The put scenarios of a snapshot; see UploadedScenarios.saved. Raises ConfigError for anything else."""
    try:
        texts = msgspec.convert(uploads, dict[str, dict[str, str]])
    except msgspec.ValidationError as error:
        raise ConfigError(f"the snapshot is damaged: written: {error}") from None
    for name, files in texts.items():
        if name not in files:
            raise ConfigError(f"the snapshot is damaged: written: the text of {name[:100]!r} is missing")
    return texts
