"""Reading events, whatever way their bytes come."""

from __future__ import annotations

from typing import Any

from emulator.record.events import EventReader, StreamEvent, stream_of

BYTES = 'event: a\ndata: {"x":"ü"}\n\ndata: [DONE]\n\nid: 7\ndata: one\ndata: two\n\n'.encode()


def test_events_are_the_same_however_their_bytes_are_cut() -> None:
    for size in (1, 2, 3, 7, len(BYTES)):
        reader = EventReader()
        for at in range(0, len(BYTES), size):
            reader.feed(BYTES[at : at + size], 0.0)
        assert [event.content for event in reader.events] == [
            ("data", {"x": "ü"}),
            ("text", "[DONE]"),
            ("text", "one\ntwo"),
        ]
        assert [(event.name, event.id) for event in reader.events] == [("a", None), (None, None), (None, "7")]
        assert (reader.exact, reader.complete) == (True, True)


def test_other_bytes_of_the_same_meaning_are_reported_and_a_comment_is_no_event() -> None:
    for other in (b"data:x\n\n", b"data: x\r\n\r\n", b": hello\n\ndata: x\n\n", b"retry: 5\ndata: x\n\n"):
        reader = EventReader()
        reader.feed(other, 0.0)
        assert [event.data for event in reader.events] == ["x"]
        assert not reader.exact


def test_an_event_without_an_end_is_not_whole() -> None:
    reader = EventReader()
    reader.feed(b"data: x\n", 0.0)
    assert (reader.events, reader.complete) == ([], False)


def test_json_that_would_be_written_otherwise_is_kept_as_text() -> None:
    assert StreamEvent(0, None, None, '{"a": 1}').content == ("text", '{"a": 1}')


def stream(*moments: float) -> dict[str, Any]:
    return stream_of([StreamEvent(at, "e", None, str(number)) for number, at in enumerate(moments)])


def test_what_comes_together_leaves_together_and_even_waits_are_a_pace() -> None:
    assert stream(0.005, 0.005, 0.2, 0.2, 0.281, 0.36) == {
        "pace": {"first": "200ms", "each": "80ms"},
        "events": [
            {"event": "e", "data": {"$literal": 0}},
            {"event": "e", "data": {"$literal": 1}},
            {"$each": {"$literal": [2]}, "event": "e", "data": "{{ item }}"},
            {"event": "e", "data": {"$literal": 3}},
            {"$each": {"$literal": [4, 5]}, "event": "e", "data": "{{ item }}"},
        ],
    }


def test_uneven_waits_are_each_events_own() -> None:
    assert stream(0.0, 0.2, 0.2, 0.2344, 1.0) == {
        "events": [
            {"event": "e", "data": {"$literal": 0}},
            {"wait": "200ms", "event": "e", "data": {"$literal": 1}},
            {"event": "e", "data": {"$literal": 2}},
            {"wait": "34ms", "event": "e", "data": {"$literal": 3}},
            {"wait": "766ms", "event": "e", "data": {"$literal": 4}},
        ]
    }


def test_a_slow_pace_may_stray_by_more_and_what_all_came_at_once_has_none() -> None:
    assert stream(1.0, 2.09, 3.0)["pace"] == {"first": "1000ms", "each": "1000ms"}
    assert "pace" not in stream(1.0, 2.2, 3.0)
    assert stream(0.01, 0.01) == {"events": [{"event": "e", "data": {"$literal": number}} for number in (0, 1)]}
    assert stream() == {"events": []}


def test_rounding_does_not_add_up() -> None:
    moments = [number * 0.0334 + (0.03 if number % 2 else 0.0) for number in range(1, 60)]
    waits = [int(event["wait"].removesuffix("ms")) for event in stream(*moments)["events"]]
    assert abs(sum(waits) - moments[-1] * 1000) <= 0.5


def test_a_stream_that_is_too_long_is_not_kept() -> None:
    reader = EventReader(most=20)
    reader.feed(b"data: 12345\n\n", 0.0)
    assert len(reader.events) == 1
    reader.feed(b"data: 12345\n\n", 0.0)
    assert (reader.events, reader.size) == ([], 26)


def test_a_name_that_a_scenario_cannot_have_is_reported() -> None:
    assert [StreamEvent(0, name, None, "").is_writable for name in (None, "a b", "{{ x }}", "a\x07")] == [
        True,
        True,
        False,
        False,
    ]
