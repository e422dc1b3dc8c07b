"""Faults on the wire, over raw sockets, plain and TLS: what arrives before, and how the connection ends."""

from __future__ import annotations

import json
import socket
from functools import partial

import pytest

from tests.faults.conftest import BODY, EVENTS, HELLO, Faulty, assert_silent, content, drain, unchunked


def last(faulty: Faulty, count: int = 1) -> tuple[str, tuple[str, ...], int, int]:
    exchange = faulty.emulated.exchanges(count)[-1]
    return exchange.outcome, exchange.faults, exchange.sent_events, exchange.sent_bytes


def test_timeout_sends_nothing_until_the_client_leaves(anywhere: Faulty) -> None:
    with anywhere.asked("timeout") as wire:
        anywhere.emulated.advance(86_400)
        assert_silent(wire)
    assert last(anywhere) == ("left", ("timeout",), 0, 0)


def test_timeout_closes_the_connection_when_it_has_lasted_long_enough(anywhere: Faulty) -> None:
    with anywhere.asked("timeout; lasts=30s") as wire:
        anywhere.emulated.advance(29)
        assert_silent(wire)
        anywhere.emulated.advance(1)
        assert drain(wire) == (b"", "closed")


def test_reset_peer_is_a_reset_after_the_request_was_read(faulty: Faulty) -> None:
    assert faulty.everything("reset_peer") == (b"", "reset")
    assert last(faulty) == ("cut", ("reset_peer",), 0, 0)


def test_a_reset_is_one_below_tls_too(anywhere: Faulty) -> None:
    with anywhere.wire() as wire:
        wire.send(anywhere.asks("CONNECTION_RESET_BY_PEER"))
        below = iter(partial(socket.socket.recv, wire.socket, 65_536), b"")  # past TLS, whose tickets may come first
        with pytest.raises(ConnectionResetError):
            list(below)


def test_reset_peer_waits_for_its_delay(faulty: Faulty) -> None:
    with faulty.asked("reset_peer; delay=5s") as wire:
        assert_silent(wire)
        faulty.emulated.advance(5)
        assert drain(wire) == (b"", "reset")


def test_empty_response_is_a_close_without_a_byte(anywhere: Faulty) -> None:
    assert anywhere.everything("empty_response") == (b"", "closed")
    assert last(anywhere) == ("cut", ("empty_response",), 0, 0)


def test_garbage_is_no_http_and_the_same_again_from_the_same_seed(faulty: Faulty) -> None:
    received, end = faulty.everything("garbage; bytes=100")
    assert (len(received), end) == (100, "closed")
    assert not received.startswith(b"HTTP")
    assert faulty.everything("garbage; bytes=100")[0] != received
    faulty.emulated.app.state.clear()
    assert faulty.everything("garbage; bytes=100") == (received, "closed")


def test_no_more_than_a_mebibyte_of_garbage_comes(faulty: Faulty) -> None:
    received, end = faulty.everything("garbage; bytes=1048576")
    assert (len(received), end) == (1_048_576, "closed")
    assert b"expected a whole number from 1 to 1048576; found 1048577" in faulty.everything("garbage; bytes=1048577")[0]


def test_malformed_chunk_comes_after_half_a_body(faulty: Faulty) -> None:
    received, end = faulty.everything("malformed_chunk")
    head, _, rest = received.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert b"content-length" not in head
    half = BODY[: len(BODY) // 2]
    assert (rest, end) == (b"%x\r\n%b\r\nthis is no chunk\r\n" % (len(half), half), "closed")


def test_malformed_chunk_comes_after_half_the_events(anywhere: Faulty) -> None:
    received, end = anywhere.everything("malformed_chunk", "GET /hello")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in EVENTS[:3])
    assert (content(received), end) == (chunks + b"this is no chunk\r\n", "closed")
    assert last(anywhere)[:3] == ("cut", ("malformed_chunk",), 3)


@pytest.mark.parametrize(
    ("fault", "arrives", "ends"),
    [
        ("truncate_body", len(BODY) // 2, "closed"),
        ("truncate_body=5", 5, "closed"),
        ("truncate_body=0", 0, "closed"),
        ("truncate_body; bytes=7; by=reset", 7, "reset"),
        ("limit_data; bytes=5", 5, "closed"),
    ],
)
def test_truncate_body_promises_more_than_comes(faulty: Faulty, fault: str, arrives: int, ends: str) -> None:
    received, end = faulty.everything(fault)
    assert b"content-length: %d" % len(BODY) in received
    assert (content(received), end) == (BODY[:arrives], ends)
    assert last(faulty) == ("cut", ("truncate_body",), 0, arrives)


def test_a_body_no_longer_than_the_limit_arrives_whole(faulty: Faulty) -> None:
    assert content(faulty.everything(f"truncate_body={len(BODY)}")[0]) == BODY


@pytest.mark.parametrize("size", [len(BODY), len(BODY) + 1, 1_000_000])
def test_a_limit_that_a_body_does_not_exceed_leaves_the_answer_and_the_connection_alone(
    faulty: Faulty, size: int
) -> None:
    with faulty.wire() as wire:
        for _ in range(2):
            wire.send(faulty.asks(f"truncate_body={size}"))
            answer = wire.answer()
            assert (answer.status, answer.body, answer.header("connection")) == (200, BODY, None)
        wire.send(faulty.asks(f"truncate_body={size + 1_000}", "GET /hello"))
        assert wire.answer().body == HELLO
        wire.send(faulty.asks(None))
        assert wire.answer().body == BODY
    assert [exchange.outcome for exchange in faulty.emulated.exchanges(4)] == ["complete"] * 4


@pytest.mark.parametrize("size", [0, 1, 28, 29, 100, 204])
def test_truncate_body_counts_a_stream_without_its_framing(faulty: Faulty, size: int) -> None:
    received, end = faulty.everything(f"truncate_body={size}", "GET /hello")
    whole = b"".join(unchunked(content(received)))
    rest = content(received)[sum(len(b"%x" % len(each)) + 4 + len(each) for each in unchunked(content(received))) :]
    assert (whole + rest.partition(b"\r\n")[2], end) == (HELLO[:size], "closed")


def test_what_was_written_before_a_reset_reaches_a_client_that_reads_late(anywhere: Faulty) -> None:
    """More than sockets hold, so that the server has to wait for the client before it resets."""
    with anywhere.wire() as wire:
        wire.send(anywhere.asks("truncate_body; bytes=3000000; by=reset", "GET /wide"))
        received, end = drain(wire)
    assert (len(content(received)), end) == (3_000_000, "reset")


def test_two_faults_of_one_request_apply_together(faulty: Faulty) -> None:
    with faulty.asked("truncate_body=4, latency=2s") as wire:
        faulty.emulated.advance(2)
        received, _ = drain(wire)
    assert content(received) == BODY[:4]
    assert last(faulty)[1] == ("latency", "truncate_body")


def test_an_answer_to_head_and_to_http_1_0_has_faults_too(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        wire.send(faulty.asks("split; where=byte", "GET /hello").replace(b"HTTP/1.1", b"HTTP/1.0"))
        received, end = drain(wire)
    assert b"chunked" not in received
    assert (content(received), end) == (HELLO, "closed")


def test_a_connection_goes_on_after_a_fault_that_leaves_the_answer_whole(anywhere: Faulty) -> None:
    with anywhere.wire() as wire:
        for fault in ("split; where=byte", "split; where=crlf", "malformed_json", None, "split"):
            wire.send(anywhere.asks(fault))
            assert wire.answer().body == (BODY[:-1] if fault == "malformed_json" else BODY)
        wire.send(anywhere.asks("split", "GET /hello"))
        assert wire.answer().body == HELLO


def test_requests_that_were_sent_ahead_are_answered_after_a_fault(anywhere: Faulty) -> None:
    with anywhere.wire() as wire:
        wire.send(anywhere.asks("split; where=byte") + anywhere.asks(None) + anywhere.asks("split", "GET /hello"))
        assert [json.loads(wire.answer().body)["number"] for _ in range(2)] == [12345, 12345]
        assert wire.answer().body == HELLO


def test_the_server_logs_no_error_when_a_fault_ends_a_connection(
    anywhere: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    for fault in ("reset_peer", "empty_response", "garbage", "malformed_chunk", "truncate_body", "timeout; lasts=0s"):
        anywhere.everything(fault)
    with anywhere.wire() as wire:
        wire.send(anywhere.asks(None))
        assert wire.answer().status == 200
    assert caplog.records == []
