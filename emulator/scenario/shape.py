"""Walks the models of `model.py` as types: what may stand under a key, and how to say so in words."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo

_WORDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    NoneType: "nothing",
    Any: "any value",
}
_FEW = 5


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
        return f"a mapping (of {', '.join(keys)})" if len(keys) <= _FEW else "a mapping"
    if choices_of(single):
        *first, last = map(repr, choices_of(single))
        return f"{', '.join(first)} or {last}" if first else last
    if single is dict or get_origin(single) is dict:
        return "a mapping"
    if single is list or get_origin(single) is list:
        return "a list"
    return _WORDS.get(single, str(single))
