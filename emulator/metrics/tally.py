"""The tally: what is counted, as numbers by metric and labels. It needs no library, so counting costs little.

Labels are bounded: each metric has at most `most` combinations of their values; further ones count as `other`.
"""

from __future__ import annotations

from bisect import bisect_left

from emulator.metrics.definitions import Metric

MAX_SERIES = 1_000  # combinations of labels of one metric: scenarios that are put again and again may name new ones
OTHER = "other"
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

    def histogram(self, metric: Metric, *labels: str) -> Histogram:
        """Returns the histogram with these labels."""
        known = self.histograms.setdefault(metric, {})
        if labels not in known and len(known) >= self.most:
            labels = (OTHER,) * len(labels)
        return known.setdefault(labels, Histogram(metric.bounds))
