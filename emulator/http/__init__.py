"""Request, Caller, Reply and Exchange: the values that pass from step to step, and the record of them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from math import inf
from typing import Any

from msgspec import Struct, field

from emulator.errors import ApiError, Location, TemplateError

Header = tuple[bytes, bytes]
BODILESS = (
    204,
    304,
)  # statuses without a body: a client takes what follows as the next response (RFC 9112 section 6.3)


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def phrase(status: int) -> str:
    """Returns the reason phrase of a status; empty for one that has none (RFC 9112 section 4)."""
    return _PHRASES.get(status, "")


def check_status(status: Any, place: Location) -> int:
    """Returns a status that a template gave. Raises TemplateError when it is none from 200 to 599."""
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise TemplateError(place, f"{status!r} is not a status; expected 200 to 599")
    return status


UNREAD: Any = object()
NO_PARAMS: Mapping[str, str] = {}


def read_lines(text: str) -> list[Header]:
    """Returns the header lines of a text as it is sent, in which each line has an end."""
    lines = (line.partition(b": ") for line in text.encode("latin-1").split(b"\r\n")[:-1])
    return [(name, value) for name, _, value in lines]


def size_of_lines(lines: Iterable[Header]) -> int:
    """Returns how many bytes the names and values of header lines have."""
    return sum(len(name) + len(value) for name, value in lines)


def write_lines(lines: Iterable[Header]) -> str:
    """Returns header lines as the text that is sent."""
    return b"".join([b"%b: %b\r\n" % line for line in lines]).decode("latin-1")


class Request(Struct):
    """HTTP request. `fields` are the headers as bytes, with lower-case names; `host` is Host without its port.

    `public_url` is where clients reach the server, if that differs from what they seem to use; empty: it does not.
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
    public_url: str = ""
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

    @property
    def origin(self) -> str:
        """What URLs in the answer begin with: the public URL, else scheme, host and port as the client used them."""
        return self.public_url or f"{self.scheme}://{self.authority}"


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


class Frame(Struct, frozen=True):
    """One server-sent event as bytes, due `due` seconds after the response starts."""

    due: float
    data: bytes


class Decided(Struct, frozen=True):
    """What refused a request: the kind of the error, the field that it is about, the part of the playbook that decided
    (a check, a schema, a plan), the claims about how the error is said, and the counter of a limit that refused it."""

    kind: str
    param: str | None
    part: object
    claims: tuple[str, ...]
    counter: str = ""


class StreamTiming(Struct):
    """When the events of a stream were planned and sent, in seconds after the response began.

    `planned` and `content` are as they were before faults changed the stream; `content` is None where none did. `sent`
    are pairs: so many events had been sent, and when. `begun` is when the response began, on the world's clock.
    """

    planned: tuple[float, ...]
    content: bytes | None = None
    sent: list[tuple[int, float]] = field(default_factory=list)
    begun: float = 0.0


class Reply(Struct):
    """HTTP response: status, headers, then one body (with `events` events, if it is a stream), or frames.

    The headers are the text `head`, as it is sent, and the `lines` after it: few are ever looked at one by one.
    `planned` is how many events it had before faults changed it; `delay` is in seconds; `closes` ends the connection
    afterwards; `wire_edits` are what faults do to the raw response; `stated` are the names, in lower case, that `add`
    leaves as they are; `schedule` is that of a paced stream.
    """

    status: int
    lines: list[Header]
    body: bytes = b""
    head: str = ""
    stated: frozenset[bytes] = frozenset()
    frames: list[Frame] | None = None
    events: int = 0
    planned: int = 0
    delay: float = 0.0
    closes: bool = False
    wire_edits: tuple[Callable[[Any], None], ...] = ()
    schedule: StreamTiming | None = None

    @property
    def headers(self) -> list[Header]:
        """All header lines, in order; they may be changed."""
        if self.head:
            self.lines, self.head = read_lines(self.head) + self.lines, ""
        return self.lines

    @headers.setter
    def headers(self, lines: list[Header]) -> None:
        self.lines, self.head = lines, ""

    def add(self, lines: Sequence[Header]) -> None:
        """Adds header lines that every reply has, but for those that this one states itself, or states to be absent."""
        stated = self.stated
        self.lines += [line for line in lines if line[0].lower() not in stated] if stated else lines


class Differing(Struct, frozen=True):
    """Why a rule did not answer, in words: a field with another value, or (`counter`) a counter with another count."""

    field: str
    wanted: str
    found: str
    counter: bool = False

    def __str__(self) -> str:
        if self.counter:
            return f"{self.field}: {self.wanted}, {self.found}"
        return f"{self.field}: expected {self.wanted}, found {self.found}"

    def shortened(self, width: int) -> str:
        """Returns it in words, of each value at most so many characters."""
        wanted, found = (text if len(text) <= width else f"{text[:width]}..." for text in (self.wanted, self.found))
        return str(Differing(self.field, wanted, found, self.counter))


class NearMiss(Struct, frozen=True):
    """A rule that did not answer: its id and name, its file and line, and every difference from the request."""

    rule: str
    name: str
    file: str
    line: int
    differences: tuple[Differing, ...]


class Peer(tuple[str, int]):
    """The address of a client's connection, and when the server saw it open and close, in seconds of the steady clock.

    `closed` is when the client sent its last byte or left, or infinity.
    """

    opened: float = 0.0
    closed: float = inf


class Exchange:
    """One request with every decision made on it, and how much of the response the client consumed.

    `outcome` is `complete`, `left` (the client disconnected before the end), `cut` (a fault ended it), `stopped` (the
    server did) or `open`; `faults` are the names of those applied, including those on jobs and tokens that it started;
    `seeded` are records and jobs that it names and that were written by hand;
    `done` is False when the request was lost, by a fault or by its client, before anything was done for it;
    `secrets` names the fields that are masked before it is stored; `held` is its size in the journal in bytes, 0
    outside it, where `cut` says that it keeps only a part; `peer` identifies the client's connection, and `real` is
    when it came in seconds of a steady clock; `begun` is when its response began, once it is in the journal: what is
    due of that is due so many seconds later.
    `real_took` is how long it took by that clock, where the world's own does not tell, else below 0.
    `events` are those of its stream, before faults changed it; `ended` numbers, from 1, the ends of those that
    entered the journal open, else it is 0. `allowance` is what was charged to the limits of the caller's `plan`;
    `schedule` is there for streams that are paced or that meet a fault; `used` counts the rules that answered its rows
    and, by their places, the faults of rules that played; `row` is its row of the request log, once one was asked for.
    One is made for every request and most are never read, so only what differs from the defaults is set.
    """

    api: str = ""
    operation: str = ""
    caller: str = ""
    workspace: str = ""
    headers: Sequence[Header] = ()
    held: int = 0
    ended: int = 0
    body: bytes = b""
    rule: str = ""
    status: int = 0
    reply_head: str = ""  # the headers of the reply, as in Reply
    reply_lines: Sequence[Header] = ()
    head_size: int = 0  # bytes of the request's headers, as they came; 0 if nobody has counted them
    reply_body: bytes = b""
    events: int = 0
    sent_events: int = 0
    sent_bytes: int = 0
    outcome: str = "open"
    done: bool = True
    took: float = 0.0
    error: str = ""
    faults: tuple[str, ...] = ()
    seeded: tuple[str, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    decided: Decided | None = None
    allowance: Any = None
    plan: Any = None
    row: Any = None
    schedule: StreamTiming | None = None
    used: Mapping[str, int] = {}
    secrets: frozenset[str] = frozenset()
    cut: bool = False
    peer: Any = None
    real: float = 0.0
    real_took: float = -1.0
    begun: float | None = None

    def __init__(self, number: int, at: float, method: str, path: str, query: str) -> None:
        self.number = number
        self.at = at
        self.method = method
        self.path = path
        self.query = query
        # These are read each time, and what an instance has itself is found sooner.
        self.held = 0
        self.error = ""
        self.allowance = self.schedule = None

    @property
    def reply_headers(self) -> Sequence[Header]:
        """The header lines of the reply."""
        if self.reply_head:
            self.reply_headers = [*read_lines(self.reply_head), *self.reply_lines]
        return self.reply_lines

    @reply_headers.setter
    def reply_headers(self, lines: Sequence[Header]) -> None:
        self.reply_lines, self.reply_head = lines, ""
