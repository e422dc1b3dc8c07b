"""Reading events, whatever way their bytes come."""

from __future__ import annotations

from emulator.record.events import Event, EventReader, stream_of

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
        assert (reader.exact, reader.whole) == (True, True)


def test_other_bytes_of_the_same_meaning_are_told_and_a_comment_is_no_event() -> None:
    for other in (b"data:x\n\n", b"data: x\r\n\r\n", b": hello\n\ndata: x\n\n", b"retry: 5\ndata: x\n\n"):
        reader = EventReader()
        reader.feed(other, 0.0)
        assert [event.data for event in reader.events] == ["x"]
        assert not reader.exact


def test_an_event_without_an_end_is_not_whole() -> None:
    reader = EventReader()
    reader.feed(b"data: x\n", 0.0)
    assert (reader.events, reader.whole) == ([], False)


def test_json_that_would_be_written_otherwise_is_kept_as_text() -> None:
    assert Event(0, None, None, '{"a": 1}').content == ("text", '{"a": 1}')


def test_what_comes_together_leaves_together_and_the_rest_at_the_mean_pace() -> None:
    moments = [0.0, 0.0, 0.2, 0.2, 0.25, 0.35]
    stream = stream_of([Event(at, "e", None, str(number)) for number, at in enumerate(moments)])
    assert stream["pace"] == {"first": "200ms", "each": "75ms"}
    assert stream["events"] == [
        {"event": "e", "data": {"$literal": 0}},
        {"event": "e", "data": {"$literal": 1}},
        {"$each": {"$literal": [2]}, "event": "e", "data": "{{ item }}"},
        {"event": "e", "data": {"$literal": 3}},
        {"$each": {"$literal": [4, 5]}, "event": "e", "data": "{{ item }}"},
    ]
