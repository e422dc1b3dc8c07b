"""Reset: a world as it was at its start."""

from __future__ import annotations

from emulator.control.entry import Call, Entry
from emulator.control.worlds import WorldView, view


async def reset(call: Call) -> WorldView:
    """The world begins again: records, counters, usage, jobs, journal, webhooks, faults and clock; scenarios stay."""
    await call.server.worlds.reset(call.chosen)
    return view(call, call.server.worlds.find(call.chosen))


ROUTES = (Entry("POST", "/reset", reset),)
