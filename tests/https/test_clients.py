"""Real clients: given the variables they trust the authority for its hosts and for no other; without, the log tells."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from emulator.environment.trust import write
from emulator.environment.variables import variables
from emulator.https.authority import Authority
from tests import loopback
from tests.https.conftest import Proxied
from tests.process import environment
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

HOST = "api.aiexport.io"
MODELS = f"https://{HOST}/v2/models"
NODE_GET = """
const https = require("node:https");
const [url, port] = process.argv.slice(1);
const where = port ? {hostname: "127.0.0.1", port, servername: new URL(url).hostname} : {};
https.get(url, {headers: {"X-API-Key": "axp_test_pro"}, ...where}, (answer) => {
  console.log(answer.statusCode);
  answer.resume();
}).on("error", (error) => { console.log(error.message); process.exitCode = 1; });
"""
NODE_FETCH = """
fetch(process.argv[1], {headers: {"X-API-Key": "axp_test_pro"}})
  .then((answer) => console.log(answer.status))
  .catch((error) => { console.log(error.cause?.code ?? error.message); process.exitCode = 1; });
"""
URLLIB = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"X-API-Key": "axp_test_pro"})
print(urllib.request.urlopen(request).status)
"""
REQUESTS = """
import sys, requests
print(requests.get(sys.argv[1], headers={"X-API-Key": "axp_test_pro"}).status_code)
"""
HTTPX = REQUESTS.replace("requests", "httpx")
CURL = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}\n", "-H", "X-API-Key: axp_test_pro"]
CLIENTS = {
    "curl": CURL,
    "urllib": [sys.executable, "-c", URLLIB],
    "requests": [sys.executable, "-c", REQUESTS],
    "httpx": [sys.executable, "-c", HTTPX],
    "https of Node": ["node", "-e", NODE_GET],
    "fetch of Node": ["node", "-e", NODE_FETCH],
}
TRUSTED = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def ran(words: list[str], told: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A client, with these variables and none of the user's own that say whom to trust."""
    known = {name: value for name, value in environment().items() if name not in TRUSTED}
    return subprocess.run(words, env=known | told, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_that_was_given_the_certificate_trusts_it(proxied: Proxied, name: str, tmp_path: Path) -> None:
    told = variables((), proxied.origin, write(proxied.certificate, tmp_path, {}))
    done = ran([*CLIENTS[name], MODELS], told)
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr


@pytest.mark.parametrize("name", CLIENTS)
def test_of_a_client_that_was_not_the_log_says_what_to_set(
    proxied: Proxied, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "emulator"):
        done = ran([*CLIENTS[name], MODELS], variables((), proxied.origin, None))
        loopback.get(f"{proxied.origin}/_emulator/health")  # a turn of the server's loop
    assert done.returncode != 0
    (line,) = caplog.messages
    assert HOST in line
    assert f"set {', '.join(TRUSTED[:3])} and {TRUSTED[3]} to {proxied.certificate}" in line


@contextmanager
def posing(folder: Path, host: str) -> Iterator[int]:
    """A server on loopback with a certificate for a host by the key of the authority in a folder; gives its port."""
    signer = trustme.CA.from_pem((folder / "authority.pem").read_bytes(), (folder / "authority.key").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    signer.issue_cert(host).configure_cert(context)

    def serve(listening: socket.socket) -> None:
        with suppress(OSError), listening.accept()[0] as raw, context.wrap_socket(raw, server_side=True) as wire:
            wire.recv(65_536)
            wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=[listening], daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(PATIENCE)


Client = Callable[[str, int, Path], bool]


def python(host: str, port: int, authority: Path) -> bool:
    context = ssl.create_default_context(cafile=str(authority))
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as raw:
        try:
            context.wrap_socket(raw, server_hostname=host).close()
        except ssl.SSLCertVerificationError as error:
            if "permitted subtree violation" not in str(error):
                raise
            return False
    return True


def curl(host: str, port: int, authority: Path) -> bool:
    told = {"CURL_CA_BUNDLE": str(authority), "NO_PROXY": "*"}
    done = ran([*CURL, "--connect-to", f"{host}:443:127.0.0.1:{port}", f"https://{host}/"], told)
    assert done.returncode == 0 or "permitted subtree violation" in done.stderr
    return done.returncode == 0


def node(host: str, port: int, authority: Path) -> bool:
    done = ran(["node", "-e", NODE_GET, f"https://{host}/", str(port)], {"NODE_EXTRA_CA_CERTS": str(authority)})
    assert done.stdout in ("200\n", "permitted subtree violation\n"), done.stdout + done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("client", [python, curl, node])
def test_whoever_has_the_key_cannot_pose_as_another_host(tmp_path: Path, client: Client) -> None:
    authority = Authority(tmp_path / "a", [HOST]).certificate_path
    with posing(authority.parent, HOST) as port:
        assert client(HOST, port, authority)
    with posing(authority.parent, "api.vendor.example") as port:
        assert not client("api.vendor.example", port, authority)
