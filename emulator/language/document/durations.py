"""Reads how long things take: durations (`340ms`, `1s + 10ms each`, `3 polls`), and latencies, which chance draws."""

from __future__ import annotations

import math
import re
from random import Random
from statistics import NormalDist
from typing import Any, Protocol

from msgspec import Struct

from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.scalars import shown

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_TERM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)(\s+each)?\s*", re.ASCII)
_POLLS = re.compile(r"\s*(\d{1,6})\s*polls?(\s+each)?\s*", re.ASCII)
_MAX_POLLS = 10_000
_MAX_SECONDS = 36_500 * 86_400.0  # a hundred years: dates far beyond could not be written
_MAX_CHARACTERS = 200
_MAX_SIGMA = 4.0
_THINNEST_TAIL = 30.0  # standard deviations; far beyond, the tail is too thin for floats
_LEAST_CHANCE = 2.0**-54
_STANDARD = NormalDist()
_FORMS = "'340ms', {uniform: [100ms, 300ms]} or {lognormal: {p50: 340ms, sigma: 0.4, most: 5s}}"


class Duration(Struct, frozen=True):
    """A time in seconds, and what each item adds to it; and a number of polls, and what each item adds to that.

    Both must have passed: it lasts until the later of the two.
    """

    fixed: float
    each: float = 0.0
    polls: int = 0
    polls_each: int = 0

    def seconds(self, items: int = 0) -> float:
        """Give the seconds it takes for so many items, apart from polls."""
        return self.fixed + self.each * items

    def count(self, items: int = 0) -> int:
        """Give the polls it takes for so many items."""
        return self.polls + self.polls_each * items


def parse_duration(text: Any, place: Location) -> Duration:
    """Read `340ms`, `15d` or `1s + 10ms each`; raises DocumentError for anything else, polls too."""
    return _parse(text, place, "a duration such as '340ms', '15d' or '1s + 10ms each'", with_polls=False)


def parse_age(text: Any, place: Location) -> Duration:
    """Read a duration, a number of polls such as `3 polls` or `1 poll each`, or both: `2s + 3 polls`.

    Raises DocumentError for anything else.
    """
    return _parse(text, place, "a duration such as '340ms', '3 polls' or '1s + 10ms each'", with_polls=True)


def _parse(text: Any, place: Location, wanted: str, *, with_polls: bool) -> Duration:
    fixed = each = 0.0
    polls = polls_each = 0
    for part in text.split("+") if isinstance(text, str) and len(text) <= _MAX_CHARACTERS else [""]:
        if with_polls and (term := _POLLS.fullmatch(part)):
            number = int(term[1])
            polls, polls_each = (polls, polls_each + number) if term[2] else (polls + number, polls_each)
            continue
        term = _TERM.fullmatch(part)
        if term is None:
            raise _wrong(place, f"expected {wanted} (units: ms, s, m, h, d); found {shown(repr(text))}")
        seconds = float(term[1]) * _UNITS[term[2]]
        fixed, each = (fixed, each + seconds) if term[3] else (fixed + seconds, each)
    if max(fixed, each) > _MAX_SECONDS:
        raise _wrong(place, f"expected at most 36500d; found {shown(repr(text))}")
    if max(polls, polls_each) > _MAX_POLLS:
        raise _wrong(place, f"expected at most {_MAX_POLLS} polls; found {shown(repr(text))}")
    return Duration(fixed, each, polls, polls_each)


class LatencyDistribution(Protocol):
    """How long something takes, one time after the other."""

    def draw(self, chance: Random) -> float:
        """Give the seconds of one time; takes at most one number from `chance`."""


class FixedLatency(Struct, frozen=True):
    """Always as long."""

    seconds: float

    def draw(self, chance: Random) -> float:
        """Give the seconds."""
        return self.seconds


class UniformLatency(Struct, frozen=True):
    """Anything between two durations, all as likely."""

    least: float
    most: float

    def draw(self, chance: Random) -> float:
        """Give seconds between the two."""
        return self.least + (self.most - self.least) * chance.random()


class LognormalLatency(Struct, frozen=True):
    """Half of all times below `p50`, with the long tail of real services, and nothing beyond `most`.

    What lies beyond `most` is drawn again rather than cut down to it, so no times pile up there. That is done in one
    draw, through the inverse of the distribution; `location` is set so that `p50` is the median of what remains.
    """

    p50: float
    sigma: float
    most: float
    location: float
    within: float

    def draw(self, chance: Random) -> float:
        """Give seconds up to `most`."""
        share = (chance.random() or _LEAST_CHANCE) * self.within
        return min(self.most, math.exp(self.location + self.sigma * _STANDARD.inv_cdf(share)))


def parse_latency(value: Any, place: Location) -> LatencyDistribution:
    """Read `340ms`, `{uniform: [least, most]}` or `{lognormal: {p50, sigma, most}}`; raises DocumentError."""
    if isinstance(value, str):
        return FixedLatency(_seconds(value, place))
    if isinstance(value, dict) and len(value) == 1:
        ((form, parts),) = value.items()
        if form == "uniform":
            return _uniform(parts, place)
        if form == "lognormal":
            return _lognormal(parts, place)
    raise _wrong(place, f"expected a latency: {_FORMS}; found {shown(repr(value))}")


def _wrong(place: Location, message: str) -> DocumentError:
    return DocumentError([Diagnostic(place, message)])


def _seconds(value: Any, place: Location) -> float:
    duration = parse_duration(value, place)
    if duration.each:
        raise _wrong(place, f"a latency has no items, so 'each' can't be used in {shown(value)!r}")
    return duration.fixed


def _uniform(parts: Any, place: Location) -> UniformLatency:
    if not isinstance(parts, list) or len(parts) != 2:
        raise _wrong(place, "expected two durations, as in {uniform: [100ms, 300ms]}")
    least, most = (_seconds(part, place) for part in parts)
    if most < least:
        raise _wrong(place, "expected the longer duration second, as in {uniform: [100ms, 300ms]}")
    return UniformLatency(least, most)


def _lognormal(parts: Any, place: Location) -> LognormalLatency:
    known = ("p50", "sigma", "most")
    if not isinstance(parts, dict) or not {"p50", "sigma"} <= parts.keys():
        raise _wrong(place, "expected p50 and sigma, as in {lognormal: {p50: 340ms, sigma: 0.4, most: 5s}}")
    for key in parts:
        if key not in known:
            raise _wrong(place, f"unknown key {key!r} in lognormal; {did_you_mean(str(key), known)}")
    p50, sigma = _seconds(parts["p50"], place), parts["sigma"]
    if p50 <= 0:
        raise _wrong(place, "lognormal: expected a p50 above 0")
    if isinstance(sigma, bool) or not isinstance(sigma, (int, float)) or not 0 < sigma <= _MAX_SIGMA:
        raise _wrong(place, f"lognormal: expected a sigma above 0, up to {_MAX_SIGMA:g}; found {shown(repr(sigma))}")
    if "most" not in parts:
        return LognormalLatency(p50, sigma, math.inf, math.log(p50), 1.0)
    most = _seconds(parts["most"], place)
    location = _location(p50, sigma, most)
    if location is None:
        raise _wrong(place, "lognormal: expected a most well above p50")
    return LognormalLatency(p50, sigma, most, location, _share_below(most, location, sigma))


def _share_below(seconds: float, location: float, sigma: float) -> float:
    return 0.5 * math.erfc((location - math.log(seconds)) / sigma / math.sqrt(2))


def _location(p50: float, sigma: float, most: float) -> float | None:
    """Find where the distribution must lie for `p50` to halve what is below `most`; None when they are too close."""
    if most <= p50:
        return None
    low, high = math.log(p50), math.log(most) + _THINNEST_TAIL * sigma
    if 2 * _share_below(p50, high, sigma) > _share_below(most, high, sigma):
        return None
    for _ in range(80):
        middle = (low + high) / 2
        if 2 * _share_below(p50, middle, sigma) > _share_below(most, middle, sigma):
            low = middle
        else:
            high = middle
    return high
