"""Requests: how headers and origins are read."""

from __future__ import annotations

from emulator.http.request import Request


def test_headers_are_read_as_iso_8859_1() -> None:
    request = Request("GET", "/", "", {b"x-name": b"caf\xe9"}, "host", "http", "host:80")
    assert request.headers == {"x-name": "café"}
    assert (request.header(b"x-name"), request.header(b"x-other")) == ("café", None)


def test_an_origin_is_scheme_host_and_port_as_the_client_used_them() -> None:
    assert Request("GET", "/", "", {}, "a.test", "https", "a.test:8443").origin == "https://a.test:8443"
