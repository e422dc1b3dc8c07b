"""Every metric follows Prometheus's conventions for names, and says what it is."""

from __future__ import annotations

import re

import pytest

from emulator.metrics.definitions import METRICS, Kind, Metric


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_and_described_as_prometheus_recommends(metric: Metric) -> None:
    assert re.fullmatch(r"emulator_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert (metric.kind is Kind.HISTOGRAM) == bool(metric.bounds) == metric.name.endswith("_seconds")
    assert not re.search(r"_(ms|milliseconds|kb|count|sum|bucket)(_|$)", metric.name)
    assert list(metric.bounds) == sorted(metric.bounds)
    assert metric.about.endswith(".")
    for label, meaning in metric.labels.items():
        assert re.fullmatch(r"[a-z]+", label)
        assert meaning.endswith((".", "`)."))


def test_no_name_stands_for_two_metrics() -> None:
    names = [name for metric in METRICS for name in metric.series]
    assert len(set(names)) == len(names)


def test_no_label_has_values_without_number() -> None:
    """A world, a key, a path or a model could be anything, and a series once begun stays."""
    labels = {label for metric in METRICS for label in metric.labels}
    assert not labels & {"world", "key", "path", "model", "workspace", "id"}
