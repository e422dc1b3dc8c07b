"""Every row of the page of limits is held by a test that bears its name, so that none is bounded on paper only."""

from __future__ import annotations

import re
from collections import Counter

from tests.marks import TESTS, marked

PAGE = TESTS.parent / "docs" / "why" / "limits.md"
ROW = re.compile(r"^\| (?!input \|)([^|]+?) \|", re.MULTILINE)
ROWS = ROW.findall(PAGE.read_text())


def test_every_row_of_the_page_has_a_test() -> None:
    assert ROWS
    assert sorted({*ROWS} - {row for row, _ in marked("bound")}) == []


def test_every_bound_that_is_tested_stands_on_the_page_once() -> None:
    assert [f"{place}: {row}" for row, place in marked("bound") if row not in ROWS] == []
    assert [row for row, times in Counter(ROWS).items() if times > 1] == []
