"""Departures: the calls to hosts that nobody emulates, which a client tried to make through the HTTPS front."""

from __future__ import annotations

from msgspec import Struct

from emulator.control.entry import Call, Entry


class Departure(Struct, frozen=True):
    """A call that was refused: the host and port it was for, and when, in seconds since the epoch."""

    host: str
    port: int
    at: float


class Departures(Struct, frozen=True):
    """The last of them, oldest first."""

    departures: list[Departure]


def departures(call: Call) -> Departures:
    """The calls that tried to leave for hosts that are not emulated, and were refused."""
    return Departures(list(call.server.departures))


ROUTES = (Entry("GET", "/departures", departures, worldly=False),)
