"""Writing: what was recorded becomes the text of the rules that replay it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson
import yaml
from msgspec import Struct

from emulator.language.document.nodes import Node
from emulator.language.document.reader import parse
from emulator.record.discriminate import Discriminator, Facets, facets, when_of
from emulator.record.events import stream_of
from emulator.record.request import Answered, RecordedExchange
from emulator.record.stream_masking import mask_events
from emulator.store.masking import MASKED, Masker

PLAIN = re.compile(r"[A-Za-z_][\w./-]*(?: [A-Za-z_][\w./-]*)*")
WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Dumper(BASE):  # type: ignore[misc]
    """Writes YAML 1.2: no aliases, and quotes around every text that could be taken for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Dumper, text: str) -> yaml.Node:
    plain = PLAIN.fullmatch(text) is not None and text.lower() not in WORDS
    node: yaml.Node = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')
    return node


Dumper.add_representer(str, _text)


def head_text(name: str, api: str, source: str, count: int) -> str:
    """What stands before the rules; `source` says where the answers come from."""
    about = f"Replays {count} recorded exchange{'' if count == 1 else 's'} of {source}."
    head = {"scenario": name, "about": about, "apis": {api: None}}
    lines = [
        f"# Recorded from {source}. Keys, tokens and fields to be redacted are {MASKED}; `Date`, request ids and what",
        "# the emulator counts itself (limits) are its own. docs/record.md tells more.",
        dumped(head),
    ]
    return "\n".join(lines)


def dumped(value: Any) -> str:
    """A value as YAML."""
    text: str = yaml.dump(value, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=100_000)
    return text


def rule_text(number: int, operation: str, when: Mapping[str, Any], reply: str) -> str:
    """A rule, as an item of the list of rules; `reply` is its text already."""
    rule: dict[str, Any] = {"name": f"recorded {operation} {number}", "on": operation}
    if when:
        rule["when"] = dict(when)
    return dumped([{**rule, "unchecked": True}]) + reply


def reply_text(each: RecordedExchange, masker: Masker) -> str:
    """The reply as a key of a rule, without secrets."""
    text = dumped({"reply": _reply(each, masker)})
    return "".join(f"  {line}\n" for line in text.removesuffix("\n").split("\n"))


def _reply(each: RecordedExchange, masker: Masker) -> dict[str, Any]:
    answered, redact = each.answered, each.asked.redact
    headers = {name: _header(masker, value, each.asked.origin) for name, value in answered.headers}
    reply: dict[str, Any] = {"status": answered.status}
    if headers:
        reply["headers"] = headers
    if answered.events is not None:
        return {**reply, "stream": stream_of(mask_events(answered.events, masker, redact))}
    return {**reply, **_body(answered, each.asked.origin, redact, masker)}


def _header(masker: Masker, line: str | None, origin: str) -> Any:
    if line is None:
        return None
    value = masker.mask_text(line)
    if value.startswith(origin):
        return _from_origin(value, origin)
    return {"$literal": value} if "{" in value else value


def _body(answered: Answered, origin: str, redact: frozenset[str], masker: Masker) -> dict[str, Any]:
    """The body as JSON, or as text where the emulator would write that JSON with other bytes."""
    if not answered.body:
        return {}
    text = answered.body.decode()
    try:
        said = orjson.loads(answered.body)
    except orjson.JSONDecodeError:
        return {"text": {"$literal": masker.mask_text(text)}}
    placed = _placed(said, origin)
    if not placed and orjson.dumps(said) != answered.body:
        return {"text": {"$literal": masker.mask_json(text, redact)}}
    masked = masker.mask_tree(said, redact)
    return {"body": _tree(masked, origin) if placed else {"$literal": masked}}


def _placed(value: Any, origin: str) -> bool:
    """Whether a text in it begins with the origin that the client used."""
    if isinstance(value, str):
        return value.startswith(origin)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_placed(each, origin) for each in inside)


def _tree(value: Any, origin: str) -> Any:
    """The value with the origin left to whoever asks."""
    if not _placed(value, origin) or (isinstance(value, dict) and any("$" in name or "{" in name for name in value)):
        return {"$literal": value} if isinstance(value, (str, dict, list)) else value
    if isinstance(value, str):
        return _from_origin(value, origin)
    if isinstance(value, dict):
        return {name: _tree(each, origin) for name, each in value.items()}
    return [_tree(each, origin) for each in value]


def _from_origin(value: str, origin: str) -> str:
    rest = value.removeprefix(origin).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return "{{ request.origin ~ '" + rest + "' }}"


OF_A_RULE = 12, 4  # values of a rule beside its reply, and of each part of its `when`, at most


class WrittenText(Struct, frozen=True):
    """A part of the file, and how many values of YAML it has."""

    written: str
    values: int


class Scene:
    """The rules of one operation: for each request its answers in order, the last of them for ever."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._telling = Discriminator()
        self._replies: list[WrittenText] = []
        self._rules: dict[Hashable, WrittenText] = {}  # by what the requests are told by

    def add(self, request: Facets, reply: WrittenText) -> None:
        """Take one more exchange."""
        self._replies.append(reply)
        told = self._telling.add(request)
        if told is None:
            self._rules.clear()
        else:
            self._rules.pop(told, None)

    def texts(self) -> Iterator[WrittenText]:
        """The rules, written where they are not yet."""
        for told, numbers in self._telling.alike.items():
            if told not in self._rules:
                self._rules[told] = self._written(numbers)
            yield self._rules[told]

    def _written(self, numbers: Sequence[int]) -> WrittenText:
        when = when_of(self._telling.requests[numbers[0]], self._telling.chosen)
        runs = [list(run) for _, run in groupby(numbers, key=lambda number: self._replies[number].written)]
        texts, values = [], 0
        for run in runs:
            reply = self._replies[run[0]]
            asked = when if run is runs[-1] else when | {"times": len(run)}
            texts.append(rule_text(run[0] + 1, self._operation, asked, reply.written))
            values += reply.values + OF_A_RULE[0] + OF_A_RULE[1] * len(asked)
        return WrittenText("".join(texts), values)


class ScenarioWriter:
    """All scenes. What was recorded before one of its secrets was known is written again without it."""

    def __init__(self, masker: Masker) -> None:
        self.exchanges: list[RecordedExchange] = []
        self._masker = masker
        self._scenes: dict[str, Scene] = {}
        self._said: list[str] = []  # all texts of each exchange
        self._sought = 0  # secrets that what is written was searched for

    def add(self, exchange: RecordedExchange) -> None:
        """Take one more. Raises DocumentError, and takes nothing, when YAML can't hold it."""
        said = "\n".join(exchange.texts())
        masker = self._masker.only(said)
        reply = _checked(reply_text(exchange, masker))
        self._enter(exchange, masker, reply)
        self.exchanges.append(exchange)
        self._said.append(said)

    def drop(self) -> None:
        """Forget the last one."""
        self.exchanges.pop()
        self._said.pop()
        self._write_again()

    def says(self, masker: Masker) -> bool:
        """Whether any of these secrets was in what was recorded."""
        return bool(masker.known) and any(map(masker.is_in, self._said))

    def texts(self) -> list[WrittenText]:
        """Every rule."""
        if self.says(self._masker.since(self._sought)):
            self._write_again()
        self._sought = len(self._masker.known)
        return [text for scene in self._scenes.values() for text in scene.texts()]

    def _write_again(self) -> None:
        self._scenes.clear()
        for exchange, said in zip(self.exchanges, self._said, strict=True):
            masker = self._masker.only(said)
            self._enter(exchange, masker, _checked(reply_text(exchange, masker)))

    def _enter(self, exchange: RecordedExchange, masker: Masker, reply: WrittenText) -> None:
        name = exchange.asked.operation
        scene = self._scenes.setdefault(name, Scene(name))
        scene.add(facets(exchange.asked, masker), reply)


def _checked(reply: str) -> WrittenText:
    """Raises DocumentError when it can't stand in a scenario."""
    root = parse(f"rules:\n- on: it\n{reply}", "the answer").root
    assert root is not None
    return WrittenText(reply, _values(root))


def _values(node: Node) -> int:
    """Keys and values, this one and all inside."""
    entries = list(node.entries.values()) if isinstance(node.entries, dict) else node.entries or []
    keys = len(entries) if isinstance(node.entries, dict) else 0
    return 1 + keys + sum(_values(inside) for _, _, inside in entries)
