"""Corrupted answers: the texts of the fault `answer`, made of what would have been said and of data.

A kind makes a text, which is cut like any other, or an object, which loses its last fields to `max_tokens` as in JSON
mode. The data are in fixtures/content_faults.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import Any

import orjson
from msgspec import Struct

from emulator import paths
from emulator.generate.json_mode import dumps
from emulator.generate.sentences import MAX_CHARACTERS
from emulator.generate.tokens import CHARACTERS_PER_TOKEN
from emulator.language.document.reader import parse

UNLIMITED = 1_024 * CHARACTERS_PER_TOKEN  # where a text ends that would never end by itself, without `max_tokens`
PROSE = "answer"  # the key of a text in an object that has none
CUT = "cut"
_SENTENCE_ENDS = (". ", "! ", "? ", "\n", "。")


class Original(Struct, frozen=True):
    """What would have been said: its text, and the object that the prompt asks for.

    `limit` is how many characters may be said, `write` makes a text beyond a number of them; `how` is the way in which
    an object is broken.
    """

    text: str
    data: Mapping[str, Any]
    prompt: str
    json_object: bool
    limit: int | None
    write: Callable[[int], str]
    chance: Random
    how: str | None = None

    @property
    def room(self) -> int:
        """The characters of a text that goes on until it is cut."""
        return UNLIMITED if self.limit is None else min(self.limit, MAX_CHARACTERS)


class EndlessText(str):
    """A text that goes on until it is cut."""


Said = str | dict[str, Any]


def _empty(original: Original) -> Said:
    return ""


def _refusal(original: Original) -> Said:
    return _drawn("refusal", original)


def _fenced(original: Original) -> Said:
    data = orjson.dumps(original.data, option=orjson.OPT_INDENT_2).decode()
    return f"{_drawn('fenced', original)}\n\n```json\n{data}\n```"


def _broken_json(original: Original) -> Said:
    if original.how in WRITERS:
        return WRITERS[original.how](original.data)
    return EndlessText(dumps(_saying(original.write(original.room), original.data)))


def _wrong_keys(original: Original) -> Said:
    """Leaves out a key, or gives a text for a number."""
    data = original.data
    ways = [{name: value for name, value in data.items() if name != key} for key in data]
    ways += [{**data, key: f"about {value}"} for key, value in data.items() if value.__class__ in (int, float)]
    return original.chance.choice(ways)


def _loop(original: Original) -> Said:
    text = original.text.rstrip()
    begins = max(text.rfind(mark, 0, -1) for mark in _SENTENCE_ENDS) + 1
    sentence = text[begins:].strip() or str(_texts()["loop"])
    times = original.room // len(sentence) + 1
    text = " ".join([*([text] if text else []), *[sentence] * times])
    return EndlessText(dumps(_saying(text, original.data)) if original.json_object else text)


def _echo(original: Original) -> Said:
    return original.prompt


def _language(original: Original) -> Said:
    return _in_place(_drawn("language", original), original)


def _odd_text(original: Original) -> Said:
    odd = _texts()["odd_text"]
    letters = "simulated" * (odd["letters"] // len("simulated") + 1)
    return _in_place(odd["text"] + letters[: odd["letters"]], original)


def _injection(original: Original) -> Said:
    return _in_place(_drawn("injection", original), original)


KINDS: Mapping[str, Callable[[Original], Said]] = {
    "empty": _empty,
    "refusal": _refusal,
    "fenced": _fenced,
    "broken_json": _broken_json,
    "wrong_keys": _wrong_keys,
    "loop": _loop,
    "echo": _echo,
    "language": _language,
    "odd_text": _odd_text,
    "injection": _injection,
}


HOWS = (CUT, "trailing_comma", "single_quotes", "unquoted")


def corrupt(kind: str, original: Original) -> tuple[Said, int | None]:
    """Returns what is said instead, as text or as an object, and the characters at which it is cut."""
    said = KINDS[kind](original)
    return said, original.room if isinstance(said, EndlessText) else original.limit


def _in_place(text: str, original: Original) -> Said:
    """A text, in JSON mode as a value of the object."""
    return _saying(text, original.data) if original.json_object else text


def _saying(text: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The object with this text in place of its longest one; where it has none, with one more key."""
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    return {**data, max(texts, key=lambda key: len(texts[key]), default=PROSE): text}


def _drawn(kind: str, original: Original) -> str:
    return str(original.chance.choice(_texts()[kind]))


# ------------------------------------------------------------------------------------------------ almost JSON


def _trailing_comma(data: Mapping[str, Any]) -> str:
    return f"{dumps(data)[:-1]},}}"


def _single_quotes(value: Any) -> str:
    """Writes JSON as Python writes a dict, but for its constants."""
    return _written(value, _single_quoted, _single_quoted)


def _unquoted(value: Any) -> str:
    """Writes JSON as JavaScript takes an object: with bare keys."""
    return _written(value, str, dumps)


def _written(value: Any, key: Callable[[str], str], text: Callable[[str], str]) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key(name)}: {_written(each, key, text)}' for name, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_written(each, key, text) for each in value)}]"
    return text(value) if isinstance(value, str) else dumps(value)


def _single_quoted(text: str) -> str:
    inner = dumps(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


WRITERS: Mapping[str | None, Callable[[Mapping[str, Any]], str]] = {
    "trailing_comma": _trailing_comma,
    "single_quotes": _single_quotes,
    "unquoted": _unquoted,
}


@cache
def _texts() -> dict[str, Any]:
    """Returns the texts, which are read when the first one is needed."""
    file = paths.fixtures() / "content_faults.yaml"
    texts: dict[str, Any] = parse(file.read_text(encoding="utf-8"), file.name).data
    return texts
