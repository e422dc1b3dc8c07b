"""Explanations as a test asks for them: why a request would be answered as it would, or why one was."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from emulator.testing.client import Client
from emulator.testing.exchanges import Recorded

if TYPE_CHECKING:
    from emulator.worlds.explained import Explanation


class HttpRequest(Protocol):
    """A request of an HTTP client: httpx's `Request`, or a `PreparedRequest` of requests."""

    @property
    def method(self) -> str | None: ...
    @property
    def url(self) -> Any: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


Explained = HttpRequest | Mapping[str, Any] | Recorded | int


def explain(client: Client, request: Explained) -> Explanation:
    """Asks why a request would be answered as it would, or why an exchange was. Raises ControlError."""
    from emulator.worlds.explained import Explanation  # most tests ask for none

    return msgspec.convert(client.post("/explain", _body(request)), Explanation)


def _body(request: Explained) -> Mapping[str, Any]:
    if isinstance(request, int):
        return {"exchange": request}
    if isinstance(request, Recorded):
        return {"exchange": request.number}
    if isinstance(request, Mapping):
        return request
    content = request.read() if hasattr(request, "read") else getattr(request, "body", None)
    if content is not None and not isinstance(content, (str, bytes)):
        raise TypeError("the body of the request is a stream, which can't be read twice; give it as text or bytes")
    raw = content.encode() if isinstance(content, str) else content
    return {
        "method": request.method or "GET",
        "path": str(request.url),
        "headers": dict(request.headers),
        "body_base64": base64.b64encode(raw).decode() if raw else None,
    }
