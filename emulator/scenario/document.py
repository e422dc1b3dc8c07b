"""A document: one YAML file as plain data that knows the line and column of every part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator.errors import Place
from emulator.scenario.deferred import Deferred
from emulator.scenario.node import Node

SUFFIXES = (".yaml", ".yml")  # of the files that are documents


class Document:
    """One file as plain Python, and where each part of it stands; what aliases share is shared, so don't change it.

    `file` is what complaints call it: relative to the working directory when it lies below. `path` is where it is.
    """

    def __init__(self, file: str, data: Any, root: Node | None, path: Path) -> None:
        self.file = file
        self.path = path
        self._content = Deferred((data, root))

    @property
    def data(self) -> Any:
        return self._content.value[0]

    @property
    def root(self) -> Node | None:
        return self._content.value[1]

    def place(self, path: tuple[str | int, ...], key: bool = False) -> Place:
        """Tell where the value at `path` (or its key) stands; for what is missing, where its nearest ancestor does."""
        root = self.root
        if root is None:
            return Place(self.file, 1, 1)
        node, mark = root, root.mark
        for step in path:
            entry = node.entry(step)
            if entry is None:
                break
            key_mark, use, node = entry
            mark = key_mark if key else use
        return Place(self.file, mark.line + 1, mark.column + 1)
