"""A control route: a path, the function that answers it, and the types that it takes and returns.

What a function takes and returns is read from its annotations, so the table, the checks and the OpenAPI document agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, get_args, get_origin, get_type_hints

from msgspec import Struct, field
from starlette.types import ASGIApp

from emulator.clock.world_clock import Clock
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import prepare_decoder
from emulator.control.uploads import UploadedScenarios
from emulator.engine.state import WorldState
from emulator.errors import StoreUnavailable
from emulator.faults.raw_response import Outage
from emulator.http.exact_json import MAX_VALUES
from emulator.metrics.tally import Gauge, Tally
from emulator.settings.options import Settings
from emulator.settings.parsers import MIB
from emulator.worlds.registry import UnknownWorld, World, WorldRegistry

NO_TOOL = NoTool("")
CAUGHT_UP_AT_ONCE = 8  # worlds, as each takes up to three connections to the store meanwhile


class StatefulApp(Protocol):
    """An application whose worlds, and the scenarios put into them, can be kept."""

    @property
    def settings(self) -> Settings: ...

    @property
    def worlds(self) -> WorldRegistry: ...

    @property
    def uploads(self) -> UploadedScenarios: ...


class WorkerView(Struct, frozen=True):
    """A process of the server: on which machine, since when, and when it was last seen (seconds since the epoch)."""

    id: str
    pid: int
    host: str
    started: float
    seen: float


class SharedServer(Protocol):
    """The processes of a server; `failure` is why this one does not serve what the others do, empty when it does."""

    @property
    def failure(self) -> str: ...

    async def list_workers(self) -> list[WorkerView]:
        """Returns those that live, the first that started first. Raises StoreUnavailable."""

    async def change(self, call: Callable[[], Any]) -> Any:
        """Makes a change of what they share, and returns what the call does once all of them have it."""

    async def catch_up(self) -> None:
        """Applies what others have changed."""


class Metrics(Protocol):
    """What is counted for Prometheus."""

    async def collect(self) -> tuple[Tally, list[Gauge]]:
        """Returns what was counted, and what there is now. Raises StoreUnavailable."""


class ControlledApp(StatefulApp, Protocol):
    """What the control API steers: an application; `sharing`: it is one of several processes of a server."""

    @property
    def sharing(self) -> SharedServer | None: ...

    @property
    def blocked_calls(self) -> Sequence[Any]: ...

    @property
    def untrusted(self) -> Mapping[str, int]: ...

    @property
    def metrics(self) -> Metrics | None:
        """What counts for Prometheus, when that was asked for."""


class ServerConnection(Protocol):
    """The connection of a request, to a server that can refuse others."""

    def refuse(self, outage: Outage) -> None:
        """Lets the server refuse connections for a while."""

    def describe(self, outage: Outage) -> str:
        """Returns how it would refuse them, in words."""


class ControlRequest(Struct):
    """One request to the control API. `path` holds the parameters of the path, `origin` is scheme, host and port.

    `world_name` names the world it is for, `raw` is the body as it was sent. `status` is the route's; a function may
    set another. `last_event_id` is the last event of a stream that the client has, `accept` the types that it takes.
    `connection` lets the server refuse connections, if it can. `control` is the control API, for a route that asks
    others.
    """

    server: ControlledApp
    uploads: UploadedScenarios
    table: tuple[ControlRoute, ...]
    origin: str
    world_name: str
    path: Mapping[str, str]
    raw: bytes
    status: int
    last_event_id: str | None = None
    accept: str = ""
    connection: ServerConnection | None = None
    control: ASGIApp | None = None

    @property
    def world(self) -> World:
        """The world that the request speaks of, with what serves it. Raises UnknownWorld."""
        return self.server.worlds.find(self.world_name)

    @property
    def state(self) -> WorldState:
        return self.world.state

    @property
    def clock(self) -> Clock:
        return self.world.state.clock

    async def catch_up(self) -> None:
        """Brings all worlds up to what all processes have done. Raises StoreUnavailable."""
        worlds, turns = self.server.worlds, asyncio.Semaphore(CAUGHT_UP_AT_ONCE)

        async def catch_up(name: str) -> None:
            async with turns:
                try:
                    await worlds.find(name).state.store.catch_up()
                except (UnknownWorld, StoreUnavailable):
                    if name in worlds:  # else it was deleted meanwhile
                        raise

        await asyncio.gather(*map(catch_up, worlds.names()))


class Text(Struct, frozen=True):
    """An answer that is text instead of JSON."""

    body: bytes
    media_type: str


class ControlRoute(Struct, frozen=True, dict=True):
    """`path` is what follows `/_emulator`, with parameters such as `{id}`; `at` gives an example of each.

    `refusals` are the statuses of refusals beside those that every route has, `other_status` is that of a success which
    is not `status`. A body has at most `max_body` bytes and `max_values` values; None: any number. `body_optional`: no
    body is as good as an empty object. `lines` sends the answer as lines of JSON to who accepts those, `media_types`
    are those of a Text. `waits`: the function is a coroutine function that waits for what others do, and may be
    cancelled when the client goes. `streams`: the function returns an ASGI application that sends events. `delegates`:
    the function is a coroutine function, and what it returns is an ASGI application that answers. `writes`: the
    function changes the state of the world and is a unit of work, which may be run again; a generator function lets
    others have a turn at each `yield`. What breaks off work that is under way, such as a reset, can't be one. `tool` is
    what agents get of the route. `shared`: the function changes what the processes of a server share, and may be run
    again too.
    """

    method: str
    path: str
    function: Callable[..., Any | Awaitable[Any]]
    status: int = 200
    example: Any = None
    at: Mapping[str, str] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    other_status: int | None = None
    body_optional: bool = False
    world_scoped: bool = True
    max_body: int = MIB
    max_values: int | None = MAX_VALUES // 2
    lines: Callable[..., Any] | None = None
    media_types: tuple[str, ...] = ()
    waits: bool = False
    streams: bool = False
    delegates: bool = False
    writes: bool = False
    tool: Tool | NoTool = NO_TOOL
    shared: bool = False

    def __post_init__(self) -> None:
        for shape in (self.body, self.query, self.answer):
            prepare_decoder(shape)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        return tuple(part for part in self.path.split("/") if part)

    @cached_property
    def hints(self) -> dict[str, Any]:
        return get_type_hints(self.function)

    @property
    def body(self) -> Any:
        """The class of the body, None when the route takes none."""
        return self.hints.get("body")

    @property
    def query(self) -> Any:
        """The class of the query, None when only a world can be chosen."""
        return self.hints.get("query")

    @property
    def answer(self) -> Any:
        """The class of the answer."""
        returned = self.hints["return"]
        return get_args(returned)[2] if get_origin(returned) is Generator else returned

    @property
    def about(self) -> str:
        return " ".join((self.function.__doc__ or "").split())

    @property
    def summary(self) -> str:
        """The first line of what it says of itself."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]

    @property
    def name(self) -> str:
        """`faults_arm` for the function `arm` in `faults.py`: what a generated client calls it."""
        return f"{self.function.__module__.rpartition('.')[2]}_{self.function.__name__.strip('_')}"

    def fits(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The parameters, when the path is this route's."""
        if len(segments) != len(self.segments):
            return None
        parameters = {}
        for expected, actual in zip(self.segments, segments, strict=True):
            if expected.startswith("{") and actual:
                parameters[expected[1:-1]] = actual
            elif expected != actual:
                return None
        return parameters
