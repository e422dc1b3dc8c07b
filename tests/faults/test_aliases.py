"""Aliases: the names of WireMock and Toxiproxy, with their parameters and units."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.faults import FAULTS


@pytest.mark.parametrize(
    ("name", "given", "ours", "same"),
    [
        ("CONNECTION_RESET_BY_PEER", None, "reset_peer", None),
        ("EMPTY_RESPONSE", None, "empty_response", None),
        ("MALFORMED_RESPONSE_CHUNK", None, "malformed_chunk", None),
        ("RANDOM_DATA_THEN_CLOSE", None, "garbage", None),
        ("fixedDelay", 500, "latency", "500ms"),
        ("fixedDelayMilliseconds", {"milliseconds": 500}, "latency", "500ms"),
        ("delayDistribution", {"type": "uniform", "lower": 1, "upper": 20}, "latency", {"uniform": ["1ms", "20ms"]}),
        (
            "delayDistribution",
            {"type": "lognormal", "median": 80, "sigma": 0.4, "maxValue": 900},
            "latency",
            {"lognormal": {"p50": "80ms", "sigma": 0.4, "most": "900ms"}},
        ),
        (
            "chunkedDribbleDelay",
            {"numberOfChunks": 5, "totalDuration": 1000},
            "bandwidth",
            {"over": "1s", "parts": 5},
        ),
        ("down", None, "reset_peer", None),
        (
            "slicer",
            {"average_size": 10, "size_variation": 3, "delay": 2000},
            "split",
            {"where": "bytes", "size": 10, "variation": 3, "pause": "2ms"},
        ),
        ("limit_data", {"bytes": 7}, "truncate_body", 7),
        ("latency", {"latency": 1000, "jitter": 100}, "latency", {"delay": "1s", "jitter": "100ms"}),
        ("bandwidth", {"rate": 5}, "bandwidth", "5KB/s"),
        ("slow_close", {"delay": 5000}, "slow_close", "5s"),
        ("timeout", {"timeout": 5000}, "timeout", "5s"),
        ("timeout", {"timeout": 0}, "timeout", None),
        ("reset_peer", {"timeout": 5000}, "reset_peer", "5s"),
    ],
)
def test_names_parameters_and_units_of_other_tools_are_accepted(name: str, given: Any, ours: str, same: Any) -> None:
    assert FAULTS.make(name, given) == FAULTS.make(ours, same)


def test_a_fault_lists_its_aliases() -> None:
    assert FAULTS.aliases_of("garbage") == ("RANDOM_DATA_THEN_CLOSE",)
