"""Connections of the fixture's own to a server: what tests patch in HTTP libraries doesn't reach them.

Mocks such as respx and pytest-httpx replace the transports of httpx, and others those of requests, aiohttp or
`HTTPConnection.request`. The standard library's connections, driven part by part, are what none of them replaces.
"""

from __future__ import annotations

import os
import select
import ssl
from collections import deque
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from msgspec import Struct

from emulator.errors import ConfigError, EmulatorError
from emulator.settings.parsers import parse_seconds

TIMEOUT = 30.0  # real seconds, unless the variable says more or less
VARIABLE = "EMULATOR_CLIENT_TIMEOUT"


class ConnectionFailed(EmulatorError):
    """No whole response came; the message says why."""


def chosen_timeout(env: Mapping[str, str], given: float | None = None) -> float | None:
    """Returns the real seconds that are given, or that EMULATOR_CLIENT_TIMEOUT names, 30 by default; None, which is no
    limit, for 0.

    Raises ConfigError when the variable names no number of seconds.
    """
    if given is not None:
        return given or None
    value = env.get(VARIABLE)
    try:
        return (parse_seconds(value) if value else TIMEOUT) or None
    except ValueError as error:
        raise ConfigError(f"{VARIABLE} is {value!r}; expected {error}") from None


class Response(Struct, frozen=True):
    """A status and a whole body."""

    status: int
    body: bytes


class Connections:
    """Connections to the server at a URL, kept open between requests; any number of threads may send at once.

    `timeout` is in real seconds: to connect, and for each read; by default it is what EMULATOR_CLIENT_TIMEOUT says;
    0 is no limit. Raises ValueError for what is no URL of a server, ConfigError for what is no timeout.
    """

    def __init__(self, url: str, timeout: float | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected http://HOST:PORT or https://HOST:PORT")
        self._timeout = chosen_timeout(os.environ, timeout)
        self._limit = f"the limit of {VARIABLE}" if timeout is None else f"the limit that {timeout=} sets"
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path.rstrip("/")
        # Loading the CAs takes longer than the calls of most tests, and plain http needs none.
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._idle: deque[HTTPConnection] = deque()

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None, *, patient: bool = False
    ) -> Response:
        """Sends a request and reads the response; `patient` waits for it indefinitely. Raises ConnectionFailed."""
        connection = self._take()
        try:
            self._write(connection, method, target, headers, body)
            connection.sock.settimeout(None if patient else self._timeout)
            answer = connection.getresponse()
            response = Response(answer.status, answer.read())
        except (OSError, HTTPException) as error:
            connection.close()
            # The limit has no error number; ETIMEDOUT is the system's, which gives a connection up.
            if isinstance(error, TimeoutError) and error.errno is None:
                raise ConnectionFailed(f"no response within {self._timeout:g} s, {self._limit}") from error
            raise ConnectionFailed(str(error) or type(error).__name__) from error
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return response

    def close(self) -> None:
        """Closes the connections that no request is using."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> HTTPConnection:
        """Returns an idle connection that the server has not closed, or a new one."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._open()
            if not _is_readable(connection):
                return connection
            connection.close()

    def _open(self) -> HTTPConnection:
        if self._tls is None:
            return HTTPConnection(self._host, self._port, timeout=self._timeout)
        return HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)

    def _write(
        self, connection: HTTPConnection, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> None:
        connection.putrequest(method, self._prefix + target)
        if body is not None:
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)


def _is_readable(connection: HTTPConnection) -> bool:
    """Whether something came on an idle connection: as nothing was sent, it is the server's end."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
