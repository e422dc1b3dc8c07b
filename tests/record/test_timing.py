"""Timing: a recorded stream is replayed when its events came, on whatever clock; a real one is recorded as it came."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from emulator.clock import Clock
from emulator.language.document.reader import read
from emulator.record.events import StreamEvent
from emulator.record.file import RecordingFile
from emulator.record.request import Answered, Asked, RecordedExchange
from tests import loopback
from tests.running import Emulated, Running, live
from tests.studio import Served, Studio
from tests.wire import Wire, request

KEY = {"X-API-Key": "axp_test_pro", "Content-Type": "application/json"}
GAPS = [0.0, 0.35, 0.0, 0.02, 1.5, 0.007]  # seconds before each event


def tape(folder: Path, gaps: list[float]) -> Path:
    """A recording of one stream whose events came like this."""
    made = RecordingFile.begin(folder / "stream.yaml", "aiexport", "there")
    events = tuple(StreamEvent(sum(gaps[: number + 1]), None, None, str(number)) for number in range(len(gaps)))
    lines = (("Content-Type", "text/event-stream"),)
    assert made.add(RecordedExchange(Asked("status.get", {}, "http://me"), Answered(200, lines, events=events)))
    return made.path


def test_an_uneven_stream_is_replayed_at_the_moments_at_which_it_was_recorded(running: Running, tmp_path: Path) -> None:
    """The clock stands still but for what the test moves it by: a moment too early, and nothing comes."""
    emulated = Emulated(running, (str(tape(tmp_path, GAPS)),))
    with Wire(running.port) as wire:
        wire.send(request("GET", "/v2/status", KEY.items()))
        assert wire.head()[0] == 200
        assert wire.chunk() == b"data: 0\n\n"
        for gap, expected in ((0.35, b"data: 1\n\ndata: 2\n\n"), (0.02, b"data: 3\n\n"), (1.5, b"data: 4\n\n")):
            emulated.advance(gap - 0.001)
            assert emulated.journal.ended() == 0
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


class Uneven:
    """An upstream whose stream waits on its own clock."""

    def __init__(self) -> None:
        self._clock = Clock()

    async def __call__(self, connection: Scope, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await live(receive, send)
            return
        await self._clock.sleep(0.1)  # before the answer begins, as a service that thinks
        lines = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        for wait in (0.0, 0.05, 0.25, 0.05):
            await self._clock.sleep(wait)
            await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def test_a_real_stream_is_recorded_as_it_came_its_beginning_included(studio: Studio) -> None:
    with Served(Uneven()) as upstream, studio.recording("aiexport", upstream.url) as (base, _):
        assert loopback.get(f"{base}/status", headers=KEY).content == b"data: 1\n\n" * 4
    (rule,) = read(studio.out).data["rules"]
    waits = [re.fullmatch(r"(\d+)ms", event["wait"]) for event in rule["reply"]["stream"]["events"]]
    found = [int(wait[1]) for wait in waits if wait is not None]
    assert len(found) == 4
    for wait, least in zip(found, (100, 50, 250, 50), strict=True):
        assert least - 15 <= wait <= least + 500  # a busy machine is late, and hardly ever early
