"""How a clock starts: at the time and with the speed that settings say."""

from __future__ import annotations

from emulator.clock import Clock
from emulator.settings.clock_start import ClockStart


def start_clock(start: ClockStart) -> Clock:
    """Returns a clock that starts so; where nothing is said, at the system's time and with its speed."""
    return Clock(start.at, 1.0 if start.speed is None else start.speed, auto=bool(start.auto))
