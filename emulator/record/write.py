"""Writing: what was recorded becomes the text of a scenario that replays it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson
import yaml

from emulator.record.distinguish import Facet, Facets, facets, key, telling, when_of
from emulator.record.events import Event, stream_of
from emulator.record.recorded import Answered, Recorded
from emulator.record.secrets import MASKED, Hidden

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


def scenario_text(name: str, api: str, source: str, exchanges: Sequence[Recorded], hidden: Hidden) -> str:
    """The scenario as YAML; `source` says where the answers come from."""
    about = f"Replays {len(exchanges)} recorded exchange{'' if len(exchanges) == 1 else 's'} of {source}."
    head = {"scenario": name, "about": about, "apis": {api: None}}
    lines = [
        f"# Recorded from {source}. Keys, tokens and fields to be redacted are {MASKED}; `Date`, request ids and what",
        "# the emulator counts itself (limits) are its own. docs/record.md tells more.",
        dumped(head).rstrip("\n"),
    ]
    rules = [rule for group in _by_operation(exchanges) for rule in _rules(group, hidden)]
    return "\n".join([*lines, dumped({"rules": rules})])


def dumped(value: Any) -> str:
    """A value as YAML."""
    text: str = yaml.dump(value, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=100_000)
    return text


def _by_operation(exchanges: Sequence[Recorded]) -> Iterator[list[Recorded]]:
    for name in dict.fromkeys(each.asked.operation for each in exchanges):
        yield [each for each in exchanges if each.asked.operation == name]


def _rules(exchanges: Sequence[Recorded], hidden: Hidden) -> Iterator[dict[str, Any]]:
    """The rules of one operation: for each request its answers in order, the last of them for ever."""
    requests = [facets(each.asked, hidden) for each in exchanges]
    chosen = telling(requests)
    alike: dict[Any, list[tuple[Facets, Recorded]]] = {}
    for request, each in zip(requests, exchanges, strict=True):
        alike.setdefault(key(request, chosen), []).append((request, each))
    number = 0
    for same in alike.values():
        replies = [_reply(each, hidden) for _, each in same]
        runs = [(reply, len(list(run))) for reply, run in groupby(replies)]
        for at, (reply, count) in enumerate(runs, 1):
            number += 1
            yield _rule(number, same[0], chosen, reply, count if at < len(runs) else 0)


def _rule(
    number: int, first: tuple[Facets, Recorded], chosen: Sequence[Facet], reply: Mapping[str, Any], times: int
) -> dict[str, Any]:
    request, each = first
    when = when_of(request, chosen) | ({"times": times} if times else {})
    rule: dict[str, Any] = {"name": f"recorded {each.asked.operation} {number}", "on": each.asked.operation}
    if when:
        rule["when"] = when
    return {**rule, "unchecked": True, "reply": dict(reply)}


def _reply(each: Recorded, hidden: Hidden) -> dict[str, Any]:
    answered, redact = each.answered, each.asked.redact
    headers = {name: _header(hidden.text(value), each.asked.origin) for name, value in answered.headers}
    reply: dict[str, Any] = {"status": answered.status}
    if headers:
        reply["headers"] = headers
    if answered.events is not None:
        masked = [Event(one.at, one.name, one.id, hidden.body(one.data, redact)) for one in answered.events]
        return {**reply, "stream": stream_of(masked)}
    return {**reply, **_body(answered, each.asked.origin, redact, hidden)}


def _header(value: str, origin: str) -> Any:
    if value.startswith(origin):
        return _from_origin(value, origin)
    return {"$literal": value} if "{" in value else value


def _body(answered: Answered, origin: str, redact: frozenset[str], hidden: Hidden) -> dict[str, Any]:
    """The body as JSON, or as text where the emulator would write that JSON with other bytes."""
    if not answered.body:
        return {}
    text = answered.body.decode()
    try:
        said = orjson.loads(answered.body)
    except orjson.JSONDecodeError:
        return {"text": {"$literal": hidden.text(text)}}
    placed = _placed(said, origin)
    if not placed and orjson.dumps(said) != answered.body:
        return {"text": {"$literal": hidden.body(text, redact)}}
    masked = hidden.tree(said, redact)
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
