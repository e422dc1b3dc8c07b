"""The header by which one request asks for faults: `X-Emulator-Fault: latency; delay=2s, cut_after; events=3`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from emulator.errors import ApiError, ConfigError
from emulator.faults.base import Fault
from emulator.faults.registry import FAULTS
from emulator.faults.targets import unknown_name
from emulator.http import Header
from emulator.playbook import Api, Operation

ASKED_BY = b"x-emulator-fault"
NAME = "X-Emulator-Fault"
MOST = 20  # faults of one request
LONGEST = 2_000  # characters, because looking for separators outside of quotes takes the square
COMMA, SEMICOLON = (re.compile(rf'{mark}(?=(?:[^"]*"[^"]*")*[^"]*$)') for mark in ",;")
SHAPE = f"expected {NAME}: name; param=value, name2; param=value"


def asked_for(lines: Sequence[Header], api: Api, operation: Operation) -> tuple[Fault, ...]:
    """The faults that a request's header lines name; a name alone, or `name=value` for the first parameter, will do.
    Several lines are one list (RFC 9110 section 5.3). The request is for this operation.

    Raises ApiError("invalid") with status 400 and, as `hint`, what was expected.
    """
    line = b", ".join(value for name, value in lines if name == ASKED_BY)
    try:
        if len(line) > LONGEST:
            raise ConfigError(f"more than {LONGEST:,} characters")
        entries = COMMA.split(line.decode("latin-1"))
        if len(entries) > MOST:
            raise ConfigError(f"more than {MOST} faults in one request")
        faults = tuple(_fault(entry) for entry in entries)
        _refuse_unknown_names(faults, (api, operation))
        return faults
    except ConfigError as error:
        raise ApiError("invalid", f"{NAME}: {error}", param=NAME, status=400, hint=f"{error} ({SHAPE})") from error


def _refuse_unknown_names(faults: Iterable[Fault], spot: tuple[Api, Operation]) -> None:
    """Raises ConfigError for a name that the operation lacks. A fault that finds nothing to spoil here is let be:
    clients give the header to all their calls."""
    for fault in faults:
        wrong = unknown_name(fault, [spot])
        if wrong is not None:
            raise ConfigError(wrong)


def _fault(entry: str) -> Fault:
    first, *rest = (each.strip() for each in SEMICOLON.split(entry))
    name, equals, value = (each.strip() for each in first.partition("="))
    if not name:
        raise ConfigError("the name of a fault is missing")
    if equals and rest:
        raise ConfigError(f"{name}={value} leaves no room for more parameters; name the first one as well")
    return FAULTS.make(name, _bare(value) if equals else dict(map(_parameter, rest)))


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = (each.strip() for each in text.partition("="))
    if not name or not equals:
        raise ConfigError(f"{text!r} is no parameter")
    return name, _bare(value)


def _bare(value: str) -> str:
    """A value without the quotes that it needs around a comma or a semicolon."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
