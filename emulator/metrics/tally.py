"""The tally: what is counted, as numbers by metric and labels. It needs no library, so counting costs little.

Labels are bounded: each metric has at most `most` combinations of their values; further ones count as `other`.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Mapping

import msgspec

from emulator.metrics.definitions import METRICS, Metric

MAX_SERIES = 1_000  # combinations of labels of one metric: scenarios that are put again and again may name new ones
OTHER = "other"
SUM = -1  # in a name, in the place of the number of a bucket
Labels = tuple[str, ...]
Gauge = tuple[Metric, Labels, float]  # a value that is looked up


class Count:
    """A number that grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def add(self, amount: int = 1) -> None:
        self.value += amount


class Histogram:
    """How many observations there were up to each bound, and beyond the last one; and their sum."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.sum += seconds


class Tally:
    """Counters and histograms, by metric and the values of its labels."""

    def __init__(self, most: int = MAX_SERIES) -> None:
        self.most = most
        self.counts: dict[Metric, dict[Labels, Count]] = {}
        self.histograms: dict[Metric, dict[Labels, Histogram]] = {}

    def count(self, metric: Metric, *labels: str) -> Count:
        """Returns the counter with these labels."""
        known = self.counts.setdefault(metric, {})
        if labels not in known and len(known) >= self.most:
            labels = (OTHER,) * len(labels)
        return known.setdefault(labels, Count())

    def flat(self) -> dict[str, float]:
        """Returns everything as numbers by name, which only grow; those of several tallies can be added."""
        numbers: dict[str, float] = {}
        for metric, counts in self.counts.items():
            numbers.update({_name(metric, labels): count.value for labels, count in counts.items()})
        for metric, histograms in self.histograms.items():
            for labels, histogram in histograms.items():
                numbers.update({_name(metric, labels, at): value for at, value in enumerate(histogram.counts) if value})
                numbers[_name(metric, labels, SUM)] = histogram.sum
        return numbers

    @classmethod
    def of(cls, numbers: Mapping[str, float]) -> Tally:
        """Returns what such numbers say, without a bound: those who counted had one. Other versions' are left out."""
        tally, known = cls(sys.maxsize), {metric.name: metric for metric in METRICS}
        for name, value in numbers.items():
            about, labels, part = msgspec.json.decode(name, type=tuple[str, Labels, int | None])
            metric = known.get(about)
            if metric is None or len(labels) != len(metric.labels):
                continue
            if part is None:
                tally.count(metric, *labels).add(int(value))
            elif part == SUM:
                tally.histogram(metric, *labels).sum += value
            elif part <= len(metric.bounds):
                tally.histogram(metric, *labels).counts[part] += int(value)
        return tally

    def histogram(self, metric: Metric, *labels: str) -> Histogram:
        """Returns the histogram with these labels."""
        known = self.histograms.setdefault(metric, {})
        if labels not in known and len(known) >= self.most:
            labels = (OTHER,) * len(labels)
        return known.setdefault(labels, Histogram(metric.bounds))


def _name(metric: Metric, labels: Labels, part: int | None = None) -> str:
    """The name of a number: the metric, the values of its labels, and the bucket of a histogram."""
    return msgspec.json.encode((metric.name, labels, part)).decode()
