"""Fault registry: every fault by name and alias, and the parsing of a fault from what an author wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from msgspec import NODEFAULT
from msgspec.structs import fields

from emulator.errors import ConfigError
from emulator.faults.aliases import ALIASES, PARAMETER_ALIASES, Alias, Convert
from emulator.faults.base import DONE, Fault, Parameter
from emulator.faults.connections import CONNECTION_FAULTS
from emulator.faults.content import CONTENT_FAULTS
from emulator.faults.credentials import TOKEN_FAULTS
from emulator.faults.jobs import JOB_FAULTS
from emulator.faults.response import ANSWER_FAULTS, BODY_FAULTS
from emulator.faults.sse import SSE_FAULTS
from emulator.faults.stream import STREAM_FAULTS
from emulator.faults.timing import TIMING_FAULTS
from emulator.faults.webhooks import WEBHOOK_FAULTS
from emulator.faults.wire import WIRE_FAULTS
from emulator.language.document.diagnostics import closest, did_you_mean

ALWAYS_NAMED = frozenset(("done",))  # `empty_response: no` would read as if there were none


class FaultRegistry(Mapping[str, type[Fault]]):
    """Faults by name; `make` accepts aliases as well."""

    def __init__(self, faults: Iterable[type[Fault]], aliases: Mapping[str, Alias]) -> None:
        self._faults = {fault.name: fault for fault in faults}
        self.aliases = aliases

    def __getitem__(self, name: str) -> type[Fault]:
        return self._faults[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._faults)

    def __len__(self) -> int:
        return len(self._faults)

    def make(self, name: str, values: Any = None) -> Fault:
        """Makes the fault with this name or alias; `values` maps parameters, or is the first one alone, or None.

        Raises ConfigError that says what was expected and the nearest name.
        """
        alias = self.aliases.get(name)
        if alias is not None:
            try:
                values = alias.translate(values)
            except ValueError as error:
                raise ConfigError(f"fault {name}: {error}") from error
            fault = self._faults[alias.fault]
        elif name in self._faults:
            fault = self._faults[name]
        else:
            raise ConfigError(f"unknown fault {name!r}; {self._nearest(name)}")
        try:
            return _make(fault, values)
        except ValueError as error:
            raise ConfigError(f"fault {name}: {error}") from error

    def aliases_of(self, name: str) -> tuple[str, ...]:
        """Returns the aliases of a fault."""
        return tuple(each for each, alias in self.aliases.items() if alias.fault == name)

    def _nearest(self, name: str) -> str:
        guess = closest(name, [*self._faults, *self.aliases])
        known = f"expected one of: {', '.join(self._faults)}"
        return known if guess is None else f"{known}; did you mean {guess!r}?"


@cache
def parameters(fault: type[Fault]) -> Mapping[str, Parameter]:
    """Returns the parameters of a fault by name, in order."""
    hints = get_type_hints(fault, include_extras=True)
    return MappingProxyType({name: _parameter(hints[name]) for name in fault.__struct_fields__})


@cache
def _required(fault: type[Fault]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(fault) if field.default is NODEFAULT)


def _parameter(hint: Any) -> Parameter:
    """Returns the Parameter of an annotation, also where that is `… | None`."""
    for each in (hint, *get_args(hint)):
        for annotation in getattr(each, "__metadata__", ()):
            if isinstance(annotation, Parameter):
                return annotation
    raise TypeError(f"{hint} has no Parameter")


def _make(fault: type[Fault], given: Any) -> Fault:
    known, whole = parameters(fault), given
    if given is None:
        given = {}
    elif not isinstance(given, Mapping):
        if not known:
            raise ValueError("it takes no parameters")
        first = next(iter(known))
        if first in ALWAYS_NAMED:
            raise ValueError(f"its parameter has to be named: {first} ({known[first].expected})")
        given = {first: given}
    others = PARAMETER_ALIASES.get(fault.name, {})
    given = dict(_translate(name, value, others) for name, value in given.items())
    for name in given:
        if name not in known:
            raise ValueError(f"unknown parameter {name!r}; {did_you_mean(str(name), known)}")
    values = {}
    for name, value in given.items():
        if value is None:
            continue
        try:
            values[name] = known[name].parse(value)
        except ValueError as error:
            alone = "done" in known and isinstance(whole, (str, bool)) and str(whole).lower() in DONE
            cure = f"; did you mean `done: {DONE[str(whole).lower()]}`?" if alone else ""
            raise ValueError(f"{name}: {error}{cure}") from error
    for name in _required(fault):
        if name not in values:
            raise ValueError(f"{name} is missing; expected {known[name].expected}")
    return fault(**values)


def _translate(name: str, value: Any, others: Mapping[str, tuple[str, Convert]]) -> tuple[str, Any]:
    """Translates a parameter of another tool to our name and unit."""
    if name not in others:
        return name, value
    ours, convert = others[name]
    return ours, convert(value)


FAULTS = FaultRegistry(
    (
        *ANSWER_FAULTS,
        *CONTENT_FAULTS,
        *BODY_FAULTS,
        *STREAM_FAULTS,
        *SSE_FAULTS,
        *WIRE_FAULTS,
        *CONNECTION_FAULTS,
        *TIMING_FAULTS,
        *JOB_FAULTS,
        *WEBHOOK_FAULTS,
        *TOKEN_FAULTS,
    ),
    ALIASES,
)
