"""Arming faults from a test."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator
from emulator.testing.client import Client
from emulator.testing.faults import ArmedFault


def test_every_word_that_says_when_is_sent(emulator: Emulator) -> None:
    fault = emulator.arm(
        "status",
        on=("messages.*", "models.list"),
        key="axp_somebody",
        every=2,
        probability=0.5,
        after=timedelta(minutes=1),
        for_=30,
        status=429,
        params={"message": "Slow down."},
    )
    (armed,) = emulator.faults
    assert armed == {**fault.order, "id": fault.id, "played": 0}
    assert fault.order["on"] == ["messages.*", "models.list"]
    assert fault.order["params"] == {"message": "Slow down.", "status": 429}
    assert (fault.order["after"], fault.order["for"]) == ("60.000000s", "30.000000s")
    assert fault.id in repr(fault)


def test_parameters_that_are_called_like_a_trigger_stand_apart(emulator: Emulator) -> None:
    emulator.arm("error_event", on="messages.stream", times=1, params={"after": 2})
    assert emulator.faults[0]["params"] == {"after": 2}


def test_a_fault_is_taken_back_at_the_end_of_its_block(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any]
) -> None:
    with emulator.fail("messages.create") as fault:
        assert http.post("/messages", json=hello).status_code == 503
        assert fault.played == 1
    assert http.post("/messages", json=hello).status_code == 200
    fault.disarm()  # as good as nothing
    with pytest.raises(ControlError, match="not armed any more"):
        _ = fault.played


def test_all_are_taken_back_at_once(emulator: Emulator) -> None:
    emulator.fail()
    emulator.slow(by="2s")
    emulator.disarm()
    assert emulator.faults == []


def test_a_refusal_that_says_more_than_that_it_is_gone_is_told() -> None:
    client = Client("http://127.0.0.1:9")
    with pytest.raises(ControlError, match="no emulator answers"):
        ArmedFault(client, "fault_1", {}).disarm()
    client.close()


def test_what_is_not_known_is_refused_with_the_nearest_and_nothing_is_armed(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match=r"did you mean 'messages\.create'"):
        emulator.fail("mesages.create")
    with pytest.raises(ControlError, match="did you mean 'retry_after'"):
        emulator.fail(retry_aftr="1s")
    assert emulator.faults == []


@pytest.mark.finding("G7")
def test_a_time_that_may_be_meant_as_a_number_of_events_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match=r"cut_after: after=3 would be seconds .* written after='3s'; .* events=3"):
        emulator.arm("cut_after", after=3)
    with pytest.raises(ValueError, match=r"error_event: .* its own parameter .* is params=\{'after': 2\}"):
        emulator.arm("error_event", after=2)
    assert emulator.faults == []
    emulator.arm("cut_after", events=3, after="3s")
    emulator.arm("status", after=3)
    assert [each["after"] for each in emulator.faults] == ["3s", "3.000000s"]
