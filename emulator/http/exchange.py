"""Exchange: the journal's entry, one request with its response and every decision made on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from emulator.http.headers import Header, read_lines
from emulator.http.reply import StreamTiming

PLAN, SCHEMA = "plan", "schema"  # a part that has refused a request, by name; a check is named by its place


class Decided(Struct, frozen=True):
    """What refused a request: the kind of the error, the field that it is about, the part of the playbook that decided
    (a check, a schema, a plan), the claims about how the error is said, and the counter of a limit that refused it.

    When another process has answered, the part is known by its name."""

    kind: str
    param: str | None
    part: object
    claims: tuple[str, ...]
    counter: str = ""


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
    `events` are those of its stream, before faults changed it; `ended` numbers, from 1, the ends of those that entered
    the journal open, else it is 0. `allowance` is what was charged to the limits of the caller's `plan`; of an exchange
    of another process, the plan is its name, and the allowance has no limits. `schedule` is there for streams that are
    paced or that meet a fault; `used` counts the rules that answered its rows and, by their places, the faults of rules
    that played; `row` is its row of the request log, once one was asked for.
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
