"""Requests: how headers are read."""

from __future__ import annotations

from emulator.http.request import Request


def test_headers_are_read_as_iso_8859_1() -> None:
    request = Request("GET", "/", "", {b"x-name": b"caf\xe9"}, "host", "http", "host:80")
    assert request.headers == {"x-name": "café"}
    assert (request.header(b"x-name"), request.header(b"x-other")) == ("café", None)
