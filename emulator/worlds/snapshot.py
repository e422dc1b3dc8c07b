"""A snapshot: the whole state of a world as one JSON-able value, after which the same requests get the same answers.

It holds what answers depend on: records, counters, jobs, usage, armed faults, webhooks with their tries, the clock and
the sequence of ids. The journal, which only tells of the past, stays behind.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Container, Mapping, Sequence
from random import Random
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import fields

from emulator import __version__
from emulator.clock import FASTEST, manual
from emulator.dates import LATEST
from emulator.engine.world import WorldState
from emulator.errors import ConfigError
from emulator.faults.armed import Armed
from emulator.jobs.job import Job, RowOutcome, Rows
from emulator.language.document.durations import Duration
from emulator.playbook import Playbook
from emulator.playbook.timeline import Timeline
from emulator.store.memory import MemoryStore
from emulator.store.records import REMOVED
from emulator.store.usage import Ledger
from emulator.webhooks.sender import Sender

WIDEST = 2**53  # whole numbers beyond it are read as floats by many
STRUCTS: Mapping[str, type[Struct]] = {each.__name__: each for each in (Duration, Job, RowOutcome, Timeline)}


def encode(value: Any) -> Any:
    """The value as JSON-able data. Raises TypeError for a value that no world holds."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < WIDEST else {"$int": str(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, list):
        return [encode(each) for each in value]
    if isinstance(value, tuple):
        return {"$tuple": [encode(each) for each in value]}
    if isinstance(value, Mapping):
        if all(isinstance(name, str) and not name.startswith("$") for name in value):
            return {name: encode(each) for name, each in value.items()}
        return {"$pairs": [[encode(name), encode(each)] for name, each in value.items()]}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Rows):
        return {"$rows": [encode(each) for each in value.outcomes]}
    name = type(value).__name__
    if isinstance(value, Struct) and STRUCTS.get(name) is type(value):
        return {f"${name}": {field.name: encode(getattr(value, field.name)) for field in fields(value)}}
    raise TypeError(f"a {name} can't be saved")


def decode(value: Any) -> Any:
    """What `encode` was given. Raises ValueError, TypeError or KeyError for what it never gives."""
    if isinstance(value, list):
        return [decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = next(iter(value), "")
    if not kind.startswith("$"):
        return {name: decode(each) for name, each in value.items()}
    read = READERS.get(kind)
    if read is not None:
        return read(value[kind])
    struct = STRUCTS[kind[1:]]
    return msgspec.convert({name: decode(each) for name, each in dict(value[kind]).items()}, struct)


READERS: Mapping[str, Callable[[Any], Any]] = {
    "$int": int,
    "$float": float,
    "$tuple": lambda written: tuple(map(decode, written)),
    "$pairs": lambda written: {decode(name): decode(each) for name, each in written},
    "$bytes": lambda written: base64.b64decode(written, validate=True),
    "$rows": lambda written: Rows([decode(each) for each in written]),
}


FORMAT = 1
FARTHEST = 1e12  # seconds since the epoch
MOST_ITEMS = 10_000_000
ROOT = re.compile(r"-?[0-9]{1,40}/.+")
Whole = Annotated[int, Meta(ge=0, le=2**53)]
Ids = tuple[int, tuple[Annotated[int, Meta(ge=0, lt=2**32)], ...], float | None]  # as random.Random.getstate gives it


class Saved(Struct, frozen=True):
    """A snapshot that was read and found good. `ids` is the state of the source of ids; `issued` are credentials.

    `made` are the records of keys that were made for the world, each with its API.
    """

    scenarios: tuple[str, ...]
    root: str
    began: float
    now: float
    speed: float
    auto: bool
    number: int
    ids: tuple[Any, ...]
    store: dict[str, Any]
    ledger: list[list[Any]]
    armed: dict[str, Any]
    webhooks: dict[str, Any]
    issued: tuple[str, ...]
    made: list[tuple[str, dict[str, Any]]]


def write(
    state: WorldState, scenarios: tuple[str, ...], issued: list[str], made: Sequence[tuple[str, Mapping[str, Any]]] = ()
) -> dict[str, Any]:
    """The state of a world, and what it plays."""
    number, ids = state.drawn()
    clock = state.clock
    return {
        "format": FORMAT,
        "version": __version__,
        "world": state.name,
        "scenarios": list(scenarios),
        "root": state.root,
        "began": state.began,
        "clock": {"now": clock.now(), "speed": clock.speed, "auto": clock.auto},
        "number": number,
        "ids": encode(ids),
        "store": encode(state.store.dump()),
        "ledger": encode(state.ledger.dump()),
        "armed": encode(state.armed.dump()),
        "webhooks": encode(state.sender.dump()),
        "issued": issued,
        "made": [[api, encode(record)] for api, record in made],
    }


def read(snapshot: Mapping[str, Any]) -> Saved:
    """Raises ConfigError when this is no snapshot, or one that was damaged."""
    if snapshot.get("format") != FORMAT:
        raise ConfigError(f"this is no snapshot of a world; expected an object with `format: {FORMAT}`")
    try:
        saved = _read(snapshot)
        _try(saved)
    except KeyError as error:
        raise ConfigError(f"the snapshot is damaged: {error} is missing or unknown") from None
    except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError, ConfigError, RecursionError) as error:
        raise ConfigError(f"the snapshot is damaged: {error}") from None
    return saved


def check(saved: Saved, playbook: Playbook) -> None:
    """Raises ConfigError when a record is none that the APIs of the scenarios can work with."""
    collections: dict[str, Any] = saved.store["collections"]
    for name, api in playbook.apis.items():
        for kind in api.jobs:
            for id, job, _ in collections.get(f"{name}/jobs:{kind}", ()):
                if not _is_job(job, id, kind):
                    raise ConfigError(f"the snapshot is damaged: {name}/jobs:{kind}/{id} is no job of this kind")
        keys = [(id, record) for id, record, _ in collections.get(f"{name}/keys", ())]
        keys += [(record.get("id"), record) for of, record in saved.made if of == name]
        for id, record in keys:
            if record != REMOVED and not _is_key(id, record, api.tiers):
                raise ConfigError(f"the snapshot is damaged: {name}/keys has a record that is no key")
        for collection in api.collections:
            for id, record, _ in collections.get(f"{name}/{collection}", ()):
                if not isinstance(record, dict):
                    raise ConfigError(f"the snapshot is damaged: {name}/{collection}/{id} is no record")


def _is_job(job: Any, id: str, kind: str) -> bool:
    if not isinstance(job, Job) or (job.id, job.kind) != (id, kind):
        return False
    times = [job.started_at, job.cancelled_at, job.stops_at, job.forced[1] if job.forced else None]
    for timeline in (job.timeline, job.cancel):
        times += [part for begin in timeline.begins for part in (begin.fixed, begin.each)]
        if not timeline.states or len(timeline.states) != len(timeline.begins):
            return False
    bounded = all(0 <= time <= FARTHEST for time in times if time is not None)
    return bounded and 0 <= job.items <= MOST_ITEMS and (job.rows is None or len(job.rows) == job.items)


def _is_key(id: Any, record: Any, tiers: Container[str]) -> bool:
    """As access.Key: its id, a tier of the API, a workspace."""
    if not isinstance(record, dict) or not isinstance(id, str):
        return False
    tier, workspace, data = record.get("tier"), record.get("workspace"), record.get("data", {})
    return isinstance(tier, str) and tier in tiers and isinstance(workspace, str) and isinstance(data, dict)


def put(state: WorldState, saved: Saved) -> None:
    """Give a world that was cleared this state; the clock is the caller's business, and goes first."""
    state.continue_from(saved.root, saved.number, saved.ids, saved.began)
    state.store.load(saved.store)
    state.ledger.load(saved.ledger)
    state.armed.load(saved.armed)
    state.sender.load(saved.webhooks)


def _read(snapshot: Mapping[str, Any]) -> Saved:
    clock = snapshot["clock"]
    return Saved(
        tuple(_text(name) for name in snapshot["scenarios"]),
        _root(snapshot["root"]),
        _between(snapshot["began"], LATEST),
        _between(clock["now"], LATEST),
        _between(clock["speed"], FASTEST),
        clock["auto"] is True,
        msgspec.convert(snapshot["number"], Whole),
        msgspec.convert(decode(snapshot["ids"]), Ids),
        decode(_sayable(snapshot["store"])),
        decode(snapshot["ledger"]),
        decode(snapshot["armed"]),
        decode(snapshot["webhooks"]),
        tuple(_text(credential) for credential in snapshot["issued"]),
        msgspec.convert(decode(snapshot.get("made", [])), list[tuple[str, dict[str, Any]]]),
    )


def _try(saved: Saved) -> None:
    """Load everything into parts that nobody uses, so that a damaged snapshot changes nothing."""
    clock = manual()
    Random().setstate(saved.ids)
    MemoryStore(clock).load(saved.store)
    Ledger(clock).load(saved.ledger)
    Armed(clock).load(saved.armed)
    sender = Sender(clock)
    sender.load(saved.webhooks)
    sender.clear()  # before any of them is sent


def _sayable(value: Any) -> Any:
    """The value, if JSON can say all numbers in it: a record with another one could never be answered with."""
    if isinstance(value, dict):
        if "$float" in value or not -(2**63) <= int(value.get("$int", 0)) < 2**64:
            raise ValueError(f"{str(value)[:100]} is not a number that JSON knows")
        for each in value.values():
            _sayable(each)
    elif isinstance(value, list):
        for each in value:
            _sayable(each)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text; found {value!r}")
    return value


def _root(value: Any) -> str:
    if not ROOT.fullmatch(_text(value)):
        raise ValueError(f"expected a seed and a name such as '0/default'; found {value!r}")
    return str(value)


def _between(value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"expected a number from 0 to {most:.0f}; found {value!r}")
    return float(value)
