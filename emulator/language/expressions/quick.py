"""The quick way: what a template does when nothing is missing, as one Python function instead of a tree of closures.

A quick function may only be as right as the careful one when nothing is absent and nothing fails. Whatever else
happens, it raises, and the careful closures, which explain what is wrong and where, do the work again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from emulator.errors import EmulatorError
from emulator.language.expressions.absent import ABSENT
from emulator.language.expressions.reference import Evaluate

_PLAIN = (bool, int, str, type(None))
_COMPARISONS = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "lteq": "<=",
    "gt": ">",
    "gteq": ">=",
    "in": "in",
    "notin": "not in",
}


class Unusual(Exception):
    """The quick way does not lead there."""


class Quick(Struct, frozen=True):
    """A Python expression over `s`, the scope, and the objects that it names."""

    source: str
    names: Mapping[str, Any] = field(default_factory=dict)


def literal(value: Any) -> Quick | None:
    """A constant that Python can be told as text; nobody can change it."""
    return Quick(repr(value)) if isinstance(value, _PLAIN) else None


def named(thing: Any) -> Quick:
    """An object that the code calls by a name."""
    name = f"o{id(thing)}"
    return Quick(name, {name: thing})


def looked_up(name: str, keys: Sequence[str | int]) -> Quick:
    """`name.key.key`."""
    return Quick(f"s[{name!r}]" + "".join(f"[{key!r}]" for key in keys))


def joined(form: str, *parts: Quick | None) -> Quick | None:
    """`form` with each % replaced by a part; None when one of the parts has no quick way."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    pieces = form.split("%")
    source = pieces[0] + "".join(part.source + piece for part, piece in zip(known, pieces[1:], strict=True))
    return Quick(source, {name: thing for part in known for name, thing in part.names.items()})


def compared(first: Quick | None, steps: Sequence[tuple[str, Quick | None]]) -> Quick | None:
    """`first < second <= third`."""
    form = "(%" + "".join(f" {_COMPARISONS[op]} %" for op, _ in steps) + ")"
    return joined(form, first, *(part for _, part in steps))


def operated(operate: Callable[[Any, Any], Any], left: Quick | None, right: Quick | None) -> Quick | None:
    """`operate(left, right)`: an operator, which fails by itself when a side is absent."""
    return joined("%(%, %)", named(operate), left, right)


def called(function: Callable[..., Any], args: Sequence[Quick | None], context: bool) -> Quick | None:
    """`function(args)`, or `function(s, args)`; no argument may be absent."""
    present = named(there)
    form = ", ".join(["s"] * context + ["%(%)" if arg is None or arg.source.startswith("s[") else "%" for arg in args])
    parts: list[Quick | None] = []
    for arg in args:
        parts += [present, arg] if arg is None or arg.source.startswith("s[") else [arg]
    return joined(f"%({form})", named(function), *parts)


def there(value: Any) -> Any:
    """The value, which must not be absent."""
    if value is ABSENT:
        raise Unusual
    return value


def compile_quick(quick: Quick | None, careful: Evaluate) -> Evaluate:
    """The quick function, with the careful one for whatever is unusual."""
    if quick is None:
        return careful
    names = {**quick.names, "EmulatorError": EmulatorError, "careful": careful}
    exec(_FUNCTION.format(source=quick.source), names)  # the text is ours: only names, keys and operators are put in
    function: Evaluate = names["quick"]
    return function


_FUNCTION = """
def quick(s):
    try:
        return {source}
    except EmulatorError:
        raise
    except Exception:
        return careful(s)
"""
