"""A snapshot: the whole state of a world as one JSON-able value, after which the same requests get the same answers.

It holds what answers depend on: records, counters, jobs, usage, armed faults, webhooks with their tries, the clock and
the sequence of ids. The journal, which only tells of the past, stays behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from msgspec import Struct, ValidationError

from emulator import __version__
from emulator.clock import FASTEST, manual
from emulator.date import LATEST
from emulator.errors import ConfigError
from emulator.serving.fault.armed import Armed
from emulator.serving.plain import decode, encode
from emulator.serving.usage import Ledger
from emulator.serving.webhook import Sender
from emulator.serving.world import World
from emulator.storage.memory import MemoryStore

FORMAT = 1
ROOT = re.compile(r"-?[0-9]{1,40}/.+")


class Saved(Struct, frozen=True):
    """A snapshot that was read and found good. `ids` is the state of the source of ids; `issued` are credentials."""

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


def write(world: World, scenarios: tuple[str, ...], issued: list[str]) -> dict[str, Any]:
    """The state of a world, and what it plays."""
    number, ids = world.drawn()
    clock = world.clock
    return {
        "format": FORMAT,
        "version": __version__,
        "world": world.name,
        "scenarios": list(scenarios),
        "root": world.root,
        "began": world.began,
        "clock": {"now": clock.now(), "speed": clock.speed, "auto": clock.auto},
        "number": number,
        "ids": encode(ids),
        "store": encode(world.store.dump()),
        "ledger": encode(world.ledger.dump()),
        "armed": encode(world.armed.dump()),
        "webhooks": encode(world.sender.dump()),
        "issued": issued,
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
    except (TypeError, ValueError, AttributeError, IndexError, ConfigError, ValidationError) as error:
        raise ConfigError(f"the snapshot is damaged: {error}") from None
    return saved


def put(world: World, saved: Saved) -> None:
    """Give a world that was cleared this state; the clock is the caller's business, and goes first."""
    world.continue_from(saved.root, saved.number, saved.ids, saved.began)
    world.store.load(saved.store)
    world.ledger.load(saved.ledger)
    world.armed.load(saved.armed)
    world.sender.load(saved.webhooks)


def _read(snapshot: Mapping[str, Any]) -> Saved:
    clock = snapshot["clock"]
    return Saved(
        tuple(_text(name) for name in snapshot["scenarios"]),
        _root(snapshot["root"]),
        _between(snapshot["began"], LATEST),
        _between(clock["now"], LATEST),
        _between(clock["speed"], FASTEST),
        clock["auto"] is True,
        int(snapshot["number"]),
        decode(snapshot["ids"]),
        decode(snapshot["store"]),
        decode(snapshot["ledger"]),
        decode(snapshot["armed"]),
        decode(snapshot["webhooks"]),
        tuple(_text(credential) for credential in snapshot["issued"]),
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
