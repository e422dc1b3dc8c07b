"""The hello: which host a client asks for when it begins TLS, read before anything is answered."""

from __future__ import annotations

import ssl


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


class Hello:
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
