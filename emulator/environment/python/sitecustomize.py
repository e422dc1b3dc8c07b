"""For Python: sends through the proxy of HTTPS_PROXY what clients send that read no proxy variables.

Python imports this file because its folder is in PYTHONPATH; the `sitecustomize` that it hides is imported at the end.
Names are resolved to stand-in addresses of this machine, and a connection to one becomes a tunnel (RFC 9110 section
9.3.6). Only TCP to ports 80 and 443 is affected. Whatever fails here is ignored: it must not end the program.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from errno import ECONNREFUSED
from typing import Any

PORTS = {80: 80, 443: 443, "80": 80, "443": 443, "http": 80, "https": 443}
PROXY = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY") or ""
DIRECT = [each.strip().lower() for each in os.environ.get("NO_PROXY", "").split(",") if each.strip()]
BUNDLE = os.environ.get("SSL_CERT_FILE") or ""
TIMEOUT = 30.0  # seconds that the proxy may take to answer


def is_redirected(host: Any, port: Any) -> bool:
    """Whether a connection to a host and port goes through the proxy."""
    if port not in PORTS or not isinstance(host, str) or not host:
        return False
    name = host.lower().rstrip(".")
    if name.startswith(("127.", "::ffff:127.")) or name in ("0.0.0.0", "::", "::1") or name.endswith(".localhost"):
        return False
    return not any(name == each or name.endswith("." + each) for each in DIRECT)


class Tunnels:
    """Lets names lead to stand-in addresses, and connections to those through the proxy."""

    def __init__(self, socket: Any) -> None:
        from urllib.parse import urlsplit

        self._socket = socket
        self._proxy = urlsplit(PROXY)
        self._hosts: dict[str, str] = {}  # by stand-in address
        self._resolve = socket.getaddrinfo
        self._connect, self._connect_ex = socket.socket.connect, socket.socket.connect_ex
        self._is_six = ":" in (self._proxy.hostname or "")

    def getaddrinfo(self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        """Resolves a name to its stand-in address, as socket.getaddrinfo does."""
        socket, name = self._socket, host.decode("ascii", "replace") if isinstance(host, bytes) else host
        passive = flags & (socket.AI_PASSIVE | socket.AI_NUMERICHOST)
        if passive or type not in (0, socket.SOCK_STREAM) or not is_redirected(name, port):
            return self._resolve(host, port, family, type, proto, flags)
        address = self._address(name)
        place = (address, PORTS[port], 0, 0) if self._is_six else (address, PORTS[port])
        family = socket.AF_INET6 if self._is_six else socket.AF_INET
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)]

    def connect(self, sock: Any, address: Any) -> Any:
        """Connects as socket.connect does."""
        target = self._destination(sock, address)
        return self._connect(sock, address) if target is None else self._open(sock, target)

    def connect_ex(self, sock: Any, address: Any) -> Any:
        """Connects as socket.connect_ex does."""
        target = self._destination(sock, address)
        if target is None:
            return self._connect_ex(sock, address)
        try:
            self._open(sock, target)
        except OSError as error:
            return error.errno or ECONNREFUSED
        return 0

    def _address(self, name: str) -> str:
        hosts = self._hosts
        for address, known in hosts.items():
            if known == name:
                return address
        address = f"{'::ffff:' if self._is_six else ''}127.83.{len(hosts) >> 8 & 255}.{len(hosts) & 255}"
        hosts[address] = name
        return address

    def _destination(self, sock: Any, address: Any) -> str | None:
        """The host and port to tunnel to, or None."""
        socket = self._socket
        if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
            return None
        host, port = address[:2]
        name = self._hosts.get(host) or (host if is_redirected(host, port) else None)
        return name and f"[{name}]:{port}" if name and ":" in name else name and f"{name}:{port}"

    def _open(self, sock: Any, target: str) -> None:
        timeout = sock.gettimeout()
        sock.settimeout(TIMEOUT)
        try:
            self._connect(sock, (self._proxy.hostname, self._proxy.port))
            sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            head = b""
            while b"\r\n\r\n" not in head:
                data = sock.recv(1)  # what follows the head is not ours
                if not data:
                    break
                head += data
        finally:
            sock.settimeout(timeout)
        status, _, reason = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")[2].partition(" ")
        if status != "200":
            raise ConnectionRefusedError(ECONNREFUSED, reason or "the proxy closed the connection")


def patch_socket(socket: Any) -> None:
    """Opens tunnels where the program opens connections."""
    tunnels = Tunnels(socket)
    socket.getaddrinfo = tunnels.getaddrinfo
    socket.socket.connect = lambda sock, address: tunnels.connect(sock, address)
    socket.socket.connect_ex = lambda sock, address: tunnels.connect_ex(sock, address)


def patch_certifi(certifi: Any) -> None:
    """Lets those who trust Mozilla's list, whatever the variables say, trust what SSL_CERT_FILE names."""

    def contents() -> str:
        with open(BUNDLE, encoding="ascii", errors="replace") as file:
            return file.read()

    certifi.where, certifi.contents = (lambda: BUNDLE), contents


def patch_pycurl(pycurl: Any) -> None:
    """Lets libcurl, which reads no such variable, trust the same."""

    class Curl(pycurl.Curl):  # type: ignore[misc]
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.trust()

        def reset(self) -> None:
            super().reset()
            self.trust()

        def trust(self) -> None:
            with suppress(Exception):
                self.setopt(pycurl.CAINFO, BUNDLE)

    pycurl.Curl = Curl


def patch_aiohttp(client: Any) -> None:
    """Lets aiohttp read the proxy variables: on a loop of uvloop, its connections are none of Python's sockets."""
    begin = client.ClientSession.__init__

    def __init__(self: Any, *given: Any, **named: Any) -> None:
        begin(self, *given, **{**named, "trust_env": True})

    client.ClientSession.__init__ = __init__


PATCHES = {"socket": patch_socket, "aiohttp.client": patch_aiohttp}
if os.path.isfile(BUNDLE):
    PATCHES.update({"certifi": patch_certifi, "pycurl": patch_pycurl})


def patch(name: str, module: Any) -> None:
    """Patches a module; one that is other than expected is left alone."""
    with suppress(Exception):
        PATCHES[name](module)


def patch_when_executed(loader: Any, name: str) -> None:
    """Lets a loader patch its module once that has been executed."""
    execute = loader.exec_module

    def exec_module(module: Any) -> None:
        execute(module)
        patch(name, module)

    loader.exec_module = exec_module


class Finder:
    """Import hook: patches a module when the program has imported it, so that nothing is imported for nothing."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in PATCHES:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                with suppress(AttributeError):
                    patch_when_executed(spec.loader, name)
                return spec
        return None


def install() -> None:
    """Patches what is imported already, and what will be."""
    for name in PATCHES:
        if name in sys.modules:
            patch(name, sys.modules[name])
    sys.meta_path.insert(0, Finder())


def import_hidden() -> None:
    """Imports the `sitecustomize` that this one hides, if there is one, and leaves no trace of this folder."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or os.curdir) != here]
    own = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if own is not None:
            sys.modules.setdefault("sitecustomize", own)  # Python looks for it there


if PROXY.startswith("http://"):
    with suppress(Exception):
        install()
import_hidden()
