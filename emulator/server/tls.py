"""The tunnel: TLS begins inside a connection that was accepted, and a connection of its own goes on above it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, MutableSet
from functools import partial
from typing import Any, Protocol

from emulator.https.proxy import HttpsProxy, ProxyRefusal, ProxyRoute


class _Heard(ssl.SSLObject):
    """A handshake that goes no further than the client's hello."""

    whole = False
    name: str | None = None


def _hear(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int:
    if isinstance(connection, _Heard):
        connection.whole, connection.name = True, name
    return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


def hearing() -> ssl.SSLContext:
    """What hellos are read with; one does for all of them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = _Heard
    context.sni_callback = _hear
    return context


class ClientHello:
    """One client's hello; `context` is from `hearing`."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        handshake = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        assert isinstance(handshake, _Heard), "the context is another one"
        self._handshake = handshake

    @property
    def name(self) -> str | None:
        """The name of a host that is asked for (SNI, RFC 6066 section 3), None when there is none."""
        return self._handshake.name

    def read(self, data: bytes) -> bool:
        """Whether the hello is whole with these bytes. Raises ssl.SSLError when they are none of TLS."""
        self._incoming.write(data)
        try:
            self._handshake.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            if not self._handshake.whole:
                raise
        return True

    def alert(self) -> bytes:
        """What tells the client that it is refused (RFC 6066: unrecognized_name), or what was wrong with its bytes."""
        return self._outgoing.read()


HANDSHAKE = 30.0  # real seconds
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class TunnelledProtocol(Protocol):
    """A connection that goes on above TLS; `unasked` is called when its client goes without having asked anything."""

    unasked: Callable[[], None] | None

    def connection_made(self, transport: asyncio.Transport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...


Make = Callable[[], Any]
Tasks = MutableSet[asyncio.Task[None]]


class HandshakeBuffer(asyncio.Protocol):
    """Keeps what comes between the end of the handshake and the moment when whoever began it hears of that."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._lost: tuple[Exception | None] | None = None

    def data_received(self, data: bytes) -> None:
        self._held += data

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = (exc,)

    def hand_over(self, transport: Any, protocol: TunnelledProtocol) -> None:
        """Let `protocol` go on from here."""
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._held:
            protocol.data_received(bytes(self._held))
        if self._lost is not None:
            protocol.connection_lost(*self._lost)


class TlsListener(asyncio.Protocol):
    """A connection to the TLS listener: the client's hello says as which host to answer, and then as in a tunnel."""

    def __init__(self, front: HttpsProxy, context: ssl.SSLContext, make: Make, tasks: Tasks) -> None:
        self._front = front
        self._hello = ClientHello(context)
        self._make = make
        self._tasks = tasks
        self._early = bytearray()
        self._name: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _start(self._enter(transport), transport, self._tasks)

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

    async def _enter(self, transport: Any) -> None:
        try:
            name = await asyncio.wait_for(self._name, HANDSHAKE)
        except OSError as error:
            self._turn_away(transport)
            self._front.failed("a host of --tls-listen", error)
            return
        transport.pause_reading()
        if (host := self._front.asked(name)) is None:
            self._turn_away(transport)
            return
        context = await _leaf(self._front, host)
        if isinstance(context, ProxyRefusal):
            transport.abort()
            return
        await _secure(self._front, host, context, bytes(self._early), transport, self._make)

    def _turn_away(self, transport: Any) -> None:
        transport.write(self._hello.alert())
        transport.close()


def open_tunnel(front: HttpsProxy, way: ProxyRoute, early: bytes, transport: Any, make: Make, tasks: Tasks) -> None:
    """Answer a CONNECT, and go on in the tunnel: above TLS as a host, or as it is. `make` makes the connection."""
    transport.pause_reading()
    work = _secure_as(front, way.host, early, transport, make) if way.secure else _go_on(early, transport, make)
    _start(work, transport, tasks)


async def _go_on(early: bytes, transport: Any, make: Make) -> None:
    """Clients that send all through tunnels ask for plain http:// in one too."""
    if transport.is_closing():
        return
    transport.write(ESTABLISHED)
    vestibule = HandshakeBuffer()
    vestibule.data_received(early)
    vestibule.hand_over(transport, make())
    transport.resume_reading()


async def _secure_as(front: HttpsProxy, host: str, early: bytes, transport: Any, make: Make) -> None:
    found = await _leaf(front, host)
    if isinstance(found, ProxyRefusal):
        transport.write(found.raw())
        transport.close()
        return
    transport.write(ESTABLISHED)
    await _secure(front, host, found, early, transport, make)


async def _leaf(front: HttpsProxy, host: str) -> ssl.SSLContext | ProxyRefusal:
    """A leaf is made in a thread: it takes as long as some answers."""
    return await asyncio.get_running_loop().run_in_executor(None, front.context_for, host)


async def _secure(
    front: HttpsProxy, host: str, context: ssl.SSLContext, early: bytes, transport: Any, make: Make
) -> None:
    if transport.is_closing():
        return
    loop, vestibule = asyncio.get_running_loop(), HandshakeBuffer()
    starting = loop.create_task(
        loop.start_tls(transport, vestibule, context, server_side=True, ssl_handshake_timeout=HANDSHAKE)
    )
    if early:
        # start_tls runs in the next turn of the loop and makes TLS ready in the one after, before anything is read.
        loop.call_soon(loop.call_soon, _feed, transport, early)
    try:
        secured = await starting
    except OSError as error:  # those of TLS are OSErrors too
        transport.abort()
        front.failed(host, error)
        return
    connection: TunnelledProtocol = make()
    connection.unasked = partial(front.unasked, host)
    vestibule.hand_over(secured, connection)


def _feed(transport: Any, data: bytes) -> None:
    """Give TLS what was read before it began."""
    protocol = transport.get_protocol()
    while data and not transport.is_closing():
        buffer = protocol.get_buffer(len(data))
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        data = data[size:]
        protocol.buffer_updated(size)


def _start(work: Any, transport: Any, tasks: Tasks) -> None:
    """Do this for a connection, which ends when the server stops before it is done."""

    def done(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        if task.cancelled():
            transport.abort()

    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(done)
