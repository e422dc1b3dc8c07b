"""Faults: what can go wrong on purpose, what is armed in this world, arming and disarming."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Annotated, Any

from msgspec import Meta, Struct, field, to_builtins
from msgspec.structs import replace

from emulator.clock.world_clock import manual
from emulator.control.clock import between
from emulator.control.mcp.tool import Tool
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlRequest, ControlRoute
from emulator.dates import LATEST
from emulator.errors import ConfigError, EmulatorError
from emulator.faults import FAULTS, ArmedFault, Fault, parameters
from emulator.faults.armed import MAX_ARMED, Armed
from emulator.faults.connections import Refuse
from emulator.faults.header import armed_order
from emulator.faults.raw_response import Outage
from emulator.faults.targets import contradiction, out_of_reach, spots, unknown_name
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.apis import Playbook
from emulator.playbook.matching import COUNTER_TESTS
from emulator.store.memory import MemoryBackend

CONDITIONS = frozenset(("on", "key", *COUNTER_TESTS, "probability", "after"))  # with one, a fault waits for a request
WITHOUT_COLON = re.compile(r"\s*(?P<on>[\w/-]*[.*/][\w.*/,-]*)(?:\s*:|\s+)(?P<fault>\w+)\b.*", re.DOTALL)
Patterns = Annotated[list[str], Meta(min_length=1, max_length=1_000)]


class FaultKind(Struct, frozen=True):
    """A fault that can be armed: what other tools call it, what it happens to, and its parameters in words."""

    name: str
    synonyms: tuple[str, ...]
    on: str
    params: dict[str, str]
    about: str


class FaultRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fault, where and when: what is left out does not restrict it. A null is as good as left out."""

    fault: Annotated[str, Meta(description="its name, or what WireMock or Toxiproxy call it")]
    params: Annotated[Any, Meta(description="its parameters by name, or the first one alone")] = None
    on: Annotated[str | Patterns | None, Meta(description="operations: messages.create, messages.*, api/…")] = None
    key: Annotated[str | None, Meta(description="only for requests with this key")] = None
    times: Annotated[int | None, Meta(description="so many times, then no more")] = None
    nth: Annotated[int | None, Meta(description="only the nth time")] = None
    every: Annotated[int | None, Meta(description="each so many times")] = None
    probability: Annotated[float | None, Meta(description="a share from 0 to 1, drawn from the seed")] = None
    after: Annotated[
        str | float | None, Meta(description="a duration on the world's clock, or seconds, until it begins")
    ] = None
    lasts: Annotated[str | float | None, Meta(description="a duration on that clock, or seconds, then no more")] = (
        field(name="for", default=None)
    )


class ArmedView(FaultRequest, frozen=True, kw_only=True, omit_defaults=True):
    """An order as it was given, its id, how often it has played, and whether it can't play any more."""

    id: str
    played: int
    used_up: bool = False
    note: Annotated[str, Meta(description="what happens now, for a fault that begins at once")] = ""


class FaultsView(Struct, frozen=True):
    """What can be armed, and what is."""

    known: list[FaultKind]
    armed: list[ArmedView]


class Disarmed(Struct, frozen=True):
    """The ids of what plays no more."""

    disarmed: list[str]


def faults(request: ControlRequest) -> FaultsView:
    """All known faults, and those armed in this world."""
    known = [
        FaultKind(
            name,
            FAULTS.aliases_of(name),
            kind.family,
            {each: parameter.expected for each, parameter in parameters(kind).items()},
            (kind.__doc__ or "").strip().partition("\n")[0],
        )
        for name, kind in FAULTS.items()
    ]
    return FaultsView(known, [_view(armed, request) for armed in request.state.armed.list()])


def arm(request: ControlRequest, body: FaultRequest) -> ArmedView:
    """Arm a fault in this world, from the next request on."""
    order = {name: value for name, value in to_builtins(body).items() if value is not None}
    order |= {name: _duration(order[name], f"body.{name}") for name in ("after", "for") if name in order}
    armed = request.state.armed
    refuse_in_vain(order, request.world.pipeline.playbook)
    fault = FAULTS.make(body.fault, body.params)
    if armed.full:
        raise ControlFailure(409, f"{MAX_ARMED:,} faults are armed in this world; disarm some first")
    if not isinstance(fault, Refuse) or not CONDITIONS.isdisjoint(order):
        return _view(armed.arm(order), request)
    made = armed.use_up(armed.arm(order | {"times": 1}))
    return replace(_view(made, request), note=_refuse(fault, request))


def refuse_in_vain(order: Mapping[str, Any], playbook: Playbook) -> None:
    """Raises ConfigError for what is no fault, and ControlFailure 400 for an order that could never play here."""
    given = order.get("on", [])
    on = given if isinstance(given, list) else [given]
    for pattern in on:
        _refuse_idle(pattern, playbook)
    _refuse_out_of_reach(FAULTS.make(order["fault"], order.get("params")), on, playbook)


def orders(texts: Iterable[str], playbook: Playbook) -> list[dict[str, Any]]:
    """Returns the orders of the faults that a server starts with. Raises ConfigError that names the wrong one."""
    found = []
    for text in texts:
        try:
            order = armed_order(text)
            refuse_in_vain(order, playbook)
            Armed(MemoryBackend(manual(0.0))).arm(order)  # what can be armed there can be here
        except EmulatorError as error:
            reason = _colon_missing(text) or str(error).removeprefix("body.")
            raise ConfigError(f"--fault {text!r}: {reason}") from None
        found.append(order)
    return found


def _colon_missing(text: str) -> str:
    """Says what is missing if operations stand before a fault without a colon and a space; else nothing."""
    found = WITHOUT_COLON.fullmatch(text)
    if found is None or not (found["fault"] in FAULTS or found["fault"] in FAULTS.aliases):
        return ""
    right = f"{found['on']}: {text[found.start('fault') :]}"
    return f"a colon and a space separate operations from the fault; expected {right!r}"


def disarm(request: ControlRequest) -> Disarmed:
    """Disarm one fault."""
    try:
        gone = request.state.armed.disarm(request.path["id"])
        if isinstance(gone.fault, Refuse):
            _refuse(Refuse(0.0), request)
        return Disarmed([gone.id])
    except ConfigError as error:
        raise ControlFailure(404, str(error)) from None


def clear(request: ControlRequest) -> Disarmed:
    """Disarm all faults of this world."""
    gone = [armed.id for armed in request.state.armed.list()]
    request.state.armed.clear()
    _refuse(Refuse(0.0), request)
    return Disarmed(gone)


def _refuse(fault: Refuse, request: ControlRequest) -> str:
    """Lets the server refuse connections once the unit of work is done; an outage of no time ends that. Returns how."""
    if request.connection is None:
        return ""
    outage = Outage(fault.lasts, fault.port, request.clock, request.state.attend)
    request.state.store.on_commit(partial(request.connection.refuse, outage))
    return request.connection.describe(outage)


def _view(armed: ArmedFault, request: ControlRequest) -> ArmedView:
    order, used_up = dict(armed.order), armed.used_up(request.state.clock.now())
    return ArmedView(lasts=order.pop("for", None), **order, id=armed.id, played=armed.played, used_up=used_up)


def _duration(value: str | float, where: str) -> str:
    """A duration as scenarios write it. Raises ControlError 400 for a number of seconds that is none."""
    if isinstance(value, str):
        return value
    return f"{between(value, 0.0, LATEST, where):.9f}".rstrip("0").rstrip(".") + "s"


def _fits(pattern: str, api: str, name: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(f"{api}/{name}", pattern)


def _refuse_out_of_reach(fault: Fault, on: list[str], playbook: Playbook) -> None:
    """Raises ControlError 400 for a fault on answers, jobs, webhooks or tokens where nothing sets any off, and for
    one that names an error or a state that there is none of, or an error beside the status of another."""
    everywhere = spots(playbook.apis.values())
    where = [(api, each) for api, each in everywhere if not on or any(_fits(one, api.name, each.name) for one in on)]
    wrong = out_of_reach(fault, where, everywhere)
    if wrong is not None:
        raise ControlFailure(400, f"body.{'on' if on else 'fault'}: {wrong}")
    wrong = unknown_name(fault, where)
    if wrong is not None:
        raise ControlFailure(400, wrong)
    named = {api.name: api for api, _ in where if getattr(fault, "error", None) in api.errors}
    reasons = [contradiction(fault, api) for api in named.values()]
    if reasons and all(reasons):  # where one API has the error with this status, the others may have it with another
        raise ControlFailure(400, f"fault {fault.name}: {reasons[0]}")


def _refuse_idle(pattern: str, playbook: Playbook) -> None:
    """Raises ControlError 400 for a pattern that no operation fits."""
    names = [(api.name, name) for api in playbook.apis.values() for name in api.operations]
    if not any(_fits(pattern, api, name) for api, name in names):
        known = dict.fromkeys(f"{api}/{name}" if "/" in pattern else name for api, name in names)
        raise ControlFailure(
            400, f"body.on: no operation is called {pattern!r}; {did_you_mean(pattern, sorted(known))}"
        )


ROUTES = (
    ControlRoute(
        "GET",
        "/faults",
        faults,
        tool=Tool(
            "list_faults",
            "List every kind of fault that can be armed, with its parameters, and the faults armed in the world now.",
        ),
    ),
    ControlRoute(
        "POST",
        "/faults",
        arm,
        status=201,
        example={"fault": "status", "params": {"status": 503}, "on": "messages.create", "times": 2},
        refusals=(409,),
        writes=True,
        tool=Tool(
            "arm_fault",
            "Make requests fail on purpose, from the next one on: an error status (status), a cut or stalled stream "
            "(cut_after, stall_after), a reset connection (reset_peer), latency, a job that never ends (stuck) and so "
            "on. list_faults has all kinds and their parameters. Without conditions it hits every request.",
            effect="adds",
        ),
    ),
    ControlRoute(
        "DELETE",
        "/faults",
        clear,
        writes=True,
        tool=Tool("disarm_all_faults", "Disarm every fault of the world.", effect="removes", idempotent=True),
    ),
    ControlRoute(
        "DELETE",
        "/faults/{id}",
        disarm,
        at={"id": "fault_1"},
        refusals=(404,),
        writes=True,
        tool=Tool(
            "disarm_fault",
            "Disarm one fault.",
            effect="removes",
            idempotent=True,
            words={"id": "its id, as arm_fault and list_faults give it, such as fault_1"},
        ),
    ),
)
