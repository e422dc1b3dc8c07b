"""Requests and exchanges: how headers, origins and defaults are read."""

from __future__ import annotations

from emulator.http import Differing, Exchange, Request


def test_headers_are_read_as_iso_8859_1() -> None:
    request = Request("GET", "/", "", {b"x-name": b"caf\xe9"}, "host", "http", "host:80")
    assert request.headers == {"x-name": "café"}
    assert (request.header(b"x-name"), request.header(b"x-other")) == ("café", None)


def test_an_origin_is_scheme_host_and_port_as_the_client_used_them() -> None:
    assert Request("GET", "/", "", {}, "a.test", "https", "a.test:8443").origin == "https://a.test:8443"


def test_each_exchange_has_its_own_values_over_shared_defaults() -> None:
    one, other = (Exchange(number, 1.0, "GET", "/", "") for number in (1, 2))
    one.faults = ("latency",)
    assert (one.faults, other.faults) == (("latency",), ())
    assert (other.outcome, other.status, other.number) == ("open", 0, 2)


def test_a_difference_says_what_was_expected_and_what_came() -> None:
    assert str(Differing("body.a", "1", "2")) == "body.a: expected 1, found 2"
    assert str(Differing("times", "at most 2", "this is the 3rd", counter=True)) == "times: at most 2, this is the 3rd"
