"""HTTP/1.1 as RFC 9110 and RFC 9112 have it, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import Emulated, Running
from tests.small import KEY, play
from tests.wire import Wire, request

OPERATIONS = """
echo:
  route: POST /echo
  request: {type: object}
  rules: [{reply: {body: "{{ body }}"}}]
fine:
  route: GET /fine
  rules: [{reply: {body: {fine: true}}}]
"""
HEADERS = [*KEY.items(), ("content-type", "application/json")]


@pytest.fixture(scope="module")
def emulated(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    emulated = play(running, tmp_path_factory.mktemp("conformance"), OPERATIONS)
    yield emulated
    emulated.close()


@pytest.fixture
def wire(emulated: Emulated) -> Iterator[Wire]:
    emulated.play()
    emulated.journal.clear()
    with Wire(emulated.running.port) as connected:
        yield connected


# ------------------------------------------------------------------ upgrades

H2C = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAEAAEAAAAIAAAABAAMAAABkAAQ")]
WEBSOCKET = [("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
CHUNKED = request("POST", "/echo", [*HEADERS, *H2C, ("transfer-encoding", "chunked")]) + b'7\r\n{"n":1}\r\n0\r\n\r\n'


@pytest.mark.finding("A1")
@pytest.mark.parametrize("offer", [H2C, WEBSOCKET], ids=["h2c", "websocket"])
def test_an_offer_to_upgrade_is_ignored_and_the_body_is_read(
    wire: Wire, emulated: Emulated, offer: list[tuple[str, str]]
) -> None:
    answer = wire.ask("POST", "/echo", [*HEADERS, *offer], b'{"n":1}')
    assert (answer.status, answer.json()) == (200, {"n": 1})
    (exchange,) = emulated.exchanges(1)
    assert (b"upgrade", offer[1][1].encode()) in exchange.headers
    assert [name for name, _ in exchange.headers].count(b"host") == 1


@pytest.mark.finding("A1")
@pytest.mark.parametrize(
    "raw", [request("POST", "/echo", [*HEADERS, *H2C], b'{"n":1}'), CHUNKED], ids=["length", "chunked"]
)
def test_requests_pipelined_behind_an_offer_to_upgrade_are_answered(wire: Wire, raw: bytes) -> None:
    wire.send(raw + request("GET", "/fine", HEADERS) + raw + request("GET", "/fine", [*HEADERS, *H2C]))
    assert [wire.answer().json() for _ in range(4)] == [{"n": 1}, {"fine": True}, {"n": 1}, {"fine": True}]


@pytest.mark.finding("A1")
def test_a_request_that_offers_to_upgrade_may_come_byte_by_byte(wire: Wire) -> None:
    for at in range(len(CHUNKED)):
        wire.send(CHUNKED[at : at + 1])
    assert wire.answer().json() == {"n": 1}


@pytest.mark.finding("A1")
def test_a_large_body_behind_an_offer_to_upgrade_is_read(wire: Wire) -> None:
    large = b'{"a":"' + b"x" * 200_000 + b'"}'
    assert wire.ask("POST", "/echo", [*HEADERS, *H2C], large).body == large


@pytest.mark.finding("A1")
def test_thousands_of_pipelined_offers_to_upgrade_are_answered(wire: Wire) -> None:
    wire.send(request("GET", "/nowhere", H2C) * 2_000)
    assert {wire.answer().status for _ in range(2_000)} == {404}


@pytest.mark.finding("A1")
def test_an_offer_to_upgrade_closes_the_connection_when_the_request_says_so(wire: Wire) -> None:
    answer = wire.ask("POST", "/echo", [*HEADERS, ("Connection", "close, Upgrade"), ("Upgrade", "h2c")], b'{"n":1}')
    assert (answer.status, answer.header("connection")) == (200, "close")
    assert wire.ended


@pytest.mark.finding("A1")
def test_the_control_api_ignores_an_offer_to_upgrade(wire: Wire) -> None:
    local = [("content-type", "application/json"), *H2C]
    raw = request("POST", "/_emulator/clock", local, b'{"freeze": true}').replace(b"emulator.test", b"localhost")
    wire.send(raw + raw)
    assert [wire.answer().status, wire.answer().status] == [200, 200]


# ------------------------------------------------------------------ what is no HTTP


@pytest.mark.finding("L6")
@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        request("POST", "/echo", HEADERS, b"{}").replace(b": 2", b": x"),
    ],
)
def test_what_is_no_http_is_refused_in_the_emulators_own_words(
    wire: Wire, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    wire.send(raw)
    answer = wire.answer()
    assert (answer.status, answer.header("connection")) == (400, "close")
    assert wire.ended
    assert {record.name for record in caplog.records} == {"emulator"}
    assert "uvicorn" not in caplog.text


@pytest.mark.finding("L6")
def test_an_offer_to_upgrade_is_nothing_to_warn_of(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    assert wire.ask("GET", "/fine", [*HEADERS, *WEBSOCKET]).status == 200
    assert caplog.records == []
