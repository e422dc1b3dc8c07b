"""Timing: a recorded stream is replayed when its events came, on whatever clock; a real one is recorded as it came."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
import trustme

from emulator.clock.world_clock import Clock
from emulator.language.document.reader import read
from emulator.record.events import StreamEvent
from emulator.record.file import RecordingFile
from emulator.record.request import RecordedExchange, RecordedRequest, UpstreamReply
from tests import loopback
from tests.running import Emulated, Running
from tests.studio import Raw, Stopwatch, Studio
from tests.wire import Wire, request

pytestmark = pytest.mark.slow

KEY = {"X-API-Key": "axp_test_pro", "Content-Type": "application/json"}
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
GAPS = [0.0, 0.35, 0.0, 0.02, 1.5, 0.007]  # seconds before each event


def tape(folder: Path, gaps: list[float]) -> Path:
    """A recording of one stream whose events came like this."""
    made = RecordingFile.create(folder / "stream.yaml", "aiexport", "there")
    events = tuple(StreamEvent(sum(gaps[: number + 1]), None, None, str(number)) for number in range(len(gaps)))
    lines = (("Content-Type", "text/event-stream"),)
    assert made.add(
        RecordedExchange(RecordedRequest("status.get", {}, "http://me"), UpstreamReply(200, lines, events=events))
    )
    return made.path


@pytest.mark.finding("K1")
def test_an_uneven_stream_is_replayed_at_the_moments_at_which_it_was_recorded(running: Running, tmp_path: Path) -> None:
    """The clock stands still but for what the test moves it by: a moment too early, and nothing comes."""
    emulated = Emulated(running, (str(tape(tmp_path, GAPS)),))
    with Wire(running.port) as wire:
        wire.send(request("GET", "/v2/status", KEY.items()))
        assert wire.head()[0] == 200
        assert wire.chunk() == b"data: 0\n\n"
        for gap, expected in ((0.35, b"data: 1\n\ndata: 2\n\n"), (0.02, b"data: 3\n\n"), (1.5, b"data: 4\n\n")):
            emulated.advance(gap - 0.001)
            assert emulated.ended() == 0
            emulated.advance(0.001)
            assert wire.chunk() == expected
        emulated.advance(0.007)
        assert wire.chunk() == b"data: 5\n\n"
        assert wire.chunk() == b""
    (exchange,) = emulated.exchanges(1)
    assert round(exchange.took, 6) == round(sum(GAPS), 6)
    emulated.close()


@pytest.mark.parametrize(("gaps", "key"), [(GAPS, "wait"), ([0.2, 0.1, 0.1, 0.1], "pace")])
def test_a_hurried_clock_hurries_the_stream(running: Running, tmp_path: Path, gaps: list[float], key: str) -> None:
    path = tape(tmp_path, gaps)
    assert f"{key}:" in path.read_text()
    emulated = Emulated(running, (str(path),), clock=Clock(0.0, speed=100.0))
    answer = emulated.client("aiexport", headers=KEY).get("/status")
    assert answer.content.count(b"data: ") == len(gaps)
    (exchange,) = emulated.exchanges(1)
    assert exchange.took >= sum(gaps) - 0.001
    emulated.close()


def step_by_step(steps: SimpleQueue[bytes]) -> Raw:
    """An upstream that sends the head of a stream at once, and then what is put into the queue; b"" ends it."""

    def pieces(raw: Raw) -> Iterator[bytes]:
        yield STREAM
        while piece := steps.get():
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"

    return Raw(pieces)


@pytest.mark.finding("K1")
@pytest.mark.parametrize(
    ("gaps", "written"),
    [
        (GAPS, [None, "350ms", None, "20ms", "1500ms", "7ms"]),
        ([0.1, 0.05, 0.25, 0.05], ["100ms", "50ms", "250ms", "50ms"]),
        ([0.15, 0.04, 0.04, 0.04], {"first": "150ms", "each": "40ms"}),
        ([0.0, 0.15, 0.04, 0.04], {"first": "150ms", "each": "40ms"}),
    ],
)
def test_a_stream_is_forwarded_as_it_comes_and_recorded_and_replayed_with_its_waits(
    studio: Studio, running: Running, gaps: list[float], written: object
) -> None:
    steps: SimpleQueue[bytes] = SimpleQueue()
    clock = Stopwatch()
    events = [b"data: %d\n\n" % number for number in range(len(gaps))]
    with (
        step_by_step(steps) as upstream,
        studio.recording("aiexport", upstream.url, clock=clock) as (base, _),
        loopback.stream("GET", f"{base}/status", headers=KEY) as answer,
    ):
        raw = answer.iter_raw()
        for gap, event in zip(gaps, events, strict=True):
            clock.passed += gap
            steps.put(event)
            assert next(raw) == event
        steps.put(b"")
        assert list(raw) == []
    (rule,) = read(studio.out).data["rules"]
    stream = rule["reply"]["stream"]
    assert stream.get("pace", [event.get("wait") for event in stream["events"]]) == written

    emulated = Emulated(running, (str(studio.out),))
    with Wire(running.port) as wire:
        wire.send(request("GET", "/v2/status", KEY.items()))
        assert wire.head()[0] == 200
        came = b""
        for gap, event in zip(gaps, events, strict=True):
            emulated.advance(gap)
            came = came or wire.chunk()  # what is due together leaves together
            assert came.startswith(event)
            came = came.removeprefix(event)
        assert came + wire.chunk() == b""
    emulated.close()


def test_waits_count_from_the_moment_at_which_the_upstream_has_the_request(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connecting and the TLS handshake belong to the first request of a connection, not to its answer."""
    clock = Stopwatch()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def shake_hands_slowly(*_: object) -> None:
        clock.passed += 0.5

    context.sni_callback = shake_hands_slowly
    with (
        Raw(lambda _: [STREAM, b"9\r\ndata: 1\n\n\r\n0\r\n\r\n"], context) as upstream,
        studio.recording("aiexport", upstream.url, clock=clock) as (base, _),
    ):
        assert loopback.get(f"{base}/status", headers=KEY).content == b"data: 1\n\n"
    assert clock.passed == 0.5
    (rule,) = read(studio.out).data["rules"]
    assert rule["reply"]["stream"] == {"events": [{"data": {"$literal": 1}}]}
