"""Hosts: one spelling for each, and which are this machine."""

from __future__ import annotations

import pytest

from emulator.https.hosts import is_name, is_this_machine, joined, normalize_host


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("API.Vendor.Example", "api.vendor.example"),
        ("api.vendor.example.", "api.vendor.example"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_host_has_one_spelling(given: str, wanted: str) -> None:
    assert normalize_host(given) == wanted


def test_an_ipv6_address_stands_in_brackets_before_a_port() -> None:
    assert (joined("2001:db8::1", 443), joined("a.example", 443)) == ("[2001:db8::1]:443", "a.example:443")


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::"])
def test_this_machine_has_many_names(host: str) -> None:
    assert is_this_machine(normalize_host(host))


@pytest.mark.parametrize("host", ["localhost.example", "db", "10.0.0.1", "2001:db8::1", "127.0.0.1.example", ""])
def test_all_others_are_elsewhere(host: str) -> None:
    assert not is_this_machine(host)


@pytest.mark.parametrize("host", ["api.vendor.example", "gateway", "1.example", "a-b.c1", "a" * 63 + ".example"])
def test_a_certificate_can_name_a_host(host: str) -> None:
    assert is_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "10.0.0.12",
        "12",
        "::1",
        "host:443",
        "*.example",
        "-a.example",
        "a..b",
        "a" * 64,
        "ü.example",
        "a.b\n",
        "a." * 127,
    ],
)
def test_a_certificate_cannot_name_anything_else(host: str) -> None:
    assert not is_name(host)
