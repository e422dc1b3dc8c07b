"""A world's clock as a test holds it: it stands still, jumps, runs faster, or skips what everybody waits for."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from emulator.testing.asynchronous import twin
from emulator.testing.client import Client

Moment = float | str | datetime
Span = float | str | timedelta


class ClockState(Struct, frozen=True):
    """How a clock stands: times in seconds since the epoch, `pending` calls to come, the first of them at `next`."""

    now: float
    iso: str
    frozen: bool
    speed: float
    auto: bool = False
    pending: int = 0
    next: float | None = None


class WorldClock:
    """Steers the clock of one world; each verb gives how it stands afterwards.

    What moves it returns when everything has happened that fell due, such as webhooks, which may be for a receiver on
    the caller's own event loop: coroutines use `freeze_async`, `advance_async` and `set_async`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def state(self) -> ClockState:
        """How the clock stands."""
        return msgspec.convert(self._client.get("/clock"), ClockState, strict=False)

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.state.now

    @property
    def iso(self) -> str:
        """The present as `2026-01-01T00:00:00Z`."""
        return self.state.iso

    def freeze(self, at: Moment | None = None) -> ClockState:
        """Stand still, here or at a moment."""
        stopped = self._do(freeze=True)
        return stopped if at is None else self.set(at)

    def run(self) -> ClockState:
        """Go on from where it stands, as fast as real time."""
        return self._do(freeze=False)

    def advance(self, by: Span) -> ClockState:
        """Move on by seconds, `"61s"` or a timedelta, and let everything happen that falls due."""
        return self._do(advance=span(by))

    def set(self, to: Moment) -> ClockState:
        """Move to a moment: seconds since the epoch, ISO 8601, or an aware datetime."""
        return self._do(set=moment(to))

    freeze_async = twin(freeze)
    advance_async = twin(advance)
    set_async = twin(set)

    def speed(self, times: float) -> ClockState:
        """Run so many times as fast as real time."""
        return self._do(speed=times)

    def auto(self, on: bool = True) -> ClockState:
        """Jump to what is due next whenever everybody waits."""
        return self._do(auto=on)

    def _do(self, **changes: object) -> ClockState:
        return msgspec.convert(self._client.post("/clock", changes), ClockState, strict=False)


def moment(at: Moment) -> float | str:
    """A moment as the control API takes it. Raises ValueError for a datetime without a time zone."""
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone; give one, such as tzinfo=UTC")
    return at.timestamp()


def span(time: Span) -> float | str:
    """A time that something takes, as the control API takes it: seconds or text such as `61s`."""
    return time.total_seconds() if isinstance(time, timedelta) else time
