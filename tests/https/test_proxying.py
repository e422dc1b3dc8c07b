"""What a client asks of a proxy over plain HTTP: emulated hosts and the emulator itself answer, nothing else does."""

from __future__ import annotations

import httpx
import pytest

from emulator.server.head import host_header, plain_target, read_target
from tests import loopback
from tests.https.conftest import Proxied
from tests.wire import Wire, request

HOST = "api.aiexport.io"
KEY = {"X-API-Key": "axp_test_pro"}


def blocked_hosts(proxied: Proxied) -> list[tuple[str, int]]:
    return [(each.host, each.port) for each in proxied.app.blocked_calls]


def test_a_plain_request_for_another_host_is_refused_as_well(proxied: Proxied) -> None:
    with loopback.Client(proxy=proxied.origin) as client:
        answer = client.post("http://vendor.example/v2/messages", json={})
        assert (answer.status_code, answer.json()["error"]["message"]) == (502, "vendor.example:80 is not emulated")
        assert client.get(f"http://{HOST}/v2/models", headers=KEY).status_code == 200
        assert client.get(f"{proxied.origin}/_emulator/health").status_code == 200
    assert blocked_hosts(proxied) == [("vendor.example", 80)]


@pytest.mark.parametrize(
    ("target", "noted"),
    [
        ("http://vendor.example", ("vendor.example", 80)),
        ("http://vendor.example?a=1", ("vendor.example", 80)),
        ("HTTP://Vendor.Example:8080", ("vendor.example", 8080)),
        ("http://vendor.example./v1", ("vendor.example", 80)),
        ("https://vendor.example/v1", ("vendor.example", 443)),
        ("http://[2001:db8::1]/", ("2001:db8::1", 80)),
        (f"http://{HOST}:9999/v2/models", (HOST, 9999)),
    ],
)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_whatever_the_target_looks_like(proxied: Proxied, target: str, noted: tuple[str, int], version: str) -> None:
    with Wire(proxied.running.port) as wire:
        wire.send(f"GET {target} HTTP/{version}\r\nHost: other.example\r\n\r\n".encode())
        assert b" 502 " in wire.line()
    assert blocked_hosts(proxied) == [noted]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("target", [f"http://{HOST}", f"http://{HOST}?a=1", f"http://{HOST.upper()}.:80/"])
def test_an_empty_path_of_an_emulated_host_is_the_root(proxied: Proxied, method: str, target: str) -> None:
    with Wire(proxied.running.port) as wire:
        wanted, answer = (wire.ask(method, each, [*KEY.items(), ("host", HOST)]) for each in ("/", target))
        assert answer.status == wanted.status
        assert wire.ask("GET", f"http://{HOST}/v2/models", KEY.items()).status == 200
    assert blocked_hosts(proxied) == []


def test_the_emulator_is_reachable_by_its_own_name_and_port(proxied: Proxied) -> None:
    with loopback.Client(proxy=proxied.origin) as client:
        for host in ("127.0.0.1", "localhost", "emulator"):
            answer = client.get(f"http://{host}:{proxied.running.port}/v2/models", headers=KEY)
            assert answer.status_code == 200
        assert client.get(f"http://vendor.example:{proxied.running.port}/v2/models").status_code == 502
    assert blocked_hosts(proxied) == [("vendor.example", proxied.running.port)]


@pytest.mark.parametrize(
    ("host", "version"),
    [
        *((host, version) for host in ("models.aixplain.com", "vendor.example", "") for version in ("1.1", "1.0")),
        (None, "1.0"),
    ],
)
def test_the_host_of_the_target_counts_and_not_the_header(proxied: Proxied, host: str | None, version: str) -> None:
    """RFC 9112 section 3.2.2."""
    said = "" if host is None else f"Host: {host}\r\n"
    with Wire(proxied.running.port) as wire:
        wire.send(
            f"GET http://me:secret@{HOST}/v2/models HTTP/{version}\r\n{said}X-API-Key: axp_test_pro\r\n\r\n".encode()
        )
        assert b" 200 " in wire.line()
    (exchange,) = proxied.exchanges(1)
    assert exchange.api == "aiexport"
    assert [value for name, value in exchange.headers if name == b"host"] == [HOST.encode()]


def test_the_control_api_is_reached_by_the_name_in_the_target_only(proxied: Proxied) -> None:
    own = f"127.0.0.1:{proxied.running.port}"
    with Wire(proxied.running.port) as wire:
        assert wire.ask("GET", f"http://{own}/_emulator/clock", [("host", HOST)]).status == 200
        assert wire.ask("GET", f"http://{HOST}/_emulator/clock", [("host", own)]).status == 403


def test_a_local_service_is_blocked_but_not_noted_as_a_blocked_call(proxied: Proxied) -> None:
    with loopback.Client(proxy=proxied.origin) as client:
        answer = client.get("http://localhost:1/")
    assert (answer.status_code, "NO_PROXY=localhost" in answer.json()["error"]["hint"]) == (502, True)
    assert blocked_hosts(proxied) == []


def test_requests_after_one_that_was_refused_are_not_answered(proxied: Proxied) -> None:
    with Wire(proxied.running.port) as wire:
        wire.send(request("GET", "http://vendor.example") + request("GET", "/v2/models", KEY.items()))
        assert wire.answer().status == 502
        assert wire.ended


def test_tls_on_the_plain_port_is_reported_as_such(proxied: Proxied, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(httpx.ConnectError), loopback.Client() as client:
        client.get(f"https://127.0.0.1:{proxied.running.port}/v2/models")
    told = "a client sent TLS to the http:// port; --tls-listen opens a port for https://"
    # Other servers of this process may still have something to say.
    assert [each for each in caplog.messages if each == told or "not HTTP" in each] == [told]


def test_targets_are_read_as_uvicorn_wants_them() -> None:
    assert read_target(b"/a%20b?c=%20") == ("/a b", b"c=%20", None, "")
    assert read_target(b"http://a.example?c") == ("/", b"c", ("a.example", 80), "http")
    assert [plain_target(each) for each in (b"http://a", b"http://a?b/c/d", b"http://a/", b"http://a/b?c")] == [
        b"http://a/",
        b"http://a/?b/c/d",
        b"http://a/",
        b"http://a/b?c",
    ]


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        (b"http://A.example?c", b"A.example"),
        (b"http://me:secret@a.example:8080/b", b"a.example:8080"),
        (b"http://[::1]/", b"[::1]"),
        (b"http://[2001:db8::1]:80/", b"[2001:db8::1]:80"),
    ],
)
def test_the_host_header_of_a_target_keeps_its_spelling(target: bytes, wanted: bytes) -> None:
    assert host_header(target) == wanted
