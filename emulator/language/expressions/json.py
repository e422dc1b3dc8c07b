"""A value becomes JSON, strictly: no NaN, no set, nothing absent, no half of a character."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from jinja2 import Undefined

from emulator.errors import TemplateError
from emulator.language.expressions.runtime import MISSING, Locate, MissingError, listed


def encode(value: Any) -> bytes:
    """Compact JSON; keys that are not text become text, an `orjson.Fragment` is taken as it is.

    Raises TypeError for what JSON can't say, a whole number beyond 64 bits and a lone surrogate, ValueError for NaN
    and infinity, MissingError for an absent value.
    """
    if value is MISSING:
        raise MissingError
    try:
        data = orjson.dumps(value, _plain)
    except TypeError:
        data = orjson.dumps(value, _plain, orjson.OPT_NON_STR_KEYS)
    if b"null" in data and value is not None:
        check_finite(value)
    return data


def encode_whole(value: dict[str, Any] | list[Any], nulls: int) -> bytes:
    """As `encode`, for what is not null itself and has so many nulls in it that are known to be meant."""
    try:
        data = orjson.dumps(value, _plain)
    except TypeError:
        data = orjson.dumps(value, _plain, orjson.OPT_NON_STR_KEYS)
    if data.count(b"null") > nulls:
        check_finite(value)
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise MissingError(value._undefined_message)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes | set | frozenset) or not isinstance(value, Iterable):
        raise TypeError
    return listed(value)


def check_finite(value: Any) -> None:
    """Raise ValueError when there is a NaN or an infinity inside, which orjson writes as null."""
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, float) and not math.isfinite(found):
            raise ValueError(f"{found} is not a number that JSON knows")
        if isinstance(found, Mapping):
            left.extend(found.values())
        elif isinstance(found, Iterable) and not isinstance(found, str | bytes):
            left.extend(found)


def failure(error: Exception, locate: Locate, name: str) -> TemplateError:
    """What to say of whatever went wrong while `name`, which stands at the location, was evaluated or encoded."""
    cause = error.__cause__ if isinstance(error.__cause__, MissingError) else error
    if isinstance(cause, MissingError):
        return TemplateError(locate(), cause.message or f"`{name}` is absent")
    shown = name if len(name) <= 80 else f"{name[:77]}…"
    return TemplateError(locate(), f"`{shown}`: {_explain(error)}")


def _explain(error: Exception) -> str:
    match error:
        case RecursionError():
            return "nested too deeply"
        case KeyError():
            return f"no {error}"
        case UnicodeError():
            return "the text holds half a character (a lone surrogate)"
        case MemoryError():
            return "not enough memory"
    message = str(error)
    if "surrogates not allowed" in message:
        return "the text holds half a character (a lone surrogate)"
    return message or type(error).__name__
