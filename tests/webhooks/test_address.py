"""Where webhooks may go."""

from __future__ import annotations

import asyncio

import pytest

from emulator.settings.parsers import parse_networks
from emulator.webhooks.address import AddressError, Lookup, Target, forbidden, parse, resolve

EVERYWHERE = parse_networks("0.0.0.0/0, ::/0")


def answering(*addresses: str) -> Lookup:
    async def lookup(host: str, port: int) -> list[str]:
        return list(addresses)

    return lookup


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("http://127.0.0.1:9000/hook", Target("http", "127.0.0.1", 9000), "127.0.0.1:9000"),
        ("HTTP://LocalHost/hook?a=b#c", Target("http", "localhost", 80), "localhost"),
        ("https://hooks.example:443/", Target("https", "hooks.example", 443), "hooks.example"),
        ("http://[::1]:81/", Target("http", "::1", 81), "[::1]:81"),
        ("http://[::1]", Target("http", "::1", 80), "[::1]"),
    ],
)
def test_a_url_is_read_as_scheme_host_and_port(url: str, target: Target, authority: str) -> None:
    assert parse(url) == target
    assert target.authority == authority


@pytest.mark.bound("URL of a webhook")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "scheme is missing; expected http or https"),
        ("hooks.example/x", "scheme is missing"),
        ("file:///etc/passwd", "scheme is file"),
        ("gopher://127.0.0.1:70/_x", "scheme is gopher"),
        ("javascript:alert(1)", "scheme is javascript"),
        ("http:///path", "names no host"),
        ("http://user:secret@127.0.0.1/", "user name or password"),
        ("http://127.0.0.1@169.254.169.254/", "user name or password"),
        ("http://@127.0.0.1/", "user name or password"),
        ("http://127.0.0.1\\@169.254.169.254/", "backslash"),
        ("http://127.0.0.1/ x", "a space"),
        ("http://127.0.0.1/\r\nX-Evil: 1", "control character"),
        ("http://127.0.0.1:70000/", "Port out of range"),
        ("http://127.0.0.1:http/", "not a URL"),
        ("http://127.0.0.1:0/", "port is 0"),
        ("http://[::1", "not a URL"),
        ("http://127.0.0.1/" + "x" * 3_000, "3017 characters"),
    ],
)
def test_a_url_that_is_not_plainly_http_is_refused(url: str, reason: str) -> None:
    with pytest.raises(AddressError, match=reason):
        parse(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
        "172.17.0.1",
        "192.168.1.1",
        "fd00::1",
    ],
)
def test_loopback_and_private_networks_are_always_fine(address: str) -> None:
    assert forbidden(address) is None
    assert forbidden(address, EVERYWHERE) is None


@pytest.mark.bound("target of a webhook")
@pytest.mark.finding("H4")
@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", "a public address"),
        ("93.184.216.34", "a public address"),
        ("2606:4700::1111", "a public address"),
        ("::ffff:8.8.8.8", "a public address"),
        ("169.254.1.2", "a link-local address"),
        ("::ffff:169.254.1.2", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("fe80::1%eth0", "a link-local address"),
        ("100.64.0.1", "an address for special purposes"),
        ("198.18.0.1", "an address for special purposes"),
        ("192.0.2.1", "an address for special purposes"),
        ("198.51.100.1", "an address for special purposes"),
        ("203.0.113.1", "an address for special purposes"),
        ("2001:db8::1", "an address for special purposes"),
    ],
)
def test_whatever_is_neither_loopback_nor_private_is_fine_only_when_allowed(address: str, kind: str) -> None:
    reason = forbidden(address) or ""
    assert reason.startswith(f"{kind}; webhooks stay on this machine and on private networks (--webhook-allow ")
    option, value = reason.partition("(")[2].split()[:2]
    assert option == "--webhook-allow"
    assert forbidden(address, parse_networks(value)) is None, "the cure that the message names helps"
    assert forbidden(address, EVERYWHERE) is None
    assert forbidden(address, parse_networks("198.19.0.0/16, fd00::/8")) == reason


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("169.254.169.254", "metadata"),
        ("169.254.170.2", "metadata"),
        ("169.254.170.23", "metadata"),
        ("::ffff:169.254.169.254", "metadata"),
        ("::ffff:a9fe:a9fe", "metadata"),
        ("fd00:ec2::23", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("fd20:ce::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("::ffff:100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("192.0.0.192", "metadata"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("255.255.255.255", "reserved"),
        ("64:ff9b::a9fe:a9fe", "reserved"),
        ("::a9fe:a9fe", "reserved"),
        ("2002:a9fe:a9fe::1", "tunnel"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "tunnel"),
    ],
)
def test_metadata_and_odd_addresses_are_never_called(address: str, kind: str) -> None:
    assert kind in (forbidden(address) or "")
    assert kind in (forbidden(address, EVERYWHERE) or "")


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"])
def test_an_address_written_as_one_number_or_in_octal_is_still_seen(host: str) -> None:
    with pytest.raises(AddressError, match=r"leads to 169\.254\.169\.254, a metadata"):
        asyncio.run(resolve(parse(f"http://{host}/"), EVERYWHERE))


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "127.1", "localhost"])
def test_other_spellings_of_this_machine_lead_to_this_machine(host: str) -> None:
    assert "127.0.0.1" in asyncio.run(resolve(parse(f"http://{host}/")))


def test_a_name_that_leads_to_a_forbidden_address_is_refused_and_named() -> None:
    with pytest.raises(AddressError, match=r"rebind\.example leads to 169\.254\.169\.254, a metadata"):
        asyncio.run(resolve(parse("http://rebind.example/"), lookup=answering("169.254.169.254")))


def test_one_forbidden_address_among_good_ones_is_enough_to_refuse() -> None:
    with pytest.raises(AddressError, match="fe80::1"):
        asyncio.run(resolve(parse("http://mixed.example/"), lookup=answering("127.0.0.1", "fe80::1")))


def test_all_addresses_are_given_in_the_systems_order() -> None:
    found = asyncio.run(resolve(parse("http://two.example/"), lookup=answering("::1", "127.0.0.1")))
    assert found == ["::1", "127.0.0.1"]


def test_a_name_without_an_address_may_have_one_later() -> None:
    with pytest.raises(OSError, match="has no address"):
        asyncio.run(resolve(parse("http://nowhere.example/"), lookup=answering()))


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_what_cannot_be_a_host_name_is_refused(host: str) -> None:
    with pytest.raises(AddressError, match="is not a host name"):
        asyncio.run(resolve(parse(f"http://{host}/")))
