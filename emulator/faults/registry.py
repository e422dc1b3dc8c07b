"""The table of faults: each by its name, with what other tools call it, and making one from what an author wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_type_hints

from msgspec import NODEFAULT
from msgspec.structs import fields

from emulator.errors import ConfigError
from emulator.faults.aliases import PARAMETERS, SYNONYMS, Convert, Synonym
from emulator.faults.base import Fault, Parameter
from emulator.faults.credentials import TOKEN_FAULTS
from emulator.faults.jobs import JOB_FAULTS
from emulator.faults.response import ANSWER_FAULTS, BODY_FAULTS
from emulator.faults.stream import STREAM_FAULTS
from emulator.faults.timing import PACE_FAULTS
from emulator.faults.webhooks import WEBHOOK_FAULTS
from emulator.faults.wire import WIRE_FAULTS
from emulator.language.document.diagnostics import closest, did_you_mean


class Table(Mapping[str, type[Fault]]):
    """Faults by name. `make` takes synonyms as well."""

    def __init__(self, faults: Iterable[type[Fault]], synonyms: Mapping[str, Synonym]) -> None:
        self._faults = {fault.name: fault for fault in faults}
        self.synonyms = synonyms

    def __getitem__(self, name: str) -> type[Fault]:
        return self._faults[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._faults)

    def __len__(self) -> int:
        return len(self._faults)

    def make(self, name: str, given: Any = None) -> Fault:
        """The fault of this name or synonym; `given` is a mapping of parameters, the first one alone, or None.

        Raises ConfigError with what was expected and the nearest name.
        """
        synonym = self.synonyms.get(name)
        if synonym is not None:
            try:
                given = synonym.translate(given)
            except ValueError as error:
                raise ConfigError(f"fault {name}: {error}") from error
            found = self._faults[synonym.fault]
        elif name in self._faults:
            found = self._faults[name]
        else:
            raise ConfigError(f"unknown fault {name!r}; {self._nearest(name)}")
        try:
            return _made(found, given)
        except ValueError as error:
            raise ConfigError(f"fault {name}: {error}") from error

    def synonyms_of(self, name: str) -> tuple[str, ...]:
        """What other tools call a fault."""
        return tuple(each for each, synonym in self.synonyms.items() if synonym.fault == name)

    def _nearest(self, name: str) -> str:
        guess = closest(name, [*self._faults, *self.synonyms])
        known = f"expected one of: {', '.join(self._faults)}"
        return known if guess is None else f"{known}; did you mean {guess!r}?"


def parameters(fault: type[Fault]) -> dict[str, Parameter]:
    """The parameters of a fault, by name, in order."""
    hints = get_type_hints(fault, include_extras=True)
    return {name: _parameter(hints[name]) for name in fault.__struct_fields__}


def _parameter(hint: Any) -> Parameter:
    """The one that a hint is annotated with, also where the hint is `… | None`."""
    for each in (hint, *get_args(hint)):
        for annotation in getattr(each, "__metadata__", ()):
            if isinstance(annotation, Parameter):
                return annotation
    raise TypeError(f"{hint} has no Parameter")


def _made(fault: type[Fault], given: Any) -> Fault:
    known = parameters(fault)
    if given is None:
        given = {}
    elif not isinstance(given, Mapping):
        if not known:
            raise ValueError("it takes no parameters")
        given = {next(iter(known)): given}
    other = PARAMETERS.get(fault.name, {})
    given = dict(_ours(name, value, other) for name, value in given.items())
    for name in given:
        if name not in known:
            raise ValueError(f"unknown parameter {name!r}; {did_you_mean(str(name), known)}")
    values = {}
    for name, value in given.items():
        if value is None:
            continue
        try:
            values[name] = known[name].read(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    for field in fields(fault):
        if field.name not in values and field.default is NODEFAULT:
            raise ValueError(f"{field.name} is missing; expected {known[field.name].wanted}")
    return fault(**values)


def _ours(name: str, value: Any, other: Mapping[str, tuple[str, Convert]]) -> tuple[str, Any]:
    """A parameter as we call it and count it."""
    if name not in other:
        return name, value
    ours, convert = other[name]
    return ours, convert(value)


FAULTS = Table(
    (
        *ANSWER_FAULTS,
        *BODY_FAULTS,
        *STREAM_FAULTS,
        *WIRE_FAULTS,
        *PACE_FAULTS,
        *JOB_FAULTS,
        *WEBHOOK_FAULTS,
        *TOKEN_FAULTS,
    ),
    SYNONYMS,
)
