"""Dotted paths: `body.messages.last.content` becomes the look-up of a field, or the test of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.scenario.absent import ABSENT, lookup
from emulator.scenario.operators import Test
from emulator.scenario.reference import chain

Values = Mapping[str, Any]
Holds = Callable[[Values], bool]


def steps(path: str) -> list[str]:
    """The names of a dotted path; those of headers in lower case."""
    return (path.lower() if path.startswith("header.") else path).split(".")


def step_into(value: Any, key: str) -> Any:
    """One step of a dotted path: a key of a mapping, or an index of a list."""
    if isinstance(value, list):
        if key == "last":
            return value[-1] if value else ABSENT
        return value[int(key)] if key.isdecimal() and len(key) < 10 and int(key) < len(value) else ABSENT
    return lookup(value, key)


def finder(path: str) -> Callable[[Values], Any]:
    """Compile a dotted path such as `body.messages.0.role` (`last` is the last item of a list).

    Names of headers may be written in any case.
    """
    root, *keys = steps(path)
    return chain(root, keys, step_into)


def holder(path: str, test: Test, values: tuple[Any, ...] = ()) -> Holds:
    """Compile the test of a dotted path; that of one field of one name, the commonest, is a single function."""
    root, *keys = steps(path)
    if len(keys) == 1 and len(values) == 1 and isinstance(values[0], bool):
        return _truth_holder(root, keys[0], values[0])
    if len(keys) != 1:
        find = finder(path)
        return lambda scope: test(find(scope))
    key = keys[0]

    def holds(scope: Values) -> bool:
        try:
            value = scope[root]
        except KeyError:
            return test(ABSENT)
        return test(value.get(key, ABSENT) if value.__class__ is dict else step_into(value, key))

    return holds


def _truth_holder(root: str, key: str, wanted: bool) -> Holds:
    def holds(scope: Values) -> bool:
        try:
            value = scope[root]
        except KeyError:
            return False
        return (value.get(key) if value.__class__ is dict else step_into(value, key)) is wanted

    return holds
