"""Hosts: one spelling for each, and which of them are this machine."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from emulator.settings import HOST, Listen


def normalize_host(host: str) -> str:
    """A name in lower case and without the dot of the root (RFC 1034 section 3.1), an address in its shortest form."""
    address = _address(host)
    return host.lower().removesuffix(".") if address is None else str(address)


def joined(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets (RFC 3986 section 3.2.2)."""
    return str(Listen(host, port))


def is_name(host: str) -> bool:
    """Whether a certificate can name it: no address, no port, nothing but letters, digits, hyphens and dots."""
    return len(host) <= 253 and HOST.fullmatch(host) is not None


def is_this_machine(host: str) -> bool:
    """Whether a call to it stays here; `host` is spelled as above. Names below localhost are too (RFC 6761)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
