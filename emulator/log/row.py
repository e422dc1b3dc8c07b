"""A row of the request log: what is shown of an exchange in one line, without its bodies."""

from __future__ import annotations

from msgspec import Struct

from emulator.http.exchange import Exchange
from emulator.store.masking import mask_key
from emulator.verdict.history import header
from emulator.worlds.spending import spending
from emulator.worlds.world import World

HINT = b"x-emulator-hint"
TOKENS = ("tokens",)  # the unit of `client.spent` in an API file that a row shows
MAX_TEXT = 300  # characters of a path, a query or a hint
MAX_ERROR = 2_000  # characters of an error, which may name the nearest rules line by line


class Row(Struct, frozen=True, omit_defaults=True):
    """One exchange in short. `place` is its place in the journal, from 1; `at` epoch seconds, `took` seconds.

    `took` is by the world's clock, `real` by the system's where that differs, else below 0. `events` are those that a
    stream has, before a fault changes it. `key` is masked, and `default_key` if it is the one that examples use.
    `unmatched`: no rule answers, so near misses are there. `done` is false for a request that was lost before
    anything was done for it. `tokens` is null where the API tells none. Long texts are
    shortened; JSON leaves out fields with default values.
    """

    place: int
    number: int
    at: float
    method: str
    path: str
    status: int
    outcome: str
    took: float
    real: float = -1.0
    query: str = ""
    api: str = ""
    operation: str = ""
    rule: str = ""
    faults: tuple[str, ...] = ()
    key: str = ""
    default_key: bool = False
    workspace: str = ""
    events: int = 0
    events_sent: int = 0
    done: bool = True
    bytes_sent: int = 0
    tokens: float | None = None
    unmatched: bool = False
    error: str = ""
    hint: str = ""


def row_of(exchange: Exchange, place: int, world: World) -> Row:
    """Returns the row of an exchange of a world."""
    service = world.pipeline.services.get(exchange.api) if exchange.outcome != "open" else None
    return Row(
        place,
        exchange.number,
        exchange.at,
        exchange.method,
        shortened(exchange.path),
        exchange.status,
        exchange.outcome,
        round(exchange.took, 6),
        round(exchange.real_took, 6),
        shortened(exchange.query),
        exchange.api,
        exchange.operation,
        exchange.rule,
        exchange.faults,
        exchange.caller,
        service is not None and exchange.caller == mask_key(service.api.client.key or ""),
        exchange.workspace,
        exchange.events,
        exchange.sent_events,
        exchange.done,
        exchange.sent_bytes,
        None if service is None else spending(service, exchange, TOKENS).get("tokens"),
        bool(exchange.near_misses),
        shortened(exchange.error, MAX_ERROR),
        shortened(header(exchange.reply_headers, HINT) or "") if exchange.status >= 400 else "",
    )


def shortened(text: str, most: int = MAX_TEXT) -> str:
    """Returns a text of at most so many characters, and an ellipsis where some were left out."""
    return text if len(text) <= most else f"{text[:most]}…"
