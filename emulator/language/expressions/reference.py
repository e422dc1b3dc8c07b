"""The commonest expression, `body.model`: a name and the fields below it become dictionary look-ups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.language.expressions.absent import ABSENT, lookup

Evaluate = Callable[[Mapping[str, Any]], Any]


def reference(name: str, keys: tuple[str | int, ...]) -> Evaluate:
    """Look up a name in the scope, then each key below what was found; ABSENT when one of them is missing."""
    if not keys:
        return _name(name)
    if len(keys) == 1:
        return _field(name, keys[0])
    return chain(name, keys)


def _name(name: str) -> Evaluate:
    def evaluate(context: Mapping[str, Any]) -> Any:
        try:
            return context[name]
        except KeyError:
            return ABSENT

    return evaluate


def _field(name: str, key: str | int) -> Evaluate:
    def evaluate(context: Mapping[str, Any]) -> Any:
        try:
            found = context[name]
        except KeyError:
            return ABSENT
        if found.__class__ is dict:
            return found.get(key, ABSENT)
        return lookup(found, key)

    return evaluate


def chain(name: str, keys: Sequence[str | int], step: Callable[[Any, Any], Any] = lookup) -> Evaluate:
    """Look up a name, then each key below what was found; `step` finds a key in what is no dictionary."""

    def evaluate(context: Mapping[str, Any]) -> Any:
        try:
            found = context[name]
        except KeyError:
            return ABSENT
        for key in keys:
            found = found.get(key, ABSENT) if found.__class__ is dict else step(found, key)
        return found

    return evaluate


def item(base: Evaluate, key: Evaluate) -> Evaluate:
    """`base[key]` with a key that is known only when it is asked for; nothing is below an absent key."""

    def evaluate(context: Mapping[str, Any]) -> Any:
        found = key(context)
        return ABSENT if found is ABSENT else lookup(base(context), found)

    return evaluate


def part(base: Evaluate, bounds: Sequence[Evaluate]) -> Evaluate:
    """`base[start:stop:step]`."""

    def evaluate(context: Mapping[str, Any]) -> Any:
        return lookup(base(context), slice(*[bound(context) for bound in bounds]))

    return evaluate
