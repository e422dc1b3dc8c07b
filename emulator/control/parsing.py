"""ASK: what a request to the control API says, checked: its query and its JSON body become a value, or a 4xx."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
import orjson
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from emulator.clock.turns import Turns
from emulator.engine.body import check_charset
from emulator.errors import ApiError, ConfigError, Diagnostic, DocumentError, EmulatorError, StoreUnavailable
from emulator.http.exact_json import MAX_KEYS, check_exact, read_in_turns
from emulator.language.document.diagnostics import did_you_mean
from emulator.worlds.registry import UnknownWorld, WorldEnded

MESSAGE = re.compile(r"Expected `(?P<expected>[^`]*)`(?P<bounds>.*?)(?:, got `(?P<actual>[^`]*)`)?", re.DOTALL)
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
FORMS = {"^[!-~]+$": " of printable ASCII characters without spaces"}  # what regular expressions ask for, in words
PARTS = {"array": "item", "str": "character", "object": "key"}


def in_words(message: str) -> str:
    """What msgspec says of a value, without its place; what it says in another form stays as it is."""
    read = MESSAGE.fullmatch(message)
    if read is None:
        return message.replace("`", "")
    names = read["expected"].split(" | ")
    expected = _listed(
        [word for name in names for word in (("true", "false") if name == "bool" else (_kind_in_words(name),))]
    )
    bounds = BOUNDS.fullmatch(read["bounds"])
    limit = _limit(names[0], bounds) if bounds is not None else _form(read["bounds"])
    found = "" if read["actual"] is None else f"; found {_kind_in_words(read['actual'])}"
    return f"expected {expected}{limit}{found}"


def _form(said: str) -> str:
    """What else msgspec asks of a value, such as ` matching regex '^a$'`, in words."""
    _, regex, pattern = said.partition(" matching regex ")
    return FORMS.get(literal_eval(pattern), " in another form") if regex else said


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
    415: "The body is not called JSON, or its content coding is neither gzip nor deflate.",
    422: "The scenario is invalid; every error in it has its file, line and column.",
    501: "It needs a package that is not installed; the hint is the command that installs it.",
}


class DiagnosticView(Struct, frozen=True, omit_defaults=True):
    """One diagnostic of a scenario or a filter; line and column count from 1, and are 0 for the file as a whole."""

    file: str
    line: int
    column: int
    message: str


class ErrorView(Struct, frozen=True, omit_defaults=True):
    """What is wrong, and what helps."""

    message: str
    hint: str = ""
    complaints: tuple[DiagnosticView, ...] = ()


class ErrorBody(Struct, frozen=True):
    """The body of every refusal of the control API."""

    error: ErrorView


class ControlFailure(EmulatorError):
    """A request that the control API refuses. `headers` are added to the answer; `complaints` say what is where."""

    def __init__(
        self,
        status: int,
        message: str,
        hint: str = "",
        headers: Sequence[tuple[bytes, bytes]] = (),
        complaints: Sequence[Diagnostic] = (),
    ) -> None:
        self.status = status
        self.message = message
        self.hint = hint
        self.headers = tuple(headers)
        self.complaints = tuple(complaints)
        super().__init__(message)


def error_body(error: EmulatorError) -> tuple[int, ErrorBody]:
    """The status and the body for what was raised on purpose."""
    if isinstance(error, ControlFailure):
        return error.status, ErrorBody(ErrorView(error.message, error.hint, _views(error.complaints)))
    if isinstance(error, DocumentError):
        return 422, ErrorBody(_document_error(error))
    if isinstance(error, UnknownWorld):
        return 404, ErrorBody(ErrorView(str(error), "PUT /_emulator/worlds/{name} makes a world"))
    if isinstance(error, WorldEnded):
        return 409, ErrorBody(ErrorView(str(error)))
    if isinstance(error, StoreUnavailable):
        return 503, ErrorBody(ErrorView(str(error), "it is tried again with each request"))
    if isinstance(error, (ConfigError, ApiError)):
        return 400, ErrorBody(ErrorView(str(error)))
    return 500, ErrorBody(ErrorView(str(error)))


def _views(diagnostics: Sequence[Diagnostic]) -> tuple[DiagnosticView, ...]:
    return tuple(
        DiagnosticView(each.place.file, each.place.line, each.place.column, each.message) for each in diagnostics
    )


def _document_error(error: DocumentError) -> ErrorView:
    found = _views(error.diagnostics)
    count = f"{len(found)} error{'' if len(found) == 1 else 's'}"
    return ErrorView(f"the scenario is invalid: {count}; nothing was changed", complaints=found)


def unknown(what: str, name: str, nearest: str) -> ControlFailure:
    """A 404 for a thing in the path; `nearest` ends the message, as `did_you_mean` gives it."""
    return ControlFailure(404, f"no {what} {name!r}; {nearest}")


T = TypeVar("T", bound=msgspec.Struct)

WRONG = re.compile(r"(?P<what>.*?)(?: - at `\$?(?P<at>[^`]*)`)?", re.DOTALL)
JSON = "application/json"
LINES = "application/x-ndjson"
MAX_PARAMETERS = 50  # parameters
MAX_DEPTH = 100  # levels of lists and mappings in an order; what a world has stored may be deeper


def prepare_decoder(shape: Any) -> None:
    """Read the annotations of a class now: msgspec looks in sys.modules for what they name, at the first use.

    A test runner that runs another one inside itself takes modules out of sys.modules between the two.
    """
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        _fields(shape)
        msgspec.json.Decoder(shape)


def decode(raw: bytes, content_type: str, max_values: int | None = None) -> Turns[Any]:
    """The body as data, None when there is none. Raises ControlError: 415 for another type than JSON, 400 for no JSON.

    A body that may have at most `max_values` is read in turns when it is long.

    A form, and text of any kind, are what a web page may send without asking first: they are no JSON, whatever they
    hold.
    """
    if not raw:
        return None
    if content_type.partition(";")[0].strip().lower() != JSON:
        raise ControlFailure(
            415, f"content-type {content_type!r} is not accepted; expected {JSON}", f"curl -H 'Content-Type: {JSON}'"
        )
    check_charset(content_type)
    try:
        if max_values is not None and len(raw) > MAX_KEYS:
            return (yield from read_in_turns(raw, max_values))
        content = orjson.loads(raw)
        check_exact(raw, content)
    except orjson.JSONDecodeError as error:
        raise ControlFailure(400, f"the body is not valid JSON: {error}") from None
    except orjson.JSONEncodeError:
        pass  # it is nested deeper than anything that a route takes
    except ApiError as error:
        raise ControlFailure(400, f"body.{error.detail}" if error.param else error.detail) from None
    return content


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
    check_depth(data)
    return _fit(data, shape, "body", strict=True)


def fit_query(query: bytes, shape: type[T] | None) -> tuple[T | None, str | None]:
    """The query as what the route expects, and the world that it chooses. Raises ControlError 400."""
    values: dict[str, str] = {}
    if query.count(b"&") >= MAX_PARAMETERS:
        raise ControlFailure(400, f"query: more than {MAX_PARAMETERS} parameters")
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise ControlFailure(400, f"query: {error}") from None
    for name, value in pairs:
        if name in values:
            raise ControlFailure(400, f"query.{name}: given twice")
        values[name] = value
    world = values.pop("world", None)
    if shape is not None:
        return _fit(values, shape, "query", strict=False), world
    if values:
        raise ControlFailure(400, f"query: unknown parameter {next(iter(values))!r}; expected one of: world")
    return None, world


def _fit(values: Mapping[str, Any], shape: type[T], where: str, strict: bool) -> T:
    known = [field.encode_name for field in _fields(shape)]
    if shape.__struct_config__.forbid_unknown_fields:
        for name in values:
            if name not in known:
                raise ControlFailure(400, f"{where}: unknown key {name!r}; {did_you_mean(name, known)}")
    for field in _fields(shape):
        if field.required and field.encode_name not in values:
            raise ControlFailure(400, f"{where}: {field.encode_name!r} is missing")
    try:
        return msgspec.convert(values, shape, strict=strict)
    except msgspec.ValidationError as error:
        found = WRONG.fullmatch(str(error))
        assert found is not None
        raise ControlFailure(400, f"{where}{found['at'] or ''}: {in_words(found['what'])}") from None


@cache
def _fields(shape: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    return fields(shape)


def _kind(data: Any) -> str:
    return {list: "a list", str: "a text", bool: "true or false"}.get(type(data), "a number")


def check_depth(data: Any) -> None:
    """Raises ControlFailure 400 for what is nested deeper than an order may be."""
    if _depth(data) > MAX_DEPTH:
        raise ControlFailure(400, f"the body is nested deeper than {MAX_DEPTH} levels")


def _depth(data: Any) -> int:
    """How many levels of lists and mappings there are; counted no further than is allowed."""
    level, deep = [data], 0
    while deep <= MAX_DEPTH:
        inside = [each for each in level if isinstance(each, (dict, list))]
        if not inside:
            break
        level = [child for each in inside for child in (each.values() if isinstance(each, dict) else each)]
        deep += 1
    return deep
