"""The X-Emulator-Fault header, which requests faults for one call: `latency; delay=2s, cut_after; events=3`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from emulator.errors import ApiError, ConfigError, DocumentError
from emulator.faults.base import Fault
from emulator.faults.registry import FAULTS
from emulator.faults.targets import unknown_name
from emulator.http import Header
from emulator.language.document.reader import parse
from emulator.playbook import Api, Operation

HEADER = b"x-emulator-fault"
NAME = "X-Emulator-Fault"
MAX_FAULTS = 20  # of one request
MAX_LENGTH = 2_000  # characters
SHAPE = f"expected {NAME}: name; param=value, name2; param=value"


def requested_faults(lines: Sequence[Header], api: Api, operation: Operation) -> tuple[Fault, ...]:
    """Parses the faults that a request's headers name: a name alone, `name=value` for the first parameter, or
    `name; parameter=value`. Several headers are one list (RFC 9110 section 5.3). Values in brackets are YAML, as
    in `lognormal={p50: 2s, sigma: 0.5}`. The request is for this operation.

    Raises ApiError("invalid") with status 400 and, as `hint`, what was expected.
    """
    line = b", ".join(value for name, value in lines if name == HEADER)
    try:
        if len(line) > MAX_LENGTH:
            raise ConfigError(f"more than {MAX_LENGTH:,} characters")
        entries = list(_split(line.decode("latin-1"), ","))
        if len(entries) > MAX_FAULTS:
            raise ConfigError(f"more than {MAX_FAULTS} faults in one request")
        faults = tuple(_parse_fault(entry) for entry in entries)
        _refuse_unknown_names(faults, (api, operation))
        return faults
    except ConfigError as error:
        raise ApiError("invalid", f"{NAME}: {error}", param=NAME, status=400, hint=f"{error} ({SHAPE})") from error


def _refuse_unknown_names(faults: Iterable[Fault], spot: tuple[Api, Operation]) -> None:
    """Raises ConfigError for a name that the operation lacks. A fault that does not apply is accepted: clients send the
    header with all their calls."""
    for fault in faults:
        wrong = unknown_name(fault, [spot])
        if wrong is not None:
            raise ConfigError(wrong)


def _parse_fault(entry: str) -> Fault:
    first, *rest = (each.strip() for each in _split(entry, ";"))
    name, equals, value = (each.strip() for each in first.partition("="))
    if not name:
        raise ConfigError("the name of a fault is missing")
    if equals and rest:
        raise ConfigError(f"{name}={value} allows no more parameters; name the first one as well")
    return FAULTS.make(name, _value(value) if equals else dict(map(_parse_parameter, rest)))


def _split(text: str, mark: str) -> Iterator[str]:
    """Yields what stands between the marks that are in no quotes and in no brackets. Raises ConfigError for what is
    opened and not closed."""
    begin, depth, quoted = 0, 0, False
    for at, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth = max(0, depth - 1)
        elif character == mark and depth == 0:
            yield text[begin:at]
            begin = at + 1
    if quoted or depth:
        raise ConfigError("a quote or a bracket has no counterpart")
    yield text[begin:]


def _parse_parameter(text: str) -> tuple[str, Any]:
    name, equals, value = (each.strip() for each in text.partition("="))
    if not name or not equals:
        raise ConfigError(f"{text!r} is not a parameter")
    return name, _value(value)


def _value(value: str) -> Any:
    """Returns a text without the quotes that it needs around a comma, a semicolon or a bracket, or YAML as data."""
    if value[:1] in ("{", "["):
        try:
            return parse(value, NAME).data
        except DocumentError as error:
            raise ConfigError(f"{value}: {error.diagnostics[0].message}") from error
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
