"""The table of faults: each is one small class with a sentence about it, and takes the words of other tools."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

from emulator.faults import FAULTS, parameters
from emulator.faults.base import about
from tests.faults.conftest import complaint


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_describes_itself_and_its_parameters(name: str) -> None:
    fault = FAULTS[name]
    assert fault.name == name
    assert about(fault).endswith(".")
    assert all(parameter.expected for parameter in parameters(fault).values())
    assert fault.__struct_config__.frozen


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
def test_an_error_names_what_was_expected_and_the_nearest_name(name: str, given: Any, reason: str) -> None:
    assert reason in complaint(name, given)


@pytest.mark.bound("what a fault sends or repeats")
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("garbage", {"bytes": 2**20 + 1}),
        ("duplicate", {"copies": 1_001}),
        ("reorder", {"by": 1_001}),
        ("flap", {"times": 1_001}),
        ("latency", "36501d"),
    ],
)
def test_what_a_fault_sends_or_repeats_is_bounded(name: str, given: Any) -> None:
    assert re.search("expected (.* from . to |at most )", complaint(name, given))


def test_null_is_the_same_as_a_missing_parameter() -> None:
    assert FAULTS.make("status", {"status": 500, "message": None}) == FAULTS.make("status", 500)


def test_a_fault_is_a_value_that_can_be_pickled(tmp_path: Any) -> None:
    fault = FAULTS.make("latency", {"uniform": ["1s", "2s"]})
    assert pickle.loads(pickle.dumps(fault)) == fault
    assert len(FAULTS) == len(list(FAULTS))
    assert "latency" in FAULTS
