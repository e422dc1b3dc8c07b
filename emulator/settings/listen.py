"""An address to listen on, and how options write it."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct


class Listen(Struct, frozen=True):
    """Address to listen on; port 0 lets the system choose."""

    host: str = "127.0.0.1"
    port: int = 8484

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(value: Any) -> Listen:
    """Parses `HOST:PORT`, `[IPv6]:PORT`, or a port alone. Raises ValueError with what was expected."""
    match = re.fullmatch(
        r"(?:(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]/]+)):)?(?P<port>[0-9]{1,5})", str(value).strip()
    )
    if match is None or int(match["port"]) > 65_535:
        raise ValueError("HOST:PORT such as 127.0.0.1:8484, [::1]:8484 or 8484, with a port from 0 to 65535")
    return Listen(match["six"] or match["host"] or Listen().host, int(match["port"]))
