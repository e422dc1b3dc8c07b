"""The filters and tests of expressions: Jinja's own as plain functions, bounded, less those without use here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

from jinja2 import Environment, Undefined
from jinja2.filters import make_attrgetter
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from markupsafe import escape

from emulator.language.expressions.json import encode
from emulator.language.expressions.meter import collected
from emulator.language.expressions.runtime import (
    MAX_CHARACTERS,
    MAX_ITEMS,
    MAX_OUTPUT,
    MISSING,
    check_growth,
    modulo,
    text,
    weigh,
)

Function = Callable[..., Any]

# Markup has no use in JSON, `random` says something else each time, `attr` reaches into Python objects.
_LEFT_OUT: Final = frozenset(("attr", "forceescape", "pprint", "random", "safe", "urlize", "xmlattr"))
_TESTS_LEFT_OUT: Final = frozenset(("callable", "escaped", "filter", "test"))
# A number given to these says how much is built.
_SIZED: Final = frozenset(("batch", "center", "indent", "round", "slice", "truncate", "wordwrap"))
# These read a text slowly, or put a text into it at many places.
_SLOW: Final = frozenset(("indent", "striptags", "title", "truncate", "urlencode", "wordcount", "wordwrap"))
_LISTING: Final = frozenset(("batch", "list", "slice", "sort", "unique"))  # of a text: its characters
_SETTLED: Final = frozenset((bool, dict, float, int, list, str))


def filters_of(environment: Environment) -> dict[str, Function]:
    """Jinja's filters by name, each called as f(value, *args, **kwargs); lists for iterators, MISSING for undefined."""
    given = {
        "context": Context(environment, {}, None, {}),
        "eval_context": EvalContext(environment),
        "environment": environment,
    }
    table: dict[str, Function] = {}
    for name, found in environment.filters.items():
        if name not in _LEFT_OUT:
            table[name] = _plain(found, given)
    for name in _SIZED:
        table[name] = partial(_sized, table[name])
    for names, most in ((_SLOW, MAX_CHARACTERS), (_LISTING, MAX_ITEMS)):
        for name in names:
            table[name] = partial(_short, table[name], most)
    for name, grown in (("indent", _indented), ("wordwrap", _wrapped)):
        table[name] = partial(grown, table[name])
    table["groupby"] = partial(_grouped, table["groupby"])
    table["join"] = partial(_joined, environment)
    own: dict[str, Function] = {
        "e": _escaped,
        "escape": _escaped,
        "format": _formatted,
        "replace": _replaced,
        "tojson": _json,
    }
    own |= {"string": text, "sum": partial(_summed, table["sum"])}
    return table | own


def tests_of(environment: Environment) -> dict[str, Any]:
    """Jinja's tests by name, each called as f(value, *args)."""
    return {name: found for name, found in environment.tests.items() if name not in _TESTS_LEFT_OUT}


def _plain(found: Any, given: dict[str, Any]) -> Function:
    passed = getattr(found, "jinja_pass_arg", None)
    bound = partial(found, given[passed.name]) if passed is not None else found

    def plain(value: Any, *args: Any, **kwargs: Any) -> Any:
        result = bound(value, *args, **kwargs)
        if result.__class__ in _SETTLED:
            return result
        if isinstance(result, Iterator):
            return collected(result)
        return MISSING if isinstance(result, Undefined) else result

    return plain


def _sized(found: Function, value: Any, *args: Any, **kwargs: Any) -> Any:
    given = (*args, *kwargs.values())
    for number in given:
        if isinstance(number, int) and abs(number) > MAX_ITEMS:
            raise ValueError(f"{number} is more than {MAX_ITEMS:,}")
    if len(given) > 1 and isinstance(given[0], int):  # what a list is filled up with, so many times
        weigh([*given[1:]], MAX_OUTPUT // max(1, abs(given[0])))
    return found(value, *args, **kwargs)


def _short(found: Function, most: int, value: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(value, str) and len(value) > most:
        raise ValueError(f"the text has more than {most:,} characters")
    return found(value, *args, **kwargs)


def _indented(found: Function, value: str, width: int | str = 4, first: bool = False, blank: bool = False) -> Any:
    check_growth(value, len(value.splitlines()) * (len(width) if isinstance(width, str) else width))
    return found(value, width, first, blank)


def _wrapped(found: Function, value: str, *args: Any, wrapstring: str = "\n", **kwargs: Any) -> Any:
    check_growth(value, len(value) * len(args[2] if len(args) > 2 else wrapstring))
    return found(value, *args, **({"wrapstring": wrapstring} if len(args) <= 2 else {}), **kwargs)


def _summed(found: Function, value: Any, attribute: Any = None, start: float = 0) -> Any:
    if not isinstance(start, int | float):
        raise TypeError("`sum` adds numbers")
    return found(value, attribute, start)


def _grouped(found: Function, value: Any, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
    return [{"grouper": grouper, "list": members} for grouper, members in found(value, *args, **kwargs)]


def _joined(environment: Environment, value: Any, d: str = "", attribute: str | int | None = None) -> str:
    items: Iterable[Any] = value
    if attribute is not None:
        items = map(make_attrgetter(environment, attribute), value)
    parts = [text(item) for item in items]
    if sum(map(len, parts)) + len(d) * len(parts) > MAX_OUTPUT:
        raise ValueError(f"the text would be longer than {MAX_OUTPUT:,} characters")
    return d.join(parts)


def _escaped(value: Any) -> str:
    return str(escape(text(value)))


def _formatted(value: Any, *args: Any, **kwargs: Any) -> Any:
    return modulo(str(value), kwargs or args)


def _replaced(value: Any, old: str, new: str, count: int = -1) -> str:
    whole = text(value)
    if len(new) > len(old) and len(whole) + whole.count(old) * len(new) > MAX_OUTPUT:
        raise ValueError(f"the text would be longer than {MAX_OUTPUT:,} characters")
    return whole.replace(old, new, count)


def _json(value: Any) -> str:
    weigh(value, MAX_OUTPUT)
    return encode(value).decode()
