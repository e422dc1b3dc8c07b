"""Requests: how headers are read, and who sends them."""

from __future__ import annotations

import pytest

from emulator.http.request import Caller, Request


def test_headers_are_read_as_iso_8859_1() -> None:
    request = Request("GET", "/", "", {b"x-name": b"caf\xe9"}, "host", "http", "host:80")
    assert request.headers == {"x-name": "café"}
    assert (request.header(b"x-name"), request.header(b"x-other")) == ("café", None)


def test_a_caller_cannot_be_changed_since_all_requests_with_its_key_share_it() -> None:
    caller = Caller("key", "demo", "pro", "demo", {}, "k…y")
    with pytest.raises(AttributeError):
        caller.tier = "free"  # type: ignore[misc]
    assert caller.plan is None
