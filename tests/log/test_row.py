"""Rows: what is shown of an exchange in one line."""

from __future__ import annotations

from contextlib import suppress

import httpx
import msgspec

from emulator.log.row import MAX_TEXT, Row, row_of
from tests.apis.aiexport_calls import PRO, asking, caller
from tests.running import Emulated


def rows(emulator: Emulated, count: int) -> list[Row]:
    world = emulator.app.worlds.default
    return [row_of(exchange, place, world) for place, exchange in enumerate(emulator.exchanges(count), 1)]


def test_a_row_says_what_was_asked_and_how_it_ended(emulator: Emulated) -> None:
    answer = caller(emulator).post("/messages?a=1", json=asking())
    (row,) = rows(emulator, 1)
    assert (row.method, row.path, row.query, row.status) == ("POST", "/v2/messages", "a=1", 200)
    assert (row.api, row.operation, row.outcome, row.key) == (
        "aiexport",
        "messages.create",
        "complete",
        "axp_********_pro",
    )
    assert row.tokens == answer.json()["usage"]["total_tokens"]
    assert (row.took, row.events, row.unmatched, row.error, row.hint) == (0.0, 0, False, "", "")
    assert row.real >= 0  # the world's clock is frozen
    assert ".yaml:" in row.rule


def test_a_stream_says_how_many_events_it_has_and_how_many_went_out(emulator: Emulated) -> None:
    client = caller(emulator)
    client.post("/messages", json=asking(stream=True))
    with suppress(httpx.RemoteProtocolError):
        client.post("/messages", json=asking(stream=True), headers={"X-Emulator-Fault": "cut_after; events=3"})
    whole, cut = rows(emulator, 2)
    assert whole.events == whole.events_sent > 3
    assert whole.tokens is not None
    assert whole.tokens > 0
    assert (cut.events, cut.events_sent, cut.outcome, cut.faults) == (whole.events, 3, "cut", ("cut_after",))


def test_a_refusal_has_its_error_and_its_hint(emulator: Emulated) -> None:
    client = caller(emulator)
    client.get("/nowhere")
    client.post("/messages", json={})
    unknown, invalid = rows(emulator, 2)
    assert unknown.hint.startswith("unknown path; did you mean")
    assert (unknown.status, unknown.operation) == (404, "")
    assert invalid.error
    assert invalid.tokens is None


def test_long_texts_are_shortened_and_no_secret_is_in_them(emulator: Emulated) -> None:
    caller(emulator).get(f"/{'x' * 5_000}?{'y' * 5_000}")
    (row,) = rows(emulator, 1)
    assert len(row.path) == len(row.query) == MAX_TEXT + 1
    assert PRO not in str(row)


def test_default_values_are_left_out_of_json(emulator: Emulated) -> None:
    caller(emulator).get("/models")
    (row,) = rows(emulator, 1)
    shown = msgspec.to_builtins(row)
    assert not {"faults", "error"} & shown.keys()
    assert {"place", "number", "at", "method", "path", "status", "outcome", "took"} <= shown.keys()
    assert msgspec.convert(shown, Row) == row
