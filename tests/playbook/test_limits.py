"""Limits are read from text such as `60/minute`."""

from __future__ import annotations

import pytest

from emulator.errors import ConfigError
from emulator.playbook.limits import Limit, parse_limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("60/minute", Limit("n", 60, 60)),
        ("100000/day", Limit("n", 100_000, 86_400)),
        (" 5 / second ", Limit("n", 5, 1)),
        ("0/hour", Limit("n", 0, 3_600)),
        ("unlimited", None),
        (" unlimited ", None),
    ],
)
def test_a_limit_is_a_number_per_period_or_unlimited(text: str, limit: Limit | None) -> None:
    assert parse_limit("n", text) == limit


@pytest.mark.parametrize("text", ["", "60", "60/minutes", "60 per minute", "-1/day", "1.5/day", "1e3/day", "60/Minute"])
def test_another_text_is_refused_and_told_what_was_expected(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_limit("requests", text)
    assert str(caught.value).startswith(f"limit {text!r} of 'requests' is not like '60/minute' or '100000/day'")
    assert "second, minute, hour, day" in str(caught.value)
