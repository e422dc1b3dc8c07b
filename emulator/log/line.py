"""Lines: a row of the request log as one line of text, or as JSON. `serve` and `tail` print the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
from msgspec import Struct, to_builtins

from emulator.log.escape import escaped
from emulator.log.row import Row
from emulator.worlds.registry import DEFAULT

RED, GREEN, YELLOW, MAGENTA, CYAN, DIM, BOLD = "31", "32", "33", "35", "36", "2", "1"
STATUS_COLOURS = {2: GREEN, 3: CYAN, 4: YELLOW, 5: RED}
OUTCOMES = {"left": "client left", "cut": "cut", "stopped": "stopped by the server", "open": "open"}
COLUMNS = (36, 18)  # what a path and an operation are padded to, so that most lines are aligned
PRINTED_ANYWAY = re.compile(r"[^\x20-\x7e]")
Paint = Callable[[str, str], str]  # text and colour → text


class Bodies(Struct, frozen=True):
    """What was sent and what was returned, as text; long ones are shortened."""

    request: str
    reply: str


def uses_colour(is_terminal: bool, env: Mapping[str, str]) -> bool:
    """Whether to colour an output: NO_COLOR and FORCE_COLOR decide, in this order, else whether it is a terminal."""
    if env.get("NO_COLOR"):
        return False
    return bool(env.get("FORCE_COLOR")) or (is_terminal and env.get("TERM") != "dumb")


def text_line(row: Row, world: str = DEFAULT, bodies: Bodies | None = None, colour: bool = False) -> str:
    """Returns the line of a row, with its end; with bodies, and for one that no rule answered, several."""
    paint: Paint = _painted if colour else _plain
    status = paint(f"{row.status or '-':>3}", STATUS_COLOURS.get(row.status // 100, DIM))
    path = escaped(row.path + (f"?{row.query}" if row.query else ""))
    parts = [
        paint(_time(row.at), DIM),
        status,
        f"{escaped(row.method):<6} {path:<{COLUMNS[0]}}",
        f"{escaped(row.operation) or '-':<{COLUMNS[1]}}",
        *_details(row, world, paint),
    ]
    lines = ["  ".join(parts).rstrip()]
    if row.unmatched:
        lines += [paint(f"    {escaped(line)}", DIM) for line in row.error.split("\n")[1:]]
    if bodies is not None:
        lines += [paint(f"    > {escaped(bodies.request)}", DIM)] if bodies.request else []
        lines += [paint(f"    < {escaped(bodies.reply)}", DIM)] if bodies.reply else []
    return "\n".join(lines) + "\n"


def notice_line(text: str, colour: bool = False) -> str:
    """Returns a line that is about no single exchange, with its end."""
    paint: Paint = _painted if colour else _plain
    return paint(escaped(text), YELLOW) + "\n"


def json_line(row: Row, world: str = DEFAULT, bodies: Bodies | None = None) -> str:
    """Returns the same as one JSON object, in which characters that steer a terminal are escaped."""
    shown: dict[str, Any] = {"world": world, **to_builtins(row)}
    if bodies is not None:
        shown |= {"body": bodies.request, "reply_body": bodies.reply}
    return json_text(shown)


def json_text(value: Any) -> str:
    """Returns JSON in one line, with its end; whatever a terminal does not just print is escaped."""
    text = orjson.dumps(value).decode()
    return (text if text.isprintable() else PRINTED_ANYWAY.sub(_json_escape, text)) + "\n"


def outcome_text(row: Row) -> str:
    """Returns how an exchange ended, in words: `client left after event 12 of 50`; empty for a complete reply."""
    if row.outcome == "complete":
        return f"{row.events} events" if row.events else ""
    words = OUTCOMES.get(row.outcome, row.outcome) + ("" if row.done else ", not done")
    return f"{words} after event {row.events_sent} of {row.events}" if row.events else words


def _details(row: Row, world: str, paint: Paint) -> list[str]:
    """Returns what a line says beside the columns that each has."""
    faults = " ".join(f"fault {escaped(name)}" for name in row.faults)
    outcome = outcome_text(row)
    found = [
        paint(faults, MAGENTA) if faults else paint(_rule(row.rule), DIM),
        paint(outcome, RED if row.outcome in ("cut", "left", "stopped") else DIM) if outcome else "",
        _duration(row.took if row.real < 0 else row.real),
        f"{row.tokens:,.0f} tokens" if row.tokens is not None else "",
        paint(_reason(row), YELLOW) if row.status >= 400 else "",
        f"world {escaped(world)}" if world != DEFAULT else "",
        f"key {escaped(row.key)}" if row.key and not row.default_key else "",
    ]
    return [each for each in found if each]


def _reason(row: Row) -> str:
    """Returns what helps, or else why it was refused."""
    if row.hint:
        return f"hint: {escaped(row.hint)}"
    return escaped(row.error.partition("\n")[0])


def _rule(rule: str) -> str:
    """Returns `retry.yaml:12` for the place of a rule."""
    file, _, place = rule.partition(".yaml:")
    return f"{escaped(file.rpartition('/')[2])}.yaml:{place.partition(':')[0]}" if place else escaped(rule)


def _duration(seconds: float) -> str:
    if seconds < 0.0995:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _time(at: float) -> str:
    """Returns the time of day where the user is."""
    return datetime.fromtimestamp(at).strftime("%H:%M:%S.%f")[:-3]


def _plain(text: str, colour: str) -> str:
    return text


def _painted(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if text else text


def _json_escape(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
