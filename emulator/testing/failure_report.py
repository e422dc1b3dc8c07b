"""Failure reports: the exchanges of a failed test, in a file of its own for other tools to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.errors import EmulatorError
from emulator.reports.files import OF_EXCHANGES, ReportFile, report_files
from emulator.reports.record import ExchangesRecord
from emulator.testing.client import Client
from emulator.testing.exchanges import PAGE
from emulator.testing.world import World

OPTION = "--emulator-report"


def failure_files(texts: Sequence[str]) -> list[ReportFile]:
    """Returns the files that `FORMAT=FILE` stand for, each of which gets the name of a test.

    Raises ConfigError for what isn't one or can't be written.
    """
    return report_files(texts, OPTION, OF_EXCHANGES)


def write_failure(files: Sequence[ReportFile], world: World) -> Iterator[str]:
    """Writes what came to the world of a failed test; yields a line for each file. Never raises: a test has failed
    already."""
    try:
        exchanges = list(all_exchanges(world.client))
        record = ExchangesRecord(url=world.client.url, exchanges=exchanges, sent=event_times(world.client, exchanges))
    except EmulatorError as error:
        yield f"the exchanges can't be read: {error}"
        return
    for each in files:
        path = each.path.with_name(f"{each.path.stem}-{world.name}{each.path.suffix}")
        try:
            path.write_text(OF_EXCHANGES[each.format](record), encoding="utf-8", errors="backslashreplace")
            yield f"{each.format}: {path}"
        except OSError as error:
            yield f"{each.format}: {path} can't be written: {error.strerror}"


def all_exchanges(client: Client) -> Iterator[dict[str, Any]]:
    """Yields all exchanges of a world, page by page. Raises ControlError."""
    page = client.get("/exchanges", limit=PAGE)
    while page["exchanges"]:
        yield from page["exchanges"]
        page = client.get("/exchanges", limit=PAGE, after=page["next"])


def event_times(client: Client, exchanges: Sequence[Mapping[str, Any]]) -> dict[int, list[float]]:
    """Returns by number when each event of a stream left; those of one that is not paced left at once."""
    times = {}
    for each in exchanges:
        if each["events"]:
            timing = client.get(f"/exchanges/{each['number']}/explanation")["timing"]
            times[each["number"]] = timing["sent"] if timing else [0.0] * each["events_sent"]
    return times
