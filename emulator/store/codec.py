"""The one way in which state becomes JSON and is read back: msgspec, with the type of each kind of collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec
import orjson

from emulator.errors import ConfigError

T = TypeVar("T")
# What msgspec and orjson raise for data that is not as it should be.
UNREADABLE = (TypeError, ValueError, LookupError, ArithmeticError, RecursionError)


@runtime_checkable
class Custom(Protocol):
    """A type that says itself what stands for its values."""

    def to_builtins(self) -> Any:
        """Returns what `from_builtins` takes."""

    @classmethod
    def from_builtins(cls, data: Any) -> Any:
        """Returns the value. Raises ValueError or TypeError for other data."""


class Codec:
    """Dumps and loads the values of collections. `types` maps a kind of collection to the type of its values.

    Values of other kinds are JSON values: they come back as JSON says them, with texts as keys and lists for tuples.
    """

    def __init__(self, types: Mapping[str, Any] | None = None) -> None:
        self._types = types or {}

    def load_value(self, collection: str, data: Any) -> Any:
        """Returns the value that data stands for. Raises msgspec.ValidationError for other data."""
        type = self._types.get(collection.partition("/")[0], Any)
        return data if type is Any else msgspec.convert(data, type, dec_hook=_decode)


def to_json(value: Any) -> Any:
    """Returns a value as data of its own that JSON can express. Raises ConfigError when it can't."""
    try:
        plain = msgspec.to_builtins(value, str_keys=True, enc_hook=_encode)
        return orjson.loads(orjson.dumps(plain, option=orjson.OPT_NON_STR_KEYS))
    except UNREADABLE as error:
        raise ConfigError(f"the state can't be saved: {error}") from error


def size_of(value: Any) -> int:
    """Returns how many bytes a value takes as JSON; 0 for one that JSON can't express."""
    try:
        return len(msgspec.json.encode(value, enc_hook=_encode))
    except UNREADABLE:
        return 0


def as_json(value: Any) -> bytes:
    """Returns a value as JSON. Raises one of UNREADABLE for one that JSON can't express."""
    return msgspec.json.encode(value, enc_hook=_encode)


def from_json(data: Any, type: type[T]) -> T:
    """Returns the value of a type that data stands for, sharing nothing with it. Raises ConfigError for other data."""
    try:
        return msgspec.convert(orjson.loads(orjson.dumps(data)), type, dec_hook=_decode)
    except UNREADABLE as error:
        raise ConfigError(str(error)) from error


def _encode(value: Any) -> Any:
    if isinstance(value, Custom):
        return value.to_builtins()
    raise TypeError(f"a value of type {type(value).__name__} is not JSON")


def _decode(type: type[Any], data: Any) -> Any:
    if isinstance(data, type):
        return data
    if hasattr(type, "from_builtins"):
        return type.from_builtins(data)
    raise TypeError(f"{type.__name__} can't be read")
