"""Raw responses: a reply as segments of bytes, and what cutting it does."""

from __future__ import annotations

import pytest

from emulator.faults.raw_response import raw_response
from emulator.http.reply import Frame, Reply

FRAMES = [Frame(0.5, b"data: a\n\n"), Frame(1.5, b"data: b\n\n")]


def stream() -> Reply:
    return Reply(200, [(b"Content-Type", b"text/event-stream")], frames=list(FRAMES), events=2)


def test_a_plain_reply_is_a_head_and_a_body_with_its_length() -> None:
    raw = raw_response(Reply(200, [(b"A", b"b")], b"hello"), "GET", "1.1", True)
    assert [(segment.kind, segment.data) for segment in raw.segments] == [
        ("head", b"HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 5\r\n\r\n"),
        ("body", b"hello"),
    ]
    assert (raw.chunked, raw.ending, raw.wait, raw.whole) == (False, "keep", 0.0, True)


def test_a_stream_is_a_chunk_per_event_at_its_time_and_a_tail() -> None:
    raw = raw_response(stream(), "GET", "1.1", True)
    assert [(each.kind, each.due, each.events, each.size) for each in raw.segments] == [
        ("head", 0.0, 0, 0),
        ("body", 0.5, 1, 9),
        ("body", 1.5, 1, 9),
        ("tail", 1.5, 0, 0),
    ]
    assert raw.segments[1].data == b"9\r\ndata: a\n\n\r\n"
    assert (raw.chunked, raw.last, raw.ending) == (True, 1.5, "keep")


def test_http_1_0_gets_no_chunks_and_the_end_of_the_connection_ends_the_body() -> None:
    raw = raw_response(stream(), "GET", "1.0", True)
    assert [each.data for each in raw.segments[1:]] == [frame.data for frame in FRAMES]
    assert (raw.chunked, raw.ending) == (False, "close")
    assert raw.segments[0].data.endswith(b"\r\nconnection: close\r\n\r\n")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_response_without_a_body_is_only_a_head(method: str, status: int) -> None:
    raw = raw_response(Reply(status, [], b""), method, "1.1", True)
    assert [segment.kind for segment in raw.segments] == ["head"]
    assert (b"content-length" in raw.segments[0].data) == (method == "HEAD")


def test_a_cut_removes_the_tail_and_ends_the_connection() -> None:
    raw = raw_response(stream(), "GET", "1.1", True)
    raw.cut("reset", 2.0)
    assert [segment.kind for segment in raw.segments] == ["head", "body", "body"]
    assert (raw.ending, raw.wait, raw.whole) == ("reset", 2.0, False)


def test_an_unknown_status_has_no_reason_phrase() -> None:
    raw = raw_response(Reply(599, []), "GET", "1.1", False)
    assert raw.segments[0].data == b"HTTP/1.1 599 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
