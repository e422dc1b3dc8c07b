"""ASK: what a request to the control API says, checked: its query and its JSON body become a value, or a 4xx."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
import orjson
from msgspec.structs import FieldInfo, fields

from emulator.control.failure import ControlError
from emulator.control.words import in_words
from emulator.scenario.suggest import did_you_mean

T = TypeVar("T", bound=msgspec.Struct)

WRONG = re.compile(r"(?P<what>.*?)(?: - at `\$?(?P<at>[^`]*)`)?", re.DOTALL)
JSON = "application/json"
MOST_QUERY = 50  # parameters
DEEPEST = 100  # levels of lists and mappings in an order; what a world has stored may be deeper


def settle(shape: Any) -> None:
    """Read the annotations of a class now: msgspec looks in sys.modules for what they name, at the first use.

    A test runner that runs another one inside itself takes modules out of sys.modules between the two.
    """
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        _fields(shape)
        msgspec.json.Decoder(shape)


def decode(raw: bytes, content_type: str) -> Any:
    """The body as data, None when there is none. Raises ControlError: 415 for another type than JSON, 400 for no JSON.

    A form, and text of any kind, are what a web page may send without asking first: they are no JSON, whatever they
    hold.
    """
    if not raw:
        return None
    if content_type.partition(";")[0].strip().lower() != JSON:
        raise ControlError(
            415, f"content-type {content_type!r} is not accepted; expected {JSON}", f"curl -H 'Content-Type: {JSON}'"
        )
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ControlError(400, f"the body is not valid JSON: {error}") from None


def fit_body(data: Any, shape: Any) -> Any:
    """The body as what the route expects: a value of this class, an object as it is, or None for no body.

    Raises ControlError 400 naming the key, what was expected, and the nearest name.
    """
    if shape is None:
        if data not in (None, {}):
            raise ControlError(400, "body: this route takes none")
        return None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ControlError(400, f"body: expected a JSON object; found {_kind(data)}")
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct)):
        return data
    if _depth(data) > DEEPEST:
        raise ControlError(400, f"the body is nested deeper than {DEEPEST} levels")
    return _fit(data, shape, "body", strict=True)


def fit_query(query: bytes, shape: type[T] | None) -> tuple[T | None, str | None]:
    """The query as what the route expects, and the world that it chooses. Raises ControlError 400."""
    given: dict[str, str] = {}
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, max_num_fields=MOST_QUERY, errors="strict")
    except ValueError as error:
        raise ControlError(400, f"query: {error}") from None
    for name, value in pairs:
        if name in given:
            raise ControlError(400, f"query.{name}: given twice")
        given[name] = value
    world = given.pop("world", None)
    if shape is not None:
        return _fit(given, shape, "query", strict=False), world
    if given:
        raise ControlError(400, f"query: unknown parameter {next(iter(given))!r}; expected one of: world")
    return None, world


def _fit(given: Mapping[str, Any], shape: type[T], where: str, strict: bool) -> T:
    known = [field.encode_name for field in _fields(shape)]
    if shape.__struct_config__.forbid_unknown_fields:
        for name in given:
            if name not in known:
                raise ControlError(400, f"{where}: unknown key {name!r}; {did_you_mean(name, known)}")
    for field in _fields(shape):
        if field.required and field.encode_name not in given:
            raise ControlError(400, f"{where}: {field.encode_name!r} is missing")
    try:
        return msgspec.convert(given, shape, strict=strict)
    except msgspec.ValidationError as error:
        found = WRONG.fullmatch(str(error))
        assert found is not None
        raise ControlError(400, f"{where}{found['at'] or ''}: {in_words(found['what'])}") from None


@cache
def _fields(shape: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    return fields(shape)


def _kind(data: Any) -> str:
    return {list: "a list", str: "a text", bool: "true or false"}.get(type(data), "a number")


def _depth(data: Any) -> int:
    """How many levels of lists and mappings there are; counted no further than is allowed."""
    level, deep = [data], 0
    while deep <= DEEPEST:
        inside = [each for each in level if isinstance(each, (dict, list))]
        if not inside:
            break
        level = [child for each in inside for child in (each.values() if isinstance(each, dict) else each)]
        deep += 1
    return deep
