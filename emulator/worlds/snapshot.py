"""A snapshot: the whole state of a world as one JSON-able value, after which the same requests get the same answers.

It is a header and the dump of the world's backend: records, counters, windows, jobs, usage, armed faults, webhooks with
their tries. The journal, which only tells of the past, stays behind.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from emulator import __version__
from emulator.dates import LATEST
from emulator.engine.answers import WorldAnswers
from emulator.engine.state import MADE_KEYS, WorldState, check_state
from emulator.errors import ConfigError
from emulator.jobs.job import Job
from emulator.language.schema.api import check_budget
from emulator.playbook.apis import Playbook
from emulator.playbook.schema_reasons import shown
from emulator.settings.clock_start import MAX_SPEED
from emulator.store.backend import Backend
from emulator.store.codec import from_json, to_json
from emulator.store.records import REMOVED

FORMAT = 2
MAX_TIME = 1e12  # seconds since the epoch
MAX_ITEMS = 10_000_000


class SavedClock(Struct, frozen=True):
    """How the clock of a world goes on."""

    now: Annotated[float, Meta(ge=0, le=LATEST)]
    speed: Annotated[float, Meta(ge=0, le=MAX_SPEED)]
    auto: bool


class Snapshot(Struct, frozen=True):
    """`state` is the dump of the world's backend."""

    format: int
    scenarios: tuple[str, ...]
    clock: SavedClock
    state: dict[str, Any]
    version: str = ""
    world: str = ""


def write(state: WorldState, scenarios: tuple[str, ...]) -> dict[str, Any]:
    """Returns the state of a world, and what it plays. Raises ConfigError when a record can't be saved."""
    clock = state.clock
    shown = SavedClock(clock.now(), clock.speed, clock.auto)
    snapshot = Snapshot(FORMAT, scenarios, shown, state.store.dump(), __version__, state.name)
    return dict(to_json(snapshot))


def read(snapshot: Mapping[str, Any]) -> Snapshot:
    """Raises ConfigError when this is no snapshot, one of another format, or one whose header is damaged."""
    format = snapshot.get("format")
    if isinstance(format, int) and not isinstance(format, bool) and format in range(1, FORMAT):
        raise ConfigError(
            f"this snapshot was written by an older version (format {format}); this version reads format {FORMAT}; "
            "take it again"
        )
    if isinstance(format, int) and not isinstance(format, bool) and format > FORMAT:
        raise ConfigError(
            f"this snapshot was written by a newer version (format {format}); this version reads format {FORMAT}"
        )
    if format != FORMAT:
        raise ConfigError(f"this is no snapshot of a world; expected an object with `format: {FORMAT}`")
    try:
        return from_json(dict(snapshot), Snapshot)
    except ConfigError as error:
        raise ConfigError(f"the snapshot is damaged: {error}") from None


def check(snapshot: Snapshot, playbook: Playbook) -> None:
    """Raises ConfigError when no world could go on from the state, or the APIs of the scenarios can't work with a
    record."""
    try:
        store = check_state(snapshot.state, snapshot.clock.now)
        _check_records(store, playbook)
        WorldAnswers(store).check()
    except ConfigError as error:
        raise ConfigError(f"the snapshot is damaged: {error}") from None


def _check_records(store: Backend, playbook: Playbook) -> None:
    records = store.records
    for name, api in playbook.apis.items():
        for kind in api.jobs:
            for id, job in records.items(f"jobs/{name}/{kind}"):
                if not _is_job(job, id, kind):
                    raise ConfigError(f"jobs/{name}/{kind}/{id} is no job of this kind")
        keys = records.items(f"records/{name}/keys")
        keys += [(made.id, made.record) for _, made in records.items(MADE_KEYS) if made.api == name]
        for id, record in keys:
            if record != REMOVED and not _is_key(record, api.tiers):
                raise ConfigError(f"records/{name}/keys/{id} is no key")
            if record != REMOVED:
                _check_budget(record.get("budget"), f"records/{name}/keys/{id}/budget")
        for collection in api.collections:
            for id, record in records.items(f"records/{name}/{collection}"):
                if not isinstance(record, dict):
                    raise ConfigError(f"records/{name}/{collection}/{id} is no record")


def _is_job(job: Job, id: str, kind: str) -> bool:
    if (job.id, job.kind) != (id, kind):
        return False
    times = [job.started_at, job.cancelled_at, job.forced[1] if job.forced else None]
    ages = [age for age in (job.stops, job.fails[1] if job.fails else None) if age is not None]
    for timeline in (job.timeline, job.cancel):
        ages += timeline.begins
        times += timeline.polled
        if not timeline.states or len(timeline.states) != len(timeline.begins):
            return False
    times += [part for age in ages for part in (age.fixed, age.each, age.polls, age.polls_each)]
    bounded = all(0 <= time <= MAX_TIME for time in times if time is not None)
    return bounded and 0 <= job.items <= MAX_ITEMS and (job.rows is None or len(job.rows) == job.items)


def _check_budget(budget: Any, place: str) -> None:
    """Raises ConfigError for what no key can spend."""
    if not isinstance(budget, dict | None):
        raise ConfigError(f"{place}: {shown(budget)} is no budget; expected amounts by unit, such as {{credits: 0.05}}")
    for unit, amount in (budget or {}).items():
        try:
            check_budget(amount)
        except ValueError as error:
            raise ConfigError(f"{place}/{unit}: {error}") from None


def _is_key(record: Any, tiers: Container[str]) -> bool:
    """As a key of an API: a tier of the API, a workspace."""
    if not isinstance(record, dict):
        return False
    tier, workspace, data = record.get("tier"), record.get("workspace"), record.get("data", {})
    return isinstance(tier, str) and tier in tiers and isinstance(workspace, str) and isinstance(data, dict)
