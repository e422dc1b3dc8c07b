"""The tally counts by metric and labels, and has a bounded number of series."""

from __future__ import annotations

from collections import Counter

import pytest

from emulator.metrics.definitions import DURATION, FAULTS, REQUESTS
from emulator.metrics.tally import OTHER, Tally


def test_the_same_labels_count_together() -> None:
    tally = Tally()
    tally.count(FAULTS, "status").add()
    tally.count(FAULTS, "status").add(2)
    tally.count(FAULTS, "delay").add()
    assert {labels: count.value for labels, count in tally.counts[FAULTS].items()} == {("status",): 3, ("delay",): 1}


def test_a_histogram_counts_what_is_equal_to_a_bound_below_it() -> None:
    histogram = Tally().histogram(DURATION, "api", "operation")
    first, second, *_, last = DURATION.bounds
    for seconds in (0.0, first, second, last, last + 1):
        histogram.observe(seconds)
    assert histogram.counts[:3] == [2, 1, 0]
    assert histogram.counts[-2:] == [1, 1]
    assert histogram.sum == first + second + 2 * last + 1


def test_beyond_the_most_series_further_ones_count_as_other() -> None:
    tally = Tally(most=2)
    for operation in ("one", "two", "three", "four", "one"):
        tally.count(REQUESTS, "api", operation, "2xx").add()
        tally.histogram(DURATION, "api", operation).observe(1.0)
    counted = {labels: count.value for labels, count in tally.counts[REQUESTS].items()}
    assert counted == {("api", "one", "2xx"): 2, ("api", "two", "2xx"): 1, (OTHER, OTHER, OTHER): 2}
    assert set(tally.histograms[DURATION]) == {("api", "one"), ("api", "two"), (OTHER, OTHER)}


def test_numbers_of_several_tallies_can_be_added() -> None:
    one, other, sums = Tally(), Tally(), Counter[str]()
    for tally, seconds in ((one, 0.25), (other, 1_000.0), (other, 0.25)):
        tally.count(REQUESTS, "api", 'an "operation"', "2xx").add()
        tally.histogram(DURATION, "api", 'an "operation"').observe(seconds)
        sums.clear()
        for each in (one, other):
            sums.update(each.flat())
    both = Tally.of(sums)
    assert both.flat() == sums
    assert both.counts[REQUESTS]["api", 'an "operation"', "2xx"].value == 3
    histogram = both.histograms[DURATION]["api", 'an "operation"']
    assert (sum(histogram.counts), histogram.counts[-1], histogram.sum) == (3, 1, 1_000.5)


@pytest.mark.parametrize("name", ['["emulator_nothing_total",[],null]', '["emulator_faults_total",["a","b"],null]'])
def test_numbers_of_metrics_that_are_unknown_are_left_out(name: str) -> None:
    assert Tally.of({name: 1}).flat() == {}
