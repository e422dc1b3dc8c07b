"""JSON mode: the object an answer becomes, and how an object is made to fit into `max_tokens`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from emulator.generate.corpus import Corpus, Stock, pick

_READ = 2_000
_MOST_FIELDS = 20
_SAMPLE = re.compile(r"[\"'](\w{1,40})[\"']\s*:")
_NAME = r"[\"'`]?\w{1,40}[\"'`]?"
_LIST = re.compile(
    rf"\b(?:keys?|fields?|properties|attributes)\b(?:\s*(?:named|called|are|should be|of|=|:))*\s*"
    rf"({_NAME}(?:\s*(?:,\s*and\b|,\s*or\b|,|\band\b|&)\s*{_NAME})*)",
    re.I,
)
_WORD_ENDS = re.compile(r"_|(?<=[a-z])(?=[A-Z])")
_FILLERS = frozenset({"and", "or", "only", "nothing", "etc", "else", "in", "for", "with", "the", "a", "an", "of"})
_NOTHING: Final = object()


def dumps(value: Any) -> str:
    """Compact JSON."""
    return orjson.dumps(value).decode()


def asked_fields(prompt: str) -> list[str]:
    """The field names a prompt asks for: in `{"name": …}`, or after a word such as fields or keys."""
    text = prompt[:_READ]
    names = _SAMPLE.findall(text) if "{" in text else []
    if not names:
        found = _LIST.search(text)
        names = [name.strip("\"'`") for name in re.findall(_NAME, found[1])] if found is not None else []
    return [name for name in dict.fromkeys(names) if name.lower() not in _FILLERS][:_MOST_FIELDS]


def compose(prompt: str, topic: str, text: str, choice: bytes, corpus: Corpus) -> dict[str, Any]:
    """The object that says what `text` says: with the fields the prompt asks for, else answer, topic, confidence."""
    fields = asked_fields(prompt)
    if not fields:
        return {"answer": text, "topic": topic or None, "confidence": (80 + choice[7] % 20) / 100}
    about = topic or "general"
    return {
        name: _value(name, choice[number % len(choice)] + 31 * number, corpus.stock, about, text)
        for number, name in enumerate(fields)
    }


def _value(name: str, number: int, stock: Stock, topic: str, text: str) -> Any:
    """A value that fits a field's name, as far as names tell; else the text."""
    words = {word.lower() for word in _WORD_ENDS.split(name)}
    for known, make in _VALUES:
        if not words.isdisjoint(known):
            return make(number, stock, topic)
    return text


_VALUES: list[tuple[frozenset[str], Callable[[int, Stock, str], Any]]] = [
    (frozenset(words.split()), make)
    for words, make in [
        ("is has valid success enabled active ok", lambda number, stock, topic: number % 4 != 0),
        (
            "items list tags keywords points steps results examples names options",
            lambda number, stock, topic: [pick(stock.phrases, number + step).lower() for step in range(3)],
        ),
        ("year", lambda number, stock, topic: 1950 + number % 75),
        ("date day", lambda number, stock, topic: f"2026-{1 + number % 12:02}-{1 + number % 28:02}"),
        ("score confidence probability ratio", lambda number, stock, topic: (1 + number % 99) / 100),
        ("price cost amount", lambda number, stock, topic: 1.25 + number % 60),
        ("age count number quantity total years rank id size", lambda number, stock, topic: 1 + number % 90),
        ("email mail", lambda number, stock, topic: _address(pick(stock.names, number))),
        ("company organisation organization employer", lambda number, stock, topic: pick(stock.companies, number)),
        ("city place location town", lambda number, stock, topic: pick(stock.cities, number)),
        ("name author person customer user", lambda number, stock, topic: pick(stock.names, number)),
        ("title headline label slogan", lambda number, stock, topic: pick(stock.phrases, number)),
        ("topic subject category", lambda number, stock, topic: topic),
        ("sentiment", lambda number, stock, topic: pick(("positive", "neutral", "negative"), number)),
    ]
]


def _address(name: str) -> str:
    return name.lower().replace(" ", ".") + "@example.com"


def fit(value: Mapping[str, Any], world: int) -> dict[str, Any]:
    """What of an object fits into `room` characters of compact JSON: its first fields, the last perhaps shortened."""
    kept = _fit(value, world)
    return kept if isinstance(kept, dict) else {}


def _fit(value: Any, world: int) -> Any:
    if len(dumps(value)) <= world:
        return value
    if isinstance(value, str):
        return _shortened(value, world)
    if isinstance(value, Mapping):
        return _first_fields(value, world)
    if isinstance(value, Sequence):
        return _first_items(value, world)
    return _NOTHING


def _shortened(text: str, world: int) -> Any:
    """The longest beginning that fits once it is quoted and escaped."""
    low, high = 0, min(len(text), max(0, world - 2))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(dumps(text[:middle])) <= world else (low, middle - 1)
    return text[:low] if low else _NOTHING


def _first_fields(value: Mapping[str, Any], world: int) -> Any:
    kept: dict[str, Any] = {}
    world -= len("{}")
    for name, field in value.items():
        world -= len(dumps(name)) + len(":") + (1 if kept else 0)
        part = _fit(field, world)
        if part is _NOTHING:
            break
        kept[name] = part
        world -= len(dumps(part))
    return kept or _NOTHING


def _first_items(value: Sequence[Any], world: int) -> Any:
    kept: list[Any] = []
    world -= len("[]")
    for item in value:
        world -= 1 if kept else 0
        part = _fit(item, world)
        if part is _NOTHING:
            break
        kept.append(part)
        world -= len(dumps(part))
    return kept or _NOTHING
