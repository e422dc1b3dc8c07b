"""Faults on how bytes travel, proved byte by byte on raw sockets, plain and TLS."""

from __future__ import annotations

import socket
import struct
import sys
from itertools import pairwise

import pytest

from tests.faults.conftest import BODY, EVENTS, HELLO, Faulty, assert_silent, content, drain, streamed, unchunked
from tests.wire import Wire

SEGMENTS_IN = 152  # where Linux's struct tcp_info has tcpi_data_segs_in


def pieces(faulty: Faulty, fault: str, target: str, pause: str = "pause=1s") -> list[bytes]:
    """What arrives at each tick of the clock: with a pause of a second between two pieces, nothing else can."""
    got: list[bytes] = []
    with faulty.wire() as wire:
        wire.send(faulty.asks(f"{fault}; {pause}", target, {"Connection": "close"}))
        while data := wire.socket.recv(65_536):
            got.append(data)
            faulty.emulated.advance(1)
    return got


@pytest.mark.parametrize("target", ["POST /one", "GET /hello"])
def test_a_split_inside_characters_cuts_each_after_its_first_byte(faulty: Faulty, target: str) -> None:
    got = pieces(faulty, "split; where=character", target)
    text = BODY if target == "POST /one" else HELLO
    assert text in (content(b"".join(got)), b"".join(unchunked(content(b"".join(got)))))
    wide = [letter.encode() for letter in text.decode() if not letter.isascii()]
    cuts = [(left[-1:], right) for left, right in pairwise(got) if left[-1] >= 0xC2]
    assert [left for left, _ in cuts] == [letter[:1] for letter in wide]
    assert all(right.startswith(letter[1:]) for (_, right), letter in zip(cuts, wide, strict=True))


def test_a_split_between_cr_and_lf_cuts_each_of_them(faulty: Faulty) -> None:
    got = pieces(faulty, "split; where=crlf", "GET /hello")
    assert b"".join(unchunked(content(b"".join(got)))) == HELLO
    assert all(piece.endswith(b"\r") for piece in got[:-1] if not piece.endswith(b"\n"))
    assert not any(b"\r\n" in piece for piece in got)
    assert sum(piece.endswith(b"\r") for piece in got) == b"".join(got).count(b"\r\n")


def test_a_split_inside_data_cuts_the_word(anywhere: Faulty) -> None:
    got = pieces(anywhere, "split; where=data", "GET /hello")
    assert b"".join(unchunked(content(b"".join(got)))) == HELLO
    cut = [(left, right) for left, right in pairwise(got) if left.endswith(b"\nda")]
    assert len(cut) == len(EVENTS)
    assert all(right.startswith(b"ta: ") for _, right in cut)
    assert not any(b"data:" in piece for piece in got)


@pytest.mark.parametrize(("size", "together"), [(2, [2, 2, 2]), (4, [4, 2]), (9, [6])])
def test_events_arrive_together(faulty: Faulty, size: int, together: list[int]) -> None:
    got = pieces(faulty, f"split; where=together; size={size}", "GET /hello")
    _, *bodies, tail = got
    assert [len(unchunked(piece)) for piece in bodies] == together
    assert [event for piece in bodies for event in unchunked(piece)] == EVENTS
    assert tail == b"0\r\n\r\n"


def test_paced_events_that_arrive_together_wait_for_the_last_of_them(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        wire.send(faulty.asks("split; where=together; size=5", "GET /paced"))
        assert wire.head()[0] == 200
        faulty.emulated.advance(4)
        assert_silent(wire)
        faulty.emulated.advance(1)
        received = streamed(wire)
    assert len(unchunked(received)) == 5


@pytest.mark.parametrize("target", ["POST /one", "GET /hello"])
def test_a_byte_at_a_time(faulty: Faulty, target: str) -> None:
    got = pieces(faulty, "split; where=byte", target)
    assert {len(piece) for piece in got} == {1}
    whole = content(b"".join(got))
    assert whole == BODY if target == "POST /one" else b"".join(unchunked(whole)) == HELLO


def test_so_many_bytes_at_a_time(faulty: Faulty) -> None:
    got = pieces(faulty, "slicer; average_size=10", "POST /one", "delay=1000000")
    assert content(b"".join(got)) == BODY
    assert max(map(len, got)) == 10
    varied = pieces(faulty, "slicer; average_size=10; size_variation=5", "POST /one", "delay=1000000")
    assert content(b"".join(varied)) == BODY
    assert max(map(len, varied)) <= 15
    assert len(set(map(len, varied))) > 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts segments (TCP_INFO)")
@pytest.mark.parametrize("where", ["byte", "character", "crlf", "data"])
def test_each_piece_is_a_segment_of_its_own_without_any_pause(faulty: Faulty, where: str) -> None:
    expected = len(pieces(faulty, f"split; where={where}", "GET /hello"))
    with faulty.wire() as wire:
        wire.send(faulty.asks(f"split; where={where}", "GET /hello", {"Connection": "close"}))
        received, end = drain(wire)
        assert segments(wire) == expected
    assert (b"".join(unchunked(content(received))), end) == (HELLO, "closed")


def segments(wire: Wire) -> int:
    """How many TCP segments with data a connection has received."""
    info = wire.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return int(struct.unpack_from("I", info, SEGMENTS_IN)[0])


def test_a_split_stream_is_cut_all_the_same(faulty: Faulty) -> None:
    received, end = faulty.everything("split; where=byte, cut_after; events=3; by=reset", "GET /hello")
    assert (unchunked(content(received)), end) == (EVENTS[:3], "reset")
    assert faulty.emulated.exchanges(1)[0].sent_events == 3


def test_bandwidth_drips_at_its_rate(faulty: Faulty) -> None:
    with faulty.asked("bandwidth; rate=20B/s", headers={"Connection": "close"}) as wire:
        received, seconds = b"", 0
        while True:
            faulty.emulated.advance(1)
            seconds += 1
            fresh = read(wire, 20)
            received += fresh
            if len(fresh) < 20:
                break
    assert content(received) == BODY
    assert seconds == len(received) // 20 + 1


def read(wire: Wire, most: int) -> bytes:
    """So many bytes, or fewer when the connection ends."""
    received = b""
    while len(received) < most and (data := wire.socket.recv(most - len(received))):
        received += data
    return received


def test_a_dribble_comes_in_so_many_parts_over_a_time(faulty: Faulty) -> None:
    got: list[bytes] = []
    with faulty.asked(
        "chunkedDribbleDelay; numberOfChunks=4; totalDuration=4000", headers={"Connection": "close"}
    ) as wire:
        for _ in range(4):
            faulty.emulated.advance(1)
            got.append(wire.socket.recv(65_536))
        assert drain(wire) == (b"", "closed")
    assert content(b"".join(got)) == BODY


def test_slow_close_holds_the_end_of_a_plain_answer_back(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        wire.send(faulty.asks("slow_close=30s"))
        status, headers = wire.head()
        assert (status, dict(headers)["connection"]) == (200, "close")
        assert "content-length" not in dict(headers)
        assert wire._file.read(len(BODY)) == BODY
        faulty.emulated.advance(29)
        assert_silent(wire)
        faulty.emulated.advance(1)
        assert drain(wire) == (b"", "closed")
    assert faulty.emulated.exchanges(1)[0].outcome == "complete"


def test_slow_close_holds_the_end_of_a_stream_back(anywhere: Faulty) -> None:
    with anywhere.wire() as wire:
        wire.send(anywhere.asks("slow_close; delay=30000", "GET /hello"))
        assert wire.head()[0] == 200
        assert [wire.chunk() for _ in EVENTS] == EVENTS
        anywhere.emulated.advance(29)
        assert_silent(wire)
        anywhere.emulated.advance(1)
        assert drain(wire) == (b"0\r\n\r\n", "closed")
