"""The file that Python imports first: who arrives by it, and that it ends no program and changes nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from emulator.environment.variables import PYTHON_PRELOAD
from tests.run.conftest import Run

pytestmark = [pytest.mark.slow, pytest.mark.finding("H2")]

ASK = """
import asyncio, http.client, os, socket, ssl

def by_http_client(host, kind=http.client.HTTPSConnection):
    client = kind(host)
    client.request("GET", "/v2/models", headers={"X-API-Key": "any"})
    return client.getresponse().status

def by_plain_http(host):
    return by_http_client(host, http.client.HTTPConnection)

def by_asyncio(host):
    async def ask():
        reader, writer = await asyncio.open_connection(host, 443, ssl=ssl.create_default_context())
        writer.write(b"GET /v2/models HTTP/1.1\\r\\nHost: %b\\r\\nX-API-Key: any\\r\\n\\r\\n" % host.encode())
        head = await reader.readline()
        writer.close()
        return int(head.split()[1])
    return asyncio.run(ask())

def by_connect_ex(host):
    with socket.socket(socket.AF_INET6 if "[" in os.environ["HTTPS_PROXY"] else socket.AF_INET) as sock:
        return sock.connect_ex((host, 443))

for ask in (by_http_client, by_plain_http, by_asyncio, by_connect_ex):
    for host in ("api.aiexport.io", ask.__name__.replace("_", "-") + ".invalid"):
        try:
            print(ask.__name__, host, ask(host))
        except OSError as error:
            print(ask.__name__, error)
"""


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
def test_a_client_that_reads_no_variables_arrives_and_cannot_leave(run: Run, address: str) -> None:
    ran = run("--listen", address, "--", sys.executable, "-c", ASK)
    lines = ran.stdout.splitlines()
    assert lines[:6:2] == [f"by_{name} api.aiexport.io 200" for name in ("http_client", "plain_http", "asyncio")]
    assert lines[6] == "by_connect_ex api.aiexport.io 0"
    assert lines[7] == "by_connect_ex by-connect-ex.invalid 111"
    assert ran.returncode == 3, ran.stderr
    for host, port in (("by-http-client", 443), ("by-plain-http", 80), ("by-asyncio", 443), ("by-connect-ex", 443)):
        assert f"1 call to {host}.invalid:{port}" in ran.stderr
        assert port == 443 or f"{host}.invalid:80 is not emulated" in ran.stdout


OTHERS = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:  # on this machine, at any port
    socket.create_connection(server.getsockname()).close()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
    datagrams.connect(("127.0.0.1", 80))
print([entry[4][:2] for entry in socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM)])
print(socket.getaddrinfo("192.0.2.1", 5432, type=socket.SOCK_STREAM)[0][4])
print(socket.getaddrinfo(None, 80, socket.AF_INET, socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][4])
print([path for path in sys.path if "emulator/run" in path], "sitecustomize" in sys.modules)
"""


def test_whatever_else_a_program_connects_to_is_left_alone(run: Run) -> None:
    ran = run("--", sys.executable, "-c", OTHERS)
    assert ran.stdout.splitlines() == [
        "[('127.0.0.1', 80)]",
        "('192.0.2.1', 5432)",
        "('0.0.0.0', 80)",
        "[] True",
    ], ran.stderr
    assert ran.returncode == 0


def test_a_sitecustomize_of_the_users_is_imported_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine')\n")
    ran = run("--", "env", f"PYTHONPATH={PYTHON_PRELOAD}:{tmp_path}", sys.executable, "-c", "import sitecustomize")
    assert (ran.stdout, ran.returncode) == ("mine\n", 0), ran.stderr


def test_one_that_fails_is_reported_by_python_as_ever(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import nothing_of_the_kind\n")
    ran = run("--", "env", f"PYTHONPATH={PYTHON_PRELOAD}:{tmp_path}", sys.executable, "-c", "print('runs')")
    assert (ran.stdout, ran.returncode) == ("runs\n", 0)
    assert "No module named 'nothing_of_the_kind'" in ran.stderr


FAKES = {
    "certifi.py": "def where(): return 'its own'\ndef contents(): return 'its own'\n",
    "pycurl.py": """
CAINFO = 'ca'
class Curl:
    def setopt(self, *given): print(given)
    def reset(self): print('reset')
""",
    "aiohttp/__init__.py": "from aiohttp.client import ClientSession\n",
    "aiohttp/client.py": "class ClientSession:\n    def __init__(self, trust_env=False): print(trust_env)\n",
}
USE = """
import certifi, pycurl, aiohttp
print(certifi.where(), certifi.contents())
pycurl.Curl().reset()
aiohttp.ClientSession(), aiohttp.ClientSession(trust_env=False)
"""


def with_fakes(folder: Path, fakes: dict[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a program that uses clients of these texts, with the preload and these variables alone."""
    for name, text in fakes.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    env = {"PYTHONPATH": f"{PYTHON_PRELOAD}:{folder}", **variables}
    return subprocess.run([sys.executable, "-c", USE], env=env, capture_output=True, text=True, check=False)


def test_clients_that_trust_a_list_of_their_own_trust_ours(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("ours")
    ran = with_fakes(tmp_path, FAKES, HTTPS_PROXY="http://127.0.0.1:1", SSL_CERT_FILE=str(bundle))
    ca = f"('ca', '{bundle}')"
    assert ran.stdout.splitlines() == [f"{bundle} ours", ca, "reset", ca, "True", "True"], ran.stderr


@pytest.mark.parametrize("proxy", [None, "", "socks5://127.0.0.1:1"])
def test_without_a_proxy_of_http_nothing_is_changed(tmp_path: Path, proxy: str | None) -> None:
    ran = with_fakes(tmp_path, FAKES, **({} if proxy is None else {"HTTPS_PROXY": proxy}))
    assert ran.stdout.splitlines() == ["its own its own", "reset", "False", "False"], ran.stderr


def test_a_client_of_another_make_is_left_alone(tmp_path: Path) -> None:
    others = FAKES | {"pycurl.py": "class Curl:\n    def reset(self): print('reset')\n"}
    others |= {"aiohttp/client.py": "def ClientSession(trust_env=False): print(trust_env)\n"}
    (tmp_path / "bundle.pem").touch()
    variables = {"HTTPS_PROXY": "http://127.0.0.1:1", "SSL_CERT_FILE": str(tmp_path / "bundle.pem")}
    ran = with_fakes(tmp_path, others, **variables)
    assert ran.stdout.splitlines()[1:] == ["reset", "False", "False"], ran.stderr
    assert ran.returncode == 0
