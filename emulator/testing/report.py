"""What a failed test shows of its world: the last exchanges, each in a line or a few, never more than fits a screen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.errors import EmulatorError
from emulator.testing.client import DEFAULT
from emulator.testing.exchanges import HINT, Exchanges, Recorded
from emulator.testing.world import World

MAX_EXCHANGES = 20  # exchanges
MAX_STRAYS = 5  # exchanges of the default world
MAX_PASSED = 3  # rules that an exchange has passed over
MAX_WIDTH = 200  # characters of a line


def report_lines(world: World, since: int = 0) -> Iterator[str]:
    """What happened in a world, for a person; never raises, because a test has failed already.

    `since` is the place in the journal of the default world where the test began.
    """
    try:
        lines = [*exchange_lines(world), *unplayed_lines(world), *stray_lines(world, since)]
    except EmulatorError as error:
        lines = [f"the exchanges can't be read: {error}"]
    yield from map(_cut, lines)


def exchange_lines(world: World) -> Iterator[str]:
    """The last exchanges. Raises ControlError."""
    found, total, dropped = world.requests()._newest(MAX_EXCHANGES)
    if not found:
        yield f"no request came to the world {world.name}"
    if earlier := total - len(found) + dropped:
        yield f"… {earlier} earlier ones" + (f", {dropped} of them dropped from the journal" if dropped else "")
    passed = {each.operation: each.number for each in found if each.passed_over}  # the last one of each operation
    for each in found:
        yield from lines_of(each)
        if passed.get(each.operation) == each.number:
            yield from passed_lines(world, each)


def passed_lines(world: World, each: Recorded) -> Iterator[str]:
    """The nearest rules of scenarios that an exchange has passed over. Raises ControlError."""
    differing = [rule for rule in world.explain(each).rules if rule.source == "scenario" and rule.differences]
    for rule in sorted(differing, key=lambda rule: len(rule.differences))[:MAX_PASSED]:
        yield f"     passed over: {rule.place}: {'; '.join(map(str, rule.differences))}"


def unplayed_lines(world: World) -> Iterator[str]:
    """The armed faults that no request has met. Raises ControlError."""
    for each in world.faults:
        if not each["played"]:
            order = ", ".join(f"{name}: {each[name]}" for name in each if name not in ("id", "fault", "played"))
            yield f"never played: {each['fault']}" + (f" ({order})" if order else "")


def stray_lines(world: World, since: int = 0) -> Iterator[str]:
    """The exchanges that came to the default world instead. Raises ControlError."""
    if world.name == DEFAULT:
        return
    found, total, _ = Exchanges(world.client.of(DEFAULT), {})._newest(MAX_STRAYS, since)
    if total:
        yield f"{total} came to the world {DEFAULT} meanwhile, which no key or header led elsewhere; {HINT}"
    for each in found:
        yield f"     {each.method} {each.path} → {each.status} with {f'the key {each.key}' if each.key else 'no key'}"


def place(world: World) -> int:
    """Where the journal of the default world ends at present. Raises ControlError."""
    answer: int = world.client.of(DEFAULT).get("/exchanges", last=1)["next"]
    return answer


def lines_of(each: Recorded) -> Iterator[str]:
    """One exchange: `POST /v2/messages → 503 in 0.002 s`, then what matters of it, indented."""
    about = [each.operation or "no operation"]
    if each.faults:
        about.append(f"faults: {', '.join(each.faults)}")
    if each.outcome not in ("", "complete"):
        about.append(each.outcome)
    yield f"{each.number:>3}  {each.method} {each.path} → {each.status} in {each.took:.3f} s  ({'; '.join(about)})"
    if each.status >= 400 and not each.near_misses:
        yield f"     {each.error or json.dumps(each.reply_body, ensure_ascii=False)}"
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
