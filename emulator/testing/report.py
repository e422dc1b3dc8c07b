"""What a failed test shows of its world: the last exchanges, each in a line or a few, never more than fits a screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.errors import EmulatorError
from emulator.testing.exchanges import Recorded
from emulator.testing.world import World

MAX_EXCHANGES = 20  # exchanges
MAX_WIDTH = 200  # characters of a line


def exchange_lines(world: World) -> Iterator[str]:
    """The exchanges of a world, for a person; never raises, because a test has failed already."""
    try:
        found, total, dropped = world.requests()._newest(MAX_EXCHANGES)
    except EmulatorError as error:
        yield f"the exchanges can't be read: {error}"
        return
    if not found:
        yield f"no request came to the world {world.name}"
    if earlier := total - len(found) + dropped:
        yield f"… {earlier} earlier ones" + (f", {dropped} of them dropped from the journal" if dropped else "")
    for each in found:
        yield from (_cut(line) for line in lines_of(each))


def lines_of(each: Recorded) -> Iterator[str]:
    """One exchange: `POST /v2/messages → 503 in 0.002 s`, then what matters of it, indented."""
    about = [each.operation or "no operation"]
    if each.faults:
        about.append(f"faults: {', '.join(each.faults)}")
    if each.outcome not in ("", "complete"):
        about.append(each.outcome)
    yield f"{each.number:>3}  {each.method} {each.path} → {each.status} in {each.took:.3f} s  ({'; '.join(about)})"
    for miss in each.near_misses:
        yield f"     near miss: {_near(miss)}"


def _near(miss: Mapping[str, Any]) -> str:
    """`hello (retry.yaml:7): body.model: expected 'a', found 'b'`."""
    place = f"{miss['file']}:{miss['line']}"
    differences = [f"{each['field']}: expected {each['wanted']}, found {each['found']}" for each in miss["differences"]]
    rule = f"{miss['name']} ({place})" if miss["name"] else place
    return f"{rule}: {'; '.join(differences)}"


def _cut(line: str) -> str:
    return line if len(line) <= MAX_WIDTH else line[: MAX_WIDTH - 1] + "…"
