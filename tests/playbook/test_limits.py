"""Limits are read from text such as `60/minute`."""

from __future__ import annotations

import pytest

from emulator.errors import ConfigError
from emulator.language.schema.api import BucketModel
from emulator.playbook.limits import Aligned, AtOnce, Limit, Refill, Sliding, parse_limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("60/minute", Limit("n", 60, 60)),
        ("100000/day", Limit("n", 100_000, 86_400)),
        (" 5 / second ", Limit("n", 5, 1)),
        ("0/hour", Limit("n", 0, 3_600)),
        ("60/minute first", Limit("n", 60, 60)),
        ("10/30s", Limit("n", 10, 30)),
        ("10 / 2h", Limit("n", 10, 7_200)),
        ("100/month", Limit("n", 100, 2_592_000)),
        ("100/month aligned", Limit("n", 100, 2_678_400, Aligned(2_592_000, month=True))),
        ("60/minute aligned", Limit("n", 60, 60, Aligned(60))),
        ("60/5m  sliding", Limit("n", 60, 300, Sliding(300))),
        ("60/minute bucket", Limit("n", 60, 60, Refill(60, 60))),
        ("0/minute bucket", Limit("n", 0, 60)),
        (" 5 at once ", Limit("n", 5, 1, AtOnce())),
        ("unlimited", None),
        (" unlimited ", None),
    ],
)
def test_a_limit_is_a_number_per_period_or_unlimited(text: str, limit: Limit | None) -> None:
    assert parse_limit("n", text) == limit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "60",
        "60/minutes",
        "60 per minute",
        "-1/day",
        "1.5/day",
        "1e3/day",
        "60/Minute",
        "10/ms",
        "60/minute fast",
        "at once",
    ],
)
def test_another_text_is_refused_and_told_what_was_expected(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_limit("requests", text)
    assert str(caught.value).startswith(
        f"limit {text!r} of 'requests' is not like '60/minute', '10/30s' or '100000/day"
    )
    assert "second, minute, hour, day" in str(caught.value)


def test_a_limit_without_a_time_is_refused() -> None:
    with pytest.raises(ConfigError, match="limit '5/0s' of 'n' has no time"):
        parse_limit("n", "5/0s")


def test_a_bucket_holds_so_much_and_refills() -> None:
    assert parse_limit("n", BucketModel(bucket=60, refill="2/second")) == Limit("n", 60, 30, Refill(2, 1))
    for refill in ("2", "0/second", "1/second sliding", "1/minutes"):
        with pytest.raises(ConfigError, match=f"refill '{refill}' of 'n' is not like '1/second' or '10/30s'"):
            parse_limit("n", BucketModel(bucket=60, refill=refill))


@pytest.mark.parametrize(
    ("kind", "like"), [("sliding", "5/day sliding"), ("bucket", "5/day bucket"), ("first", "5/day")]
)
def test_limits_that_say_no_kind_are_of_the_kind_of_the_api(kind: str, like: str) -> None:
    assert parse_limit("n", "5/day", kind) == parse_limit("n", like)
    assert parse_limit("n", "5/day aligned", kind) == parse_limit("n", "5/day aligned")
