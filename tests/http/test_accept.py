"""Weights in `Accept` are compared: the kind of body that a client likes best is sent."""

from __future__ import annotations

import pytest

from emulator.http.accept import prefers

LINES, JSON = "application/x-ndjson", "application/json"


@pytest.mark.finding("B16")
@pytest.mark.parametrize(
    ("accept", "lines"),
    [
        ("", False),
        ("*/*", False),
        ("application/*", False),
        (JSON, False),
        (LINES, True),
        ("Application/X-NDJSON", True),
        (f"{JSON}, {LINES}", True),
        (f"{JSON}, {LINES};q=0.9", False),
        (f"{JSON};q=0.5, {LINES} ; q=0.5", True),
        (f"{JSON};q=0.51, {LINES};q=0.5", False),
        (f"{LINES};q=0.8, */*;q=0.1", True),
        (f"{LINES};q=0.8, */*", False),
        (f"{LINES};q=0.8, application/*;q=0.9, */*;q=0.1", False),
        (f"{LINES};q=0.8, application/*;q=0.7, */*", True),
        (f"{LINES};q=0.001", True),
        (f"{LINES};q=0", False),
        (f"{LINES};q=0.000, */*", False),
        (f"{LINES};charset=utf-8;q=0.2, {JSON};q=0.3", False),
        (f"{LINES};q=many, {JSON};q=0.3", True),
        (f"text/html,{LINES}", True),
        (f"{LINES}x", False),
    ],
)
def test_lines_are_sent_to_who_names_them_and_likes_them_no_less(accept: str, lines: bool) -> None:
    assert prefers(accept, LINES, JSON) is lines
