"""A world begins again in one call."""

from __future__ import annotations

import httpx

from tests.apis.aiexport_calls import FREE, HAIKU, asking, caller
from tests.running import Emulated


def test_everything_but_the_scenarios_begins_again(emulator: Emulated, control: httpx.Client) -> None:
    first = caller(emulator, FREE).post("/messages", json=asking(model=HAIKU)).json()
    control.post("/scenarios/use", json={"scenarios": ["free-tier"]}).raise_for_status()
    control.put("/limits", json={"key": FREE, "tier": "pro"}).raise_for_status()
    control.post("/faults", json={"fault": "status", "params": 503}).raise_for_status()
    control.post("/clock", json={"advance": "1h"})
    told = control.post("/reset").json()
    assert (told["name"], told["scenarios"], told["exchanges"], told["faults"]) == ("default", ["free-tier"], 0, 0)
    assert control.get("/limits", params={"key": FREE}).json()["tier"] == "free"
    again = caller(emulator, FREE).post("/messages", json=asking(model=HAIKU)).json()
    assert again["id"] == first["id"]
