"""Request: what a client sends, over which connection, and with whose key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from msgspec import Struct

from emulator.errors import ApiError
from emulator.http.headers import Header

UNREAD: Any = object()
NO_PARAMS: Mapping[str, str] = {}


class Request(Struct):
    """HTTP request. `fields` are the headers as bytes, with lower-case names; `host` is Host without its port.

    `origin` is what URLs in the answer begin with: scheme, host and port as the client used them, or the public URL.
    `content` is what a long body says, which is read in turns, or the error that it has; UNREAD: it is read when it is
    needed. `failure` is why there is no body.
    `lines` are the headers in order, `size` is how many bytes their names and values have, and `peer` is the client's
    connection. Requests with the same head share what was read of it.
    """

    method: str
    path: str
    query: str
    fields: Mapping[bytes, bytes]
    host: str
    scheme: str
    authority: str
    raw: bytes = b""
    origin: str = ""
    lines: Sequence[Header] = ()
    peer: Any = None
    size: int = 0
    params: Mapping[str, str] = NO_PARAMS
    content: Any = UNREAD
    failure: ApiError | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Returns the headers as text (ISO 8859-1, as in HTTP) with lower-case names; each call makes them anew."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.fields.items()}

    def header(self, name: bytes) -> str | None:
        """Returns one header as text, or None."""
        value = self.fields.get(name)
        return None if value is None else value.decode("latin-1")


class Caller(Struct, frozen=True):
    """Caller of a request. Limits, which `plan` has, count for `subject`, templates see `view`, and the journal shows
    `masked`."""

    key: str
    workspace: str
    tier: str
    subject: str
    view: dict[str, Any]
    masked: str
    plan: Any = None


class Peer(tuple[str, int]):
    """The address of a client's connection, and when the server saw it open and close, in seconds of the steady clock.

    `closed` is when the client sent its last byte or left, or infinity.
    """

    opened: float = 0.0
    closed: float = inf
