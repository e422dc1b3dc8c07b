"""TLS inside an accepted connection: tunnels (CONNECT) and the TLS listener, each with an HTTP connection on top.

A connection goes: ClientHello (whose SNI chooses the host) → certificate → handshake → HTTP. In a tunnel, the CONNECT
has chosen the host already.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, MutableSet
from functools import partial
from typing import Any, Protocol

from emulator.https.proxy import HttpsProxy, ProxyRefusal, ProxyRoute


class _HelloReader(ssl.SSLObject):
    """TLS handshake that stops after the ClientHello."""

    complete = False
    name: str | None = None


def _on_sni(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int:
    if isinstance(connection, _HelloReader):
        connection.complete, connection.name = True, name
    return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


def hello_context() -> ssl.SSLContext:
    """Returns the context with which ClientHellos are read; one is enough for all of them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = _HelloReader
    context.sni_callback = _on_sni
    return context


class ClientHello:
    """ClientHello of one connection; `context` is from `hello_context`."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        handshake = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        assert isinstance(handshake, _HelloReader), "the context is not from hello_context"
        self._handshake = handshake

    @property
    def name(self) -> str | None:
        """The requested host name (SNI, RFC 6066 section 3), or None."""
        return self._handshake.name

    def read(self, data: bytes) -> bool:
        """Reads more bytes; returns whether the hello is complete. Raises ssl.SSLError when they are not TLS."""
        self._incoming.write(data)
        try:
            self._handshake.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            if not self._handshake.complete:
                raise
        return True

    def alert(self) -> bytes:
        """Returns the alert that refuses the client (RFC 6066: unrecognized_name), or the one for its invalid bytes."""
        return self._outgoing.read()


HANDSHAKE_TIMEOUT = 30.0  # real seconds
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class TunnelledProtocol(Protocol):
    """HTTP connection on top of TLS; `closed_unused` is called when its client leaves without sending a request."""

    closed_unused: Callable[[], None] | None

    def connection_made(self, transport: asyncio.Transport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...


MakeProtocol = Callable[[], Any]
Tasks = MutableSet[asyncio.Task[None]]


class HandshakeBuffer(asyncio.Protocol):
    """Buffers what arrives between the end of the handshake and the moment when the task that started it resumes."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._lost: tuple[Exception | None] | None = None

    def data_received(self, data: bytes) -> None:
        self._data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = (exc,)

    def hand_over(self, transport: Any, protocol: TunnelledProtocol) -> None:
        """Lets `protocol` continue from here, with what has arrived so far."""
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._data:
            protocol.data_received(bytes(self._data))
        if self._lost is not None:
            protocol.connection_lost(*self._lost)


class TlsListener(asyncio.Protocol):
    """Connection to the TLS listener: its ClientHello chooses the host, then it continues like a tunnel."""

    def __init__(self, proxy: HttpsProxy, context: ssl.SSLContext, make: MakeProtocol, tasks: Tasks) -> None:
        self._proxy = proxy
        self._hello = ClientHello(context)
        self._make = make
        self._tasks = tasks
        self._early = bytearray()
        self._name: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _run(self._accept(transport), transport, self._tasks)

    def data_received(self, data: bytes) -> None:
        self._early += data
        if self._name.done():
            return
        try:
            if self._hello.read(data):
                self._name.set_result(self._hello.name)
        except OSError as error:
            self._name.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._name.cancel()

    async def _accept(self, transport: Any) -> None:
        try:
            name = await asyncio.wait_for(self._name, HANDSHAKE_TIMEOUT)
        except OSError as error:
            self._reject(transport)
            self._proxy.handshake_failed("a host of --tls-listen", error)
            return
        transport.pause_reading()
        if (host := self._proxy.host_for(name)) is None:
            self._reject(transport)
            return
        context = await _context_for(self._proxy, host)
        if isinstance(context, ProxyRefusal):
            transport.abort()
            return
        await _start_tls(self._proxy, host, context, bytes(self._early), transport, self._make)

    def _reject(self, transport: Any) -> None:
        transport.write(self._hello.alert())
        transport.close()


def open_tunnel(
    proxy: HttpsProxy, route: ProxyRoute, early: bytes, transport: Any, make: MakeProtocol, tasks: Tasks
) -> None:
    """Responds to a CONNECT and opens the tunnel, with TLS as the host of the route or in plain HTTP.

    `early` are the bytes that came after the CONNECT; `make` makes the protocol of the HTTP connection in the tunnel.
    """
    transport.pause_reading()
    if route.secure:
        work = _open_tls_tunnel(proxy, route.host, early, transport, make)
    else:
        work = _open_plain_tunnel(early, transport, make)
    _run(work, transport, tasks)


async def _open_plain_tunnel(early: bytes, transport: Any, make: MakeProtocol) -> None:
    """Opens a tunnel for http://, which clients use that send everything through tunnels."""
    if transport.is_closing():
        return
    transport.write(ESTABLISHED)
    buffer = HandshakeBuffer()
    buffer.data_received(early)
    buffer.hand_over(transport, make())
    transport.resume_reading()


async def _open_tls_tunnel(proxy: HttpsProxy, host: str, early: bytes, transport: Any, make: MakeProtocol) -> None:
    context = await _context_for(proxy, host)
    if isinstance(context, ProxyRefusal):
        transport.write(context.raw())
        transport.close()
        return
    transport.write(ESTABLISHED)
    await _start_tls(proxy, host, context, early, transport, make)


async def _context_for(proxy: HttpsProxy, host: str) -> ssl.SSLContext | ProxyRefusal:
    """Makes the certificate in a thread: it takes as long as some requests."""
    return await asyncio.get_running_loop().run_in_executor(None, proxy.context_for, host)


async def _start_tls(
    proxy: HttpsProxy, host: str, context: ssl.SSLContext, early: bytes, transport: Any, make: MakeProtocol
) -> None:
    if transport.is_closing():
        return
    loop, buffer = asyncio.get_running_loop(), HandshakeBuffer()
    starting = loop.create_task(
        loop.start_tls(transport, buffer, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_TIMEOUT)
    )
    if early:
        # start_tls runs in the next pass of the loop and makes TLS ready in the one after, before anything is read.
        loop.call_soon(loop.call_soon, _feed, transport, early)
    try:
        secured = await starting
    except OSError as error:  # SSLError is one
        transport.abort()
        proxy.handshake_failed(host, error)
        return
    connection: TunnelledProtocol = make()
    connection.closed_unused = partial(proxy.closed_unused, host)
    buffer.hand_over(secured, connection)


def _feed(transport: Any, data: bytes) -> None:
    """Passes to TLS what was read before it started."""
    protocol = transport.get_protocol()
    while data and not transport.is_closing():
        buffer = protocol.get_buffer(len(data))
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        data = data[size:]
        protocol.buffer_updated(size)


def _run(work: Any, transport: Any, tasks: Tasks) -> None:
    """Runs a coroutine for a connection, and aborts the connection when the server stops before it is done."""

    def done(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        if task.cancelled():
            transport.abort()

    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(done)
