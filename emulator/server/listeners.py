"""Listening sockets of a server: one, or for `localhost` one on each loopback address that the machine has."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from errno import EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT

from emulator.errors import ConfigError
from emulator.settings.listen import Listen
from emulator.settings.options import Settings

BACKLOG = 2_048
LOOPBACKS = ("127.0.0.1", "::1")  # clients try one of them first, and not all of them try the other
MISSING = (EADDRNOTAVAIL, EAFNOSUPPORT)  # a machine need not have both
SHARES = sys.platform == "linux"  # whether the system spreads connections over sockets that share a port
CONTROL = "control"  # the kind of the port that never refuses
ATTEMPTS = 20  # to find a port that is free on both, if the system chooses


def bind(settings: Settings) -> list[socket.socket]:
    """Returns the listening sockets, all with one port. Raises ConfigError when the address is not available."""
    return _bind(settings.listen, "--listen")


def bind_tls(settings: Settings) -> list[socket.socket]:
    """Returns those of the TLS listener, if there is one. Raises ConfigError when the address is not available."""
    return [] if settings.tls_listen is None else _bind(settings.tls_listen, "--tls-listen")


def _bind(address: Listen, flag: str) -> list[socket.socket]:
    attempts = ATTEMPTS if address.port == 0 else 1
    try:
        while True:
            attempts -= 1
            try:
                return (
                    _bind_both(address.port) if address.host == "localhost" else [_listen(address.host, address.port)]
                )
            except OSError as error:
                if error.errno != EADDRINUSE or not attempts:
                    raise
    except OSError as error:
        raise ConfigError(
            f"can't listen on {address}: {error.strerror or error}; choose another with {flag} HOST:PORT"
        ) from error


def _bind_both(port: int) -> list[socket.socket]:
    """Returns a socket on each loopback address there is. Raises OSError if there is none or a port is taken."""
    sockets: list[socket.socket] = []
    for host in LOOPBACKS:
        try:
            sockets.append(_listen(host, sockets[0].getsockname()[1] if sockets else port))
        except OSError as error:
            missing = error.errno in MISSING
            if missing and (sockets or host != LOOPBACKS[-1]):
                continue
            for sock in sockets:
                sock.close()
            raise
    return sockets


def bind_control(settings: Settings) -> list[socket.socket]:
    """Returns those of the control API alone, if it has any. Raises ConfigError when the address is not available."""
    return [] if settings.control_listen is None else _bind(settings.control_listen, "--control-listen")


class Reserved:
    """The addresses of a server with several processes, by the kind of the port. Raises ConfigError.

    Linux gives each connection to one of the processes that listen, if all of them share the port; there `sockets` keep
    the addresses and do not listen. Elsewhere they listen, and the processes inherit them.
    """

    def __init__(self, settings: Settings, shares: bool = SHARES) -> None:
        # Whoever has the port already may share it, so it is bound alone at first.
        self.sockets = {"http": bind(settings), "https": bind_tls(settings), CONTROL: bind_control(settings)}
        self.addresses = {kind: [_address(sock) for sock in sockets] for kind, sockets in self.sockets.items()}
        self.shares = shares
        if shares:
            self.close()
            for kind, addresses in self.addresses.items():
                self.sockets[kind] = [hold(*address, shared=True) for address in addresses]

    @property
    def inherited(self) -> dict[str, list[int]]:
        """The numbers of the sockets that processes inherit, by kind."""
        return {} if self.shares else {kind: [each.fileno() for each in some] for kind, some in self.sockets.items()}

    def close(self) -> None:
        """Gives the addresses back."""
        for sockets in self.sockets.values():
            for sock in sockets:
                sock.close()


def _address(sock: socket.socket) -> tuple[str, int]:
    host, port, *_ = sock.getsockname()
    return host, port


def take_part(addresses: Iterable[tuple[str, int]], inherited: Iterable[int]) -> list[socket.socket]:
    """Returns the listening sockets of one of several processes: inherited ones, or its own at shared addresses."""
    sockets = [socket.socket(fileno=number) for number in inherited]
    return sockets or [_listen(host, port, shared=True) for host, port in addresses]


def is_shared(sock: socket.socket) -> bool:
    """Whether several processes listen at the address of a socket, each with its own."""
    return SHARES and bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))


def hold(host: str, port: int, shared: bool = False) -> socket.socket:
    """Returns a socket that keeps an address without listening: connections are refused. Raises OSError."""
    return _listen(host, port, listening=False, shared=shared)


def _listen(host: str, port: int, listening: bool = True, shared: bool = False) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
        if listening:
            sock.listen(BACKLOG)  # until then another process can bind the same port, and fails only later
    except OSError:
        sock.close()
        raise
    return sock
