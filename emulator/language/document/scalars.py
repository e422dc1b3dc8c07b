"""What one scalar means: the core types of YAML 1.2 and no others, so `no`, `on`, dates and `12:30:45` stay text."""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_MAX_CONSTANT_LENGTH = max(map(len, _CONSTANTS))
_BEGINS_A_NUMBER = frozenset("-+.0123456789")
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASES = {"0o": 8, "0x": 16}
_DIGITS_OF_64_BITS = 20

_TAG = "tag:yaml.org,2002:"
_TAGS: dict[str, type | tuple[type, ...]] = {
    _TAG + "null": type(None),
    _TAG + "bool": bool,
    _TAG + "int": int,
    _TAG + "float": (float, int),
}
COLLECTION_TAGS = {"list": (None, "!", _TAG + "seq"), "mapping": (None, "!", _TAG + "map")}


def plain(text: str) -> Scalar:
    """Resolve an unquoted scalar; raises ValueError, in a sentence, for a number that JSON could not carry."""
    if len(text) <= _MAX_CONSTANT_LENGTH and text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _BEGINS_A_NUMBER:
        return text
    if _WHOLE.fullmatch(text):
        return _whole(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise ValueError(f"the number {shown(text)} is too large; write it in quotes to keep it as text")
        return number
    return text


def tagged(text: str, tag: str) -> Scalar:
    """Resolve a scalar that says its own type (`!!str 5`); raises ValueError when it is not of that type."""
    if tag in ("!", _TAG + "str"):
        return text
    if tag not in _TAGS:
        raise ValueError(f"unknown tag {name_of(tag)!r}; expected one of: !!str, !!int, !!float, !!bool, !!null")
    value = plain(text)
    if not isinstance(value, _TAGS[tag]) or (isinstance(value, bool) and tag != _TAG + "bool"):
        raise ValueError(f"{shown(text)!r} is not of the type that its tag {name_of(tag)!r} says")
    return float(value) if tag == _TAG + "float" and isinstance(value, int) else value


def name_of(tag: str) -> str:
    """Give a tag as an author writes it."""
    return shown("!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag)


def shown(text: str, most: int = 60) -> str:
    """Give a text short enough to stand in a diagnostic."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _whole(text: str) -> int:
    base = _BASES.get(text[:2])
    if base is None and len(text.lstrip("+-0")) > _DIGITS_OF_64_BITS:
        number = 1 << 64  # int() itself refuses thousands of digits
    else:
        number = int(text[2:], base) if base else int(text)
    if not -(1 << 63) <= number < 1 << 64:
        raise ValueError(f"the number {shown(text)} does not fit into 64 bits; write it in quotes to keep it as text")
    return number
