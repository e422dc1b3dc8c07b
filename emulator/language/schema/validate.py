"""Checks a document against its model, and turns pydantic's findings into diagnostics in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel, RootModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import closest, did_you_mean
from emulator.language.document.reader import Document
from emulator.language.document.scalars import shown

_WORDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    NoneType: "nothing",
    Any: "any value",
}
_MAX_KEYS = 5
_SECRETS = {("keys",)}  # what holds API keys: no message shows a text that stands there instead


def members(annotation: Any) -> list[Any]:
    """Give the alternatives of a type, without None and without the wrappings of `Annotated` and `RootModel`."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [each for part in get_args(annotation) if part is not NoneType for each in members(part)]
    if is_model(annotation) and issubclass(annotation, RootModel):
        return members(annotation.model_fields["root"].annotation)
    return [annotation]


def is_model(annotation: Any) -> bool:
    """Tell whether a type is one of our models."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Give a model's fields by the key that an author writes."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def below(annotation: Any, key: str | int) -> Any:
    """Give the type of what stands under a key of a value of this (single) type; Any where everything goes."""
    if is_model(annotation):
        field = keys_of(annotation).get(str(key)) or annotation.model_fields.get(str(key))
        return field.annotation if field else Any
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is list:
        return get_args(annotation)[0]
    return Any


def suits(annotation: Any, data: Any) -> bool:
    """Tell whether a mapping or a list is of the right kind for a (single) type; never true of a scalar."""
    if isinstance(data, dict):
        return is_model(annotation) or annotation is dict or get_origin(annotation) is dict
    return isinstance(data, list) and (annotation is list or get_origin(annotation) is list)


def choices_of(annotation: Any) -> tuple[Any, ...]:
    """Give the values a (single) type is limited to; none when it is not limited."""
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def in_words(annotation: Any) -> str:
    """Say what is expected: `text`, `'refuse' or a mapping of tier, workspace`."""
    alternatives = members(annotation)
    if len(alternatives) > 1:
        words = [in_words(each) for each in alternatives]
        return f"{', '.join(words[:-1])} or {words[-1]}"
    (single,) = alternatives
    if is_model(single):
        keys = keys_of(single)
        return f"a mapping (of {', '.join(keys)})" if len(keys) <= _MAX_KEYS else "a mapping"
    if choices_of(single):
        *first, last = map(repr, choices_of(single))
        return f"{', '.join(first)} or {last}" if first else last
    if single is dict or get_origin(single) is dict:
        return "a mapping"
    if single is list or get_origin(single) is list:
        return "a list"
    return _WORDS.get(single, str(single))


M = TypeVar("M", bound=BaseModel)
_PATTERNS = (
    (r"[^\r\n]", "one line of text"),
    ("polls?", "a duration such as '340ms', or polls: '3 polls', '2s + 1 poll each'"),
    ("(ms|s|m|h|d)", "a duration such as '340ms', '15d' or '1s + 10ms each'"),
    (r"^(/\S*)?$", "a path such as '/v2', or nothing"),
    ("[A-Z]+ /", "a method and a path, such as 'POST /messages'"),
    ("[A-Za-z_]", "a name: a letter or '_', then letters, digits, '_', '.' or '-'"),
)
_BOUNDS = {
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "greater_than": "more than {gt:g}",
    "less_than": "less than {lt:g}",
}
_SWITCH_WORDS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


_NUMBER = re.compile(r"\d{1,6}(\.\d+)?", re.ASCII)


class _ErrorSpot(Struct, frozen=True):
    """Where an error lies: its path in the data, what may stand there, and whether it is about the key."""

    path: tuple[str | int, ...]
    expected: Any
    owner: Any
    data: Any
    is_key: bool = False
    is_choice: bool = False


def validate(document: Document, model: type[M]) -> M:
    """Give the document as a model; raises DocumentError with every diagnostic, each at its own place."""
    try:
        return model.model_validate(document.data, strict=True)
    except ValidationError as error:
        found = [_diagnostic(document, model, each) for each in error.errors(include_url=False)]
        raise DocumentError(each for each in found if each is not None) from error


MAX_ROUNDS = 20  # of leaving out what is wrong
Path = tuple[str | int, ...]


class Partial(Struct, frozen=True):
    """What can be used of a document: `document` without what is wrong, as a model; and what was left out.

    `wrong` is why, `lacking` are the places of all that something was left out of, `names` the keys that were.
    """

    document: Document
    file: Any
    wrong: tuple[Diagnostic, ...]
    lacking: frozenset[Location]
    names: frozenset[str]


def validate_partly(document: Document, model: type[M]) -> Partial:
    """Gives what is right of a document, so that the rest can be checked in the same pass.

    Raises DocumentError with every diagnostic if nothing can be used.
    """
    data, wrong, lacking, names = document.data, list[Diagnostic](), set[Location](), set[str]()
    for _ in range(MAX_ROUNDS):
        try:
            file = model.model_validate(data, strict=True)
            return Partial(document.with_data(data), file, tuple(wrong), frozenset(lacking), frozenset(names))
        except ValidationError as error:
            errors = error.errors(include_url=False)
        if not wrong:  # what is missing later is missing because it was left out
            found = [_diagnostic(document, model, each) for each in errors]
            wrong = [each for each in found if each is not None]
        paths = {_left_out(data, path) for path in _wrong_paths(model, data, errors)} - {()}
        if not paths:
            break
        for path in paths:
            data = _without(data, path)
            names.add(str(path[-1]))
            lacking.update(document.place(path[:length]) for length in range(len(path)))
    raise DocumentError(wrong)


def _wrong_paths(model: type[BaseModel], data: Any, errors: list[ErrorDetails]) -> Iterator[Path]:
    """Where each error lies; what is missing is missing from the mapping around it."""
    for error in errors:
        spot = _locate(model, data, error["loc"])
        if spot is not None:
            yield spot.path[:-1] if error["type"] == "missing" else spot.path


def _left_out(data: Any, path: Path) -> Path:
    """The nearest key of a mapping at or above a path: items of lists stay, so that the others keep their numbers."""
    while path and not (isinstance(path[-1], str) and isinstance(_at(data, path[:-1]), dict)):
        path = path[:-1]
    return path if path and path[-1] in (_at(data, path[:-1]) or {}) else ()


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = _item(data, step)
    return data


def _without(data: Any, path: Path) -> Any:
    """A copy of the data without one key; what lies beside the path is shared."""
    if not path or _at(data, path[:-1]) is None:
        return data
    step, *rest = path
    copy = {**data} if isinstance(data, dict) else [*data]
    if rest:
        copy[step] = _without(data[step], tuple(rest))  # type: ignore[index]
    elif isinstance(copy, dict):
        copy.pop(step, None)
    return copy


def _diagnostic(document: Document, model: type[BaseModel], error: ErrorDetails) -> Diagnostic | None:
    spot = _locate(model, document.data, error["loc"])
    if spot is None:
        return None
    if error["type"] == "missing":
        return Diagnostic(document.place(spot.path[:-1], key=True), f"missing key {spot.path[-1]!r}")
    at_key = spot.is_key or error["type"] == "extra_forbidden"
    return Diagnostic(document.place(spot.path, key=at_key), _message(spot, error))


def _locate(model: type[BaseModel], data: Any, loc: tuple[str | int, ...]) -> _ErrorSpot | None:
    """Follow pydantic's `loc` through the types, since it also holds marks that are no keys of the data.

    Those are the member of a union that was tried, and `[key]`. None: that member is not what the author meant.
    """
    expected: Any = model
    owner: Any = None
    path: tuple[str | int, ...] = ()
    for index, step in enumerate(loc):
        if step == "[key]" and index == len(loc) - 1 and not (isinstance(data, dict) and step in data):
            return _ErrorSpot(path, str, owner, path[-1], is_key=True)
        alternatives = members(expected)
        if len(alternatives) > 1:
            meant = _nearest([each for each in alternatives if suits(each, data)], data)
            if not meant:
                return _ErrorSpot(path, expected, owner, data, is_choice=True)
            tried = [each for each in meant if _is_mark_of(each, step)]
            if not tried:
                return None
            expected = tried[0]
            continue
        owner = alternatives[0]
        expected = below(owner, step)
        path = (*path, step)
        data = _item(data, step)
    return _ErrorSpot(path, expected, owner, data)


def _nearest(alternatives: list[Any], data: Any) -> list[Any]:
    """Of several models, keep the one that has the most of the data's keys."""
    models = [each for each in alternatives if is_model(each)]
    if len(models) < 2:
        return alternatives
    nearest = max(models, key=lambda each: len(keys_of(each).keys() & data.keys()))
    return [each for each in alternatives if each is nearest or each not in models]


def _is_mark_of(annotation: Any, step: str | int) -> bool:
    if is_model(annotation):
        return bool(step == annotation.__name__)
    kind = get_origin(annotation) or annotation
    return str(step).startswith(kind.__name__)


def _item(data: Any, step: str | int) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None


def _message(spot: _ErrorSpot, error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if spot.is_choice:
        return _mismatch(spot)
    if kind == "extra_forbidden":
        key = str(spot.path[-1])
        return f"unknown key {shown(key)!r}; {did_you_mean(key, keys_of(spot.owner))}"
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        return f"expected {_form(pattern)}; found {_found(spot)}{_with_unit(pattern, spot.data)}"
    if kind in _BOUNDS:
        return f"expected {_BOUNDS[kind].format(**context)}; found {_found(spot)}"
    if kind == "value_error":
        return str(context["error"])
    if kind.endswith(("_type", "_parsing", "literal_error", "int_from_float")):
        return _mismatch(spot)
    if kind == "too_short":
        return f"expected at least {context['min_length']}; found {context['actual_length']}"
    said = error["msg"]
    return f"{said[:1].lower()}{said[1:]}; found {_found(spot)}"


def _pattern(annotation: Any) -> str:
    """The pattern of an annotated text; empty when it has none."""
    fields = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    marks = [mark for each in fields if isinstance(each, FieldInfo) for mark in each.metadata]
    return next((str(mark.pattern) for mark in marks if hasattr(mark, "pattern")), "")


def _form(pattern: str) -> str:
    return next((words for part, words in _PATTERNS if part in pattern), "text in another form")


def _with_unit(pattern: str, data: Any) -> str:
    """What a number was meant to be where a duration is expected; empty when it was none."""
    number = str(data).strip()
    if isinstance(data, bool) or "(ms|s|m|h|d)" not in pattern or not _NUMBER.fullmatch(number):
        return ""
    polls = f"'{number} poll{'s' * (number != '1')}' or " if "polls?" in pattern and number.isdecimal() else ""
    return f"; did you mean {polls}'{number}s'?"


def _mismatch(spot: _ErrorSpot) -> str:
    pattern = _pattern(spot.expected)
    if meant := _with_unit(pattern, spot.data):
        return f"expected {_form(pattern)}; found {_found(spot)}{meant}"
    message = f"expected {in_words(spot.expected)}; found {_found(spot)}"
    alternatives, data = members(spot.expected), spot.data
    if isinstance(data, str):
        if bool in alternatives and data.lower() in _SWITCH_WORDS:
            return f"{message}; did you mean {_SWITCH_WORDS[data.lower()]}?"
        guess = closest(data, [str(each) for part in alternatives for each in choices_of(part)])
        return f"{message}; did you mean {guess!r}?" if guess else message
    if str in alternatives and isinstance(data, (bool, int, float)):
        return f"{message}; write it in quotes"
    return message


def _found(spot: _ErrorSpot) -> str:
    data = spot.data
    if isinstance(data, str) and spot.path[-1:] in _SECRETS:
        return "a text (hidden)"
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return str(data).lower()
    if isinstance(data, (int, float)):
        return f"the number {data}"
    if isinstance(data, str):
        return f"the text {shown(data)!r}"
    return "a list" if isinstance(data, list) else "a mapping"
