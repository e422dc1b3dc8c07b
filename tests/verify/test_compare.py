"""Comparing answers: status first, then header lines, then bodies or events."""

from __future__ import annotations

from emulator.verify.compare import compare
from emulator.verify.run import VerifiedReply


def test_an_answer_of_another_status_is_compared_no_further() -> None:
    assert list(compare(VerifiedReply(200, {"x-a": "1"}, {"a": 1}), VerifiedReply(500, {}, "x"))) == [
        "status: expected 200, got 500"
    ]


def test_the_values_of_header_lines_do_not_count_but_for_the_media_type() -> None:
    wanted = VerifiedReply(200, {"content-type": "application/json", "x-a": "1", "date": "now", "x-request-id": "1"})
    assert (
        list(compare(wanted, VerifiedReply(200, {"content-type": "application/json; charset=utf-8", "x-a": "2"}))) == []
    )
    assert list(compare(wanted, VerifiedReply(200, {"content-type": "text/html"}))) == [
        "header content-type: expected application/json, got text/html",
        "header x-a: expected one, got none",
    ]


def test_the_number_of_events_of_one_name_in_a_row_does_not_count() -> None:
    wanted = VerifiedReply(200, {}, events=(("a", {"x": 1}), ("b", 1), ("b", 2)))
    assert list(compare(wanted, VerifiedReply(200, {}, events=(("a", {"x": 2}), ("b", 1))))) == []
    assert list(compare(wanted, VerifiedReply(200, {}, events=(("a", {}), ("c", 1))))) == [
        "events: expected a, b, got a, c",
        "event a.x: expected a number, got nothing",
    ]
