"""Writing: what was recorded becomes the text of the rules that replay it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
import yaml

from emulator.record import spread
from emulator.record.events import stream_of
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


def reply_text(each: Recorded, hidden: Hidden) -> str:
    """The reply as a key of a rule, without secrets."""
    text = dumped({"reply": _reply(each, hidden)})
    return "".join(f"  {line}\n" for line in text.removesuffix("\n").split("\n"))


def _reply(each: Recorded, hidden: Hidden) -> dict[str, Any]:
    answered, redact = each.answered, each.asked.redact
    headers = {name: _header(hidden, value, each.asked.origin) for name, value in answered.headers}
    reply: dict[str, Any] = {"status": answered.status}
    if headers:
        reply["headers"] = headers
    if answered.events is not None:
        return {**reply, "stream": stream_of(spread.masked(answered.events, hidden, redact))}
    return {**reply, **_body(answered, each.asked.origin, redact, hidden)}


def _header(hidden: Hidden, line: str | None, origin: str) -> Any:
    if line is None:
        return None
    value = hidden.text(line)
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
