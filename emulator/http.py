"""The values that pass from step to step: what was asked, who asked, what is answered, and the record of all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field

Header = tuple[bytes, bytes]
BODILESS = (204, 304)  # statuses without a body: what would follow is taken for the next answer (RFC 9112 section 6.3)


class Request(Struct):
    """What was asked. `fields` are the header lines as bytes, names in lower case; `host` is Host without its port."""

    method: str
    path: str
    query: str
    fields: dict[bytes, bytes]
    host: str
    scheme: str
    authority: str
    raw: bytes = b""
    params: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """The header lines as text (ISO 8859-1, as HTTP has it), names in lower case; made anew at each call."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.fields.items()}

    def header(self, name: bytes) -> str | None:
        """One header line as text, or None."""
        value = self.fields.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def origin(self) -> str:
        """Scheme, host and port as the client used them."""
        return f"{self.scheme}://{self.authority}"


class Caller(Struct, frozen=True):
    """Who asked. Limits are counted for `subject`, templates see `view`, and the journal shows `masked`."""

    key: str
    workspace: str
    tier: str
    subject: str
    view: dict[str, Any]
    masked: str


class Frame(Struct, frozen=True):
    """One server-sent event as bytes, due so many seconds after the answer began."""

    due: float
    data: bytes


class Reply(Struct):
    """What is sent: status, headers, then one body (of so many `events`, if it is a stream), or many frames.

    `delay` is in seconds; `closes` ends the connection after it; `twists` are what faults do to its bytes on the wire.
    """

    status: int
    headers: list[Header]
    body: bytes = b""
    frames: list[Frame] | None = None
    events: int = 0
    delay: float = 0.0
    closes: bool = False
    twists: tuple[Callable[[Any], None], ...] = ()


class Differing(Struct, frozen=True):
    """What kept a rule from answering, in words: a field that is not as wanted, or (`counter`) a count that is not."""

    field: str
    wanted: str
    found: str
    counter: bool = False

    def __str__(self) -> str:
        if self.counter:
            return f"{self.field}: {self.wanted}, {self.found}"
        return f"{self.field}: wanted {self.wanted}, found {self.found}"


class NearMiss(Struct, frozen=True):
    """A rule that did not answer, by its id and name, where it stands, and all that kept it from answering."""

    rule: str
    name: str
    file: str
    line: int
    differences: tuple[Differing, ...]


class Exchange:
    """One request with everything decided on it, and what the client consumed of the answer.

    `outcome` is `complete`, `left` (the client went before the end), `cut` (a fault ended it), `stopped` (the
    server did) or `open`; `faults` are the names of those that were played, those on what it set off among them;
    `secrets` names the fields that are masked before it is kept; `held` are the bytes that it takes in the journal, 0
    outside it; `peer` tells the client's connections apart, and `real` is when it came in seconds of a steady clock.
    One is made for every request and most are never looked at, so only what differs is set.
    """

    api: str = ""
    operation: str = ""
    caller: str = ""
    workspace: str = ""
    headers: Sequence[Header] = ()
    held: int = 0
    body: bytes = b""
    rule: str = ""
    status: int = 0
    reply_headers: Sequence[Header] = ()
    reply_body: bytes = b""
    sent_events: int = 0
    sent_bytes: int = 0
    outcome: str = "open"
    took: float = 0.0
    error: str = ""
    faults: tuple[str, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    secrets: frozenset[str] = frozenset()
    peer: Any = None
    real: float = 0.0

    def __init__(self, number: int, at: float, method: str, path: str, query: str) -> None:
        self.number = number
        self.at = at
        self.method = method
        self.path = path
        self.query = query
