"""Pieces of an expression are put together: operators, comparisons, calls. Each function gives a closure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from msgspec import Struct

from emulator.language.expressions.absent import ABSENT, AbsentError
from emulator.language.expressions.operate import Operate, bounded, text
from emulator.language.expressions.quick import Quick, literal
from emulator.language.expressions.reference import Evaluate


class Piece(Struct, frozen=True):
    """A part of an expression. `name` is what complaints call it; a `constant` piece has its value at load.

    `quick` is the way to the value when nothing is missing; None when there is none. `roots` are the names that it
    looks up in the scope, told by a whole text only.
    """

    evaluate: Evaluate
    name: str
    constant: bool = False
    value: Any = None
    quick: Quick | None = None
    roots: frozenset[str] = frozenset()


_ORDINARY: Final = (bool, int, float, str, type(None))


def constant(value: Any, name: str) -> Piece:
    """A piece whose value is known; lists and mappings are copied each time, so that nobody can change the scenario."""
    if isinstance(value, _ORDINARY):
        return Piece(lambda context: value, name, constant=True, value=value, quick=literal(value))
    if isinstance(value, list) and all(isinstance(found, _ORDINARY) for found in value):
        return Piece(lambda context: value.copy(), name, constant=True, value=value)
    return Piece(lambda context: deepcopy(value), name, constant=True, value=value)


def absent(*pieces: tuple[Piece, Any]) -> AbsentError:
    """The error that names the first of the pieces whose value is missing."""
    return AbsentError(next(f"`{piece.name}` is absent" for piece, value in pieces if value is ABSENT))


def needed(piece: Piece) -> Evaluate:
    """The piece's value, which must be there."""
    evaluate = piece.evaluate
    if piece.constant:
        return evaluate

    def present(context: Mapping[str, Any]) -> Any:
        value = evaluate(context)
        if value is ABSENT:
            raise absent((piece, value))
        return value

    return present


def binary(operate: Operate, left: Piece, right: Piece) -> Evaluate:
    """An operator of two values that must both be there."""
    first, second = left.evaluate, right.evaluate

    def evaluate(context: Mapping[str, Any]) -> Any:
        a, b = first(context), second(context)
        if a is ABSENT or b is ABSENT:
            raise absent((left, a), (right, b))
        return operate(a, b)

    return evaluate


def lenient(operate: Operate, left: Piece, right: Piece) -> Evaluate:
    """An operator that knows what to do with absent values: `==`, `!=`, `in`, `not in`."""
    first, second = left.evaluate, right.evaluate
    if right.constant:
        value = right.value
        return lambda context: operate(first(context), value)
    return lambda context: operate(first(context), second(context))


def equal(left: Piece, right: Piece) -> Evaluate:
    """`left == right`, mostly with a constant."""
    first, second = left.evaluate, right.evaluate
    if right.constant:
        value = right.value
        return lambda context: first(context) == value
    return lambda context: first(context) == second(context)


def chain(first: Piece, steps: Sequence[tuple[Operate, bool, Piece]]) -> Evaluate:
    """`a < b <= c`: each value is evaluated once, and no further than needed. The flag marks lenient operators."""

    def evaluate(context: Mapping[str, Any]) -> bool:
        before, a = first, first.evaluate(context)
        for operate, allows_absent, piece in steps:
            b = piece.evaluate(context)
            if not allows_absent and (a is ABSENT or b is ABSENT):
                raise absent((before, a), (piece, b))
            if not operate(a, b):
                return False
            before, a = piece, b
        return True

    return evaluate


def concatenate(pieces: Sequence[Piece]) -> Evaluate:
    """The text of all pieces, one after the other; each must be there."""
    whole = [text(piece.value) if piece.constant else "" for piece in pieces]
    holes = [(index, piece.evaluate, piece) for index, piece in enumerate(pieces) if not piece.constant]

    def evaluate(context: Mapping[str, Any]) -> str:
        parts = whole.copy()
        for index, fill, piece in holes:
            value = fill(context)
            if value.__class__ is not str:
                if value is ABSENT:
                    raise absent((piece, value))
                value = text(value)
            parts[index] = value
        return bounded("".join(parts))

    return evaluate


def default(value: Piece, other: Piece, falsy: bool) -> Evaluate:
    """`value | default(other)`; `falsy` also replaces what is there and false."""
    first, second = value.evaluate, other.evaluate

    def evaluate(context: Mapping[str, Any]) -> Any:
        found = first(context)
        return second(context) if found is ABSENT or (falsy and not found) else found

    return evaluate


def tested(test: Callable[..., Any], value: Piece, args: Sequence[Evaluate]) -> Evaluate:
    """`value is test(args)`: whether there is a value is often what is asked, so it may be absent."""

    def evaluate(context: Mapping[str, Any]) -> bool:
        found, others = value.evaluate(context), [arg(context) for arg in args]
        try:
            return bool(test(found, *others))
        except AbsentError:
            raise absent((value, found)) from None

    return evaluate


def called(call: Callable[..., Any], args: Sequence[Evaluate], kwargs: Mapping[str, Evaluate]) -> Evaluate:
    """A filter: `call(*args, **kwargs)`."""
    if len(args) == 1 and not kwargs:
        only = args[0]
        return lambda context: call(only(context))

    def evaluate(context: Mapping[str, Any]) -> Any:
        return call(*[arg(context) for arg in args], **{name: arg(context) for name, arg in kwargs.items()})

    return evaluate


def asked(function: Callable[..., Any], args: Sequence[Evaluate], kwargs: Mapping[str, Evaluate]) -> Evaluate:
    """A function of the language, which is handed the scope: `function(scope, *args, **kwargs)`."""
    if not args and not kwargs:
        return function
    if len(args) == 1 and not kwargs:
        only = args[0]
        return lambda context: function(context, only(context))

    def evaluate(context: Mapping[str, Any]) -> Any:
        return function(
            context, *[arg(context) for arg in args], **{name: arg(context) for name, arg in kwargs.items()}
        )

    return evaluate


def all_needed(kwargs: Mapping[str, Piece]) -> dict[str, Evaluate]:
    """Named arguments, all of which must be there."""
    return {name: needed(piece) for name, piece in kwargs.items()}


def presence(value: Evaluate, defined: bool) -> Evaluate:
    """`value is defined`, or `is undefined`."""
    return lambda context: (value(context) is not ABSENT) is defined


def both(left: Evaluate, right: Evaluate) -> Evaluate:
    """`left and right`: the value that decided."""
    return lambda context: left(context) and right(context)


def either(left: Evaluate, right: Evaluate) -> Evaluate:
    """`left or right`: the value that decided."""
    return lambda context: left(context) or right(context)


def choice(test: Evaluate, then: Evaluate, other: Evaluate) -> Evaluate:
    """`then if test else other`."""
    return lambda context: then(context) if test(context) else other(context)


UNARY: Final[Mapping[str, Callable[[Evaluate], Evaluate]]] = {
    "not": lambda only: lambda context: not only(context),
    "-": lambda only: lambda context: -only(context),
    "+": lambda only: lambda context: +only(context),
}
