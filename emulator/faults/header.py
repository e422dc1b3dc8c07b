"""The X-Emulator-Fault header, which requests faults for one call: `latency; delay=2s, cut_after; events=3`; and,
in the same syntax, a fault to be armed: `messages.*: cut_after; events=3; times=2`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from emulator.errors import ApiError, ConfigError, DocumentError
from emulator.faults.armed import KEYS
from emulator.faults.base import Fault
from emulator.faults.connections import Refuse
from emulator.faults.registry import ALWAYS_NAMED, FAULTS, parameters
from emulator.faults.targets import unknown_name
from emulator.http.headers import Header
from emulator.language.document.reader import parse
from emulator.playbook.apis import Api, Operation
from emulator.playbook.matching import COUNTER_TESTS

HEADER = b"x-emulator-fault"
NAME = "X-Emulator-Fault"
MAX_FAULTS = 20  # of one request
MAX_LENGTH = 2_000  # characters
TRIGGERS = tuple(key for key in KEYS if key not in ("fault", "params", "on"))
OPERATIONS = re.compile(r"\s*([\w.*/-]+(?:\s*,\s*[\w.*/-]+)*)\s*:\s+(.*)", re.DOTALL)  # and what stands behind them
IN_NO_HEADER = (
    f"{Refuse.name} closes the port to every client, so no header may name it; "
    "arm it with POST /_emulator/faults, or write it in a scenario's rule"
)
CHOICES = re.compile(r"; expected one of: [^;]*")
SHAPE = f"expected {NAME}: name; param=value, name2; param=value"


def requested_faults(lines: Sequence[Header], api: Api, operation: Operation) -> tuple[Fault, ...]:
    """Parses the faults that a request's headers name: a name alone, `name=value` for the first parameter, or
    `name; parameter=value`. Several headers are one list (RFC 9110 section 5.3). Values in brackets are YAML, as
    in `lognormal={p50: 2s, sigma: 0.5}`. The request is for this operation.

    Raises ApiError("invalid") with status 400 and, as `hint`, the same without lists of names.
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
        hint = f"{CHOICES.sub('', str(error))} ({SHAPE})"
        raise ApiError("invalid", f"{NAME}: {error}", param=NAME, status=400, hint=hint) from error


def _refuse_unknown_names(faults: Iterable[Fault], spot: tuple[Api, Operation]) -> None:
    """Raises ConfigError for a name that the operation lacks. A fault that does not apply is accepted: clients send the
    header with all their calls."""
    for fault in faults:
        wrong = unknown_name(fault, [spot])
        if wrong is not None:
            raise ConfigError(wrong)


def armed_order(text: str) -> dict[str, Any]:
    """Parses a fault to be armed, as the control API takes it: `messages.*: status=503; probability=0.1`.

    Operations and triggers may be left out; a word that is a parameter of the fault itself is no trigger. Raises
    ConfigError with what was expected.
    """
    found = OPERATIONS.fullmatch(text)
    on, entry = ("", text) if found is None else (found[1], found[2])
    first, *rest = (each.strip() for each in _split(entry, ";"))
    fault = first.partition("=")[0].strip()
    given, own = [_parse_parameter(each, fault) for each in rest], _parameters_of(fault)
    triggers = {name: _number(name, value) for name, value in given if name in TRIGGERS and name not in own}
    name, params = _fault_and_values(
        first, [each for each, pair in zip(rest, given, strict=True) if pair[0] not in triggers]
    )
    FAULTS.make(name, params)
    order = {"fault": name, "params": params or None, "on": [each.strip() for each in on.split(",") if each.strip()]}
    return {key: value for key, value in {**order, **triggers}.items() if value not in (None, [])}


def _kind_of(name: str) -> type[Fault] | None:
    alias = FAULTS.aliases.get(name)
    return FAULTS.get(name if alias is None else alias.fault)


def _parameters_of(name: str) -> Iterable[str]:
    if name in FAULTS.aliases:
        return FAULTS.aliases[name].names
    return parameters(FAULTS[name]) if name in FAULTS else ()


def _number(name: str, value: Any) -> Any:
    """A trigger as the control API takes it; it says what is wrong with one that is no number."""
    try:
        return int(value) if name in COUNTER_TESTS else float(value) if name == "probability" else value
    except (TypeError, ValueError):
        raise ConfigError(f"{name} is {value!r}; expected a number") from None


def _parse_fault(entry: str) -> Fault:
    first, *rest = (each.strip() for each in _split(entry, ";"))
    name, values = _fault_and_values(first, rest)
    if _kind_of(name) is Refuse:
        raise ConfigError(IN_NO_HEADER)
    return FAULTS.make(name, values)


def _fault_and_values(first: str, rest: Sequence[str]) -> tuple[str, Any]:
    """The name of a fault, and its parameters: by name, or the first one without it, as in `status=502; page=nginx`."""
    name, equals, value = (each.strip() for each in first.partition("="))
    if not name:
        raise ConfigError("the name of a fault is missing")
    values = dict(_parse_parameter(each, name) for each in rest)
    own = next(iter(_parameters_of(name)), None)
    if not equals or (rest and own is None):
        return name, values
    if not rest or own is None or own in ALWAYS_NAMED:
        return name, _value(value)
    if own in values:
        raise ConfigError(f"{own} is given twice: {name}={value} is short for {name}; {own}={value}")
    return name, {own: _value(value), **values}


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


def _parse_parameter(text: str, fault: str) -> tuple[str, Any]:
    name, equals, value = (each.strip() for each in text.partition("="))
    if not name or not equals:
        own = next(iter(_parameters_of(fault)), None)
        cure = f"; expected {fault}; {own}={text}, or {fault}={text}" if own and not equals else ""
        raise ConfigError(f"{text!r} is not a parameter{cure}")
    return name, _value(value)


def _value(value: str) -> Any:
    """Returns a text without the quotes that it needs around a comma, a semicolon or a bracket, or YAML as data."""
    if value[:1] in ("{", "["):
        try:
            return parse(value, NAME).data
        except DocumentError as error:
            raise ConfigError(f"{value}: {error.diagnostics[0].message}") from error
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
