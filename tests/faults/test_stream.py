"""Faults on streams, over raw sockets, plain and TLS: which events reach the client, and what comes after them."""

from __future__ import annotations

import pytest

from tests.faults.conftest import BODY, EVENTS, HELLO, Faulty, assert_silent, content, drain, streamed, unchunked
from tests.wire import Wire

NUMBERS = [b'event: n\ndata: {"n":%d}\n\n' % n for n in range(1, 6)]


@pytest.mark.parametrize("by", ["close", "reset"])
@pytest.mark.parametrize("events", range(7))
def test_cut_after_delivers_exactly_so_many_events(faulty: Faulty, events: int, by: str) -> None:
    received, end = faulty.everything(f"cut_after; events={events}; by={by}", "GET /hello")
    assert unchunked(content(received)) == EVENTS[:events]
    assert not received.endswith(b"0\r\n\r\n")
    assert end == {"close": "closed", "reset": "reset"}[by]
    exchange = faulty.emulated.exchanges(1)[0]
    sent = sum(map(len, EVENTS[:events]))
    assert (exchange.outcome, exchange.sent_events, exchange.sent_bytes) == ("cut", events, sent)


@pytest.mark.slow
def test_three_events_are_three_events_every_time(anywhere: Faulty) -> None:
    for _ in range(50):
        received, _ = anywhere.everything("cut_after; events=3; by=reset", "GET /hello")
        assert unchunked(content(received)) == EVENTS[:3]


@pytest.mark.parametrize("by", ["close", "reset"])
def test_a_paced_stream_is_cut_when_the_last_event_was_due(anywhere: Faulty, by: str) -> None:
    with anywhere.wire() as wire:
        wire.send(anywhere.asks(f"cut_after; events=3; by={by}", "GET /paced"))
        assert wire.head()[0] == 200
        for number in NUMBERS[:2]:
            anywhere.emulated.advance(1)
            assert wire.chunk() == number
        anywhere.emulated.advance(1)
        received, end = drain_buffered(wire)
    assert (unchunked(received), end) == (NUMBERS[2:3], {"close": "closed", "reset": "reset"}[by])
    assert anywhere.emulated.exchanges(1)[0].took == 3.0


def test_a_paced_stream_at_any_speed_is_cut_after_the_same_events(faulty: Faulty) -> None:
    for speed in (50, 1_000, 1_000_000):
        faulty.emulated.running.call(_run(faulty, speed))
        received, end = faulty.everything("cut_after=3", "GET /paced")
        assert (unchunked(content(received)), end) == (NUMBERS[:3], "closed")


async def _run(faulty: Faulty, speed: float) -> None:
    faulty.emulated.clock.run(speed)


def drain_buffered(wire: Wire) -> tuple[bytes, str]:
    """What is left on a connection of which lines were read, and how it ended."""
    wire.socket.setblocking(True)
    held = wire._file.peek() if hasattr(wire._file, "peek") else b""
    received, end = drain(wire)
    return held + received, end


def test_a_stream_with_fewer_events_ends_as_it_would_have(faulty: Faulty) -> None:
    received, _ = faulty.everything("cut_after=7", "GET /hello")
    assert b"".join(unchunked(content(received))) == HELLO
    assert received.endswith(b"0\r\n\r\n")


def test_stall_after_hangs_until_the_client_leaves(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        wire.send(faulty.asks("stall_after=2", "GET /hello"))
        assert wire.head()[0] == 200
        assert [wire.chunk(), wire.chunk()] == EVENTS[:2]
        faulty.emulated.advance(86_400)
        assert_silent(wire)
    exchange = faulty.emulated.exchanges(1)[0]
    assert (exchange.outcome, exchange.sent_events) == ("left", 2)


@pytest.mark.parametrize("events", [0, 2, 6])
def test_a_stall_that_lasts_goes_on_afterwards(faulty: Faulty, events: int) -> None:
    with faulty.wire() as wire:
        wire.send(faulty.asks(f"stall_after; events={events}; lasts=30s", "GET /hello"))
        assert wire.head()[0] == 200
        got = [wire.chunk() for _ in range(events)]
        faulty.emulated.advance(29)
        assert_silent(wire)
        faulty.emulated.advance(1)
        received = streamed(wire)
    assert got + unplain(received) == EVENTS
    assert faulty.emulated.exchanges(1)[0].outcome == "complete"


def unplain(received: bytes) -> list[bytes]:
    """Events of chunks that may hold several."""
    whole = b"".join(unchunked(received))
    return [each + b"\n\n" for each in whole.split(b"\n\n")[:-1]]


@pytest.mark.parametrize("after", [0, 1, 5])
def test_error_event_ends_the_stream_in_the_shape_of_the_api(faulty: Faulty, after: int) -> None:
    received, _ = faulty.everything(f"error_event={after}", "GET /hello")
    error = b'event: error\ndata: {"ok":false,"kind":"internal","said":"Overloaded","about":null}\n\n'
    assert unplain(content(received)) == [*EVENTS[:after], error]
    assert received.endswith(b"0\r\n\r\n")


def test_an_error_event_may_be_any_error_of_the_api(faulty: Faulty) -> None:
    received, _ = faulty.everything("error_event; after=1; error=conflict; message=No", "GET /hello")
    assert unplain(content(received))[-1] == (
        b'event: error\ndata: {"ok":false,"kind":"conflict","said":"No","about":null}\n\n'
    )


def test_malformed_event_breaks_the_data_of_one_event(faulty: Faulty) -> None:
    received, _ = faulty.everything("malformed_event=2", "GET /hello")
    assert unplain(content(received)) == [EVENTS[0], b'event: letter\ndata: {"lette\n\n', *EVENTS[2:]]


def test_duplicate_event_comes_again(faulty: Faulty) -> None:
    received, _ = faulty.everything("duplicate_event=2", "GET /hello")
    assert unplain(content(received)) == [*EVENTS[:2], EVENTS[1], *EVENTS[2:]]
    received, _ = faulty.everything("duplicate_event; event=6; times=2", "GET /hello")
    assert unplain(content(received)) == [*EVENTS, EVENTS[5], EVENTS[5]]


def test_drop_event_removes_one_event(faulty: Faulty) -> None:
    received, _ = faulty.everything("drop_event", "GET /hello")
    assert unplain(content(received)) == EVENTS[1:]


def test_events_are_cut_as_they_reach_the_client(faulty: Faulty) -> None:
    """Whatever the order in which the faults are written."""
    received, _ = faulty.everything("cut_after=3, drop_event=1, duplicate_event=2", "GET /hello")
    assert unchunked(content(received)) == [EVENTS[1], EVENTS[1], EVENTS[2]]


@pytest.mark.parametrize("fault", ["malformed_event=9", "drop_event=7", "duplicate_event=7", "error_event=6"])
def test_an_event_that_never_comes_is_no_fault(faulty: Faulty, fault: str) -> None:
    received, _ = faulty.everything(fault, "GET /hello")
    assert b"".join(unchunked(content(received))) == HELLO


def test_a_fault_on_streams_leaves_a_plain_answer_alone_and_waits(faulty: Faulty) -> None:
    faulty.arm("cut_after", 1, times=1)
    assert content(faulty.everything(None)[0]) == BODY
    assert unchunked(content(faulty.everything(None, "GET /hello")[0])) == EVENTS[:1]
    assert b"".join(unchunked(content(faulty.everything(None, "GET /hello")[0]))) == HELLO
    assert [exchange.faults for exchange in faulty.emulated.exchanges(3)] == [(), ("cut_after",), ()]
