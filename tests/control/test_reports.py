"""The summary of a world: operations with counts and statuses, would-be cost, faults."""

from __future__ import annotations

import httpx

from tests.running import Emulated

MESSAGE = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}


def test_a_world_that_nobody_called_has_an_empty_one(control: httpx.Client) -> None:
    nothing = {"called": [], "spent": {}, "faults": {}, "exchanges": 0, "dropped": 0, "elsewhere": 0, "hints": {}}
    assert control.get("/summary").json() == nothing


def test_calls_are_counted_by_operation_and_status(emulator: Emulated, control: httpx.Client) -> None:
    client = emulator.client("aiexport", headers={"X-API-Key": "axp_test_pro"})
    client.post("/messages", json=MESSAGE)
    client.post("/messages", json={})
    client.get("/status", headers={"X-Emulator-Fault": "status; status=503"})
    client.get("/nowhere")
    told = control.get("/summary").json()
    assert told["called"] == [
        {"api": "aiexport", "operation": "messages.create", "calls": 2, "statuses": {"200": 1, "400": 1}},
        {"api": "aiexport", "operation": "status.get", "calls": 1, "statuses": {"503": 1}},
        {"api": "", "operation": "", "calls": 1, "statuses": {"404": 1}},
    ]
    assert told["faults"] == {"status": 1}
    assert told["exchanges"] == 4


def test_the_exchanges_of_other_worlds_are_counted_those_of_ended_ones_too(
    emulator: Emulated, control: httpx.Client
) -> None:
    client = emulator.client("aiexport", headers={"X-API-Key": "axp_test_pro"})
    for world in ("one", "two"):
        control.put(f"/worlds/{world}", json={})
        client.get("/models", headers={"X-Emulator-World": world})
    control.delete("/worlds/one")
    client.get("/models")
    told = control.get("/summary").json()
    assert (told["exchanges"], told["elsewhere"]) == (1, 2)
    assert control.get("/summary?world=two").json()["elsewhere"] == 2


def test_a_stream_costs_what_the_same_answer_costs_as_a_whole(emulator: Emulated, control: httpx.Client) -> None:
    client = emulator.client("aiexport", headers={"X-API-Key": "axp_test_pro"})
    client.post("/messages", json=MESSAGE)
    whole = control.get("/summary").json()["spent"]["aiexport"]
    client.post("/messages", json={**MESSAGE, "stream": True})
    both = control.get("/summary").json()["spent"]["aiexport"]
    assert whole == {"tokens": 10.0, "USD": 0.0000105}
    assert both == {unit: 2 * amount for unit, amount in whole.items()}


def test_a_batch_costs_half(emulator: Emulated, control: httpx.Client) -> None:
    client = emulator.client("aiexport", headers={"X-API-Key": "axp_test_pro"})
    batch = client.post("/batch", json={"requests": [MESSAGE, MESSAGE]}).json()
    emulator.advance(60)
    client.get(f"/batch/{batch['id']}")
    assert control.get("/summary").json()["spent"]["aiexport"] == {"tokens": 20.0, "USD": 0.0000105}


def test_a_result_that_is_looked_at_often_costs_once(emulator: Emulated, control: httpx.Client) -> None:
    client = emulator.client("aixplain", headers={"x-api-key": "aix_test_demo"})
    run = client.post("/api/v2/execute/695fce4c27b4e3580e43d127", json={"text": "What is 2 + 2?"}).json()
    emulator.advance(60)
    for _ in range(3):
        assert client.get(run["data"]).json()["completed"]
    assert control.get("/summary").json()["spent"] == {"aixplain": {"tokens": 7.0, "credits": 0.0000042}}
