"""Values of a world as plain JSON data and back: what JSON has no form for is written as `{"$kind": …}`."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from emulator.scenario.duration import Duration
from emulator.serving.job import Job
from emulator.serving.rows import RowOutcome, Rows
from emulator.serving.timeline import Timeline

WIDEST = 2**53  # whole numbers beyond it are read as floats by many
STRUCTS: Mapping[str, type[Struct]] = {each.__name__: each for each in (Duration, Job, RowOutcome, Timeline)}


def encode(value: Any) -> Any:
    """The value as JSON-able data. Raises TypeError for a value that no world holds."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < WIDEST else {"$int": str(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, list):
        return [encode(each) for each in value]
    if isinstance(value, tuple):
        return {"$tuple": [encode(each) for each in value]}
    if isinstance(value, Mapping):
        if all(isinstance(name, str) and not name.startswith("$") for name in value):
            return {name: encode(each) for name, each in value.items()}
        return {"$pairs": [[encode(name), encode(each)] for name, each in value.items()]}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Rows):
        return {"$rows": [encode(each) for each in value.outcomes]}
    name = type(value).__name__
    if isinstance(value, Struct) and STRUCTS.get(name) is type(value):
        return {f"${name}": {field.name: encode(getattr(value, field.name)) for field in fields(value)}}
    raise TypeError(f"a {name} can't be saved")


def decode(value: Any) -> Any:
    """What `encode` was given. Raises ValueError, TypeError or KeyError for what it never gives."""
    if isinstance(value, list):
        return [decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = next(iter(value), "")
    if not kind.startswith("$"):
        return {name: decode(each) for name, each in value.items()}
    read = READERS.get(kind)
    if read is not None:
        return read(value[kind])
    struct = STRUCTS[kind[1:]]
    return msgspec.convert({name: decode(each) for name, each in dict(value[kind]).items()}, struct)


READERS: Mapping[str, Callable[[Any], Any]] = {
    "$int": int,
    "$float": float,
    "$tuple": lambda written: tuple(map(decode, written)),
    "$pairs": lambda written: {decode(name): decode(each) for name, each in written},
    "$bytes": lambda written: base64.b64decode(written, validate=True),
    "$rows": lambda written: Rows([decode(each) for each in written]),
}
