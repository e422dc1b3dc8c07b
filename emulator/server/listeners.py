"""Listening sockets of a server: one, or for `localhost` one on each loopback address that the machine has."""

from __future__ import annotations

import socket
from errno import EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT

from emulator.errors import ConfigError
from emulator.settings import Listen, Settings

BACKLOG = 2_048
LOOPBACKS = ("127.0.0.1", "::1")  # clients try one of them first, and not all of them try the other
MISSING = (EADDRNOTAVAIL, EAFNOSUPPORT)  # a machine need not have both
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


def hold(host: str, port: int) -> socket.socket:
    """Returns a socket that keeps an address without listening: connections are refused. Raises OSError."""
    return _listen(host, port, listening=False)


def _listen(host: str, port: int, listening: bool = True) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        if listening:
            sock.listen(BACKLOG)  # until then another process can bind the same port, and fails only later
    except OSError:
        sock.close()
        raise
    return sock
