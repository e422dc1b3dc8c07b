"""Opening: what ASGI hands over becomes an Incoming."""

from __future__ import annotations

from functools import lru_cache

from starlette.types import Scope as Connection

from emulator.exchange import Incoming


def open_incoming(connection: Connection, raw: bytes = b"") -> Incoming:
    """The request line and the headers, and the body where it is there already."""
    fields = dict(connection["headers"])
    authority, host = _read_host(fields.get(b"host", b""))
    if not authority:
        name, port = connection.get("server") or ("127.0.0.1", 80)
        authority, host = f"{name}:{port}", name.partition(":")[0].lower()
    return Incoming(
        connection["method"],
        connection["path"],
        connection["query_string"].decode("latin-1"),
        fields,
        host,
        connection["scheme"],
        authority,
        raw,
    )


@lru_cache(maxsize=128)
def _read_host(field: bytes) -> tuple[str, str]:
    """The Host header as text, and without its port and a dot at its end in lower case; each client sends its own."""
    authority = field.decode("ascii", "ignore")  # it goes into URLs, and these into headers
    return authority, authority.partition(":")[0].lower().removesuffix(".")
