"""The world's clock in a test's hands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emulator import ControlError, Emulator

NEW_YEAR = 1_767_225_600.0


@pytest.mark.emulator(frozen="2026-01-01T00:00:00Z")
def test_it_advances_by_seconds_by_text_and_by_a_timedelta(emulator: Emulator) -> None:
    clock = emulator.clock
    assert clock.advance("61s").now == NEW_YEAR + 61
    assert clock.advance(9).now == NEW_YEAR + 70
    assert clock.advance(timedelta(minutes=1)).iso.startswith("2026-01-01T00:02:10")


def test_it_stands_still_at_a_moment_and_goes_on(emulator: Emulator) -> None:
    clock = emulator.clock
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.freeze(moment).now == NEW_YEAR
    assert clock.state.frozen
    assert clock.set("2026-01-02T00:00:00Z").now == NEW_YEAR + 86_400
    assert not clock.run().frozen
    assert clock.now > NEW_YEAR + 86_400


def test_it_runs_faster_and_by_itself(emulator: Emulator) -> None:
    assert emulator.clock.speed(60).speed == 60
    assert emulator.clock.auto().auto
    assert not emulator.clock.auto(False).auto
    assert emulator.clock.freeze().frozen


def test_a_datetime_without_a_zone_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        emulator.clock.set(datetime(2026, 1, 1))


def test_what_is_no_duration_is_refused_in_the_servers_words(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="expected a duration"):
        emulator.clock.advance("soon")
