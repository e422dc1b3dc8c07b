"""JSON mode: the object that a prompt asks for, with values of fitting kinds, made to fit into `max_tokens`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import orjson

Shape = Any
"""What a prompt says of a value: a mapping, a list of what its items are like, an example, or a text as "number"."""

_READ = 2_000  # characters at either end of a prompt
_MAX_KEYS = 30
_MAX_DEPTH = 5
_MAX_BRACES = 8
_NOTHING: Final = object()


def dumps(value: Any) -> str:
    """Returns compact JSON."""
    return orjson.dumps(value).decode()


# ------------------------------------------------------------------------------------------------ what is asked for

_NAME = r"[A-Za-z_]\w{0,39}"
_KEYS = re.compile(
    r"\b(?:keys?|fields?|properties|attributes)\b"
    r"(?:\s+(?:named|called|are|is|be|should|must|like|such as)\b)*\s*[:=,(]?\s*",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"\b(?:json|object)\s+(?:object\s+)?(?:with|containing)\s+(?=.{1,80}(?:,|\band\b))", re.IGNORECASE)
_ITEM = re.compile(
    rf"(?:(?:the|an?|its)\s+(?!and\b|or\b))?([\"'`“]?)({_NAME})[\"'`”]?(?:\s*\(([^()\n]{{1,80}})\))?", re.IGNORECASE
)
_NEXT = re.compile(r"\s*(?:,\s*(?:and\b|or\b)?|\band\b|\bor\b|&)\s*", re.IGNORECASE)
_LINE = re.compile(
    rf"^\s*(?:[-*•]|\d+[.)])\s*[*\"'`]*({_NAME})[*\"'`]*\s*(?:\(([^()\n]{{1,80}})\))?\s*(?:[:–-]\s*(.{{0,80}}))?$",
    re.MULTILINE,
)
_ROW = r"(?:,| and|, and| or)\s+"
_MENTION = re.compile(
    rf"`({_NAME})`|\b(?:keys?|fields?|json|object|with|contain\w*|includ\w*)\b[^.!?\n]*?[\"“]({_NAME})[\"”]"
    rf"|[\"“]({_NAME})[\"”](?={_ROW}[\"“]{_NAME}[\"”])|(?<=[\"”]){_ROW}[\"“]({_NAME})[\"”]",
    re.IGNORECASE,
)
_NO_NAMES = frozenset(
    {"and", "as", "be", "else", "etc", "for", "in", "it", "json", "no", "nothing", "of", "only", "or", "please", "the"}
    | {"false", "none", "null", "true", "undefined"}
)


def requested_shape(text: str) -> dict[str, Shape]:
    """Returns the keys that a prompt names, each with what it says of the value.

    They stand in braces (`{"name": "…", "age": 0}`, `{name: string}`, a JSON Schema), in a list of lines, after a word
    such as keys ("with keys a, b"), or in quotes or back-ticks. An empty mapping: the prompt names none.
    """
    if len(text) > 2 * _READ:
        text = f"{text[:_READ]}\n{text[-_READ:]}"
    return _in_braces(text) or _in_lines(text) or _in_a_row(text) or _mentioned(text)


def _named(pairs: Iterable[tuple[str, Shape]]) -> dict[str, Shape]:
    return dict(islice(((name, hint) for name, hint in pairs if name.lower() not in _NO_NAMES), _MAX_KEYS))


def _in_lines(text: str) -> dict[str, Shape]:
    lines = _LINE.findall(text) if _KEYS.search(text) else []
    return _named((name, hint or said) for name, hint, said in lines)


def _in_a_row(text: str) -> dict[str, Shape]:
    for cue in (*_KEYS.finditer(text), *_OBJECT.finditer(text)):
        items: list[re.Match[str]] = []
        at: int | None = cue.end()
        while at is not None and (item := _ITEM.match(text, at)):
            items.append(item)
            following = _NEXT.match(text, item.end())
            at = following.end() if following else None
        quoted = [item for item in items if item[1]]
        if named := _named((item[2], item[3]) for item in quoted or items):
            return named
    return {}


def _mentioned(text: str) -> dict[str, Shape]:
    return _named((next(filter(None, groups)), None) for groups in _MENTION.findall(text))


# ------------------------------------------------------------------------------------------------ a sample in braces

# What turns a sample into JSON: TypeScript's `;`, `a?: b[]` and "a" | "b", ellipses, bare words, commas at the end.
_REWRITES = (
    (re.compile(r";"), ","),
    (re.compile(r"(\w+)\[\]"), r"[\1]"),
    (re.compile(r"(\w)\?(?=\s*:)"), r"\1"),
    (re.compile(r"([\"'])\s*\|\s*[\"']"), "|"),
    (re.compile(r",\s*(?:…|\.\.\.)(?=\s*[}\]])"), ""),
    (re.compile(r",(?=\s*[}\]])"), ""),
)
_TEXT = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`|[^\s{}\[\],:\"'`][^{}\[\],:\"'`\n]*")
_BARE = re.compile(r"\{\s*[\"'`]?\w+[\"'`]?(?:\s*,\s*[\"'`]?\w+[\"'`]?)+\s*\}|\{\s*[\"'`]\w+[\"'`]\s*\}")
_KEY = re.compile(r"[^\W\d][\w -]{0,39}")


def _in_braces(text: str) -> dict[str, Shape]:
    at = -1
    for _ in range(_MAX_BRACES):
        at = text.find("{", at + 1)
        if at < 0:
            break
        if "{" in (text[at + 1 : at + 2], text[at - 1 : at]):
            continue  # a placeholder of a template
        sample = text[at : _closing(text, at)]
        if _BARE.fullmatch(sample):
            return _named((name, None) for name in re.findall(r"\w+", sample))
        shape: dict[str, Shape] | None = _keys_of(_loads(sample))
        if shape:
            return shape
    return {}


def _closing(text: str, at: int) -> int:
    """Where the braces that open here have closed."""
    depth = 0
    for mark in re.finditer(r"[{}]", text[at:]):
        depth += 1 if mark[0] == "{" else -1
        if depth == 0:
            return at + mark.end()
    return at


def _loads(sample: str) -> Any:
    for pattern, replacement in _REWRITES:
        sample = pattern.sub(replacement, sample)
    try:
        return orjson.loads(_TEXT.sub(_quote, sample))
    except ValueError:
        return None


def _quote(match: re.Match[str]) -> str:
    text = match[0].strip()
    if text[0] in "\"'`":
        return dumps(text[1:-1])
    try:
        orjson.loads(text)
    except ValueError:
        return dumps(text)
    return text


def _keys_of(value: Any, depth: int = 0) -> Any:
    """A sample's value as a shape; a JSON Schema as what it describes. None where a key is none, as in a program."""
    if isinstance(value, list):
        return [_keys_of(each, depth) for each in value[:1]]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("properties"), dict):
        return _keys_of({name: _described(each) for name, each in value["properties"].items()}, depth)
    if depth > _MAX_DEPTH or not all(map(_KEY.fullmatch, value)):
        return None
    return {name: _keys_of(each, depth + 1) for name, each in islice(value.items(), _MAX_KEYS)}


def _described(schema: Any) -> Any:
    """What a JSON Schema says of a value, as a sample would; objects are left as they are."""
    if not isinstance(schema, dict) or "properties" in schema:
        return schema
    if isinstance(schema.get("enum"), list):
        return "|".join(map(str, schema["enum"]))
    return [_described(schema.get("items"))] if schema.get("type") == "array" else schema.get("type")


# ------------------------------------------------------------------------------------------------ the values

_HINTS: Sequence[tuple[type, re.Pattern[str]]] = (
    (list, re.compile(r"(?:an? )?(?:array|list)\b")),
    (bool, re.compile(r"(?:an? )?bool|true\b.*\bfalse")),
    (int, re.compile(r"(?:an? )?(?:int\b|integer|whole number)")),
    (float, re.compile(r"(?:an? )?(?:number|float|double|decimal|numeric)")),
    (str, re.compile(r"(?:an? )?(?:str\b|string|text)")),
)
_DATE = re.compile(r"^(?:\w+ )?date\b|\byyyy")
_WORD_ENDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")


class FieldValues:
    """Values for the keys of objects, from a data file: entries of words that a key may have, with their values.

    A key with a word of `prose` gets the text of the reply; what no entry knows gets `other`, with the key for `{key}`.
    """

    def __init__(
        self, prose: Iterable[str], entries: Sequence[tuple[Sequence[str], Sequence[Any]]], other: str
    ) -> None:
        self._prose = frozenset(prose)
        self._entries = {word: (at, values) for at, (words, values) in enumerate(entries) for word in words}
        self._other = other

    def compose(self, shape: Mapping[str, Shape], choice: bytes, text: str) -> dict[str, Any]:
        """Returns an object of this shape; `choice` draws the values, `text` is what the reply would say."""
        return {
            key: self._value(key, each, choice[number % len(choice)] + number, text)
            for number, (key, each) in enumerate(shape.items())
        }

    def _value(self, key: str, shape: Shape, number: int, text: str) -> Any:
        if isinstance(shape, dict):
            return {name: self._value(name, each, number + at, text) for at, (name, each) in enumerate(shape.items())}
        if isinstance(shape, list):
            return [self._value(_singular(key), (*shape, None)[0], number + at, text) for at in range(2)]
        if not isinstance(shape, str):
            return self._of_type(key, type(shape), number, text)
        if "|" in shape:
            choices = [each.strip("\"'<> ") for each in shape.split("|")]
            return choices[number % len(choices)]
        hint = shape.strip("<> .…").lower()
        if _DATE.search(hint):
            return self._by_name("date", number, text)
        return self._of_type(key, next((kind for kind, known in _HINTS if known.match(hint)), None), number, text)

    def _of_type(self, key: str, kind: type | None, number: int, text: str) -> Any:
        """What the key's name stands for, if it is of this type; else something that is."""
        value = self._by_name(key, number, text)
        if kind in (None, type(None), type(value)) or (kind is float and type(value) is int):
            return value
        if kind is list:
            return [self._by_name(_singular(key), number + at, text) for at in range(2)]
        if kind is str:
            return value if isinstance(value, str) else dumps(value)
        return number % 2 == 0 if kind is bool else 1 + number % 90

    def _by_name(self, key: str, number: int, text: str) -> Any:
        words = [word.lower() for word in _WORD_ENDS.split(key) if word]
        known = [self._entries[word] for word in words if word in self._entries]
        if known:
            _, values = min(known, key=lambda entry: entry[0])
            return values[number % len(values)]
        if not self._prose.isdisjoint(words):
            return text
        if _is_plural(key):
            first, second = (self._by_name(_singular(key), number + at, text) for at in range(2))
            return [first, second if second != first else f"{second} 2"]
        return self._other.replace("{key}", " ".join(words))


def _is_plural(key: str) -> bool:
    return len(key) > 3 and key.endswith("s") and not key.endswith(("ss", "us", "is"))


def _singular(key: str) -> str:
    if not _is_plural(key):
        return key
    return f"{key[:-3]}y" if key.endswith("ies") else key[:-1]


# ------------------------------------------------------------------------------------------------ making it fit


def fit(value: Mapping[str, Any], room: int) -> dict[str, Any]:
    """Returns what fits into `room` characters of compact JSON: the first fields, the last one perhaps shortened."""
    kept = _fit(value, room)
    return kept if isinstance(kept, dict) else {}


def _fit(value: Any, room: int) -> Any:
    if len(dumps(value)) <= room:
        return value
    if isinstance(value, str):
        return _shortened(value, room)
    if isinstance(value, Mapping):
        return _first_fields(value, room)
    if isinstance(value, Sequence):
        return _first_items(value, room)
    return _NOTHING


def _shortened(text: str, room: int) -> Any:
    """The longest beginning that fits once it is quoted and escaped."""
    low, high = 0, min(len(text), max(0, room - 2))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(dumps(text[:middle])) <= room else (low, middle - 1)
    return text[:low] if low else _NOTHING


def _first_fields(value: Mapping[str, Any], room: int) -> Any:
    kept: dict[str, Any] = {}
    room -= len("{}")
    for name, field in value.items():
        room -= len(dumps(name)) + len(":") + (1 if kept else 0)
        part = _fit(field, room)
        if part is _NOTHING:
            break
        kept[name] = part
        room -= len(dumps(part))
    return kept or _NOTHING


def _first_items(value: Sequence[Any], room: int) -> Any:
    kept: list[Any] = []
    room -= len("[]")
    for item in value:
        room -= 1 if kept else 0
        part = _fit(item, room)
        if part is _NOTHING:
            break
        kept.append(part)
        room -= len(dumps(part))
    return kept or _NOTHING
