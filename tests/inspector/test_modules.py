"""The parts of the page by themselves, in Chromium: rows, events, filters, outcomes, units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.inspector.conftest import faultless
from tests.running import Emulated

pytestmark = pytest.mark.slow
Run = Callable[..., Any]


@pytest.fixture(scope="module")  # they remember nothing
def run(browser: Browser, lasting: Emulated) -> Iterator[Run]:
    """`run("rows.js", "(module, argument) => …", argument)` returns what a function makes of a module."""
    context = browser.new_context()
    with faultless(context) as page:
        page.goto(f"{lasting.origin}/_emulator/ui/units.js")  # a document of the same origin, in which nothing runs

        def call(name: str, body: str, argument: Any = None) -> Any:
            script = f"async (argument) => ({body})(await import('/_emulator/ui/{name}'), argument)"
            return page.evaluate(script, argument)

        yield call
    context.close()


def test_rows_are_bounded_in_the_order_of_the_journal_and_replaced(run: Run) -> None:
    told = run(
        "rows.js",
        """({Rows}) => {
            const rows = new Rows(3);
            const row = (place, more) => ({place, number: place + 100, ...more});
            const done = [rows.put([1, 2, 4].map((place) => row(place))), rows.put([row(3), row(2, {late: true})])];
            rows.put([row(5)]);
            rows.put([row(1)]);
            rows.take([4]);
            const places = rows.all.map((each) => each.place);
            return {done, places, index: rows.indexOf(103), gone: rows.indexOf(102), size: rows.places.size};
        }""",
    )
    assert told["done"] == [{"added": 3, "removed": 0}, {"added": 1, "removed": 1}]
    assert told["places"] == [3, 5]
    assert (told["index"], told["gone"], told["size"]) == (0, -1, 2)


def test_rows_of_a_day_take_no_more_room_than_those_of_an_hour(run: Run) -> None:
    told = run(
        "rows.js",
        """({Rows, MOST}) => {
            const rows = new Rows();
            for (let place = 1; place <= 20 * MOST; place += 500) {
                rows.put(Array.from({length: 500}, (_, index) => ({place: place + index, number: place + index})));
            }
            return [rows.length, rows.places.size, MOST];
        }""",
    )
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("data: 1\n\n", [["message", "1", True]]),
        ("event: a\r\ndata: 1\r\ndata: 2\r\n\r\n", [["a", "1\n2", True]]),
        (": ping\n\nid: 7\ndata:x\n\n", [["message", None, True], ["message", "x", True]]),
        ("data: 1\n\ndata: br", [["message", "1", True], ["message", "br", False]]),
        ("data: a\rdata: b\r\rdata: c\r\r", [["message", "a\nb", True], ["message", "c", True]]),
        ("", []),
    ],
)
def test_events_are_read_as_the_standard_says(run: Run, source: str, expected: list[Any]) -> None:
    body = "({parse}, source) => parse(source).map((event) => [event.type, event.data, event.whole])"
    assert run("events.js", body, source) == expected


@pytest.mark.parametrize(
    ("data", "piece"),
    [
        ({"delta": {"type": "text_delta", "text": " a"}}, " a"),
        ({"choices": [{"delta": {"content": "b"}}]}, "b"),
        ({"delta": "c"}, "c"),
        ({"type": "message_stop"}, ""),
        ("text", ""),
        (None, ""),
    ],
)
def test_the_piece_of_text_of_an_event_is_found(run: Run, data: Any, piece: str) -> None:
    assert run("events.js", "({piece}, data) => piece(data)", data) == piece


@pytest.mark.parametrize(
    ("filter", "parts"),
    [
        ("status: 400", ["status: 400"]),
        ("{a: {gte: 1, lt: 2}, b: [1, 2]}", ["a: {gte: 1, lt: 2}", "b: [1, 2]"]),
        ("a: 'x, y', b: \"{\"", ["a: 'x, y'", 'b: "{"']),
        ("{{ status >= 400 }}", ["{{ status >= 400 }}"]),
        ("", []),
    ],
)
def test_a_filter_is_taken_apart_at_its_commas(run: Run, filter: str, parts: list[str]) -> None:
    assert run("filter.js", "({split}, filter) => split(filter)", filter) == parts


@pytest.mark.parametrize(
    ("field", "wanted", "clause"),
    [
        ("status", {"gte": 400}, "status: {gte: 400}"),
        ("key", "axp_****pro", 'key: "axp_****pro"'),
        ("body.model", "true", 'body.model: "true"'),
        ("outcome", "cut", "outcome: cut"),
        ("body.a b", None, '"body.a b": null'),
    ],
)
def test_a_clause_is_yaml_in_one_line(run: Run, field: str, wanted: Any, clause: str) -> None:
    assert run("filter.js", "({clause}, [field, wanted]) => clause(field, wanted)", [field, wanted]) == clause


@pytest.mark.parametrize(
    ("outcome", "sent", "events", "words"),
    [
        ("complete", 0, 0, "complete"),
        ("complete", 12, 12, "complete: all 12 events sent"),
        ("left", 12, 50, "client left after event 12 of 50"),
        ("cut", 3, 12, "cut by a fault after event 3 of 12"),
        ("cut", 0, 0, "cut by a fault before the end of the response"),
        ("stopped", 3, 12, "stopped by the server after event 3 of 12"),
        ("open", 1200, 5000, "open, 1,200 events sent so far"),
    ],
)
def test_outcomes_are_told_in_words(run: Run, outcome: str, sent: int, events: int, words: str) -> None:
    body = "({outcomeOf}, [exchange, events]) => outcomeOf(exchange, events).words"
    assert run("outcome.js", body, [{"outcome": outcome, "events_sent": sent}, events]) == words


def test_numbers_are_written_as_people_read_them(run: Run) -> None:
    body = """({bytes, count, duration}) => [
        [0, 999, 1000, 1234567.8912, 0.125, -4321].map(count),
        [0, 999, 1000, 4123, 1e6, 2.5e9].map(bytes), [0, 0.0004, 0.012, 3.4249, 125, 3600, 200000, -5].map(duration)]"""
    assert run("units.js", body) == [
        ["0", "999", "1,000", "1,234,567.891", "0.125", "-4,321"],
        ["0 B", "999 B", "1.0 kB", "4.1 kB", "1.0 MB", "2.5 GB"],
        ["0 ms", "0.4 ms", "12 ms", "3.42 s", "2 m 05 s", "1 h 00 m", "2 d 7 h", "-5.00 s"],
    ]


def test_what_cannot_be_seen_is_spelled_out(run: Run) -> None:
    body = "({visible}) => visible('a\\u202eb\\u200b\\u0000\\ufeffé😀\\n')"
    assert run("dom.js", body) == "a⟨U+202E⟩b⟨U+200B⟩⟨U+0000⟩⟨U+FEFF⟩é😀\n"
