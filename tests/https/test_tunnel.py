"""Tunnels: many at once, those that come to nothing, what is no TLS inside, and a stop with some of them open."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from emulator.server import tls as tunnel
from tests import loopback
from tests.https.conftest import Proxied
from tests.process import Serving
from tests.secure import EMULATED, SecureWire, TunnelWire
from tests.small import FLOW, HEAD
from tests.small import KEY as SMALL_KEY
from tests.waiting import PATIENCE
from tests.wire import Wire, request

HOST = "api.aiexport.io"
KEY = {"X-API-Key": "axp_test_enterprise"}
MODELS = f"https://{HOST}/v2/models"
AT_ONCE = 500
API = (
    HEAD.replace('version: "1"\n', f'version: "1"\nhosts: [{EMULATED}]\n')
    + """\
collections: {tokens: {}}
operations:
  fine: {route: GET /fine, rules: [{reply: {body: {fine: true}}}]}
"""
    + FLOW
)


def hello(context: ssl.SSLContext) -> bytes:
    """What a client begins TLS with."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=HOST).do_handshake()
    return outgoing.read()


def ended(wire: socket.socket) -> bytes:
    """All that comes before the end."""
    return b"".join(iter(lambda: wire.recv(65_536), b""))


def turn(proxied: Proxied) -> None:
    """Let the server's loop go round."""
    assert loopback.get(f"{proxied.origin}/_emulator/health").status_code == 200


@pytest.fixture
def files() -> Iterator[None]:
    """As many files as may be open: each tunnel has two ends in this process, and a client takes one more at times."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * AT_ONCE + 200
    assert hard == resource.RLIM_INFINITY or hard >= wanted, f"`ulimit -Hn` is {hard}; {wanted} are needed"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.slow
@pytest.mark.usefixtures("files")
def test_many_tunnels_at_once_lose_nothing(proxied: Proxied) -> None:
    context = proxied.trusting()
    gate = asyncio.Barrier(AT_ONCE)

    async def ask() -> bytes:
        """Two requests in a tunnel; between them, all tunnels are open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", proxied.running.port)
        writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert await reader.readuntil(b"\r\n\r\n") == tunnel.ESTABLISHED
        await writer.start_tls(context, server_hostname=HOST, ssl_handshake_timeout=PATIENCE)
        answers = b""
        for path in ("/v2/models", "/v2/status"):
            writer.write(request("GET", path, [*KEY.items(), ("host", HOST)]))
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(size.split()[1]))
            answers += head.split()[1]
            await gate.wait()
        writer.close()
        await writer.wait_closed()
        return answers

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(*(ask() for _ in range(AT_ONCE)))

    assert asyncio.run(all_at_once()) == [b"200200"] * AT_ONCE


@pytest.mark.usefixtures("files")
def test_unfinished_handshakes_do_not_block_others(proxied: Proxied) -> None:
    half = hello(proxied.trusting())[:50]
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            wire, _ = proxied.connect(f"{HOST}:443", half)
            stack.enter_context(wire)
        assert proxied.proxied().get(MODELS, headers=KEY).status_code == 200


@pytest.mark.bound("TLS handshake")
def test_a_handshake_that_takes_too_long_is_cancelled_and_told(
    proxied: Proxied, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tunnel, "HANDSHAKE_TIMEOUT", 0.2)
    wire, _ = proxied.connect(f"{HOST}:443", hello(proxied.trusting())[:50])
    with wire:
        assert ended(wire) == b""
    turn(proxied)
    (line,) = caplog.messages
    assert line.startswith(f"the TLS handshake for {HOST} failed: SSL handshake is taking longer than 0.2 seconds")


@pytest.mark.parametrize("size", [0, 50, 10_000], ids=["before", "during", "after"])
def test_a_client_that_leaves_during_the_handshake_is_reported_as_perhaps_not_trusting_us(
    proxied: Proxied, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        wire, _ = proxied.connect(f"{HOST}:443", hello(proxied.trusting())[:size])
        wire.close()
        turn(proxied)
    (line,) = caplog.messages
    assert line.startswith(
        f"a client left during the TLS handshake for {HOST}; if it does not trust our certificate, set SSL"
    )


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "HTTP_REQUEST"),
        (b"\0" * 100, "WRONG_VERSION_NUMBER"),
    ],
)
def test_other_bytes_than_tls_in_a_tunnel_are_reported(
    proxied: Proxied, inside: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    wire, _ = proxied.connect(f"{HOST}:443", inside)
    with wire:
        ended(wire)
    turn(proxied)
    (line,) = caplog.messages
    assert line.startswith(f"the TLS handshake for {HOST} failed: {reason}")


@pytest.mark.parametrize(
    "line",
    [
        "Proxy-Authorization: Basic dXNlcjpwYXNz",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "Proxy-Connection: keep-alive",
    ],
)
def test_what_else_a_connect_says_is_of_no_account(proxied: Proxied, line: str) -> None:
    """Its content, in particular, has no meaning (RFC 9110 section 9.3.6)."""
    with socket.create_connection(("127.0.0.1", proxied.running.port), PATIENCE) as wire:
        wire.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n{line}\r\n\r\n".encode())
        assert wire.recv(1_000) == tunnel.ESTABLISHED
        with proxied.trusting().wrap_socket(wire, server_hostname=HOST) as secure:
            secure.sendall(request("GET", "/v2/models", KEY.items()))
            assert b"200 OK" in secure.recv(65_536)


@contextmanager
def inside(proxied: Proxied, protocols: tuple[str, ...] = ()) -> Iterator[ssl.SSLSocket]:
    """A tunnel, and TLS in it."""
    wire, _ = proxied.connect(f"{HOST}:443")
    context = proxied.trusting()
    if protocols:
        context.set_alpn_protocols(list(protocols))
    with context.wrap_socket(wire, server_hostname=HOST) as secure:
        yield secure


def test_http_1_1_is_spoken_whatever_else_a_client_can_speak(
    proxied: Proxied, caplog: pytest.LogCaptureFixture
) -> None:
    with inside(proxied, ("h2", "http/1.1")) as secure:
        assert secure.selected_alpn_protocol() == "http/1.1"
        secure.sendall(request("GET", "/v2/models", KEY.items()))
        assert b"200 OK" in secure.recv(65_536)
    with inside(proxied, ("h2",)) as secure:
        assert secure.selected_alpn_protocol() is None
        secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert secure.recv(65_536).startswith(b"HTTP/1.1 400 ")
    turn(proxied)
    assert not any("trust" in line for line in caplog.messages)


def test_a_connect_inside_a_tunnel_is_refused_and_says_nothing_of_trust(
    proxied: Proxied, caplog: pytest.LogCaptureFixture
) -> None:
    with inside(proxied) as secure:
        secure.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert secure.recv(65_536).startswith(b"HTTP/1.1 400 ")
    turn(proxied)
    assert caplog.messages == []


def test_the_control_api_has_no_name_of_an_emulated_host(proxied: Proxied) -> None:
    """What a page of that host asks comes here as well, where a browser goes through the proxy."""
    client = proxied.proxied()
    assert client.get(f"https://{HOST}/_emulator/clock").status_code == 403
    assert client.get(f"https://{HOST}/_emulator/clock", headers={"Origin": f"https://{HOST}"}).status_code == 403
    assert client.get(f"http://{HOST}/_emulator/clock").status_code == 403


def test_worlds_are_found_by_key_and_by_header_inside_too(proxied: Proxied) -> None:
    control = loopback.Client(base_url=f"{proxied.origin}/_emulator")
    with control:
        for name in ("by-key", "by-header"):
            assert control.put(f"/worlds/{name}", json={"keys": ["key-of-a-world"] * (name == "by-key")}).is_success
        client = proxied.proxied()
        client.get(MODELS, headers={"X-API-Key": "key-of-a-world"})
        client.get(MODELS, headers=KEY | {"X-Emulator-World": "by-header"})
        for name in ("by-key", "by-header"):
            counted = control.get("/exchanges", headers={"X-Emulator-World": name}).json()["exchanges"]
            assert [each["operation"] for each in counted] == ["models.list"]


# ---------------------------------------------------------------------- without TLS


@pytest.mark.parametrize(
    "target", [f"{HOST}:80", "127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "emulator:{port}"]
)
def test_plain_http_goes_through_a_tunnel_as_well(proxied: Proxied, target: str) -> None:
    """Some clients ask for a tunnel whatever the scheme."""
    asked = request("GET", "/v2/models", KEY.items())
    wire, head = proxied.connect(target.format(port=proxied.running.port), asked)
    with wire:
        assert head == tunnel.ESTABLISHED
        assert wire.recv(12) == b"HTTP/1.1 200"
    assert proxied.app.blocked_calls == []


def test_tunnels_in_tunnels_take_no_more_than_their_turn(proxied: Proxied) -> None:
    own = f"CONNECT localhost:{proxied.running.port} HTTP/1.1\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", proxied.running.port), PATIENCE) as wire:
        wire.sendall(own * 3_000 + request("GET", "/v2/models", [*KEY.items(), ("connection", "close")]))
        received = ended(wire)
    assert received.startswith(tunnel.ESTABLISHED * 3_000 + b"HTTP/1.1 200 OK")


# ---------------------------------------------------------------------- a stop


def idle(process: Serving, port: int, authority: Path) -> Wire:
    wire = TunnelWire(process.port, authority)
    assert wire.ask("GET", "/fine", SMALL_KEY.items()).status == 200
    return wire


def streaming(process: Serving, port: int, authority: Path) -> Wire:
    return _streams(TunnelWire(process.port, authority))


def streaming_by_the_listener(process: Serving, port: int, authority: Path) -> Wire:
    return _streams(SecureWire(port, authority))


def _streams(wire: Wire) -> Wire:
    wire.send(request("GET", "/flow", SMALL_KEY.items()))
    assert wire.head()[0] == 200
    assert wire.chunk() == b"data: 1\n\n"
    return wire


def shaking_hands(process: Serving, port: int, authority: Path) -> Wire:
    wire = Wire(process.port)
    wire.send(f"CONNECT {EMULATED}:443 HTTP/1.1\r\n\r\n\x16\x03".encode())
    assert wire.head()[0] == 200
    return wire


def shaking_hands_with_the_listener(process: Serving, port: int, authority: Path) -> Wire:
    wire = Wire(port)
    wire.send(b"\x16\x03")
    return wire


def without_tls(process: Serving, port: int, authority: Path) -> Wire:
    wire = Wire(process.port)
    wire.send(f"CONNECT {EMULATED}:80 HTTP/1.1\r\n\r\n".encode())
    assert wire.head()[0] == 200
    return _streams(wire)


OPEN = [idle, streaming, streaming_by_the_listener, shaking_hands, shaking_hands_with_the_listener, without_tls]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_stops_at_once_with_tunnels_open(tmp_path: Path, by: signal.Signals) -> None:
    (tmp_path / "small.yaml").write_text(API)
    (tmp_path / "story.yaml").write_text("scenario: story\nabout: A test.\napis: {small: }\n")
    folder = tmp_path / "authority"
    arguments = ("--scenario", "story.yaml", "--tls-listen", "127.0.0.1:0", "--authority", str(folder))
    warned = {"PYTHONWARNINGS": "default::ResourceWarning"}  # of what is left open
    with Serving(tmp_path, *arguments, **warned) as process, ExitStack() as stack:
        port = int(process.banner.partition("TLS on port ")[2].partition(";")[0])
        wires = [
            stack.enter_context(begin(process, port, folder / "authority.pem")) for begin in OPEN for _ in range(3)
        ]
        process.stop(by)
        for wire in wires:
            over(wire)
    assert (process.process.returncode, process.log) == (0, "")


def over(wire: Wire) -> None:
    """The connection has ended, whatever was still sent on it."""
    try:
        while wire.socket.recv(65_536):
            pass
    except OSError:
        pass
