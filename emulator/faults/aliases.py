"""Aliases: WireMock's and Toxiproxy's names for faults and their parameters, and the units they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.scalars import shown

Convert = Callable[[Any], Any]


class Alias(Struct, frozen=True):
    """Another tool's name for a fault: how its parameters map to ours, and the values that it implies."""

    fault: str
    names: Mapping[str, tuple[str, Convert]] = field(default_factory=dict)
    implies: Mapping[str, Any] = field(default_factory=dict)

    def translate(self, given: Any) -> dict[str, Any]:
        """Translates the other tool's parameters to ours. Raises ValueError for an unknown one."""
        if given is None:
            given = {}
        elif not isinstance(given, Mapping):
            if not self.names:
                raise ValueError("it takes no parameters")
            given = {next(iter(self.names)): given}
        for name in given:
            if name not in self.names:
                raise ValueError(f"unknown parameter {name!r}; {did_you_mean(str(name), self.names)}")
        return {**self.implies, **{self.names[name][0]: self.names[name][1](value) for name, value in given.items()}}


class Distribution(Alias, frozen=True):
    """WireMock's delayDistribution: `{type: lognormal, median: 80, sigma: 0.4}`, `{type: uniform, lower, upper}`."""

    def translate(self, given: Any) -> dict[str, Any]:
        """Translates either of its two types, in milliseconds. Raises ValueError."""
        parts = dict(given) if isinstance(given, Mapping) else {}
        kind = parts.pop("type", None)
        if kind == "uniform" and set(parts) == {"lower", "upper"}:
            return {"uniform": [milliseconds(parts["lower"]), milliseconds(parts["upper"])]}
        if kind == "lognormal" and {"median", "sigma"} <= set(parts) <= {"median", "sigma", "maxValue"}:
            most = {"most": milliseconds(parts["maxValue"])} if "maxValue" in parts else {}
            return {"lognormal": {"p50": milliseconds(parts["median"]), "sigma": parts["sigma"], **most}}
        raise ValueError(
            "expected {type: uniform, lower: 100, upper: 300} or {type: lognormal, median: 340, sigma: 0.4}; "
            f"found {shown(repr(given))}"
        )


def milliseconds(value: Any) -> Any:
    """Turns a bare number of milliseconds into a duration; returns anything else unchanged."""
    return _in_units(value, "ms", 1)


def microseconds(value: Any) -> Any:
    """Turns a bare number of microseconds into a duration; returns anything else unchanged."""
    return _in_units(value, "ms", 1_000)


def _in_units(value: Any, unit: str, divisor: int) -> Any:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        return value
    return f"{value / divisor:f}{unit}"


def limit(value: Any) -> Any:
    """Turns milliseconds into a duration; Toxiproxy's 0 means no limit."""
    return None if value in (0, "0") and value is not False else milliseconds(value)


def unchanged(value: Any) -> Any:
    """Returns the value unchanged."""
    return value


# WireMock: https://wiremock.org/docs/simulating-faults/; Toxiproxy: https://github.com/Shopify/toxiproxy#toxics
ALIASES: Mapping[str, Alias] = {
    "CONNECTION_RESET_BY_PEER": Alias("reset_peer"),
    "EMPTY_RESPONSE": Alias("empty_response"),
    "MALFORMED_RESPONSE_CHUNK": Alias("malformed_chunk"),
    "RANDOM_DATA_THEN_CLOSE": Alias("garbage"),
    "fixedDelay": Alias("latency", {"milliseconds": ("delay", milliseconds)}),
    "fixedDelayMilliseconds": Alias("latency", {"milliseconds": ("delay", milliseconds)}),
    "delayDistribution": Distribution("latency"),
    "chunkedDribbleDelay": Alias(
        "bandwidth", {"totalDuration": ("over", milliseconds), "numberOfChunks": ("parts", unchanged)}
    ),
    "down": Alias("reset_peer"),
    "slicer": Alias(
        "split",
        {
            "average_size": ("size", unchanged),
            "size_variation": ("variation", unchanged),
            "delay": ("pause", microseconds),
        },
        {"where": "bytes"},
    ),
    "limit_data": Alias("truncate_body", {"bytes": ("bytes", unchanged)}),
}
# Toxiproxy's parameters of faults that have the same name here.
PARAMETER_ALIASES: Mapping[str, Mapping[str, tuple[str, Convert]]] = {
    "latency": {"latency": ("delay", milliseconds), "jitter": ("jitter", milliseconds)},
    "timeout": {"timeout": ("lasts", limit)},
    "reset_peer": {"timeout": ("delay", milliseconds)},
    "slow_close": {"delay": ("lasts", milliseconds)},
}
