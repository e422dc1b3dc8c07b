"""HTTP/1.1 as RFC 9110 and RFC 9112 have it, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from emulator.engine.body import open_request
from tests.running import Emulated, Running
from tests.small import KEY, play
from tests.wire import Wire, request

OPERATIONS = """
echo:
  route: POST /echo
  request: {type: object}
  rules: [{reply: {body: "{{ body }}"}}]
where:
  route: GET /where
  rules: [{reply: {body: {url: "{{ absolute('/poll') }}", origin: "{{ request.origin }}"}}}]
flow:
  route: GET /flow
  rules: [{reply: {stream: {events: [{data: one}, {data: two}], pace: {first: 0s, each: 60s}}}}]
burst:
  route: GET /burst
  rules: [{reply: {stream: {events: [{data: one}, {data: two}]}}}]
fine:
  route: GET /fine
  rules: [{reply: {body: {fine: true}}}]
"""
TOKEN = "a-token-for-tests"
HEADERS = [*KEY.items(), ("content-type", "application/json")]


@pytest.fixture(scope="module")
def emulated(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    emulated = play(running, tmp_path_factory.mktemp("conformance"), OPERATIONS)
    yield emulated
    emulated.close()


@pytest.fixture
def wire(emulated: Emulated) -> Iterator[Wire]:
    emulated.play()
    emulated.forget()
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


# ------------------------------------------------------------------ trailers

TRAILERS = b"X-Emulator-Fault: status; status=503\r\nX-Key: key-of-bob\r\n"
WITH_TRAILERS = request("POST", "/echo", [*HEADERS, ("transfer-encoding", "chunked")]) + (
    b'7\r\n{"n":1}\r\n0\r\n' + TRAILERS + b"\r\n"
)


@pytest.mark.finding("A3")
@pytest.mark.parametrize("size", [1, 7, 40, 10_000])
def test_trailers_never_become_headers_wherever_the_request_is_cut(wire: Wire, emulated: Emulated, size: int) -> None:
    for at in range(0, len(WITH_TRAILERS), size):
        wire.send(WITH_TRAILERS[at : at + size])
    answer = wire.answer()
    assert (answer.status, answer.json()) == (200, {"n": 1})
    (exchange,) = emulated.exchanges(1)
    assert exchange.workspace == "ann"
    assert [name for name, _ in exchange.headers] == [b"host", b"x-key", b"content-type", b"transfer-encoding"]


@pytest.mark.finding("A3")
def test_a_key_in_a_trailer_is_no_key(wire: Wire) -> None:
    raw = request("POST", "/echo", [HEADERS[-1], ("transfer-encoding", "chunked")])
    wire.send(raw + b"2\r\n{}\r\n")
    wire.send(b"0\r\nX-Key: key-of-ann\r\n\r\n")
    assert wire.answer().status == 401


@pytest.mark.bound("extensions and trailers of a chunked body")
@pytest.mark.finding("A3")
@pytest.mark.parametrize("line", [b"X-N: y\r\n", b"X" * 60_000], ids=["many", "long"])
def test_trailers_without_end_are_cut_off(wire: Wire, emulated: Emulated, line: bytes) -> None:
    wire.send(request("POST", "/echo", [*HEADERS, ("transfer-encoding", "chunked")]) + b"2\r\n{}\r\n0\r\n")
    try:
        for _ in range(100):
            wire.send(line * (60_000 // len(line)))
        assert wire.answer().status == 400
    except ConnectionError:
        pass  # the server was done with it before all was sent
    assert emulated.client("small", headers=KEY).get("/fine").status_code == 200


@pytest.mark.bound("extensions and trailers of a chunked body")
@pytest.mark.finding("A3")
@pytest.mark.parametrize("begun", [b"", b"2\r\n{}\r\n"], ids=["first", "later"])
def test_an_extension_of_a_chunk_without_end_is_cut_off(wire: Wire, emulated: Emulated, begun: bytes) -> None:
    wire.send(request("POST", "/echo", [*HEADERS, ("transfer-encoding", "chunked")]) + begun + b"2;x=")
    try:
        for _ in range(100):
            wire.send(b"y" * 60_000)
        assert wire.answer().status == 400
    except ConnectionError:
        pass  # the server was done with it before all was sent
    assert emulated.client("small", headers=KEY).get("/fine").status_code == 200


@pytest.mark.finding("A3")
def test_chunks_that_are_cut_after_their_sizes_are_no_trailers(wire: Wire, emulated: Emulated) -> None:
    chunk = b"x" * 50_000
    wire.send(request("POST", "/echo", [*HEADERS, ("transfer-encoding", "chunked")]) + b'6\r\n{"a":"\r\nc350')
    for _ in range(9):
        wire.send(b"\r\n")
        wire.send(chunk + b"\r\nc350")
    wire.send(b"\r\n" + chunk + b'\r\n2\r\n"}\r\n0\r\n\r\n')
    assert len(wire.answer().json()["a"]) == 500_000


# ------------------------------------------------------------------ Host


def bare(*lines: bytes, version: bytes = b"1.1") -> bytes:
    return b"\r\n".join([b"GET /fine HTTP/" + version, b"X-Key: key-of-ann", *lines, b"", b""])


@pytest.mark.finding("A5")
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize(
    "lines",
    [
        [b"Host: a", b"Host: a"],
        [b"Host: localhost", b"Host: evil.test"],
        [b"Host: a b"],
        [b"Host: a, b"],
        [b"Host: a:b"],
        [b"Host: a:123456"],
        [b"Host: a:65536"],
        [b"Host: user@a"],
        [b"Host: a/b"],
        [b"Host: http://a"],
        [b"Host: [::1"],
        [b"Host: ::1"],
        [b"Host: caf\xc3\xa9"],
    ],
)
def test_a_host_that_is_there_twice_or_malformed_is_400(
    wire: Wire, emulated: Emulated, version: bytes, lines: list[bytes]
) -> None:
    wire.send(bare(*lines, version=version))
    answer = wire.answer()
    assert (answer.status, answer.header("connection"), b"Host header" in answer.body) == (400, "close", True)
    assert wire.ended
    assert len(emulated.journal) == 0


@pytest.mark.finding("A5")
@pytest.mark.parametrize("target", [b"/fine", b"/_emulator/health", b"http://localhost/fine"])
def test_http_1_1_needs_a_host(wire: Wire, target: bytes) -> None:
    wire.send(bare().replace(b"/fine", target))
    assert wire.answer().status == 400


@pytest.mark.finding("A5")
def test_http_1_0_needs_no_host(wire: Wire) -> None:
    wire.send(bare(version=b"1.0"))
    assert wire.answer().json() == {"fine": True}


@pytest.mark.finding("A5")
@pytest.mark.parametrize("host", [b"", b"a_b", b"a.b:", b"[::1]:8484", b"127.0.0.1:1", b"%41.test", b"A.B."])
def test_a_host_is_a_name_or_an_address_perhaps_with_a_port(wire: Wire, host: bytes) -> None:
    wire.send(bare(b"Host: " + host))
    assert wire.answer().json() == {"fine": True}


@pytest.mark.finding("A5")
@pytest.mark.parametrize(
    ("headers", "origin", "host"),
    [
        ([], "http://[::1]:8484", "::1"),
        ([(b"host", b"[::1]:9000")], "http://[::1]:9000", "::1"),
        ([(b"host", b"Emulator.Test.:9000")], "http://Emulator.Test.:9000", "emulator.test"),
    ],
)
def test_an_ipv6_address_stands_in_brackets_in_urls(headers: list[tuple[bytes, bytes]], origin: str, host: str) -> None:
    scope = {"method": "GET", "path": "/", "query_string": b"", "headers": headers, "scheme": "http"}
    request = open_request({**scope, "server": ("::1", 8484)})
    assert (request.origin, request.host) == (origin, host)


# ------------------------------------------------------------------ HTTP/1.0

EVENTS = [b'data: "one"\n\n', b'data: "two"\n\n']


@pytest.mark.finding("A6")
@pytest.mark.parametrize("more", [[], [("Connection", "keep-alive")]], ids=["closing", "keep-alive"])
@pytest.mark.parametrize("path", ["/burst", "/flow"])
def test_a_stream_to_http_1_0_has_no_chunks_and_ends_with_the_connection(
    wire: Wire, emulated: Emulated, path: str, more: list[tuple[str, str]]
) -> None:
    wire.send(request("GET", path, [*KEY.items(), *more]).replace(b"HTTP/1.1", b"HTTP/1.0"))
    status, headers = wire.head()
    named = dict(headers)
    assert (status, named["connection"], named["content-type"]) == (200, "close", "text/event-stream")
    assert not {"transfer-encoding", "content-length"} & set(named)
    assert wire.read(len(EVENTS[0])) == EVENTS[0]
    if path == "/flow":
        emulated.advance(60)
    assert wire.read(len(EVENTS[1])) == EVENTS[1]
    assert wire.ended
    (exchange,) = emulated.exchanges(1)
    assert (exchange.outcome, exchange.sent_events, exchange.sent_bytes) == ("complete", 2, sum(map(len, EVENTS)))


@pytest.mark.finding("A6")
@pytest.mark.parametrize("path", ["/burst", "/flow"])
def test_the_head_of_a_stream_to_http_1_0_has_no_chunks(wire: Wire, path: str) -> None:
    wire.send(request("HEAD", path, KEY.items()).replace(b"HTTP/1.1", b"HTTP/1.0"))
    status, headers = wire.head()
    assert (status, dict(headers).get("transfer-encoding")) == (200, None)
    assert wire.ended


@pytest.mark.finding("A6")
def test_a_whole_body_to_http_1_0_has_a_length(wire: Wire) -> None:
    wire.send(request("GET", "/fine", KEY.items()).replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert wire.answer().json() == {"fine": True}
    assert wire.ended


# ------------------------------------------------------------------ URLs in responses


PUBLIC = "https://ai.test/emulator"


@pytest.fixture
def reached(request: pytest.FixtureRequest, running: Running, tmp_path: Path) -> Iterator[Wire]:
    """A connection to a server that emulates emulator.test, and perhaps has a public URL."""
    settings = replace(
        running.settings, intercept_hosts=("emulator.test",), public_url=request.param, control_token=TOKEN
    )
    emulated = play(running, tmp_path, OPERATIONS, settings=settings)
    with Wire(running.port) as wire:
        yield wire
    emulated.close()


def where(wire: Wire, target: str, chunked: bool) -> object:
    """Returns the URLs of a response; a request in chunks that arrives in two parts goes through ASGI."""
    forged = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test"), ("Forwarded", "host=evil.test")]
    wire.send(request("GET", target, [*KEY.items(), *forged, *([("Transfer-Encoding", "chunked")] if chunked else [])]))
    if chunked:
        wire.send(b"0\r\n\r\n")
    return wire.answer().json()


@pytest.mark.finding("A7")
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("reached", [""], indirect=True)
@pytest.mark.parametrize(
    ("target", "origin"),
    [
        ("/where", "http://emulator.test"),
        ("http://emulator.test/where", "http://emulator.test"),
        ("https://emulator.test/where", "https://emulator.test"),
        ("HTTPS://Emulator.test:443/where", "https://Emulator.test:443"),
    ],
)
def test_urls_have_the_scheme_and_the_host_that_the_client_used(
    reached: Wire, target: str, origin: str, chunked: bool
) -> None:
    assert where(reached, target, chunked) == {"url": f"{origin}/poll", "origin": origin}


@pytest.mark.finding("A7")
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("reached", [PUBLIC], indirect=True)
@pytest.mark.parametrize("target", ["/where", "https://emulator.test/where"])
def test_urls_begin_with_the_public_url(reached: Wire, target: str, chunked: bool) -> None:
    assert where(reached, target, chunked) == {"url": f"{PUBLIC}/poll", "origin": PUBLIC}


@pytest.mark.finding("A7")
@pytest.mark.parametrize("reached", [PUBLIC], indirect=True)
@pytest.mark.parametrize("path", ["/", "/_emulator/apis", "/_emulator/openapi.json"])
def test_urls_of_the_emulator_itself_begin_with_the_public_url(reached: Wire, path: str) -> None:
    answer = reached.ask("GET", path, [("Host", "localhost"), ("Authorization", f"Bearer {TOKEN}")])
    assert f'"{PUBLIC}'.encode() in answer.body
    assert b"http://localhost" not in answer.body
