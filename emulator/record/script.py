"""The script: the rules of a recording as text, of which an exchange changes as little as it can."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from emulator.record.distinguish import Facets, Telling, facets, when_of
from emulator.record.recorded import Recorded
from emulator.record.secrets import Hidden
from emulator.record.write import reply_text, rule_text
from emulator.scenario.node import Node
from emulator.scenario.reading import parse

OF_A_RULE = 12, 4  # values of a rule beside its reply, and of each part of its `when`, at most


class Text(Struct, frozen=True):
    """A part of the file, and how many values of YAML it has."""

    written: str
    values: int


class Scene:
    """The rules of one operation: for each request its answers in order, the last of them for ever."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._telling = Telling()
        self._replies: list[Text] = []
        self._rules: dict[Hashable, Text] = {}  # by what the requests are told by

    def add(self, request: Facets, reply: Text) -> None:
        """Take one more exchange."""
        self._replies.append(reply)
        told = self._telling.add(request)
        if told is None:
            self._rules.clear()
        else:
            self._rules.pop(told, None)

    def texts(self) -> Iterator[Text]:
        """The rules, written where they are not yet."""
        for told, numbers in self._telling.alike.items():
            if told not in self._rules:
                self._rules[told] = self._written(numbers)
            yield self._rules[told]

    def _written(self, numbers: Sequence[int]) -> Text:
        when = when_of(self._telling.requests[numbers[0]], self._telling.chosen)
        runs = [list(run) for _, run in groupby(numbers, key=lambda number: self._replies[number].written)]
        texts, values = [], 0
        for run in runs:
            reply = self._replies[run[0]]
            asked = when if run is runs[-1] else when | {"times": len(run)}
            texts.append(rule_text(run[0] + 1, self._operation, asked, reply.written))
            values += reply.values + OF_A_RULE[0] + OF_A_RULE[1] * len(asked)
        return Text("".join(texts), values)


class Script:
    """All scenes. What was recorded before one of its secrets was known is written again without it."""

    def __init__(self, hidden: Hidden) -> None:
        self.exchanges: list[Recorded] = []
        self._hidden = hidden
        self._scenes: dict[str, Scene] = {}
        self._said: list[str] = []  # all texts of each exchange
        self._sought = 0  # secrets that what is written was searched for

    def add(self, exchange: Recorded) -> None:
        """Take one more. Raises DocumentError, and takes nothing, when YAML can't hold it."""
        said = "\n".join(exchange.texts())
        hidden = self._hidden.only(said)
        reply = _checked(reply_text(exchange, hidden))
        self._enter(exchange, hidden, reply)
        self.exchanges.append(exchange)
        self._said.append(said)

    def drop(self) -> None:
        """Forget the last one."""
        self.exchanges.pop()
        self._said.pop()
        self._write_again()

    def says(self, hidden: Hidden) -> bool:
        """Whether any of these secrets was in what was recorded."""
        return bool(hidden.known) and any(map(hidden.holds, self._said))

    def texts(self) -> list[Text]:
        """Every rule."""
        if self.says(self._hidden.since(self._sought)):
            self._write_again()
        self._sought = len(self._hidden.known)
        return [text for scene in self._scenes.values() for text in scene.texts()]

    def _write_again(self) -> None:
        self._scenes.clear()
        for exchange, said in zip(self.exchanges, self._said, strict=True):
            hidden = self._hidden.only(said)
            self._enter(exchange, hidden, _checked(reply_text(exchange, hidden)))

    def _enter(self, exchange: Recorded, hidden: Hidden, reply: Text) -> None:
        name = exchange.asked.operation
        scene = self._scenes.setdefault(name, Scene(name))
        scene.add(facets(exchange.asked, hidden), reply)


def _checked(reply: str) -> Text:
    """Raises DocumentError when it can't stand in a scenario."""
    root = parse(f"rules:\n- on: it\n{reply}", "the answer").root
    assert root is not None
    return Text(reply, _values(root))


def _values(node: Node) -> int:
    """Keys and values, this one and all inside."""
    entries = list(node.entries.values()) if isinstance(node.entries, dict) else node.entries or []
    keys = len(entries) if isinstance(node.entries, dict) else 0
    return 1 + keys + sum(_values(inside) for _, _, inside in entries)
