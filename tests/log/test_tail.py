"""Tail: follows a server over its event stream, and goes on after a break."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import pytest

from emulator.clock.system_time import pause
from emulator.errors import ConfigError
from emulator.log.row import Row
from emulator.log.tail import Event, Tail, Wanted, WorldGone, events, refusal
from tests import loopback
from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated
from tests.waiting import PATIENCE, until


class Followed:
    """What a tail in a thread of its own prints and reports; `waits` are the seconds for which it waited."""

    def __init__(self, wanted: Wanted) -> None:
        self.rows: list[Row] = []
        self.notices: list[str] = []
        self.waits: list[float] = []
        self.error: Exception | None = None
        self._tail = Tail(wanted, self.rows.append, self.notices.append, self._wait)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        await pause(0.01)

    def _run(self) -> None:
        self._task = self._loop.create_task(self._tail.follow())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self.error = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(PATIENCE)

    def ended(self) -> Exception | None:
        """How it ended by itself."""
        self._thread.join(PATIENCE)
        return self.error


@contextmanager
def following(wanted: Wanted) -> Iterator[Followed]:
    followed = Followed(wanted)
    followed.start()
    try:
        yield followed
    finally:
        followed.stop()


def test_each_exchange_is_shown_when_it_has_ended(emulator: Emulated) -> None:
    client = caller(emulator)
    client.get("/models")
    emulator.exchanges(1)
    with following(Wanted(emulator.origin)) as followed:
        until(lambda: len(followed.rows) == 1)
        stalled = {"X-Emulator-Fault": "stall_after; events=2"}
        with client.stream("POST", "/messages", json=asking(stream=True), headers=stalled) as answer:
            pieces = answer.iter_raw()  # kept: without it the response is closed
            next(pieces)
            caller(emulator).get("/nowhere")
            until(lambda: len(followed.rows) == 2)
        until(lambda: len(followed.rows) == 3)
    assert [(row.path, row.outcome) for row in followed.rows[1:]] == [
        ("/v2/nowhere", "complete"),
        ("/v2/messages", "left"),
    ]
    assert followed.notices == []


def test_filter_and_last_choose_what_is_shown(emulator: Emulated) -> None:
    for path in ("/nowhere", "/models", "/nowhere", "/nowhere"):
        caller(emulator).get(path)
    emulator.exchanges(4)
    with following(Wanted(emulator.origin, filter="status: 404", last=3)) as followed:
        until(lambda: len(followed.rows) == 2)
        caller(emulator).get("/models")
        caller(emulator).get("/nowhere")
        until(lambda: len(followed.rows) == 3)
    assert {row.status for row in followed.rows} == {404}


def test_a_deleted_world_ends_it(emulator: Emulated, control: loopback.Client) -> None:
    control.put("/worlds/short", json={}).raise_for_status()
    with following(Wanted(emulator.origin, world="short")) as followed:
        caller(emulator).get("/models", headers={"X-Emulator-World": "short"})
        until(lambda: followed.rows)
        control.delete("/worlds/short").raise_for_status()
        assert isinstance(followed.ended(), WorldGone)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted("", filter="statuss: 500"), "filter:1:1: unknown name 'statuss'; "),
        (Wanted("", world="chekout"), "there is no world 'chekout'; "),
    ],
)
def test_a_refusal_ends_it(emulator: Emulated, wanted: Wanted, message: str) -> None:
    with following(Wanted(emulator.origin, wanted.world, wanted.filter)) as followed:
        error = followed.ended()
    assert isinstance(error, ConfigError)
    assert str(error).startswith(message)


def row(place: int, outcome: str = "complete") -> dict[str, object]:
    shown = {"number": place, "at": 0.0, "method": "GET", "path": "/", "status": 200, "outcome": outcome, "took": 0.0}
    return {"place": place, **shown}


def batch(id: str, *rows: dict[str, object], **more: object) -> bytes:
    data = {"exchanges": rows, "place": 0, "dropped": 0, **more}
    return f": ping\n\nid: {id}\nevent: exchanges\ndata: {json.dumps(data)}\n\n".encode()


@contextmanager
def scripted(answers: Sequence[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that sends one of these to each connection and closes it; the last one stays open. Its URL, and the
    requests that came."""
    heads: list[bytes] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    heads.append(connection.recv(65_536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + answer)
                    if answer is answers[-1]:
                        done.wait(PATIENCE)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heads
        done.set()
        thread.join(PATIENCE)


def test_after_a_break_it_goes_on_behind_the_last_event_and_shows_nothing_twice() -> None:
    answers = [
        batch("0f1e2d3c.2", row(1), row(2, "open")),
        batch("0f1e2d3c.3", row(1), row(2), row(3), missed=4),
        batch("11111111.1", row(1), reset=True),
    ]
    with scripted(answers) as (url, heads), following(Wanted(url, last=7, token="secret-token")) as followed:
        until(lambda: len(followed.rows) == 4)
    assert [each.place for each in followed.rows] == [1, 2, 3, 1]
    assert b"last-event-id" not in heads[0].lower()
    assert b"GET /_emulator/exchanges/stream?last=7&filter= " in heads[0]
    assert b"Bearer secret-token" in heads[0]
    assert b"Last-Event-ID: 0f1e2d3c.2\r\n" in heads[1]
    assert b"Last-Event-ID: 0f1e2d3c.3\r\n" in heads[2]
    lost, back, missed, again, _, anew = followed.notices
    assert lost == again == f"lost the emulator at {url} (it ended the stream); trying again"
    assert (back, missed) == (
        f"connected to {url}",
        "4 exchanges were dropped by the journal before they could be shown",
    )
    assert anew == "the journal begins anew"


def test_it_waits_for_a_server_that_is_not_there_yet_longer_each_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with following(Wanted(url)) as followed:
        until(lambda: len(followed.waits) > 5)
    (notice,) = followed.notices
    assert notice.startswith(f"no emulator answers at {url} (")
    assert followed.waits[:6] == [0.5, 1.0, 2.0, 5.0, 5.0, 5.0]


def read(*chunks: bytes) -> list[Event]:
    async def pieces() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def gather() -> list[Event]:
        return [event async for event in events(pieces())]

    return asyncio.run(gather())


def test_events_are_read_however_they_are_cut() -> None:
    whole = 'id: a.1\nevent: exchanges\ndata: {"x": "\u2028\x85\x0c"}\n\n: ping\n\n'.encode()
    expected = [Event("a.1", "exchanges", '{"x": "\u2028\x85\x0c"}'.encode())]
    assert read(whole) == expected
    assert read(*(whole[at : at + 1] for at in range(len(whole)))) == expected
    assert read(whole[:-12]) == []


@pytest.mark.parametrize(
    ("body", "filter", "said"),
    [
        (b'{"error": {"message": "no", "hint": "yes"}}', "", "no\nhint: yes"),
        (
            b'{"error": {"message": "m", "complaints": [{"file": "filter", "line": 2, "column": 3, "message": "no"}]}}',
            "a: 1\nb: 2",
            "filter:2:3: no\n  b: 2\n    ^",
        ),
        (b"<html>", "", "the server answers 500; is it an emulator of this version?"),
        (b'{"error": []}', "", "the server answers 500; is it an emulator of this version?"),
    ],
)
def test_a_refusal_shows_what_is_wrong_and_where(body: bytes, filter: str, said: str) -> None:
    assert refusal(500, body, filter) == said
