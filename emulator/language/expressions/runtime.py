"""What generated code calls: missing values, look-ups, and operators within bounds.

No expression may build more than fits a response.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NoReturn

import orjson
from jinja2 import Undefined
from jinja2.exceptions import UndefinedError

from emulator.errors import Location, TemplateError

Locate = Callable[[], Location]
Operate = Callable[[Any, Any], Any]

MAX_CHARACTERS: Final = 1_000_000
MAX_ITEMS: Final = 100_000
MAX_BITS: Final = 16_384
MAX_OUTPUT: Final = 32 * 1024 * 1024
SEPARATOR: Final = "\x7f"  # which JSON leaves as it is
_SEPARATOR: Final = SEPARATOR.encode()
_NUMBERS: Final = (int, float)
_SMALL: Final = 1 << 64
_WEIGHT: Final = 32  # characters that one item counts for besides its own: to weigh a million of them takes 0.1 s
_WIDE: Final = re.compile(r"%(\([^)]*\))?[^a-zA-Z]*?(\*|\d{5,})")


class MissingError(UndefinedError, TypeError):
    """A value was needed where there is none."""


class FastPathMiss(Exception):
    """A value was needed where FAST code found none."""


class Missing(Undefined):
    """A field that the client did not send, a record that nobody has.

    It is false, contains nothing, equals only itself, and whatever is looked up in it is missing too; any other use is
    an error. Jinja's own filters, tests and statements know it as undefined. Ours compare with `MISSING` itself.
    """

    __slots__ = ()

    def __init__(self, hint: str | None = None, obj: Any = None, name: str | None = None, exc: Any = None) -> None:
        super().__init__(hint, obj, name, exc or MissingError)

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Missing)

    def __ne__(self, other: object) -> bool:
        return not isinstance(other, Missing)

    def __hash__(self) -> int:
        return id(Missing)

    def __contains__(self, item: object) -> bool:
        return False

    def __getitem__(self, key: object) -> Missing:  # type: ignore[override]
        return self

    def __iter__(self) -> NoReturn:
        self._fail_with_undefined_error()

    def __len__(self) -> NoReturn:
        self._fail_with_undefined_error()

    def __str__(self) -> NoReturn:
        self._fail_with_undefined_error()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(name)

    def __repr__(self) -> str:
        return "ABSENT"  # what messages call it

    def __copy__(self) -> Missing:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Missing:
        return self

    @property
    def _undefined_message(self) -> str:
        if self._undefined_name:
            return f"`{self._undefined_name}` is absent"
        return self._undefined_hint or "a value is absent"


MISSING: Final = Missing()


def lookup(found: Any, key: Any) -> Any:
    """`found[key]`, or MISSING: a field of a mapping or an item of a list, never an attribute of a Python object."""
    if found.__class__ is dict and key.__class__ is str:
        return found.get(key, MISSING)
    if isinstance(found, type):  # list['x'] would be a generic type
        return MISSING
    try:
        return found[key]
    except (LookupError, TypeError):
        return MISSING


class LenientContext(dict[str, Any]):
    """A context whose other names are MISSING. Generated code takes any mapping, but is slow where it lacks a name."""

    __slots__ = ()

    def __missing__(self, name: str) -> Any:
        return MISSING


def find(context: Mapping[str, Any], name: str) -> Any:
    """What a name stands for, or MISSING."""
    try:
        return context[name]
    except KeyError:
        return MISSING


def require(value: Any, name: str) -> Any:
    """The value; raises MissingError when it is MISSING."""
    if value is MISSING:
        raise MissingError(f"`{name}` is absent")
    return value


def miss() -> NoReturn:
    """Leaves FAST code."""
    raise FastPathMiss


def binary(operate: Operate, left: Any, right: Any, left_name: str, right_name: str) -> Any:
    """`operate(left, right)`; raises MissingError for the first of them that is MISSING."""
    return operate(require(left, left_name), require(right, right_name))


def tested(name: str, test: Callable[..., Any], value: Any, *args: Any) -> bool:
    """Whether a value passes a test. It may be MISSING: whether there is one is often what is asked."""
    try:
        return bool(test(value, *args))
    except MissingError:
        require(value, name)
        raise


def add(left: Any, right: Any) -> Any:
    """`left + right`; raises ValueError when the sum would be too long."""
    if left.__class__ not in _NUMBERS and isinstance(left, str | bytes | list | tuple):
        most = MAX_OUTPUT if isinstance(left, str | bytes) else MAX_ITEMS
        if isinstance(right, left.__class__) and len(left) + len(right) > most:
            raise ValueError(f"the {'text' if most == MAX_OUTPUT else 'list'} would be longer than {most:,}")
    return left + right


def multiply(left: Any, right: Any) -> Any:
    """`left * right`; raises ValueError when the product would be too long."""
    if left.__class__ is float or right.__class__ is float:
        return left * right  # of what is no number, Python makes an error
    if left.__class__ is int and right.__class__ is int and -_SMALL < (product := left * right) < _SMALL:
        return product
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > MAX_BITS:
            raise ValueError("the product has too many digits")
    elif isinstance(right, int):
        _check_repeated(left, right)
    elif isinstance(left, int):
        _check_repeated(right, left)
    return left * right


def _check_repeated(part: Any, times: int) -> None:
    if isinstance(part, str | bytes) and len(part) * times > MAX_CHARACTERS:
        raise ValueError(f"the text would be longer than {MAX_CHARACTERS:,} characters")
    if isinstance(part, list | tuple) and times > 1:
        if len(part) * times > MAX_ITEMS:
            raise ValueError(f"the list would have more than {MAX_ITEMS:,} items")
        weigh(part, MAX_OUTPUT // times)


def power(left: Any, right: Any) -> Any:
    """`left ** right`; raises ValueError when the result would be too long or is no real number."""
    whole = isinstance(left, int) and isinstance(right, int)
    if whole and abs(left) > 1 and left.bit_length() * abs(right) > MAX_BITS:
        raise ValueError("the power has too many digits")
    result = left**right
    if isinstance(result, complex):
        raise ValueError("the power is not a real number")
    return result


def modulo(left: Any, right: Any) -> Any:
    """`left % right`, of numbers or to format text; raises ValueError for a field wider than four digits."""
    if not isinstance(left, str):
        return left % right
    require(right, "a value")
    if _WIDE.search(left):
        raise ValueError("a field of the format is too wide")
    check_growth(left, left.count("%") * weigh(right, MAX_OUTPUT))
    return left % right


def check_growth(value: str, added: int) -> None:
    """Raises ValueError when a text, with so many characters added, is too long."""
    if len(value) + added > MAX_OUTPUT:
        raise ValueError(f"the text would be longer than {MAX_OUTPUT:,} characters")


def weigh(value: Any, most: int) -> int:
    """About how long a value is as text, shared parts counted each time; raises ValueError beyond `most`."""
    weight, left = 0, [value]
    while left:
        part = left.pop()
        if isinstance(part, str | bytes):
            weight += len(part)
        elif isinstance(part, Mapping):
            weight += _WEIGHT * len(part)
            left += [*part, *part.values()]
        elif isinstance(part, list | tuple):
            weight += _WEIGHT * len(part)
            left += part
        if weight > most:
            raise ValueError(f"the value would be longer than {MAX_OUTPUT:,} characters")
    return weight


def within(left: Any, right: Any) -> bool:
    """`left in right`; what is missing is in nothing."""
    return left is not MISSING and left in right


def text(value: Any) -> str:
    """What a value looks like inside a text: as Jinja writes it, and ready JSON as it is. Raises ValueError when it is
    too long."""
    if value.__class__ is orjson.Fragment:
        return orjson.dumps(value).decode()
    if isinstance(value, list | tuple | dict):
        weigh(value, MAX_OUTPUT)
    return str(value)


def concatenate(texts: Sequence[str]) -> str:
    """All texts in one; raises ValueError when that is longer than any response may be."""
    if len(texts) > 2 and sum(map(len, texts)) > MAX_OUTPUT:
        raise ValueError(f"the text is longer than {MAX_OUTPUT:,} characters")
    whole = "".join(texts)
    if len(whole) > MAX_OUTPUT:
        raise ValueError(f"the text is longer than {MAX_OUTPUT:,} characters")
    return whole


def encode_texts(items: Any, between: bytes) -> bytes | None:
    """The JSON of the texts of a list; the bytes between two of them, more than SEPARATOR has, begin and end with their
    quotes. None if anything else is in the list, or if a text has a SEPARATOR in it."""
    if items.__class__ not in (list, tuple):
        return None
    try:
        whole = orjson.dumps(SEPARATOR.join(items))
    except TypeError:
        return None
    data = whole.replace(_SEPARATOR, between)
    return data if len(data) == len(whole) + (len(items) - 1) * (len(between) - 1) else None


def listed(items: Iterable[Any]) -> list[Any]:
    """All items; raises ValueError when there are too many, TypeError when this is no list of things."""
    if isinstance(items, str | bytes | dict):
        raise TypeError(f"expected a list, found a {'mapping' if isinstance(items, dict) else 'text'}")
    found = list(islice(items, MAX_ITEMS + 1))
    if len(found) > MAX_ITEMS:
        raise ValueError(f"the list has more than {MAX_ITEMS:,} items")
    return found


def numbers(context: Mapping[str, Any], *bounds: int) -> list[int]:
    """`range(…)` of an expression, as a list; raises ValueError when it is too long."""
    found = range(*bounds)
    if len(found) > MAX_ITEMS:
        raise ValueError(f"range({', '.join(map(str, bounds))}) has more than {MAX_ITEMS:,} items")
    return list(found)


def merge(merged: dict[str, Any], value: Any, locate: Locate) -> None:
    """Adds the entries of a mapping, unless it is left out; raises TemplateError for anything else."""
    if isinstance(value, Mapping):
        merged.update(value)
    elif value is not MISSING:
        raise TemplateError(locate(), f"expected a mapping to merge, found {type(value).__name__}")


def fail(locate: Locate, message: str) -> NoReturn:
    """Raises TemplateError."""
    raise TemplateError(locate(), message)


BINARY: Final[Mapping[str, Operate]] = MappingProxyType(
    {
        "+": add,
        "-": operator.sub,
        "*": multiply,
        "/": operator.truediv,
        "//": operator.floordiv,
        "%": modulo,
        "**": power,
    }
)
COMPARE: Final[Mapping[str, Operate]] = MappingProxyType(
    {"lt": operator.lt, "lteq": operator.le, "gt": operator.gt, "gteq": operator.ge}
)
