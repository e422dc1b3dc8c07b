"""Decides which machine a webhook may be sent to: a name is resolved once, and the checked address is called."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from emulator.errors import EmulatorError

Lookup = Callable[[str, int], Awaitable[list[str]]]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL = 2_048
_PORTS = {"http": 80, "https": 443}
# Where clouds hand credentials to whoever asks: most of them; AWS for containers; AWS and Google over IPv6; Alibaba,
# Oracle, Azure.
_METADATA = frozenset(
    map(
        ip_address,
        (
            *("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"),
            *("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
        ),
    )
)
_THIS_NETWORK = ip_network("0.0.0.0/8")
# RFC 1918 and RFC 4193. What `is_private` means is wider: addresses for documentation and for benchmarks, among others.
_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


class AddressError(EmulatorError):
    """A webhook must not go there, and another try would not change that."""


class Target(Struct, frozen=True):
    """Where a URL leads: `host` and `port` as written (lower case, default port filled in)."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Reads a webhook's URL.

    Raises AddressError for other schemes than http and https, for user names and passwords, for a missing host or a
    wrong port, and for characters on which URL parsers disagree.
    """
    if len(url) > MAX_URL:
        raise AddressError(f"the URL has {len(url)} characters; at most {MAX_URL} are taken")
    if "\\" in url or any(character <= " " or character == "\x7f" for character in url):
        raise AddressError("the URL holds a space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressError(f"not a URL: {error}") from None
    return _target(parts, host, port)


def _target(parts: SplitResult, host: str | None, port: int | None) -> Target:
    if parts.scheme not in _PORTS:
        raise AddressError(f"the URL's scheme is {parts.scheme or 'missing'}; expected http or https")
    if not host:
        raise AddressError("the URL names no host")
    if "@" in parts.netloc:
        raise AddressError("the URL holds a user name or password")
    if port == 0:
        raise AddressError("the URL's port is 0")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme])


def forbidden(address: str, allowed: Collection[Network] = ()) -> str | None:
    """Returns why nothing is sent to an IP address, or None. Loopback and private networks are fine, as are `allowed`
    ones, unless credentials are handed out there."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return None
    if kind := _never(ip):
        return f"{kind}; webhooks never go there"
    if any(ip in network for network in (*_PRIVATE, *allowed)):
        return None
    return (
        f"{_kind(ip)}; webhooks stay on this machine and on private networks"
        f" (--webhook-allow {str(ip).partition('%')[0]} lets them go there)"
    )


def _kind(ip: Address) -> str:
    if ip.is_link_local:
        return "a link-local address"
    return "a public address" if ip.is_global else "an address for special purposes"


def _never(ip: Address) -> str | None:
    if ip in _METADATA:
        return "a metadata address"
    if ip.is_multicast:
        return "a multicast address"
    if ip.is_unspecified or ip in _THIS_NETWORK:
        return "an unspecified address"
    if ip.is_reserved:
        return "a reserved address"
    if isinstance(ip, IPv6Address) and (ip.sixtofour is not None or ip.teredo is not None):
        return "a tunnel to another address"
    return None


async def lookup(host: str, port: int) -> list[str]:
    """The IP addresses of a host, in the system's order. Raises OSError when there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def resolve(target: Target, allowed: Collection[Network] = (), lookup: Lookup = lookup) -> list[str]:
    """The addresses to call, in order; at least one. `allowed` networks are called besides private ones.

    Raises AddressError when any of them is forbidden (a name that also leads there is a trap), OSError when the name
    leads nowhere.
    """
    try:
        addresses = await lookup(target.host, target.port)
    except UnicodeError:
        raise AddressError(f"{target.host!r} is not a host name") from None
    for address in addresses:
        reason = forbidden(address, allowed)
        if reason is not None:
            verb = "is" if address == target.host else f"leads to {address},"
            raise AddressError(f"{target.host} {verb} {reason}")
    if not addresses:
        raise OSError(f"{target.host} has no address")
    return addresses
