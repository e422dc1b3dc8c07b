"""Connection faults: those that outlast their response, on one connection or on all that are to come."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Annotated, ClassVar

from emulator.faults.base import Fault, FaultContext, Seconds, choice, seconds_until
from emulator.faults.raw_response import Outage, RawResponse
from emulator.faults.wire import WireFault
from emulator.http.reply import Reply

SILENCE = 0.2  # seconds
MAX_OUTAGE = "10m"


class IdleClose(WireFault, frozen=True):
    """The response is complete; its connection is closed without notice, `after` some silence (200ms), or `at: next`.

    Without `Connection: close`, a pool keeps the connection and learns of its end too late. With `at: next` that is
    certain: it is closed when the next request arrives, of which nothing is read.
    """

    name: ClassVar[str] = "idle_close"
    phase: ClassVar[int] = 10
    after: Seconds | None = None
    at: Annotated[str, choice("next")] | None = None

    def __post_init__(self) -> None:
        if self.after is not None and self.at is not None:
            raise ValueError("expected either `after` so much silence, or `at: next`")

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Limits the silence on a connection that is kept; one that ends anyway is left alone."""
        if raw.ending == "keep":
            raw.silence = None if self.at else SILENCE if self.after is None else self.after
            raw.ending = "forget"


class Refuse(WireFault, frozen=True):
    """The port refuses or resets all connections for as long as it `lasts`; the request that meets this is lost.

    `port` is the APIs' own (`http`), that of --tls-listen (`https`), or both. Since it concerns every client of the
    server, the header of a request can't ask for it.
    """

    name: ClassVar[str] = "refuse"
    lasts: Annotated[float, seconds_until(MAX_OUTAGE)] = 5.0
    port: Annotated[str, choice("both", "http", "https")] = "both"

    def loses(self, draw: float) -> bool:
        """Whether the request is lost: always, as if it had come a moment later."""
        return True

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Resets the connection, and lets the server refuse others while the world of the request is there."""
        world = context.service.state
        outage = Outage(self.lasts, self.port, world.clock, world.attend)
        reply.wire_edits += (partial(self._begin, outage),)
        return reply

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Sends nothing, and resets the connection."""
        raw.segments = []
        raw.cut("reset")

    def _begin(self, outage: Outage, raw: RawResponse) -> None:
        self.wire_edit(raw, Random(0))
        raw.outage = outage


CONNECTION_FAULTS: tuple[type[Fault], ...] = (IdleClose, Refuse)
