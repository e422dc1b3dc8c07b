"""How a clock starts, in words that can be combined."""

from __future__ import annotations

import pytest

from emulator.settings.clock_start import ClockStart, parse_clock, parse_moment

NEW_YEAR = 1_767_225_600.0


@pytest.mark.parametrize(
    ("words", "start", "shown"),
    [
        ("frozen", ClockStart(speed=0.0), "frozen"),
        ("auto", ClockStart(auto=True), "auto"),
        ("x100", ClockStart(speed=100.0), "x100"),
        ("X0.5", ClockStart(speed=0.5), "x0.5"),
        ("2026-01-01T00:00:00Z", ClockStart(at=NEW_YEAR), "2026-01-01T00:00:00Z"),
        ("2026-01-01", ClockStart(at=NEW_YEAR), "2026-01-01T00:00:00Z"),
        ("2026-01-01T01:00:00+01:00", ClockStart(at=NEW_YEAR), "2026-01-01T00:00:00Z"),
        (" auto,2026-01-01T00:00:00Z , Frozen", ClockStart(NEW_YEAR, 0.0, True), "2026-01-01T00:00:00Z, frozen, auto"),
    ],
)
def test_words_say_time_speed_and_jumps(words: str, start: ClockStart, shown: str) -> None:
    assert parse_clock(words) == start
    assert str(start) == shown
    assert parse_clock(start) is start


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", "frozen, auto, a speed such as x100, a time such as"),
        ("frozen,", "frozen, auto, a speed such as x100, a time such as"),
        ("100", "frozen, auto, a speed such as x100, a time such as"),
        ("x", "frozen, auto, a speed such as x100, a time such as"),
        ("frosen", "frozen, auto, a speed such as x100, a time such as"),
        ("2026-13-01", "frozen, auto, a speed such as x100, a time such as"),
        ("frozen, x2", "one speed, and frozen is one"),
        ("2026-01-01, 2026-01-02", "one time"),
        ("auto, auto", "one auto"),
        ("x1000001", "a speed up to x1000000"),
        ("1969-12-31T23:59:59Z", "a time from 1970 to 9999"),
    ],
)
def test_other_words_are_refused_with_what_was_expected(words: str, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{expected}"):
        parse_clock(words)


def test_what_is_said_takes_precedence_over_what_was_saved() -> None:
    saved = ClockStart(NEW_YEAR, 1.0, True)
    assert ClockStart().over(saved) == saved
    assert ClockStart(speed=0.0, auto=False).over(saved) == ClockStart(NEW_YEAR, 0.0, False)
    assert ClockStart(at=5.0).over(saved) == ClockStart(5.0, 1.0, True)


def test_a_time_without_an_offset_is_utc() -> None:
    assert parse_moment("2026-01-01T00:00:00") == NEW_YEAR
