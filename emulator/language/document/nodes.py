"""A document's values with their places: plain data, built up entry by entry, that remembers where each part stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from emulator.language.document.scalars import shown


class Mark(Protocol):
    """Where YAML's parser was; line and column count from 0."""

    line: int
    column: int


Report = Callable[[Mark, str], None]
Entry = tuple[Mark, Mark, "DocumentNode"]  # where the key stands, where the value is used (an alias here), what it is


class DocumentNode:
    """One value with its place; `size` counts it and all below it, `height` how deep that goes, aliases written out."""

    __slots__ = ("entries", "height", "mark", "size", "value")

    def __init__(self, mark: Mark, value: Any, entries: dict[str, Entry] | list[Entry] | None = None) -> None:
        self.mark = mark
        self.value = value
        self.entries = entries
        self.size = 1
        self.height = 0 if entries is None else 1

    def entry(self, key: str | int) -> Entry | None:
        """Give what stands under a key or an index, or None."""
        if isinstance(self.entries, dict):
            return self.entries.get(key) if isinstance(key, str) else None
        if isinstance(self.entries, list) and isinstance(key, int) and 0 <= key < len(self.entries):
            return self.entries[key]
        return None

    def holds(self, node: DocumentNode) -> None:
        """Count a child."""
        self.size += node.size
        if node.height >= self.height:
            self.height = node.height + 1


class OpenSequence:
    """A sequence that has begun and not ended."""

    def __init__(self, mark: Mark) -> None:
        self.items: list[Entry] = []
        self.node = DocumentNode(mark, [], self.items)

    def add(self, node: DocumentNode, use: Mark) -> None:
        """Take the next item."""
        self.node.holds(node)
        self.node.value.append(node.value)
        self.items.append((use, use, node))


class OpenMapping:
    """A mapping that has begun and not ended: keys and values come in turn; `<<` brings in the entries of others."""

    def __init__(self, mark: Mark, report: Report) -> None:
        self.entries: dict[str, Entry] = {}
        self.node = DocumentNode(mark, {}, self.entries)
        self.wants_key = True
        self._report = report
        self._lines: dict[str, int] = {}
        self._key: str | None = None
        self._key_mark = mark
        self._merges = False

    def begin(self, key: Any, mark: Mark, merges: bool = False) -> None:
        """Take the next key; `merges` says that it is an unquoted `<<`."""
        self._key, self._key_mark, self._merges = None, mark, merges
        self.wants_key = False
        self.node.size += 1
        if isinstance(key, dict):
            hint = 'a value that begins with a template must be quoted, as in "{{ … }}"'
            self._report(mark, f"a mapping can't be a key; {hint}")
        elif not isinstance(key, str):
            self._report(mark, "expected text as a key")
        elif key in self._lines:
            self._report(mark, f"duplicate key {shown(key)!r}; it stands on line {self._lines[key]} already")
        else:
            self._lines[key] = mark.line + 1
            self._key = key

    def add(self, node: DocumentNode, use: Mark) -> None:
        """Take the value of that key."""
        self.wants_key = True
        self.node.holds(node)
        if self._merges:
            self._merge(node, use)
        elif self._key is not None:
            self.entries[self._key] = (self._key_mark, use, node)
            self.node.value[self._key] = node.value

    def _merge(self, node: DocumentNode, use: Mark) -> None:
        sources = [entry[2] for entry in node.entries] if isinstance(node.entries, list) else [node]
        for source in sources:
            if not isinstance(source.entries, dict):
                self._report(use, "'<<' takes a mapping or a list of mappings, as in '<<: *name'")
                continue
            for key, entry in source.entries.items():
                if key not in self.entries:
                    self.entries[key] = entry
                    self.node.value[key] = entry[2].value
