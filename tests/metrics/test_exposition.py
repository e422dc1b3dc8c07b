"""Metrics are shown in the formats of Prometheus and OpenMetrics, as their own parsers read them."""

from __future__ import annotations

import math

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from emulator.metrics.definitions import DURATION, FAULTS, METRICS, OPEN_STREAMS, WORLDS
from emulator.metrics.exposition import render
from emulator.metrics.tally import Tally


def tally() -> Tally:
    counted = Tally()
    counted.count(FAULTS, "status").add(3)
    for seconds in (0.001, 0.3, 1_000.0):
        counted.histogram(DURATION, "api", 'an "operation"\n\\').observe(seconds)
    return counted


@pytest.mark.parametrize("as_openmetrics", [False, True])
def test_each_format_is_read_as_it_was_counted(as_openmetrics: bool) -> None:
    text = render(tally(), [(WORLDS, (), 2), (OPEN_STREAMS, ("api",), 1)], as_openmetrics).decode()
    families = list((read_openmetrics if as_openmetrics else read_plain)(text))
    values = {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}
    assert values["emulator_faults_total", "status"] == 3
    assert values["emulator_worlds",] == 2
    assert values["emulator_open_streams", "api"] == 1
    strange = "api", 'an "operation"\n\\'
    assert values["emulator_request_duration_seconds_count", *strange] == 3
    assert math.isclose(values["emulator_request_duration_seconds_sum", *strange], 1_000.301)
    samples = [each for family in families for each in family.samples if each.name.endswith("_bucket")]
    buckets = {each.labels["le"]: each.value for each in samples}
    assert (buckets["0.001"], buckets["0.25"], buckets["0.5"], buckets["120.0"], buckets["+Inf"]) == (1, 1, 2, 2, 3)


def test_openmetrics_has_units_and_an_end() -> None:
    text = render(tally(), [], True).decode()
    units = {metric.unit for metric in METRICS if f"# UNIT {metric.name} {metric.unit}\n" in text}
    assert units == {"seconds", "bytes"}
    assert text.endswith("# EOF\n")


@pytest.mark.parametrize("as_openmetrics", [False, True])
def test_every_metric_is_described_before_anything_is_counted(as_openmetrics: bool) -> None:
    text = render(Tally(), [], as_openmetrics).decode()
    for metric in METRICS:
        name = metric.name.removesuffix("_total") if as_openmetrics else metric.name
        assert f"# HELP {name} {metric.about}\n" in text
        assert f"# TYPE {name} {metric.kind.value}\n" in text
