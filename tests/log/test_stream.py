"""The exchanges of a world as server-sent events, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from emulator.control.app import Control
from emulator.control.routes import TABLE
from tests import loopback
from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated, Running
from tests.waiting import PATIENCE, until

STREAM = "/exchanges/stream"
SECRET = "a-token-for-tests"


class Events:
    """The events of an open stream, one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        self.id = ""

    def next(self) -> tuple[str, Any]:
        """The name and the data of the next event."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and "data" in fields:
                self.id = fields["id"]
                return fields["event"], json.loads(fields["data"])
            name, _, value = line.partition(": ")
            fields[name] = value
        raise AssertionError("the stream has ended")

    def row(self) -> Any:
        """The one row of the next batch that has any."""
        while not (rows := self.next()[1]["exchanges"]):
            pass
        (row,) = rows
        return row

    def ended(self) -> bool:
        return not any(self._lines)


@contextmanager
def stream(control: httpx.Client, query: str = "", **headers: str) -> Iterator[Events]:
    with control.stream("GET", f"{STREAM}{query}", headers=headers) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Events(response)


def test_each_exchange_is_sent_when_it_happens(emulator: Emulated, control: httpx.Client) -> None:
    with stream(control) as events:
        assert events.next() == ("exchanges", {"exchanges": [], "place": 0, "dropped": 0})
        caller(emulator).post("/messages", json=asking())
        row = events.row()
        assert (row["operation"], row["status"], row["outcome"]) == ("messages.create", 200, "complete")
        assert events.id.endswith(".1")


def test_a_paced_stream_appears_open_and_is_updated_when_it_ends(emulator: Emulated, control: httpx.Client) -> None:
    with stream(control) as events:
        fault = {"X-Emulator-Fault": "stall_after; events=2; lasts=60s"}
        with caller(emulator).stream("POST", "/messages", json=asking(stream=True), headers=fault):
            assert events.row()["outcome"] == "open"
        row = events.row()
        assert (row["outcome"], row["events_sent"]) == ("left", 2)
        assert row["events"] > 2


@pytest.mark.one_worker("several processes leave some numbers out")
def test_after_a_break_it_goes_on_where_it_was(emulator: Emulated, control: httpx.Client) -> None:
    with stream(control, "?count=1") as events:
        events.next()
        assert events.ended()
    for _ in range(2):
        caller(emulator).get("/models")
    emulator.exchanges(2)
    for query, headers in ((f"?after={events.id}", {}), ("", {"Last-Event-ID": events.id}), ("?after=0", {})):
        with stream(control, query, **headers) as again:
            assert [row["number"] for row in again.next()[1]["exchanges"]] == [1, 2]
    with stream(control, "?after=0", **{"Last-Event-ID": again.id}) as last:
        assert last.next()[1]["exchanges"] == []  # the header goes before the query, which a browser sends again


def test_it_is_filtered_by_the_server(emulator: Emulated, control: httpx.Client) -> None:
    with stream(control, "?filter=status:+%7Bgte:+400%7D") as events:
        events.next()
        caller(emulator).get("/models")
        caller(emulator).get("/nowhere")
        assert events.row()["path"] == "/v2/nowhere"


@pytest.mark.parametrize("path", [STREAM, "/exchanges"])
def test_a_wrong_filter_is_400_with_its_place_and_a_cure(control: httpx.Client, path: str) -> None:
    answer = control.get(path, params={"filter": "outcome: cut\nstatuss: 500"})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["message"].startswith("query.filter:2:1: unknown name 'statuss'; ")
    assert error["message"].endswith("did you mean 'status'?")
    assert "`status: {gte: 400}`" in error["hint"]
    (complaint,) = error["complaints"]
    assert (complaint["file"], complaint["line"], complaint["column"]) == ("filter", 2, 1)


def test_exchanges_are_filtered_by_the_same_text(emulator: Emulated, control: httpx.Client) -> None:
    caller(emulator).get("/models")
    caller(emulator).get("/nowhere")
    emulator.exchanges(2)
    found = control.get("/exchanges", params={"filter": "{{ status >= 400 }}"}).json()
    assert [each["path"] for each in found["exchanges"]] == ["/v2/nowhere"]
    assert control.get("/exchanges", params={"filter": "status: 404", "status": 200}).json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "headers", "message"),
    [
        ("?after=yesterday", {}, "query.after: expected the id of an event, such as 0f1e2d3c.42, or a place"),
        ("", {"Last-Event-ID": "x"}, "Last-Event-ID: expected the id of an event"),
        ("?last=-1", {}, "query.last: expected a whole number"),
        ("?count=0", {}, "query.count: expected a whole number from 1"),
    ],
)
def test_a_wrong_query_is_400(control: httpx.Client, query: str, headers: dict[str, str], message: str) -> None:
    answer = control.get(f"{STREAM}{query}", headers=headers)
    assert (answer.status_code, answer.json()["error"]["message"][: len(message)]) == (400, message)


def test_what_the_journal_dropped_meanwhile_is_counted(running: Running) -> None:
    emulator = Emulated(running, ("default",), settings=replace(running.settings, journal_entries=2))
    emulator.journal.entries = 2
    with loopback.Client(base_url=f"{emulator.origin}/_emulator", timeout=PATIENCE) as control:
        with stream(control, "?count=1") as events:
            events.next()
        for _ in range(5):
            caller(emulator).get("/models")
        until(lambda: emulator.journal.seen == 5)
        with stream(control, f"?after={events.id}") as events:
            batch = events.next()[1]
    assert (batch["missed"], batch["dropped"], [row["place"] for row in batch["exchanges"]]) == (3, 3, [4, 5])
    emulator.close()


def test_a_reset_begins_anew_and_a_deleted_world_ends_the_stream(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/worlds/short", json={}).raise_for_status()
    at = {"X-Emulator-World": "short"}
    with stream(control, **at) as events:
        events.next()
        caller(emulator).get("/models", headers=at)
        events.row()
        with loopback.Client(base_url=control.base_url, timeout=PATIENCE) as other:
            other.post("/reset", headers=at).raise_for_status()
            assert events.next()[1]["reset"]
            other.delete("/worlds/short").raise_for_status()
        assert events.next()[0] == "ended"
        assert events.ended()


def test_who_leaves_leaves_nothing_behind(emulator: Emulated, control: httpx.Client) -> None:
    with stream(control) as events:
        events.next()
        until(lambda: emulator.watchers() == 1)
    until(lambda: not emulator.watchers() and not emulator.attending())


@pytest.mark.one_worker("each process counts those who wait there")
def test_not_everybody_can_follow_at_once(emulator: Emulated, control: httpx.Client) -> None:
    emulator.app.control = Control(emulator.app, TABLE, max_waiting=1)
    with stream(control) as events:
        events.next()
        with loopback.Client(base_url=control.base_url, timeout=PATIENCE) as other:
            answer = other.get(STREAM)
    assert answer.status_code == 409
    assert "1 requests wait in the world 'default' already" in answer.json()["error"]["message"]


def test_it_is_behind_the_token(running: Running) -> None:
    emulator = Emulated(running, ("default",), settings=replace(running.settings, control_token=SECRET))
    with loopback.Client(base_url=f"{emulator.origin}/_emulator", timeout=PATIENCE) as control:
        assert control.get(STREAM).status_code == 403
        with stream(control, Authorization=f"Bearer {SECRET}") as events:
            assert events.next()[0] == "exchanges"
    emulator.close()


def test_hostile_text_stays_one_event(emulator: Emulated, control: httpx.Client) -> None:
    caller(emulator).get("/%0Adata:%20x%0D%0Aid:%209%0A%0A\u202e%1B[31m")
    emulator.exchanges(1)
    with stream(control) as events:
        assert events.row()["path"].startswith("/v2/\ndata: x\r\nid: 9\n\n\u202e\x1b[31m")
