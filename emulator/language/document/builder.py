"""Turns YAML's events into nodes, one by one, and refuses what would explode before it is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

import yaml

from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import closest
from emulator.language.document.nodes import DocumentNode, Mark, OpenMapping, OpenSequence
from emulator.language.document.scalars import COLLECTION_TAGS, name_of, plain, shown, tagged

MAX_NODES = 200_000
MAX_DEPTH = 60
MAX_DIAGNOSTICS = 100


class Builder:
    """Takes the events of one document in order; `diagnostics` holds what could be reported without stopping."""

    def __init__(self, file: str) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._file = file
        self._anchors: dict[str, DocumentNode] = {}
        self._open: list[OpenMapping | OpenSequence] = []
        self._root: DocumentNode | None = None
        self._documents = 0
        self._count = 0

    def build(self, events: Iterable[yaml.Event]) -> DocumentNode | None:
        """Give the root, or None for an empty document; raises DocumentError when a bound is passed."""
        for event in events:
            mark: Any = event.start_mark  # never None: only events made by hand lack it
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event, mark)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self._begin(event, mark)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                node = self._open.pop().node
                self._add(node, node.mark)
            elif isinstance(event, yaml.AliasEvent):
                self._add(self._alias(event, mark), mark)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._stop(mark, "a second document begins here; expected one document in a file")
        return self._root

    def _report(self, mark: Mark, message: str) -> None:
        self.diagnostics.append(Diagnostic(Location(self._file, mark.line + 1, mark.column + 1), message))
        if len(self.diagnostics) >= MAX_DIAGNOSTICS:
            raise DocumentError(self.diagnostics)

    def _stop(self, mark: Mark, message: str) -> NoReturn:
        self._report(mark, message)
        raise DocumentError(self.diagnostics)

    def _spend(self, nodes: int, mark: Mark) -> None:
        self._count += nodes
        if self._count > MAX_NODES:
            self._stop(mark, f"more than {MAX_NODES:,} values, each alias counted as all that it stands for")

    def _add(self, node: DocumentNode, use: Mark) -> None:
        part = self._open[-1] if self._open else None
        if part is None:
            self._root = node
        elif isinstance(part, OpenMapping) and part.wants_key:
            part.begin(node.value, use)
        else:
            part.add(node, use)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, mark: Mark) -> None:
        self._spend(1, mark)
        if len(self._open) >= MAX_DEPTH:
            self._stop(mark, f"nested more than {MAX_DEPTH} deep")
        mapping = isinstance(event, yaml.MappingStartEvent)
        kind = "mapping" if mapping else "list"
        if event.tag not in COLLECTION_TAGS[kind]:
            self._report(mark, f"unknown tag {name_of(event.tag)!r}; expected a {kind} without a tag")
        part = OpenMapping(mark, self._report) if mapping else OpenSequence(mark)
        if event.anchor is not None:
            self._anchors[event.anchor] = part.node
        self._open.append(part)

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> None:
        self._spend(1, mark)
        text, is_plain = event.value, event.tag is None and event.implicit[0]
        part = self._open[-1] if self._open else None
        if isinstance(part, OpenMapping) and part.wants_key:  # a key is text, as it is written
            part.begin(text, mark, is_plain and text == "<<")
            node = DocumentNode(mark, text)
        else:
            node = DocumentNode(mark, self._value(text, event.tag, is_plain, mark))
            self._add(node, mark)
        if event.anchor is not None:
            self._anchors[event.anchor] = node

    def _value(self, text: str, tag: str | None, is_plain: bool, mark: Mark) -> Any:
        try:
            return tagged(text, tag) if tag is not None else plain(text) if is_plain else text
        except ValueError as error:
            self._report(mark, str(error))
            return text

    def _alias(self, event: yaml.AliasEvent, mark: Mark) -> DocumentNode:
        name = str(event.anchor)
        node = self._anchors.get(name)
        if node is None:
            guess = closest(name, self._anchors)
            hint = f"; did you mean '*{shown(guess)}'?" if guess else ""
            self._report(mark, f"no anchor '&{shown(name)}' stands before this alias{hint}")
        elif any(part.node is node for part in self._open):
            self._report(mark, f"the alias '*{shown(name)}' stands inside what it names")
        else:
            self._spend(node.size, mark)
            if len(self._open) + node.height > MAX_DEPTH:
                self._stop(mark, f"nested more than {MAX_DEPTH} deep, when aliases are written out")
            return node
        part = self._open[-1] if self._open else None
        return (
            DocumentNode(mark, "") if isinstance(part, OpenMapping) and part.wants_key else DocumentNode(mark, {}, {})
        )
