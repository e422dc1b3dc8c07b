"""Host names: their normal form, and which of them are this machine."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from emulator.settings.listen import Listen
from emulator.settings.parsers import HOST


def normalize_host(host: str) -> str:
    """Returns a name in lower case without the root's dot (RFC 1034 section 3.1), an address in its shortest form."""
    address = _address(host)
    return host.lower().removesuffix(".") if address is None else str(address)


def joined(host: str, port: int) -> str:
    """Returns `host:port`, an IPv6 address in brackets (RFC 3986 section 3.2.2)."""
    return str(Listen(host, port))


def is_name(host: str) -> bool:
    """Whether a certificate can name the host: no address, no port, only letters, digits, hyphens and dots."""
    return len(host) <= 253 and HOST.fullmatch(host) is not None


def is_this_machine(host: str) -> bool:
    """Whether a normalized host is this machine, as are names below localhost (RFC 6761)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
