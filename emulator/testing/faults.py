"""Faults as a test arms them: what goes wrong, where, how often, and how to take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from msgspec import Struct

from emulator.testing.client import Client, ControlError
from emulator.testing.clock import Span, span

Patterns = str | Sequence[str] | None


class ArmedFault:
    """A fault that waits for its requests. As a context manager it is taken back at the end."""

    def __init__(self, client: Client, id: str, order: dict[str, Any]) -> None:
        self._client = client
        self.id = id
        self.order = order

    @property
    def played(self) -> int:
        """How often it has struck. Raises ControlError when it is not armed any more."""
        found = next((each for each in armed_faults(self._client) if each["id"] == self.id), None)
        if found is None:
            raise ControlError(f"the fault {self.id} is not armed any more", status=404)
        return int(found["played"])

    def disarm(self) -> None:
        """Take it back; nothing happens when it is gone already."""
        try:
            self._client.delete(f"/faults/{self.id}")
        except ControlError as error:
            if error.status != 404:
                raise

    def __enter__(self) -> ArmedFault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()

    def __repr__(self) -> str:
        value = " ".join(f"{name}={value!r}" for name, value in self.order.items())
        return f"<ArmedFault {self.id} {value}>"


class Trigger(Struct, frozen=True):
    """When an armed fault strikes; what is None does not restrict it."""

    key: str | None = None
    times: int | None = None
    nth: int | None = None
    every: int | None = None
    probability: float | None = None
    after: Span | None = None
    for_: Span | None = None


def arm_fault(client: Client, name: str, on: Patterns, when: Trigger, params: Mapping[str, Any]) -> ArmedFault:
    """Arm a fault in the client's world. Raises ControlError for what the server does not know, with the nearest."""
    __tracebackhide__ = True
    if isinstance(when.after, (int, float)):
        _check_after(client, name, when.after)
    order = {
        "fault": name,
        "params": dict(params) or None,
        "on": on if on is None or isinstance(on, str) else list(on),
        "key": when.key,
        "times": when.times,
        "nth": when.nth,
        "every": when.every,
        "probability": when.probability,
        "after": None if when.after is None else duration(when.after),
        "for": None if when.for_ is None else duration(when.for_),
    }
    order = {each: value for each, value in order.items() if value is not None}
    return ArmedFault(client, client.post("/faults", order)["id"], order)


def _check_after(client: Client, name: str, after: float) -> None:
    """Raises ValueError for a number where it may be meant as a count of events, or as a parameter of the fault."""
    known = client.get("/faults")["known"]
    params: Mapping[str, str] = next(
        (each["params"] for each in known if name in (each["name"], *each["synonyms"])), {}
    )
    if "events" in params:
        cure = f"how many events come before it is events={after:g}"
    elif "after" in params:
        cure = f"its own parameter of this name ({params['after']}) is params={{'after': {after:g}}}"
    else:
        return
    raise ValueError(f"{name}: after={after:g} would be seconds until it begins, written after='{after:g}s'; {cure}")


def armed_faults(client: Client) -> list[dict[str, Any]]:
    """The faults that are armed in the client's world."""
    found: list[dict[str, Any]] = client.get("/faults")["armed"]
    return found


def duration(time: Span) -> str:
    """`0.5s`: a time as scenarios write it; text stays as it is."""
    value = span(time)
    return value if isinstance(value, str) else f"{value:.6f}s"
