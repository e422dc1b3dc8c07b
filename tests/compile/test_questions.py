"""Questions: a `when` over exchanges, compiled once for the journal, for filters and for expectations."""

from __future__ import annotations

import pytest

from emulator.app import LANGUAGE
from emulator.compile.questions import compile_query, shortened, summary_of
from emulator.errors import DocumentError
from emulator.http.exchange import Exchange
from emulator.playbook.matching import Difference


def exchange() -> Exchange:
    made = Exchange(3, 0.0, "POST", "/v2/messages", "")
    made.status, made.outcome, made.body = 200, "complete", b'{"model": "m"}'
    return made


def test_an_exchange_fits_or_differs_field_by_field() -> None:
    asked = compile_query({"body.model": "n", "status": 200}, LANGUAGE)
    assert not asked.fits(exchange())
    assert [str(each) for each in asked.differences(exchange())] == ["body.model: expected 'n', found 'm'"]
    assert asked.narrowed(compile_query({"outcome": "cut"}, LANGUAGE)).differences(exchange())[1].field == "outcome"


def test_whoever_asks_says_what_stands_for_the_counters_of_rules() -> None:
    with pytest.raises(DocumentError, match="`times` belongs to rules; write it elsewhere"):
        compile_query({"times": 1}, LANGUAGE, counts="write it elsewhere")


def test_an_exchange_is_told_in_one_line_and_a_difference_shortened() -> None:
    assert summary_of(exchange()) == "#3 POST /v2/messages 200 complete"
    assert len(shortened(Difference("body", "'x'", "y" * 1_000))) < 210
