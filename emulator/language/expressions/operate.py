"""What the operators of an expression do, within bounds: no expression may build more than fits an answer."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

import orjson

from emulator.language.expressions.absent import ABSENT

MOST_CHARACTERS: Final = 1_000_000
MOST_ITEMS: Final = 100_000
MOST_BITS: Final = 16_384
MOST_OUTPUT: Final = 32 * 1024 * 1024

_NUMBERS: Final = (int, float)
_SMALL: Final = 1 << 64
_WIDE = re.compile(r"%(\([^)]*\))?[^a-zA-Z]*?(\*|\d{5,})")


def multiply(left: Any, right: Any) -> Any:
    """`left * right`; raises ValueError when the product would be too long."""
    if left.__class__ in _NUMBERS and right.__class__ in _NUMBERS:
        product = left * right
        if product.__class__ is float or -_SMALL < product < _SMALL:
            return product
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > MOST_BITS:
            raise ValueError("the product has too many digits")
    elif isinstance(right, int):
        _check_repeated(left, right)
    elif isinstance(left, int):
        _check_repeated(right, left)
    return left * right


def _check_repeated(part: Any, times: int) -> None:
    if isinstance(part, str | bytes) and len(part) * times > MOST_CHARACTERS:
        raise ValueError(f"the text would be longer than {MOST_CHARACTERS:,} characters")
    if isinstance(part, list | tuple) and len(part) * times > MOST_ITEMS:
        raise ValueError(f"the list would have more than {MOST_ITEMS:,} items")


def power(left: Any, right: Any) -> Any:
    """`left ** right`; raises ValueError when the result would be too long or is no real number."""
    if (
        isinstance(left, int)
        and isinstance(right, int)
        and abs(left) > 1
        and left.bit_length() * abs(right) > MOST_BITS
    ):
        raise ValueError("the power has too many digits")
    result = left**right
    if isinstance(result, complex):
        raise ValueError("the power is not a real number")
    return result


def modulo(left: Any, right: Any) -> Any:
    """`left % right`, of numbers or to format text; raises ValueError for a field wider than four digits."""
    if isinstance(left, str) and _WIDE.search(left):
        raise ValueError("a field of the format is too wide")
    return left % right


def within(left: Any, right: Any) -> bool:
    """`left in right`; nothing absent is in anything."""
    return left is not ABSENT and left in right


def not_within(left: Any, right: Any) -> bool:
    """`left not in right`."""
    return not within(left, right)


def text(value: Any) -> str:
    """What a value looks like inside a text: as Jinja writes it, and ready JSON as it is."""
    return orjson.dumps(value).decode() if value.__class__ is orjson.Fragment else str(value)


def bounded(whole: str) -> str:
    """The text itself; raises ValueError when it is longer than any answer may be."""
    if len(whole) > MOST_OUTPUT:
        raise ValueError(f"the text is longer than {MOST_OUTPUT:,} characters")
    return whole


def listed(items: Iterable[Any]) -> list[Any]:
    """All items; raises ValueError when there are too many, TypeError when this is no list of things."""
    if isinstance(items, str | bytes | dict):
        raise TypeError(f"expected a list, found a {'mapping' if isinstance(items, dict) else 'text'}")
    found = list(islice(items, MOST_ITEMS + 1))
    if len(found) > MOST_ITEMS:
        raise ValueError(f"the list has more than {MOST_ITEMS:,} items")
    return found


def numbers(context: Mapping[str, Any], *bounds: int) -> list[int]:
    """`range(…)` of an expression, as a list; raises ValueError when it is too long."""
    found = range(*bounds)
    if len(found) > MOST_ITEMS:
        raise ValueError(f"range({', '.join(map(str, bounds))}) has more than {MOST_ITEMS:,} items")
    return list(found)


Operate = Callable[[Any, Any], Any]
BINARY: Final[Mapping[str, Operate]] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": multiply,
        "/": operator.truediv,
        "//": operator.floordiv,
        "%": modulo,
        "**": power,
    }
)
COMPARE: Final[Mapping[str, Operate]] = MappingProxyType(
    {
        "eq": operator.eq,
        "ne": operator.ne,
        "lt": operator.lt,
        "lteq": operator.le,
        "gt": operator.gt,
        "gteq": operator.ge,
        "in": within,
        "notin": not_within,
    }
)
