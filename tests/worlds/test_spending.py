"""Spending: what an exchange used, by the units that the API file names."""

from __future__ import annotations

from emulator.worlds.spending import spending
from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated


def spent(emulator: Emulated, units: tuple[str, ...] | None = None) -> list[dict[str, float]]:
    service = emulator.app.pipeline.services["aiexport"]
    return [spending(service, exchange, units) for exchange in emulator.journal]


def test_a_reply_uses_what_its_usage_says(emulator: Emulated) -> None:
    usage = caller(emulator).post("/messages", json=asking()).json()["usage"]
    emulator.exchanges(1)
    (found,) = spent(emulator)
    assert found["tokens"] == usage["total_tokens"]
    assert found.keys() == {"tokens", "USD"}
    assert spent(emulator, ("tokens",)) == [{"tokens": found["tokens"]}]


def test_a_stream_uses_what_its_last_events_say(emulator: Emulated) -> None:
    usage = caller(emulator).post("/messages", json=asking()).json()["usage"]
    caller(emulator).post("/messages", json=asking(stream=True))
    emulator.exchanges(2)
    assert [each["tokens"] for each in spent(emulator)] == [usage["total_tokens"]] * 2


def test_a_refusal_uses_nothing(emulator: Emulated) -> None:
    caller(emulator).post("/messages", json={})
    emulator.exchanges(1)
    assert spent(emulator) == [{}]
