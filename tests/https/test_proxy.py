"""The HTTPS proxy over real sockets: emulated hosts are answered, all others refused and noted, and nothing is lost."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
import requests

from emulator.app import Application
from emulator.settings.options import Settings
from tests import loopback
from tests.https.conftest import Proxied
from tests.process import Serving
from tests.running import Running, loaded
from tests.small import play
from tests.waiting import PATIENCE, until
from tests.wire import Wire, request

HOST = "api.aiexport.io"
MODELS = f"https://{HOST}/v2/models"
KEY = {"X-API-Key": "axp_test_pro"}


def test_httpx_reaches_an_emulated_host_through_the_proxy(proxied: Proxied) -> None:
    answer = proxied.proxied().get(MODELS, headers=KEY)
    assert (answer.status_code, answer.json()["object"]) == (200, "list")
    assert proxied.app.blocked_calls == []


def test_requests_reaches_it_too(proxied: Proxied) -> None:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(MODELS, headers=KEY, proxies={"https": proxied.origin}, verify=str(proxied.certificate))
    assert answer.status_code == 200


def test_curl_reaches_it_too(proxied: Proxied) -> None:
    curl = shutil.which("curl")
    assert curl is not None
    words = [
        curl,
        "-s",
        "--proxy",
        proxied.origin,
        "--cacert",
        str(proxied.certificate),
        "-H",
        f"X-API-Key: {KEY['X-API-Key']}",
    ]
    done = subprocess.run([*words, MODELS], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert '"object":"list"' in done.stdout


def test_a_host_sees_its_own_api_only(proxied: Proxied) -> None:
    client = proxied.proxied()
    assert client.get("https://models.aixplain.com/v2/models", headers=KEY).status_code == 404
    assert client.get(MODELS, headers=KEY).status_code == 200


def test_a_call_to_any_other_host_is_blocked_and_noted(proxied: Proxied, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(httpx.ProxyError, match=r"502 vendor.example:443 is not emulated"):
        proxied.proxied().get("https://vendor.example/v1")
    wire, head = proxied.connect("Vendor.Example:8443")
    with wire:
        assert head.startswith(b"HTTP/1.1 502 vendor.example:8443 is not emulated\r\n")
        assert b"--intercept-host" in wire.recv(4_096)
    assert [(each.host, each.port) for each in proxied.app.blocked_calls] == [
        ("vendor.example", 443),
        ("vendor.example", 8443),
    ]
    told = loopback.get(f"{proxied.origin}/_emulator/departures").json()["departures"]
    assert told[0] == {"host": "vendor.example", "port": 443, "at": proxied.app.blocked_calls[0].at}
    assert "blocked: vendor.example:443 is not emulated" in caplog.text


def test_an_emulated_host_is_answered_on_its_own_port_only(proxied: Proxied) -> None:
    wire, head = proxied.connect(f"{HOST}:22")
    wire.close()
    assert head.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "app.localhost", "[::1]"])
def test_calls_to_this_machine_are_blocked_but_not_noted(proxied: Proxied, host: str) -> None:
    """It is a service of one's own, and the hint says how to go there."""
    wire, head = proxied.connect(f"{host}:5432")
    with wire:
        assert head.startswith(f"HTTP/1.1 502 {host}:5432 is not emulated\r\n".encode())
        assert f"set NO_PROXY={host.strip('[]')} to call it directly".encode() in wire.recv(4_096)
    assert proxied.app.blocked_calls == []


@pytest.mark.parametrize("target", ["API.AIExport.IO:443", f"{HOST}.:443"])
def test_a_host_may_be_written_otherwise(proxied: Proxied, target: str) -> None:
    wire, head = proxied.connect(target)
    assert head.startswith(b"HTTP/1.1 200 ")
    with proxied.trusting().wrap_socket(wire, server_hostname=HOST) as secure:
        secure.sendall(f"GET /v2/models HTTP/1.1\r\nHost: {target[:-4]}\r\nX-API-Key: axp_test_pro\r\n\r\n".encode())
        assert b"200 OK" in secure.recv(65_536)
        secure.sendall(f"GET /sdk/agents HTTP/1.1\r\nHost: {target[:-4]}\r\nX-API-Key: axp_test_pro\r\n\r\n".encode())
        assert b"404 " in secure.recv(65_536), "that belongs to the other API"


def test_an_ipv6_address_is_noted_as_it_is_spelled(proxied: Proxied) -> None:
    wire, head = proxied.connect("[2001:DB8:0::1]:443")
    wire.close()
    assert head.startswith(b"HTTP/1.1 502 [2001:db8::1]:443 is not emulated\r\n")
    assert proxied.app.blocked_calls[0].host == "2001:db8::1"


def test_hosts_of_an_api_that_no_certificate_can_name_are_not_emulated(running: Running, tmp_path: Path) -> None:
    story = "hosts: [api.small.test, 127.0.0.1, 'x:3000']"
    emulated = play(running, tmp_path, "one:\n  route: GET /one\n  rules: [{reply: {body: {}}}]\n", story)
    proxy = emulated.app.proxy
    assert [proxy.emulates(host) for host in ("api.small.test", "127.0.0.1", "x:3000")] == [True, False, False]
    emulated.close()


@pytest.mark.parametrize(
    "target",
    [HOST, "host:99999", "a b:443", "/v2/models", ":443", pytest.param("a" * 60_000 + ":443", id="long")],
)
def test_an_invalid_target_is_a_bad_request(proxied: Proxied, target: str) -> None:
    wire, head = proxied.connect(target)
    wire.close()
    assert head.startswith(b"HTTP/1.1 400 ")
    assert proxied.app.blocked_calls == []


def test_hosts_that_the_settings_name_are_answered_too(tmp_path: Path) -> None:
    with Serving(tmp_path, "--intercept-host", "gateway.internal", "--authority", str(tmp_path / "ca")) as process:
        loopback.get(process.origin + "/_emulator/health")
        with socket.create_connection(("127.0.0.1", process.port), PATIENCE) as wire:
            wire.sendall(b"CONNECT gateway.internal:443 HTTP/1.1\r\n\r\n")
            assert wire.recv(200).startswith(b"HTTP/1.1 200 ")
        context = ssl.create_default_context(cafile=str(tmp_path / "ca" / "authority.pem"))
        with httpx.Client(proxy=process.origin, verify=context, trust_env=False) as client:
            assert client.get("https://gateway.internal/v2/models", headers=KEY).status_code == 200


def test_a_client_that_begins_tls_before_it_has_the_answer_loses_nothing(proxied: Proxied) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = proxied.trusting().wrap_bio(incoming, outgoing, server_hostname=HOST)
    with pytest.raises(ssl.SSLWantReadError):
        secure.do_handshake()
    wire, head = proxied.connect(f"{HOST}:443", outgoing.read())
    with wire:
        assert head.startswith(b"HTTP/1.1 200 ")
        while True:
            try:
                secure.do_handshake()
                break
            except ssl.SSLWantReadError:
                wire.sendall(outgoing.read())
                incoming.write(wire.recv(65_536))
        secure.write(request("GET", "/v2/models", KEY.items()))  # in one segment with the end of the handshake
        wire.sendall(outgoing.read())
        received = b""
        while b"list" not in received:
            incoming.write(wire.recv(65_536))
            try:
                received += secure.read(65_536)
            except ssl.SSLWantReadError:
                continue
    assert received.startswith(b"HTTP/1.1 200 ")


def test_a_connect_after_another_request_on_the_same_connection_opens_a_tunnel(proxied: Proxied) -> None:
    with Wire(proxied.running.port) as wire:
        assert wire.ask("GET", "/v2/models", KEY.items()).status == 200
        wire.send(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert wire.head()[0] == 200
        with proxied.trusting().wrap_socket(wire.socket, server_hostname=HOST) as secure:
            secure.sendall(request("GET", "/v2/models", [*KEY.items(), ("connection", "close")]))
            assert b"200 OK" in secure.recv(65_536)


def test_a_client_that_does_not_trust_the_authority_is_reported_once_with_the_variables(
    proxied: Proxied, caplog: pytest.LogCaptureFixture
) -> None:
    with loopback.Client(proxy=proxied.origin) as client, caplog.at_level(logging.WARNING, "emulator"):
        for _ in range(3):
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                client.get(MODELS)
        assert proxied.proxied().get(MODELS, headers=KEY).status_code == 200
    (line,) = [record.getMessage() for record in caplog.records if record.name == "emulator"]
    assert HOST in line
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert name in line
    assert str(proxied.certificate) in line


def test_a_client_that_leaves_after_the_handshake_without_a_request_is_reported(
    proxied: Proxied, caplog: pytest.LogCaptureFixture
) -> None:
    """Node looks at the certificate only when the handshake is over."""
    wire, _ = proxied.connect(f"{HOST}:443")
    proxied.trusting().wrap_socket(wire, server_hostname=HOST).close()
    until(lambda: "NODE_EXTRA_CA_CERTS" in caplog.text)


@pytest.mark.bound("blocked calls of the proxy")
def test_blocked_calls_are_bounded(proxied: Proxied) -> None:
    app: Application = Application(Settings(), proxied.clock, loaded("default"))
    for number in range(1_100):
        app.proxy.block(f"host-{number}.example", 443)
    assert len(app.blocked_calls) == 1_000
    assert app.blocked_calls[0].host == "host-100.example"


def test_the_tls_listener_chooses_the_certificate_by_the_requested_name(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    with Serving(tmp_path, "--tls-listen", "127.0.0.1:0", "--authority", str(folder)) as process:
        port = int(process.banner.partition("TLS on port ")[2].partition(";")[0])
        context = ssl.create_default_context(cafile=str(folder / "authority.pem"))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        for host, status in ((HOST, b"200 OK"), (HOST.upper(), b"200 OK"), ("models.aixplain.com", b"404 ")):
            plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
            with context.wrap_socket(plain, server_hostname=host) as wire:
                wire.sendall(f"GET /v2/models HTTP/1.1\r\nHost: {host}\r\nX-API-Key: axp_test_pro\r\n\r\n".encode())
                assert status in wire.recv(65_536)
        with Wire(port) as wire:
            wire.send(request("GET", "/v2/models"))
            assert wire.ended
        refused = pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME")
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain, refused:
            context.wrap_socket(plain, server_hostname="vendor.example")
        told = process.client.get("/_emulator/departures").json()["departures"]
        assert [(each["host"], each["port"]) for each in told] == [("vendor.example", 443)]
        assert "the TLS handshake for a host of --tls-listen failed: HTTP_REQUEST" in process.log
        context.check_hostname = False
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain, context.wrap_socket(plain) as wire:
            assert wire.getpeercert()


def test_the_host_is_reported_for_a_client_of_the_listener_that_does_not_trust_us(tmp_path: Path) -> None:
    with Serving(tmp_path, "--tls-listen", "127.0.0.1:0", "--authority", str(tmp_path / "ca")) as process:
        port = int(process.banner.partition("TLS on port ")[2].partition(";")[0])
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()  # as what watches over containers does
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        with plain, pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname=HOST)
        process.client.get("/_emulator/health")
        assert process.log.startswith(f"WARNING: a client does not trust our certificate for {HOST}; set SSL_CERT_FILE")
