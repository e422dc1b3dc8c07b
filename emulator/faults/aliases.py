"""Synonyms: the names that WireMock and Toxiproxy give to faults and their parameters, and the units they count in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.scalars import shown

Convert = Callable[[Any], Any]


class Synonym(Struct, frozen=True):
    """A fault of ours by another name: its parameters as ours, with what else it means."""

    fault: str
    names: Mapping[str, tuple[str, Convert]] = field(default_factory=dict)
    means: Mapping[str, Any] = field(default_factory=dict)

    def translate(self, given: Any) -> dict[str, Any]:
        """The parameters as ours. Raises ValueError for one that the other tool does not know."""
        if given is None:
            given = {}
        elif not isinstance(given, Mapping):
            if not self.names:
                raise ValueError("it takes no parameters")
            given = {next(iter(self.names)): given}
        for name in given:
            if name not in self.names:
                raise ValueError(f"unknown parameter {name!r}; {did_you_mean(str(name), self.names)}")
        return {**self.means, **{self.names[name][0]: self.names[name][1](value) for name, value in given.items()}}


class Distribution(Synonym, frozen=True):
    """WireMock's delayDistribution: `{type: lognormal, median: 80, sigma: 0.4}`, `{type: uniform, lower, upper}`."""

    def translate(self, given: Any) -> dict[str, Any]:
        """One of its two types, in milliseconds. Raises ValueError."""
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
    """A bare number of milliseconds as a duration; anything else as it is."""
    return _in_units(value, "ms", 1)


def microseconds(value: Any) -> Any:
    """A bare number of microseconds as a duration; anything else as it is."""
    return _in_units(value, "ms", 1_000)


def _in_units(value: Any, unit: str, divisor: int) -> Any:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        return value
    return f"{value / divisor:f}{unit}"


def forever(value: Any) -> Any:
    """Toxiproxy's 0 is no limit."""
    return None if value in (0, "0") and value is not False else milliseconds(value)


def same(value: Any) -> Any:
    """As it is."""
    return value


# WireMock: https://wiremock.org/docs/simulating-faults/; Toxiproxy: https://github.com/Shopify/toxiproxy#toxics
SYNONYMS: Mapping[str, Synonym] = {
    "CONNECTION_RESET_BY_PEER": Synonym("reset_peer"),
    "EMPTY_RESPONSE": Synonym("empty_response"),
    "MALFORMED_RESPONSE_CHUNK": Synonym("malformed_chunk"),
    "RANDOM_DATA_THEN_CLOSE": Synonym("garbage"),
    "fixedDelay": Synonym("latency", {"milliseconds": ("delay", milliseconds)}),
    "fixedDelayMilliseconds": Synonym("latency", {"milliseconds": ("delay", milliseconds)}),
    "delayDistribution": Distribution("latency"),
    "chunkedDribbleDelay": Synonym(
        "bandwidth", {"totalDuration": ("over", milliseconds), "numberOfChunks": ("parts", same)}
    ),
    "down": Synonym("reset_peer"),
    "slicer": Synonym(
        "split",
        {"average_size": ("size", same), "size_variation": ("variation", same), "delay": ("pause", microseconds)},
        {"where": "bytes"},
    ),
    "limit_data": Synonym("truncate_body", {"bytes": ("bytes", same)}),
}
# Parameters that Toxiproxy has for faults of the same name.
PARAMETERS: Mapping[str, Mapping[str, tuple[str, Convert]]] = {
    "latency": {"latency": ("delay", milliseconds), "jitter": ("jitter", milliseconds)},
    "timeout": {"timeout": ("lasts", forever)},
    "reset_peer": {"timeout": ("delay", milliseconds)},
    "slow_close": {"delay": ("lasts", milliseconds)},
}
