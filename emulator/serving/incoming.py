"""Opening: what ASGI hands over becomes an Incoming."""

from __future__ import annotations

from starlette.types import Scope as Connection

from emulator.exchange import Incoming


def open_incoming(connection: Connection) -> Incoming:
    """The request line and the headers; the body is read later."""
    fields = dict(connection["headers"])
    authority = fields.get(b"host", b"").decode("ascii", "ignore")  # it goes into URLs, and these into headers
    if not authority:
        server = connection.get("server") or ("127.0.0.1", 80)
        authority = f"{server[0]}:{server[1]}"
    return Incoming(
        method=connection["method"],
        path=connection["path"],
        query=connection["query_string"].decode("latin-1"),
        fields=fields,
        host=authority.partition(":")[0].lower(),
        scheme=connection["scheme"],
        authority=authority,
    )
