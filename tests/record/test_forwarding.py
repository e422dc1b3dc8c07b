"""Passing on: whatever an upstream does, the client sees it, and only what can be replayed is recorded."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from emulator.language.document.reader import read
from tests import loopback
from tests.studio import Raw, Stopwatch, Studio
from tests.waiting import PATIENCE, until
from tests.wire import Wire, request

pytestmark = [pytest.mark.slow, pytest.mark.measured]

KEY = {"X-API-Key": "axp_live_0123456789abcdef"}
EVENT = b'event: a\ndata: {"x":1}\n\n'


def answer(body: bytes = b"", status: str = "200 OK", *lines: str, length: int | None = None) -> bytes:
    head = [f"HTTP/1.1 {status}", "Connection: close", *lines]
    if length != -1:
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*head, "", ""]).encode() + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAM = answer(b"", "200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked", length=-1)


def fixed(*pieces: bytes) -> Raw:
    return Raw(lambda _: pieces)


def ask(base: str, method: str = "GET", path: str = "/status", **more: Any) -> httpx.Response:
    with loopback.Client(headers=KEY, timeout=PATIENCE) as client:
        return client.request(method, base + path, **more)


def recorded(studio: Studio) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = read(studio.out).data["rules"]
    return rules


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([answer(b"{", length=100)], "peer closed connection without sending complete message body"),
        ([STREAM.replace(b"event-stream", b"plain"), chunk(b"x")], "peer closed connection"),
        ([], "Server disconnected without sending a response."),
        ([b"SMTP ready\r\n\r\n"], "illegal status line"),
        ([answer(b"{}", "799 Odd")], "its status 799 is not valid in HTTP"),
        ([answer(b"no gzip", "200 OK", "Content-Encoding: gzip")], "incorrect header check"),
    ],
)
def test_an_invalid_response_is_a_502_and_is_not_recorded(studio: Studio, pieces: list[bytes], said: str) -> None:
    with fixed(*pieces) as upstream, studio.recording("aiexport", upstream.url) as (base, tape):
        found = ask(base)
    assert found.status_code == 502
    assert said in found.json()["error"]["message"]
    assert "Exchanges recorded in recorded.yaml so far: 0" in found.headers["x-emulator-hint"]
    assert tape.recording_file.count == 0


def test_an_upstream_that_never_answers_is_a_504(studio: Studio) -> None:
    def hang(raw: Raw) -> Iterable[bytes]:
        raw.stopped.wait(PATIENCE)
        return []

    timeout = httpx.Timeout(0.2)
    with Raw(hang) as upstream, studio.recording("aiexport", upstream.url, timeout=timeout) as (base, _):
        found = ask(base)
    assert (found.status_code, found.json()["error"]["message"]) == (
        504,
        f"The upstream {upstream_of(found)} is unreachable: it timed out.",
    )


def upstream_of(found: httpx.Response) -> str:
    return str(found.json()["error"]["message"].split()[2])


def test_a_stream_that_breaks_off_breaks_off_for_the_client_and_is_not_recorded(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    got: list[bytes] = []
    with (
        fixed(STREAM, chunk(EVENT), chunk(EVENT)) as upstream,
        studio.recording("aiexport", upstream.url) as (base, tape),
        pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"),
    ):
        take(base, got)
    assert b"".join(got) == EVENT * 2
    assert tape.recording_file.count == 0
    assert "messages.stream was forwarded but not recorded: the upstream broke off" in caplog.text


def test_what_came_before_a_stream_broke_off_reaches_a_client_that_reads_late(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    """And then the connection ends, whatever else the client has sent on it."""
    events = [b"data: %d%b\n\n" % (number, b"x" * 30_000) for number in range(20)]
    raw = request("GET", "/v2/models", KEY.items())
    with (
        fixed(STREAM, *map(chunk, events)) as upstream,
        studio.recording("aiexport", upstream.url) as (base, _),
        Wire(httpx.URL(base).port or 0) as wire,
    ):
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)  # most of it stays with the recorder
        wire.send(raw + raw)  # nothing more is read from here on until the first is answered
        until(lambda: "the upstream broke off" in caplog.text)
        wire.send(raw)
        assert wire.head()[0] == 200
        received = b""
        while len(received) < sum(map(len, events)):
            received += wire.chunk()
        assert received == b"".join(events)
        assert broken_off(wire)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def broken_off(wire: Wire) -> bool:
    """Whether the connection ends here, in whatever way; waits for it, or for more to come."""
    try:
        return wire.ended
    except ConnectionResetError:
        return True


@pytest.mark.finding("A6")
def test_a_stream_to_an_http_1_0_client_has_no_chunks(studio: Studio) -> None:
    raw = request("GET", "/v2/status", KEY.items()).replace(b"HTTP/1.1", b"HTTP/1.0")
    with (
        fixed(STREAM, chunk(EVENT), chunk(EVENT), b"0\r\n\r\n") as upstream,
        studio.recording("aiexport", upstream.url) as (base, _),
        Wire(httpx.URL(base).port or 0) as wire,
    ):
        wire.send(raw)
        _, headers = wire.head()
        assert "transfer-encoding" not in dict(headers)
        assert wire.read(2 * len(EVENT)) == EVENT * 2
        assert wire.ended


def test_a_stream_that_breaks_off_teaches_its_secrets_all_the_same(studio: Studio) -> None:
    telling = b'data: {"access_token":"told-in-a-stream"}\n\n'
    with (
        fixed(STREAM, chunk(telling)) as upstream,
        studio.recording("aiexport", upstream.url) as (base, recorder),
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            take(base, [])
        assert recorder.recording_file.masker.is_in("told-in-a-stream")


def take(base: str, got: list[bytes]) -> None:
    with loopback.stream("POST", f"{base}/messages/stream", headers=KEY, json={}) as stream:
        got += stream.iter_raw()


def test_an_upstream_without_tls_is_reported(studio: Studio) -> None:
    with fixed(answer(b"{}")) as upstream:
        url = upstream.url.replace("http:", "https:")
        with studio.recording("aiexport", url) as (base, _):
            found = ask(base)
    assert found.status_code == 502
    assert (
        "does it speak TLS, or is it http://…?".encode("ascii", "ignore").decode()[:22]
        in found.headers["x-emulator-hint"]
    )


def test_an_authority_that_is_not_trusted_is_reported_and_one_that_is_named_is_trusted(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Raw(lambda _: [answer(b"{}")], context) as upstream:
        with studio.recording("aiexport", upstream.url) as (base, _):
            refused = ask(base)
        assert refused.status_code == 502
        assert "does SSL_CERT_FILE name its CA?" in refused.headers["x-emulator-hint"]
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        with studio.recording("aiexport", upstream.url, force=True) as (base, _):
            assert ask(base).status_code == 200


def test_a_redirect_is_returned_and_points_to_the_recorder_or_replayer(studio: Studio) -> None:
    def redirect(raw: Raw) -> list[bytes]:
        return [answer(b"", "307 Temporary Redirect", f"Location: {raw.url}/v2/models")]

    with Raw(redirect) as upstream, studio.recording("aiexport", upstream.url) as (base, _):
        found = ask(base)
        assert (found.status_code, found.headers["location"]) == (307, f"{base}/models")
    with studio.replaying("/v2") as base:
        found = ask(base)
    assert (found.status_code, found.headers["location"]) == (307, f"{base}/models")


def test_interim_answers_are_not_request_headers(studio: Studio) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with fixed(early, answer(b'{"a":1}')) as upstream, studio.recording("aiexport", upstream.url) as (base, _):
        assert ask(base).json() == {"a": 1}
    assert len(recorded(studio)) == 1


def test_a_compressed_body_is_forwarded_and_recorded_plain_and_no_compression_is_requested(studio: Studio) -> None:
    packed = gzip.compress(b'{"a":1}')
    with (
        fixed(answer(packed, "200 OK", "Content-Encoding: gzip", "Content-Type: application/json")) as upstream,
        studio.recording("aiexport", upstream.url) as (base, _),
    ):
        found = ask(base)
    assert b"accept-encoding: identity\r\n" in upstream.asked[0].lower()
    assert (found.content, found.headers.get("content-encoding")) == (b'{"a":1}', None)
    assert recorded(studio)[0]["reply"]["body"] == {"$literal": {"a": 1}}


@pytest.mark.parametrize(
    ("lines", "body", "said"),
    [
        (["Content-Encoding: br"], b"\x0b\x02\x80{}\x03", "its encoding 'br' was not requested"),
        (["Content-Type: text/plain; charset=iso-8859-1"], "é".encode("latin-1"), "its body is not UTF-8 text"),
        (["Content-Type: image/png"], b"\x89PNG\r\n\xff", "its body is not UTF-8 text"),
        ([], b'"%s"' % (b"x" * (9 << 20)), "its body has more than 8 MiB"),
    ],
)
def test_what_no_scenario_can_hold_is_forwarded_byte_for_byte_and_not_recorded(
    studio: Studio, caplog: pytest.LogCaptureFixture, lines: list[str], body: bytes, said: str
) -> None:
    with (
        fixed(answer(body, "200 OK", *lines)) as upstream,
        studio.recording("aiexport", upstream.url) as (base, tape),
        loopback.stream("GET", f"{base}/status", headers=KEY, timeout=PATIENCE) as found,
    ):
        assert b"".join(found.iter_raw()) == body
        assert found.headers.get("content-encoding", "") in ("", "br" if "'br'" in said else "")
    assert f"status.get was forwarded but not recorded: {said}" in caplog.text
    assert tape.recording_file.count == 0


def test_a_chunked_body_without_a_length_gets_one(studio: Studio) -> None:
    head = STREAM.replace(b"text/event-stream", b"application/json")
    pieces = [head, chunk(b'{"a":'), chunk(b"1}"), b"0\r\n\r\n"]
    with fixed(*pieces) as upstream, studio.recording("aiexport", upstream.url) as (base, _):
        found = ask(base)
    assert (found.json(), found.headers["content-length"]) == ({"a": 1}, "7")


def test_a_head_request_keeps_its_length_and_is_not_recorded(studio: Studio) -> None:
    with fixed(answer(length=1234)) as upstream, studio.recording("aiexport", upstream.url) as (base, tape):
        found = ask(base, "HEAD")
    assert (found.status_code, found.headers["content-length"], found.content) == (200, "1234", b"")
    assert tape.recording_file.count == 0


def test_an_empty_answer_is_recorded_and_one_that_says_not_modified_is_not(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    with fixed(answer(b"", "204 No Content", length=-1)) as upstream:
        with studio.recording("aiexport", upstream.url) as (base, _):
            found = ask(base)
            assert (found.status_code, "content-length" in found.headers) == (204, False)
        with studio.replaying("/v2") as base:
            assert ask(base).status_code == 204
    with fixed(answer(b"", "304 Not Modified", length=-1)) as upstream:
        with studio.recording("aiexport", upstream.url, force=True) as (base, tape):
            assert ask(base).status_code == 304
        assert tape.recording_file.count == 0
    assert "304 has no body, because the client has it already" in caplog.text


def test_headers_that_a_response_lacks_are_missing_when_replayed(studio: Studio) -> None:
    """The emulator would write a version of the API and a media type itself."""
    own = answer(b'{"a":1}', "200 OK", "X-Own: 1")
    with fixed(own) as upstream, studio.recording("aiexport", upstream.url) as (base, _):
        assert ask(base).json() == {"a": 1}
    with studio.replaying("/v2") as base:
        found = ask(base)
    assert found.json() == {"a": 1}
    assert found.headers["x-own"] == "1"
    assert not {"content-type", "x-api-version"} & set(found.headers)


@pytest.mark.parametrize("path", ["/models/a%2Fb", "/models/%61%20b%C3%BC", "/models/a+b;c=1?q=%2F%20+"])
def test_a_path_is_forwarded_as_it_was_written(studio: Studio, path: str) -> None:
    with (
        fixed(answer(b"{}")) as upstream,
        studio.recording("aiexport", upstream.url) as (base, _),
        Wire(httpx.URL(base).port or 0) as wire,
    ):
        assert wire.ask("GET", f"/v2{path}", KEY.items()).status == 200
    assert upstream.asked[0].startswith(f"GET /v2{path} HTTP/1.1\r\n".encode())


def test_lines_that_are_for_the_next_stop_only_are_not_request_headers(studio: Studio) -> None:
    with (
        fixed(answer(b"{}", "200 OK", "Connection: X-Hop", "X-Hop: 1", "X-Kept: 1")) as upstream,
        studio.recording("aiexport", upstream.url) as (base, _),
    ):
        found = ask(base, headers={"Connection": "x-mine", "X-Mine": "1", "X-Other": "1"})
    asked = upstream.asked[0].lower()
    assert (b"x-mine: 1" in asked, b"x-other: 1" in asked) == (False, True)
    assert ("x-hop" in found.headers, found.headers["x-kept"]) == (False, "1")


def test_a_client_that_leaves_at_the_last_event_misses_nothing_of_the_recording(studio: Studio) -> None:
    """Many do not wait for the end of the answer."""
    gone = threading.Event()

    def last(raw: Raw) -> Iterable[bytes]:
        yield STREAM + chunk(EVENT)
        assert gone.wait(PATIENCE)
        yield chunk(EVENT) + b"0\r\n\r\n"

    with Raw(last) as upstream, studio.recording("aiexport", upstream.url, clock=Stopwatch()) as (base, _):
        with loopback.stream("POST", f"{base}/messages/stream", headers=KEY, json={}) as stream:
            assert next(stream.iter_raw()) == EVENT
        gone.set()
        until(lambda: recorded(studio))
    assert recorded(studio)[0]["reply"]["stream"] == {"events": [{"event": "a", "data": {"$literal": {"x": 1}}}] * 2}


def test_a_stream_whose_client_has_left_for_long_is_cancelled(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    def endless(raw: Raw) -> Iterable[bytes]:
        yield STREAM
        while not raw.stopped.wait(0.001):
            yield chunk(EVENT)

    with (
        Raw(endless) as upstream,
        caplog.at_level(logging.WARNING, "emulator"),
        studio.recording("aiexport", upstream.url, grace=0.0) as (base, tape),
    ):
        with loopback.stream("POST", f"{base}/messages/stream", headers=KEY, json={}) as stream:
            next(stream.iter_raw())
        assert upstream.left.wait(PATIENCE)
        assert tape.recording_file.count == 0
    assert "not recorded: its client left before the end" in caplog.text
