"""The exposition: metrics as text, in the formats of Prometheus and of OpenMetrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from emulator.metrics.definitions import METRICS, Kind, Metric
from emulator.metrics.tally import Gauge, Labels, Tally


def render(tally: Tally, gauges: Iterable[Gauge], as_openmetrics: bool) -> bytes:
    """Returns what was counted, and values that were looked up, as text."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(tally, gauges))
    text: bytes = (openmetrics.generate_latest if as_openmetrics else generate_latest)(registry)
    return text


class _Snapshot(Collector):
    """What the library reads: every metric with its values."""

    def __init__(self, tally: Tally, gauges: Iterable[Gauge]) -> None:
        self._tally = tally
        self._gauges: dict[Metric, list[tuple[Labels, float]]] = {}
        for metric, labels, value in gauges:
            self._gauges.setdefault(metric, []).append((labels, value))

    def describe(self) -> Iterable[Family]:
        return []

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            if metric.kind is Kind.COUNTER:
                yield self._counter(metric)
            elif metric.kind is Kind.HISTOGRAM:
                yield self._histogram(metric)
            else:
                gauge = GaugeMetricFamily(metric.name, metric.about, labels=list(metric.labels), unit=metric.unit)
                for labels, value in self._gauges.get(metric, ()):
                    gauge.add_metric(labels, value)
                yield gauge

    def _counter(self, metric: Metric) -> Family:
        counter = CounterMetricFamily(metric.name, metric.about, labels=list(metric.labels))
        for labels, count in self._tally.counts.get(metric, {}).items():
            counter.add_metric(labels, count.value)
        return counter

    def _histogram(self, metric: Metric) -> Family:
        family = HistogramMetricFamily(metric.name, metric.about, labels=list(metric.labels), unit=metric.unit)
        bounds = [*map(floatToGoString, metric.bounds), "+Inf"]
        for labels, histogram in self._tally.histograms.get(metric, {}).items():
            buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
            family.add_metric(labels, buckets, histogram.sum)
        return family
