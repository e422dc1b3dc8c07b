"""The client's hello is read for the name of a host, however it comes in, and what is none is told to the client."""

from __future__ import annotations

import ssl

import pytest

from emulator.server.tls import ClientHello, hello_context

HOST = "api.one.test"
ALERT = b"\x15\x03"  # a record of that type (RFC 8446 section 5.1)


def hello(host: str | None) -> bytes:
    """What a client begins TLS with."""
    context = ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=host).do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("host", [HOST, None])
@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_it_is_read_for_the_name_however_it_is_cut(host: str | None, size: int) -> None:
    said, heard = hello(host), ClientHello(hello_context())
    whole = [heard.read(said[at : at + size]) for at in range(0, len(said), size)]
    assert whole == [False] * (len(whole) - 1) + [True]
    assert heard.name == host


def test_each_client_has_its_own_name() -> None:
    context = hello_context()
    first, second = ClientHello(context), ClientHello(context)
    assert first.read(hello(HOST))
    assert second.read(hello("api.two.test"))
    assert (first.name, second.name) == (HOST, "api.two.test")


def test_the_alert_says_why_a_client_is_refused() -> None:
    heard = ClientHello(hello_context())
    heard.read(hello(HOST))
    record = heard.alert()
    assert record.startswith(ALERT)
    assert record[-2:] == bytes([2, ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME])


def test_what_is_no_tls_is_an_error() -> None:
    with pytest.raises(ssl.SSLError, match="HTTP_REQUEST"):
        ClientHello(hello_context()).read(b"GET / HTTP/1.1\r\n\r\n")
    heard = ClientHello(hello_context())
    with pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
        heard.read(b"\0" * 100)
    assert heard.name is None
