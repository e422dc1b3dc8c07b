"""Content codings: compressed bodies are decoded on every route; one that is not as its header says is refused."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from emulator.engine.coding import decode
from emulator.http.request import Request
from emulator.settings.options import Settings
from tests.apis.aiexport_calls import PRO
from tests.running import Emulated
from tests.small import KEY, Small
from tests.wire import Answer, Wire, request

ECHO = """
echo:
  route: POST /echo
  accept: [json, form, text]
  request: {type: object}
  rules: [{reply: {body: "{{ body }}"}}]
none:
  route: POST /none
  rules: [{reply: {body: {}}}]
"""
CAP = 100_000
zipped = partial(gzip.compress, mtime=0)
JSON = ("content-type", "application/json")
HEADERS = [*KEY.items(), JSON]
BODY = b'{"a":"' + b"\xc3\xa4" * 100 + b'"}'


def bare(raw: bytes) -> bytes:
    """The format of RFC 1951, which some clients call deflate."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(raw) + stream.flush()


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", zipped),
    ("GZip", zipped),
    ("x-gzip", zipped),
    ("deflate", zlib.compress),
    ("deflate", bare),
    ("deflate, gzip", lambda raw: zipped(zlib.compress(raw))),
    ("identity", bytes),
    ("", bytes),
    ("gzip", lambda raw: zipped(raw[:50]) + zipped(raw[50:]) + b"\0\0"),
]


@pytest.fixture
def small_echo(small: Small) -> Emulated:
    return small(ECHO, settings=Settings(reload=False, max_body=CAP))


@pytest.fixture
def wire(small_echo: Emulated) -> Iterator[Wire]:
    with Wire(small_echo.running.port) as connected:
        yield connected


def coded(coding: str) -> list[tuple[str, str]]:
    return [*HEADERS, ("Content-Encoding", coding)]


def refused(answer: Answer, status: int, words: str, about: str | None = "content-encoding") -> None:
    said = answer.json()
    assert (answer.status, said["about"]) == (status, about)
    assert words in said["said"]


@pytest.mark.finding("A2")
@pytest.mark.parametrize(("coding", "encode"), CODINGS)
def test_a_compressed_body_is_decoded_and_stands_decoded_in_the_journal(
    wire: Wire, small_echo: Emulated, coding: str, encode: Callable[[bytes], bytes]
) -> None:
    answer = wire.ask("POST", "/echo", coded(coding), encode(BODY))
    assert (answer.status, answer.body) == (200, BODY)
    (exchange,) = small_echo.exchanges(1)
    assert exchange.body == BODY
    assert (b"content-encoding", coding.encode()) in exchange.headers


@pytest.mark.finding("A2")
def test_a_compressed_body_in_chunks_and_a_large_one_are_decoded(wire: Wire) -> None:
    body = json.dumps({"a": "".join(chr(97 + at * at % 26) for at in range(CAP - 100))}).encode()
    raw = zipped(body)
    wire.send(request("POST", "/echo", [*coded("gzip"), ("transfer-encoding", "chunked")]))
    for at in range(0, len(raw), 70):
        wire.send(b"%x\r\n%b\r\n" % (len(raw[at : at + 70]), raw[at : at + 70]))
    wire.send(b"0\r\n\r\n")
    assert wire.answer().json() == json.loads(body)


@pytest.mark.finding("A2")
@pytest.mark.parametrize("path", ["/echo", "/none"])
@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "gzip gzip", "gzip, gzip, gzip", "*"])
def test_another_coding_is_415_and_says_which_are_accepted(wire: Wire, path: str, coding: str) -> None:
    answer = wire.ask("POST", path, coded(coding), b"anything")
    refused(answer, 415, f"content-encoding {coding!r} is not supported; expected gzip or deflate")
    assert answer.header("accept-encoding") == "gzip, deflate"
    assert wire.ask("POST", "/echo", HEADERS, b"{}").status == 200


@pytest.mark.bound("compression of a body")
@pytest.mark.finding("A2")
@pytest.mark.parametrize(
    ("coding", "raw"),
    [
        ("gzip", BODY),
        ("deflate", BODY),
        ("gzip", zlib.compress(BODY)),
        ("deflate", zipped(BODY)),
        ("gzip", zipped(BODY)[:-1]),
        ("gzip", zipped(BODY)[:-5] + b"12345"),
        ("gzip", zipped(BODY) + b"rest"),
        ("deflate", zlib.compress(BODY) + b"rest"),
        ("deflate", bare(BODY)[:-3]),
        ("deflate, gzip", zipped(BODY)),
        ("gzip", zipped(b"") * 1_001),
    ],
)
def test_a_body_that_is_not_as_its_header_says_is_400_and_names_the_header(wire: Wire, coding: str, raw: bytes) -> None:
    refused(wire.ask("POST", "/echo", coded(coding), raw), 400, f"content-encoding is {coding!r}, but the body is not")


@pytest.mark.bound("body")
@pytest.mark.finding("A2")
@pytest.mark.parametrize(
    ("coding", "make"),
    [
        ("gzip", lambda: zipped(bytes(50_000_000))),
        ("deflate", lambda: zlib.compress(bytes(50_000_000))),
        ("gzip, gzip", lambda: zipped(zipped(bytes(50_000_000)))),
        ("gzip", lambda: zipped(bytes(CAP - 1)) + zipped(bytes(2))),
    ],
)
def test_a_body_that_grows_beyond_the_cap_is_413(wire: Wire, coding: str, make: Callable[[], bytes]) -> None:
    bomb = make()  # here, as it takes long and every process that runs tests collects this one
    assert len(bomb) < CAP
    refused(wire.ask("POST", "/echo", coded(coding), bomb), 413, "larger than 100,000 bytes", about=None)
    assert wire.ask("POST", "/echo", coded("gzip"), zipped(b'"' + b"x" * (CAP - 2) + b'"')).status == 400
    assert wire.ask("POST", "/echo", HEADERS, b"{}").status == 200


@pytest.mark.finding("A9")
def test_members_of_a_gzip_body_cost_no_more_the_more_bytes_follow_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    make = zlib.decompressobj

    class Decompressor:
        """Notes how much it is given: what follows the end of its stream is copied, once for each member."""

        def __init__(self, wbits: int) -> None:
            self._inner = make(wbits)

        def decompress(self, raw: bytes, most: int) -> bytes:
            given.append(len(raw))
            return self._inner.decompress(raw, most)

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

    monkeypatch.setattr("emulator.engine.coding.zlib.decompressobj", Decompressor)
    last = zipped(bytes(range(256)) * 8_000, compresslevel=0)
    raw = zipped(b"") * 900 + last + bytes(100)
    coded = Request("POST", "/", "", {b"content-encoding": b"gzip"}, "", "http", "", raw, "")
    assert decode(coded, 64 * 2**20) == bytes(range(256)) * 8_000
    assert sum(given) < 900 * 100_000 + len(raw)  # not 900 * len(raw)


@pytest.mark.finding("A2")
def test_no_body_is_in_any_coding(wire: Wire) -> None:
    assert wire.ask("POST", "/none", coded("gzip"), b"").status == 200


@pytest.mark.finding("A2")
@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"', "us-ascii"])
def test_a_body_in_utf_8_may_say_so(wire: Wire, charset: str) -> None:
    kind = f"application/json; version=1 ;Charset = {charset}"
    assert wire.ask("POST", "/echo", [*KEY.items(), ("content-type", kind)], BODY).body == BODY


@pytest.mark.finding("A2")
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", '"latin1"', ""])
def test_a_body_in_another_charset_is_400_and_names_the_header(wire: Wire, kind: str, charset: str) -> None:
    answer = wire.ask("POST", "/echo", [*KEY.items(), ("content-type", f"{kind}; charset={charset}")], b"{}")
    refused(answer, 400, "expected charset=utf-8", "content-type")


@pytest.mark.finding("A2")
@pytest.mark.parametrize("body", ['{"a":"ä"}'.encode("latin-1"), '{"a":1}'.encode("utf-16"), zipped(b"{}")])
def test_a_body_that_is_not_utf_8_is_told_so(wire: Wire, body: bytes) -> None:
    refused(wire.ask("POST", "/echo", HEADERS, body), 400, "the body is not UTF-8: byte ", None)


@pytest.mark.finding("A2")
def test_both_apis_read_a_compressed_message_and_refuse_brotli_in_their_own_shapes(emulator: Emulated) -> None:
    body = b'{"model":"apex-haiku-4-20250401","messages":[{"role":"user","content":"Hi"}]}'
    with Wire(emulator.running.port) as wire:
        answer = wire.ask("POST", "/v2/messages", [("x-api-key", PRO), *coded("gzip")[2:], JSON], zipped(body))
        assert (answer.status, answer.json()["type"]) == (200, "message")
        answer = wire.ask("POST", "/v2/messages", [("x-api-key", PRO), *coded("br")[2:], JSON], body)
        assert (answer.status, answer.json()["error"]["type"]) == (415, "invalid_request_error")
        answer = wire.ask("POST", "/v2/agents", [("x-api-key", PRO), *coded("br")[2:], JSON], body)
        assert (answer.status, answer.header("accept-encoding")) == (415, "gzip, deflate")


@pytest.mark.finding("A2")
def test_the_control_api_reads_compressed_bodies_and_refuses_the_same(emulator: Emulated) -> None:
    local = [JSON, ("host", "localhost")]
    with Wire(emulator.running.port) as wire:

        def ask(headers: list[tuple[str, str]], body: bytes) -> Answer:
            wire.send(request("POST", "/_emulator/clock", headers, body).replace(b"host: emulator.test\r\n", b""))
            return wire.answer()

        order = b'{"advance": 5}'
        assert ask([*local, ("content-encoding", "gzip")], zipped(order)).status == 200
        answer = ask([*local, ("content-encoding", "br")], order)
        assert (answer.status, answer.header("accept-encoding")) == (415, "gzip, deflate")
        answer = ask([*local, ("content-encoding", "gzip")], order)
        assert (answer.status, "content-encoding is 'gzip'" in answer.json()["error"]["message"]) == (400, True)
        answer = ask([*local, ("content-encoding", "gzip")], zipped(bytes(70_000_000)))
        assert (answer.status, answer.json()["error"]["message"]) == (413, "the body is larger than 1,048,576 bytes")
        answer = ask([("content-type", "application/json; charset=latin-1"), ("host", "localhost")], order)
        assert (answer.status, "expected charset=utf-8" in answer.json()["error"]["message"]) == (400, True)
