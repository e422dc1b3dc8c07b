"""Streams as other servers write them: their bytes differ, and what a parser by the standard reads does not."""

from __future__ import annotations

import pytest

from tests.faults.conftest import EVENTS, HELLO, Faulty, content, unchunked

PING = b": ping\n\n"


def parsed(stream: bytes) -> list[tuple[str, str]]:
    """The events of a stream, name and data, as the WHATWG HTML standard reads it (section 9.2.6)."""
    name, events, data = "message", list[tuple[str, str]](), list[str]()
    lines = stream.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                events.append((name, "\n".join(data)))
            name, data = "message", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
    return events


def stream_of(faulty: Faulty, fault: str, target: str = "GET /hello") -> bytes:
    received, _ = faulty.everything(fault, target)
    return b"".join(unchunked(content(received)))


@pytest.mark.finding("F10")
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("sse_line_ends", HELLO.replace(b"\n", b"\r\n")),
        ("sse_line_ends=cr", HELLO.replace(b"\n", b"\r")),
        ("sse_bom", b"\xef\xbb\xbf" + HELLO),
        ("sse_comments", b"".join(b": keep-alive\n\n" + event for event in EVENTS)),
        (
            "sse_comments; text=ping; every=4",
            b": ping\n\n" + b"".join(EVENTS[:4]) + b": ping\n\n" + b"".join(EVENTS[4:]),
        ),
        ("sse_retry", b"retry: 3000\n" + HELLO),
        ("sse_retry=340ms", b"retry: 340\n" + HELLO),
        ("sse_no_space", HELLO.replace(b"event: ", b"event:").replace(b"data: ", b"data:")),
    ],
)
def test_a_stream_is_written_otherwise_and_means_the_same(faulty: Faulty, fault: str, expected: bytes) -> None:
    received = stream_of(faulty, fault)
    assert received == expected
    assert parsed(received) == parsed(HELLO)


def test_styles_go_together_whatever_their_order(faulty: Faulty) -> None:
    styles = ["sse_line_ends", "sse_bom", "sse_retry", "sse_comments; every=9"]
    one, other = (stream_of(faulty, ", ".join(order)) for order in (styles, styles[::-1]))
    for received in (one, other):
        assert received.startswith(b"\xef\xbb\xbf")
        assert b"\n" not in received.replace(b"\r\n", b"")
        assert parsed(received) == parsed(HELLO)


def test_events_are_still_counted_cut_and_broken_as_others_are(faulty: Faulty) -> None:
    assert parsed(stream_of(faulty, "cut_after=3, sse_comments")) == parsed(HELLO)[:3]
    assert faulty.emulated.exchanges(1)[0].sent_events == 3
    assert parsed(stream_of(faulty, "sse_line_ends, error_event=1"))[1][0] == "error"


@pytest.mark.parametrize("fault", ["sse_bom", "sse_line_ends", "sse_comments", "sse_retry", "sse_no_space"])
def test_an_answer_that_is_no_stream_stays_as_it_is(faulty: Faulty, fault: str) -> None:
    plain = [faulty.everything(each, "POST /one")[0].partition(b"\r\n\r\n")[2] for each in (fault, None)]
    assert plain[0] == plain[1]
