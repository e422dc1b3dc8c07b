"""Routes that change the state of a world do so in units of work, which a backend may run again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.server.ports import Ports
from emulator.worlds import registry
from tests import loopback
from tests.apis.aiexport_calls import asking
from tests.repeating import RepeatingBackend
from tests.running import Emulated, Running

ORDERS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/faults", {"fault": "status"}),
    ("DELETE", "/faults/fault_1", None),
    ("POST", "/answers", {"answer": "Hello!"}),
    ("DELETE", "/answers", None),
    ("POST", "/jobs", {"kind": "batch", "as": "axp_test_pro", "id": "b1", "items": [asking()] * 60}),
    ("POST", "/jobs/b1", {"state": "in_progress"}),
    ("POST", "/jobs/b1/complete", None),
    ("PUT", "/records/aixplain/agents/a1", {"name": "Mine"}),
    ("PATCH", "/records/aixplain/agents/a1", {"name": "Yours"}),
    ("DELETE", "/records/aixplain/agents/a1", None),
    ("DELETE", "/records/aixplain/agents", None),
    ("POST", "/keys", {"key": "axp_one_more", "like": "axp_test_pro"}),
    ("PUT", "/limits", {"key": "axp_test_free", "tier": "pro"}),
    ("POST", "/expectations", {"on": "batch.create"}),
    ("POST", "/expectations", {"on": "messages.create"}),
    ("DELETE", "/expectations/expectation_1", None),
    ("DELETE", "/webhooks", None),
    ("DELETE", "/exchanges", None),
)


@pytest.fixture
def repeating(running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulated]:
    monkeypatch.setattr(registry, "MemoryBackend", RepeatingBackend)
    emulated = Emulated(running, ("default",))
    yield emulated
    emulated.close()


@pytest.mark.one_worker("it has a backend of its own")
def test_run_twice_they_do_what_they_do_when_run_once(repeating: Emulated) -> None:
    store = repeating.app.state.store
    assert isinstance(store, RepeatingBackend)
    store.strays.clear()
    with loopback.Client(base_url=f"{repeating.origin}/_emulator") as control:
        for method, path, body in ORDERS:
            units = store.units
            done = control.request(method, path, **({} if body is None else {"json": body}))
            assert done.status_code in (200, 201), done.text
            assert store.units == units + 1, path
        assert store.strays == []
        assert control.get("/answers").json()["answers"] == []
        assert [each["id"] for each in control.get("/expectations").json()["expectations"]] == ["expectation_2"]
        assert len(control.get("/jobs").json()["jobs"]) == 1
        assert one(control, "/keys", "keys", "axp_one_more")["tier"] == "pro"


def test_a_key_leads_to_its_world_when_the_unit_is_done(repeating: Emulated) -> None:
    with loopback.Client(base_url=f"{repeating.origin}/_emulator") as control:
        control.put("/worlds/mine", json={}).raise_for_status()
        control.put("/worlds/other", json={}).raise_for_status()
        order = {"key": "axp_one_more", "like": "axp_test_pro"}
        assert control.post("/keys?world=mine", json=order).status_code == 201
        assert control.post("/keys?world=mine", json=order).status_code == 201
        assert control.post("/keys?world=other", json=order).status_code == 409


def test_a_port_is_refused_once_when_the_unit_is_done(repeating: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: list[float] = []
    monkeypatch.setattr(Ports, "refuse", lambda ports, outage, connections: seconds.append(outage.seconds))
    with loopback.Client(base_url=f"{repeating.origin}/_emulator") as control:
        armed = control.post("/faults", json={"fault": "refuse", "params": "2s"}).json()
        assert armed["note"].startswith("each connection is reset")
        assert seconds == [2.0]
        assert control.delete(f"/faults/{armed['id']}").status_code == 200
        assert control.delete("/faults").status_code == 200
        assert seconds == [2.0, 0.0, 0.0]


def one(control: httpx.Client, path: str, name: str, key: str) -> dict[str, object]:
    (found,) = [each for each in control.get(path).json()[name] if each["key"] == key]
    return dict(found)
