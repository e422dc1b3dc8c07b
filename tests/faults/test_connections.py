"""A connection that is closed unannounced. What `refuse` does to a port is in tests/server/test_ports.py."""

from __future__ import annotations

import httpx
import pytest
import requests

from emulator.faults import FAULTS
from emulator.faults.connections import Refuse
from tests import loopback
from tests.faults.conftest import BODY, HELLO, Faulty, assert_silent, complaint, drain
from tests.library import STORY, Library, api
from tests.small import KEY
from tests.waiting import until


@pytest.mark.parametrize(("target", "body"), [("POST /one", BODY), ("GET /hello", HELLO)])
def test_an_idle_connection_is_closed_unannounced(anywhere: Faulty, target: str, body: bytes) -> None:
    with anywhere.wire() as wire:
        wire.send(anywhere.asks("idle_close", target))
        answer = wire.answer()
        assert (answer.body, answer.header("connection")) == (body, None)
        assert_silent(wire)
        anywhere.emulated.advance(0.2)
        assert drain(wire) == (b"", "closed")
    assert [(each.outcome, each.faults) for each in anywhere.emulated.exchanges(1)] == [("complete", ("idle_close",))]


def test_each_response_begins_the_silence_anew(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        for fault in ("idle_close; after=10s", None, "bandwidth; rate=1MB/s"):
            wire.send(faulty.asks(fault))
            faulty.emulated.advance(9)
            assert wire.answer().body == BODY
        assert_silent(wire)
        faulty.emulated.advance(2)  # the silence began while the slow response was sent, within the last advance
        assert drain(wire) == (b"", "closed")


def test_a_response_that_is_under_way_is_not_silence(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        wire.send(faulty.asks("idle_close; after=1s"))
        assert wire.answer().body == BODY
        wire.send(faulty.asks("latency=5s"))
        faulty.arrived(2)
        faulty.emulated.advance(5)
        assert wire.answer().body == BODY


def test_a_connection_is_closed_while_the_next_request_is_on_its_way(anywhere: Faulty) -> None:
    with anywhere.wire() as wire:
        wire.send(anywhere.asks("idle_close; at=next"))
        assert wire.answer().body == BODY
        anywhere.emulated.advance(60)
        assert_silent(wire)
        wire.send(anywhere.asks(None))
        assert drain(wire)[0] == b""
    assert len(anywhere.emulated.exchanges(1)) == 1


def test_a_connection_that_ends_anyway_ends_as_it_would(faulty: Faulty) -> None:
    received, end = faulty.everything("idle_close; at=next")
    assert (received.endswith(BODY), b"connection: close" in received, end) == (True, True, "closed")


def test_a_client_that_leaves_leaves_nothing_to_wait_for(faulty: Faulty) -> None:
    for fault in ("idle_close=60s", "idle_close; at=next"):
        with faulty.wire() as wire:
            wire.send(faulty.asks(fault))
            assert wire.answer().body == BODY
    until(lambda: not faulty.emulated.clock.pending())


def test_a_pool_of_httpx_meets_the_dead_connection(faulty: Faulty) -> None:
    with loopback.Client(base_url=faulty.emulated.origin, headers=KEY) as client:
        assert client.post("/one", headers={"X-Emulator-Fault": "idle_close; at=next"}).content == BODY
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/one")
        assert client.post("/one").content == BODY


def test_a_pool_of_requests_meets_the_dead_connection(faulty: Faulty) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update(KEY)
        url = f"{faulty.emulated.origin}/one"
        assert session.post(url, headers={"X-Emulator-Fault": "idle_close; at=next"}).content == BODY
        with pytest.raises(requests.ConnectionError):
            session.post(url)
        assert session.post(url).content == BODY


def test_a_pool_that_looks_before_it_sends_opens_another_connection(faulty: Faulty) -> None:
    with loopback.Client(base_url=faulty.emulated.origin, headers=KEY) as client:
        client.post("/one", headers={"X-Emulator-Fault": "idle_close"})
        faulty.emulated.advance(0.2)
        (first,) = faulty.emulated.exchanges(1)
        until(lambda: first.peer.closed < float("inf"))
        assert client.post("/one").content == BODY
    one, other = faulty.emulated.exchanges(2)
    assert one.peer != other.peer


def test_silence_and_the_next_request_exclude_each_other() -> None:
    assert "either `after` so much silence, or `at: next`" in complaint("idle_close", {"after": "1s", "at": "next"})
    assert "'last' is not allowed" in complaint("idle_close", {"at": "last"})


@pytest.mark.bound("outage of the fault `refuse`")
def test_a_port_is_refused_for_ten_minutes_at_most() -> None:
    assert FAULTS.make("refuse", "10m") == Refuse(600.0)
    for lasts in ("601s", "30d"):
        assert f"lasts: expected a duration such as '340ms', at most '10m'; found '{lasts}'" in complaint(
            "refuse", lasts
        )


def test_a_scenario_may_refuse_a_port_for_as_long(library: Library) -> None:
    library.load(api=api(), story=STORY + "rules: [{on: echo.create, fault: {refuse: 10m}}]")
    (told,) = library.refused(api=api(), story=STORY + "rules: [{on: echo.create, fault: {«refuse: 11m}}]")
    assert "at most '10m'" in told
