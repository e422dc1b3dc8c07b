"""ScenarioWriter: writes recorded exchanges as the rules that replay them.

Rules are cached as text. When a request makes other fields necessary, all rules of its operation are written again;
when a secret becomes known, everything recorded before is.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson
import yaml
from msgspec import Struct

from emulator.compile.rule import MAX_REPLIES
from emulator.language.document.nodes import DocumentNode
from emulator.language.document.reader import parse
from emulator.record.discriminate import Discriminator, Facets, facets, when_of
from emulator.record.events import stream_of
from emulator.record.request import RecordedExchange, UpstreamReply
from emulator.record.stream_masking import mask_events
from emulator.store.masking import MASKED, Masker

PLAIN = re.compile(r"[A-Za-z_][\w./-]*(?: [A-Za-z_][\w./-]*)*")
INDENT = "    "  # before each line of a reply
WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Dumper(BASE):  # type: ignore[misc]
    """Writes YAML 1.2 without aliases, and with quotes around every text that could be read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Dumper, text: str) -> yaml.Node:
    plain = PLAIN.fullmatch(text) is not None and text.lower() not in WORDS
    node: yaml.Node = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')
    return node


Dumper.add_representer(str, _text)


def head_text(name: str, api: str, source: str, count: int) -> str:
    """Returns the text before the rules; `source` says where the responses come from."""
    about = f"Replays {count} recorded exchange{'' if count == 1 else 's'} of {source}."
    head = {"scenario": name, "about": about, "apis": {api: None}}
    lines = [
        f"# Recorded from {source}. Keys, tokens and redacted fields are {MASKED}; `Date`, request ids and",
        "# limits are the emulator's own. See docs/record.md.",
        dumped(head),
    ]
    return "\n".join(lines)


def dumped(value: Any) -> str:
    """Returns a value as YAML."""
    text: str = yaml.dump(value, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=100_000)
    return text


def rule_text(
    number: int, operation: str, when: Mapping[str, Any], replies: Sequence[tuple[str, int]], last: bool = True
) -> str:
    """Returns a rule as an item of the list of rules. `replies` are texts already, each with how many requests it
    answers; that of the last rule for such requests answers all further ones."""
    rule: dict[str, Any] = {"name": f"recorded {operation} {number}", "on": operation}
    if when:
        rule["when"] = dict(when)
    head = dumped([{**rule, "unchecked": True}])
    if last and len(replies) == 1:
        return f"{head}  reply:\n{replies[0][0]}"
    items = []
    for at, (text, times) in enumerate(replies, 1):
        is_counted = times > 1 and not (last and at == len(replies))
        items.append(f"  - times: {times}\n{text}" if is_counted else f"  - {text.removeprefix(INDENT)}")
    return "".join([head, "" if last else "  then: next\n", "  replies:\n", *items])


def reply_text(each: RecordedExchange, masker: Masker) -> str:
    """Returns the reply as what stands below a key of a rule, without secrets."""
    text = dumped(_reply(each, masker))
    return "".join(f"{INDENT}{line}\n" for line in text.removesuffix("\n").split("\n"))


def _reply(each: RecordedExchange, masker: Masker) -> dict[str, Any]:
    recorded, redact = each.reply, each.request.redact
    headers = {name: _header(masker, value, each.request.origin) for name, value in recorded.headers}
    reply: dict[str, Any] = {"status": recorded.status}
    if headers:
        reply["headers"] = headers
    if recorded.events is not None:
        return {**reply, "stream": stream_of(mask_events(recorded.events, masker, redact))}
    return {**reply, **_body(recorded, each.request.origin, redact, masker)}


def _header(masker: Masker, line: str | None, origin: str) -> Any:
    if line is None:
        return None
    value = masker.mask_text(line)
    if value.startswith(origin):
        return _from_origin(value, origin)
    return {"$literal": value} if "{" in value else value


def _body(reply: UpstreamReply, origin: str, redact: frozenset[str], masker: Masker) -> dict[str, Any]:
    """Returns the body as JSON, or as text where the emulator would write that JSON with other bytes."""
    if not reply.body:
        return {}
    text = reply.body.decode()
    try:
        value = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {"text": {"$literal": masker.mask_text(text)}}
    has_origin = _has_origin(value, origin)
    if not has_origin and orjson.dumps(value) != reply.body:
        return {"text": {"$literal": masker.mask_json(text, redact)}}
    masked = masker.mask_tree(value, redact)
    return {"body": _with_origin(masked, origin) if has_origin else {"$literal": masked}}


def _has_origin(value: Any, origin: str) -> bool:
    """Whether a text in the value starts with the origin that the client used."""
    if isinstance(value, str):
        return value.startswith(origin)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_origin(each, origin) for each in inside)


def _with_origin(value: Any, origin: str) -> Any:
    """Returns the value with the origin of the request in place of the recorded one."""
    if not _has_origin(value, origin) or (
        isinstance(value, dict) and any("$" in name or "{" in name for name in value)
    ):
        return {"$literal": value} if isinstance(value, (str, dict, list)) else value
    if isinstance(value, str):
        return _from_origin(value, origin)
    if isinstance(value, dict):
        return {name: _with_origin(each, origin) for name, each in value.items()}
    return [_with_origin(each, origin) for each in value]


def _from_origin(value: str, origin: str) -> str:
    rest = value.removeprefix(origin).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return "{{ request.origin ~ '" + rest + "' }}"


OF_A_RULE = 14, 4  # at most: values of a rule without its replies, and of each part of its `when`
OF_A_REPLY = 3  # at most: values of a reply beside its own


class WrittenText(Struct, frozen=True):
    """Text of a part of the file, and its number of YAML values."""

    written: str
    values: int


class OperationRules:
    """Rules of one operation: the responses to each request in order, the last one indefinitely."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._discriminator = Discriminator()
        self._replies: list[WrittenText] = []
        self._rules: dict[Hashable, WrittenText] = {}  # by the key of the requests

    def add(self, request: Facets, reply: WrittenText) -> None:
        """Adds an exchange."""
        self._replies.append(reply)
        key = self._discriminator.add(request)
        if key is None:
            self._rules.clear()
        else:
            self._rules.pop(key, None)

    def texts(self) -> Iterator[WrittenText]:
        """Yields the rules, and writes those that are not written yet."""
        for key, numbers in self._discriminator.groups.items():
            if key not in self._rules:
                self._rules[key] = self._written(numbers)
            yield self._rules[key]

    def _written(self, numbers: Sequence[int]) -> WrittenText:
        when = when_of(self._discriminator.requests[numbers[0]], self._discriminator.chosen)
        runs = [list(run) for _, run in groupby(numbers, key=lambda number: self._replies[number].written)]
        texts, values = [], 0
        for start in range(0, len(runs), MAX_REPLIES):
            part = runs[start : start + MAX_REPLIES]
            replies = [(self._replies[run[0]].written, len(run)) for run in part]
            is_last = start + MAX_REPLIES >= len(runs)
            texts.append(rule_text(part[0][0] + 1, self._operation, when, replies, is_last))
            values += OF_A_RULE[0] + OF_A_RULE[1] * len(when)
            values += sum(self._replies[run[0]].values + OF_A_REPLY for run in part)
        return WrittenText("".join(texts), values)


class ScenarioWriter:
    """Writes all rules. What was recorded before one of its secrets was known is written again without it."""

    def __init__(self, masker: Masker) -> None:
        self.exchanges: list[RecordedExchange] = []
        self._masker = masker
        self._operations: dict[str, OperationRules] = {}
        self._texts: list[str] = []  # of each exchange, joined
        self._searched = 0  # how many secrets the written rules were searched for

    def add(self, exchange: RecordedExchange) -> None:
        """Adds an exchange. Raises DocumentError, and adds nothing, when YAML can't hold it."""
        text = "\n".join(exchange.texts())
        masker = self._masker.only(text)
        reply = _checked(reply_text(exchange, masker))
        self._add(exchange, masker, reply)
        self.exchanges.append(exchange)
        self._texts.append(text)

    def drop(self) -> None:
        """Removes the last exchange."""
        self.exchanges.pop()
        self._texts.pop()
        self._rewrite()

    def contains(self, masker: Masker) -> bool:
        """Whether any of these secrets is in the recorded exchanges."""
        return bool(masker.known) and any(map(masker.is_in, self._texts))

    def texts(self) -> list[WrittenText]:
        """Returns every rule."""
        if self.contains(self._masker.since(self._searched)):
            self._rewrite()
        self._searched = len(self._masker.known)
        return [text for rules in self._operations.values() for text in rules.texts()]

    def _rewrite(self) -> None:
        self._operations.clear()
        for exchange, text in zip(self.exchanges, self._texts, strict=True):
            masker = self._masker.only(text)
            self._add(exchange, masker, _checked(reply_text(exchange, masker)))

    def _add(self, exchange: RecordedExchange, masker: Masker, reply: WrittenText) -> None:
        name = exchange.request.operation
        rules = self._operations.setdefault(name, OperationRules(name))
        rules.add(facets(exchange.request, masker), reply)


def _checked(reply: str) -> WrittenText:
    """Counts the values of a reply. Raises DocumentError when a scenario can't hold it."""
    root = parse(f"rules:\n- on: it\n  reply:\n{reply}", "the answer").root
    assert root is not None
    return WrittenText(reply, _values(root))


def _values(node: DocumentNode) -> int:
    """Returns the number of keys and values in a node, itself included."""
    entries = list(node.entries.values()) if isinstance(node.entries, dict) else node.entries or []
    keys = len(entries) if isinstance(node.entries, dict) else 0
    return 1 + keys + sum(_values(inside) for _, _, inside in entries)
