"""The values that pass from step to step: what was asked, who asked, what is answered, and the record of all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Header = tuple[bytes, bytes]


@dataclass(slots=True)
class Incoming:
    """What was asked. Header names are lower-case; `host` is the Host header without its port."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    host: str
    origin: str
    raw: bytes
    params: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Caller:
    """Who asked; `subject` is what limits are counted for, `view` what templates see as `caller`."""

    key: str
    workspace: str
    tier: str
    subject: str
    view: dict[str, Any]


@dataclass(slots=True, frozen=True)
class Frame:
    """One server-sent event as bytes, due so many seconds after the answer began."""

    due: float
    data: bytes


@dataclass(slots=True)
class Reply:
    """What is sent: status, headers, then one body, or many frames."""

    status: int
    headers: list[Header]
    body: bytes = b""
    frames: list[Frame] | None = None
    delay: float = 0.0


@dataclass(slots=True)
class Exchange:
    """One request with everything decided on it, and what the client consumed of the answer.

    `outcome` is `complete`, `left` (the client went before the end), `stopped` (the server did) or `open`. Secrets are
    masked before they come here.
    """

    number: int
    at: float
    method: str
    path: str
    query: str
    api: str = ""
    operation: str = ""
    caller: str = ""
    workspace: str = ""
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""
    rule: str = ""
    status: int = 0
    reply_headers: list[Header] = field(default_factory=list)
    reply_body: bytes = b""
    sent_events: int = 0
    sent_bytes: int = 0
    outcome: str = "open"
    took: float = 0.0
    error: str = ""
    near: tuple[str, ...] = ()
