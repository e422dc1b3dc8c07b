"""Playbooks: each list of scenarios is compiled once, and shared by all the worlds that play it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from emulator.playbook.apis import Playbook

MAX_PLAYBOOKS = 16  # lists of scenarios; the one asked for longest ago goes
Names = tuple[str, ...]
Stamp = tuple[tuple[Path, int, int, int], ...]


class Playbooks:
    """What was compiled, by names of scenarios, and good while its files are as they were."""

    def __init__(self, compile: Callable[[Names], Playbook]) -> None:
        self._compile = compile
        self._made: dict[Names, tuple[Playbook, Stamp]] = {}

    def add(self, names: Names, made: Playbook) -> None:
        """Take in what was compiled elsewhere."""
        self._made.pop(names, None)
        self._made[names] = (made, stamp(made.files))

    def has(self, names: Names) -> bool:
        """Whether these scenarios are compiled, from files that are as they were."""
        made, then = self._made.get(names, (None, ()))
        return made is not None and then == stamp(made.files)

    def compile(self, names: Names) -> Playbook:
        """Compiles these scenarios and takes in nothing, so any thread may. Raises DocumentError."""
        return self._compile(names)

    def get(self, names: Names) -> Playbook:
        """What these scenarios make. Raises DocumentError with every diagnostic."""
        return self.take(names, self._made[names][0] if self.has(names) else self._compile(names))

    def take(self, names: Names, made: Playbook) -> Playbook:
        """Takes in what these scenarios make, and returns it; what was made of other files than now, or of scenarios
        that were asked for longest ago, goes."""
        self._made = {each: (old, at) for each, (old, at) in self._made.items() if at == stamp(old.files)}
        self.add(names, made)
        for old in list(self._made)[: max(0, len(self._made) - MAX_PLAYBOOKS)]:
            del self._made[old]
        return made

    def again(self, used: Iterable[Names]) -> dict[Names, Playbook]:
        """Compile anew all that is used, and forget the rest. Raises DocumentError, and then nothing has changed."""
        made = {names: self._compile(names) for names in dict.fromkeys(used)}
        self._made.clear()
        for names, each in made.items():
            self.add(names, each)
        return made


def stamp(files: Iterable[Path]) -> Stamp:
    """How the files are: which they are (a link may lead to another now), when they were changed (ns), their sizes."""
    stamps = []
    for file in files:
        try:
            found = os.stat(file)
            stamps.append((file, found.st_ino, found.st_mtime_ns, found.st_size))
        except OSError:
            stamps.append((file, 0, 0, -1))
    return tuple(stamps)
