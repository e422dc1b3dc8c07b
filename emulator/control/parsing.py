"""ASK: what a request to the control API says, checked: its query and its JSON body become a value, or a 4xx."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
import orjson
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from emulator.errors import ApiError, ConfigError, DocumentError, EmulatorError
from emulator.language.document.diagnostics import did_you_mean
from emulator.worlds.registry import UnknownWorld, WorldEnded

MESSAGE = re.compile(r"Expected `(?P<wanted>[^`]*)`(?P<bounds>.*?)(?:, got `(?P<found>[^`]*)`)?", re.DOTALL)
BOUNDS = re.compile(r" (?P<length>of length )?(?P<sign>>=|<=) (?P<number>\S+)")
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
PARTS = {"array": "item", "str": "character", "object": "key"}


def in_words(message: str) -> str:
    """What msgspec says of a value, without its place; what it says in another form stays as it is."""
    read = MESSAGE.fullmatch(message)
    if read is None:
        return message.replace("`", "")
    names = read["wanted"].split(" | ")
    wanted = _listed(
        [word for name in names for word in (("true", "false") if name == "bool" else (_kind_in_words(name),))]
    )
    bounds = BOUNDS.fullmatch(read["bounds"])
    limit = read["bounds"] if bounds is None else _limit(names[0], bounds)
    found = "" if read["found"] is None else f"; found {_kind_in_words(read['found'])}"
    return f"expected {wanted}{limit}{found}"


def _limit(name: str, bounds: re.Match[str]) -> str:
    number, least = bounds["number"], bounds["sign"] == ">="
    if bounds["length"] is None:
        return f" from {number}" if least else f" up to {number}"
    part = PARTS.get(name, "item")
    count = f"one {part}" if number == "1" else f"{number} {part}s"
    return f" with at {'least' if least else 'most'} {count}"


def _kind_in_words(name: str) -> str:
    return KINDS.get(name, name)


def _listed(words: list[str]) -> str:
    return " or ".join((*([", ".join(words[:-1])] if words[:-1] else []), words[-1]))


MEANINGS = {
    400: "The body, a header or the query is not what is expected; nothing was done.",
    403: "The request may come from a web page, or the token is missing.",
    404: "There is no such thing; the hint names the nearest.",
    405: "This path is not asked with this method.",
    408: "What was waited for did not come in time.",
    409: "It can't be done as things stand.",
    413: "The body is too large.",
    415: "The body is not called JSON.",
    422: "The scenario is wrong; every complaint has its file, line and column.",
}


class Complained(Struct, frozen=True, omit_defaults=True):
    """One complaint about a scenario; line and column count from 1, and are 0 when the file as a whole is meant."""

    file: str
    line: int
    column: int
    message: str


class Wrong(Struct, frozen=True, omit_defaults=True):
    """What is wrong, and what helps."""

    message: str
    hint: str = ""
    complaints: tuple[Complained, ...] = ()


class Failure(Struct, frozen=True):
    """How every refusal of the control API is told."""

    error: Wrong


class ControlFailure(EmulatorError):
    """A request that the control API refuses. `headers` are added to the answer."""

    def __init__(self, status: int, message: str, hint: str = "", headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self.status = status
        self.message = message
        self.hint = hint
        self.headers = tuple(headers)
        super().__init__(message)


def as_failure(error: EmulatorError) -> tuple[int, Failure]:
    """The status and the body for what was raised on purpose."""
    if isinstance(error, ControlFailure):
        return error.status, Failure(Wrong(error.message, error.hint))
    if isinstance(error, DocumentError):
        return 422, Failure(_complaining(error))
    if isinstance(error, UnknownWorld):
        return 404, Failure(Wrong(str(error), "PUT /_emulator/worlds/{name} makes a world"))
    if isinstance(error, WorldEnded):
        return 409, Failure(Wrong(str(error)))
    if isinstance(error, (ConfigError, ApiError)):
        return 400, Failure(Wrong(str(error)))
    return 500, Failure(Wrong(str(error)))


def _complaining(error: DocumentError) -> Wrong:
    found = tuple(
        Complained(each.place.file, each.place.line, each.place.column, each.message) for each in error.complaints
    )
    count = f"{len(found)} complaint{'' if len(found) == 1 else 's'}"
    return Wrong(f"the scenario is wrong: {count}; nothing was changed", complaints=found)


def unknown(what: str, name: str, nearest: str) -> ControlFailure:
    """A 404 for a thing in the path; `nearest` ends the message, as `did_you_mean` gives it."""
    return ControlFailure(404, f"no {what} {name!r}; {nearest}")


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
        raise ControlFailure(
            415, f"content-type {content_type!r} is not accepted; expected {JSON}", f"curl -H 'Content-Type: {JSON}'"
        )
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ControlFailure(400, f"the body is not valid JSON: {error}") from None


def fit_body(data: Any, shape: Any) -> Any:
    """The body as what the route expects: a value of this class, an object as it is, or None for no body.

    Raises ControlError 400 naming the key, what was expected, and the nearest name.
    """
    if shape is None:
        if data not in (None, {}):
            raise ControlFailure(400, "body: this route takes none")
        return None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ControlFailure(400, f"body: expected a JSON object; found {_kind(data)}")
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct)):
        return data
    if _depth(data) > DEEPEST:
        raise ControlFailure(400, f"the body is nested deeper than {DEEPEST} levels")
    return _fit(data, shape, "body", strict=True)


def fit_query(query: bytes, shape: type[T] | None) -> tuple[T | None, str | None]:
    """The query as what the route expects, and the world that it chooses. Raises ControlError 400."""
    given: dict[str, str] = {}
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, max_num_fields=MOST_QUERY, errors="strict")
    except ValueError as error:
        raise ControlFailure(400, f"query: {error}") from None
    for name, value in pairs:
        if name in given:
            raise ControlFailure(400, f"query.{name}: given twice")
        given[name] = value
    world = given.pop("world", None)
    if shape is not None:
        return _fit(given, shape, "query", strict=False), world
    if given:
        raise ControlFailure(400, f"query: unknown parameter {next(iter(given))!r}; expected one of: world")
    return None, world


def _fit(given: Mapping[str, Any], shape: type[T], where: str, strict: bool) -> T:
    known = [field.encode_name for field in _fields(shape)]
    if shape.__struct_config__.forbid_unknown_fields:
        for name in given:
            if name not in known:
                raise ControlFailure(400, f"{where}: unknown key {name!r}; {did_you_mean(name, known)}")
    for field in _fields(shape):
        if field.required and field.encode_name not in given:
            raise ControlFailure(400, f"{where}: {field.encode_name!r} is missing")
    try:
        return msgspec.convert(given, shape, strict=strict)
    except msgspec.ValidationError as error:
        found = WRONG.fullmatch(str(error))
        assert found is not None
        raise ControlFailure(400, f"{where}{found['at'] or ''}: {in_words(found['what'])}") from None


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
