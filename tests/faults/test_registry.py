"""The table of faults: each is one small class with a sentence about it, and takes the words of other tools."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from emulator.faults import FAULTS, parameters
from emulator.faults.base import about
from tests.faults.conftest import complaint


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_says_what_it_does_and_what_it_takes(name: str) -> None:
    fault = FAULTS[name]
    assert fault.name == name
    assert about(fault).endswith(".")
    assert all(parameter.expected for parameter in parameters(fault).values())
    assert fault.__struct_config__.frozen


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
def test_the_words_of_other_tools_are_understood(name: str, given: Any, ours: str, same: Any) -> None:
    assert FAULTS.make(name, given) == FAULTS.make(ours, same)


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("EMPTY_RESPONS", None, "did you mean 'EMPTY_RESPONSE'?"),
        ("EMPTY_RESPONSE", 1, "fault EMPTY_RESPONSE: it takes no parameters"),
        ("slicer", {"size": 1}, "fault slicer: unknown parameter 'size'; expected one of: average_size"),
        ("delayDistribution", {"type": "normal"}, "fault delayDistribution: expected {type: uniform"),
        ("delayDistribution", 5, "fault delayDistribution: expected {type: uniform"),
        ("fixedDelay", "soon", "fault fixedDelay: delay: expected a duration"),
        ("fixedDelay", -1, "fault fixedDelay: delay: expected a latency"),
        ("limit_data", {"bytes": 1.5}, "fault limit_data: bytes: expected a whole number"),
        ("latency", {"uniform": ["2s", "1s"]}, "fault latency: uniform: expected the longer duration second"),
        ("status", {"status": 503, "message": 5}, "fault status: message: expected text; found 5"),
        ("bandwidth", {"rate": "0KB/s"}, "expected a rate such as '10KB/s'"),
        ("bandwidth", {"rate": 1, "over": "1s"}, "expected either a rate"),
        ("split", {"where": 5}, "5 is not allowed"),
        ("earthquake", None, "unknown fault 'earthquake'; expected one of: status, latency"),
    ],
)
def test_what_is_wrong_is_said_with_the_nearest_name(name: str, given: Any, reason: str) -> None:
    assert reason in complaint(name, given)


def test_null_is_the_same_as_left_out() -> None:
    assert FAULTS.make("status", {"status": 500, "message": None}) == FAULTS.make("status", 500)


def test_a_fault_is_a_value_that_can_be_kept(tmp_path: Any) -> None:
    fault = FAULTS.make("latency", {"uniform": ["1s", "2s"]})
    assert pickle.loads(pickle.dumps(fault)) == fault
    assert len(FAULTS) == len(list(FAULTS))
    assert "latency" in FAULTS
    assert FAULTS.aliases_of("garbage") == ("RANDOM_DATA_THEN_CLOSE",)
