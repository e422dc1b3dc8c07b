"""A third API is one more YAML file: keys and tiers, a checked operation, a job, a stream and errors, and no Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import paths as resources
from tests.apis.aiexport_calls import PRO, asking
from tests.running import Emulated
from tests.wire import Wire, request

FOLDER = Path(__file__).with_name("third")
THIRD, BESIDE = str(FOLDER / "third.yaml"), str(FOLDER / "beside.yaml")
GOLD, TIN, GONE = (f"press_{name}_0123456789" for name in ("gold", "tin", "gone"))
ORDER = {"title": "Spring sale", "copies": 3}

pytestmark = pytest.mark.scenario(THIRD)


def shop(emulator: Emulated, key: str = GOLD) -> httpx.Client:
    client: httpx.Client = emulator.client("press", headers={"X-Press-Pass": key})
    return client


def fault(answer: httpx.Response, status: int, code: str, at: str | None = None) -> str:
    """The text of an error, after checking that it has this API's shape and no other's."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"fault"}
    assert set(body["fault"]) == {"code", "text", "at"}
    assert (body["fault"]["code"], body["fault"]["at"]) == (code, at)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-press"] == "3.1"
    assert "x-emulator-error" not in answer.headers
    text: str = body["fault"]["text"]
    return text


def ordered(client: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = client.post("/jobs", json={**ORDER, **more})
    assert answer.status_code == 201, answer.text
    sheet: dict[str, Any] = answer.json()
    return sheet


def test_it_is_no_part_of_what_is_shipped() -> None:
    shipped = [path for path in resources.scenarios().rglob("*.yaml") if "press" in path.read_text()]
    assert shipped == []


def test_a_pass_is_asked_for_known_and_withdrawn(emulator: Emulated) -> None:
    assert shop(emulator).get("/jobs/none").status_code == 404
    missing = emulator.client("press").get("/jobs/none")
    assert fault(missing, 401, "who-are-you") == "Show your pass."
    assert missing.headers["www-authenticate"] == "Press"
    assert fault(shop(emulator, "somebody").get("/jobs/none"), 401, "who-are-you") == "This pass is not ours."
    assert fault(shop(emulator, GONE).get("/jobs/none"), 403, "pass-withdrawn") == "This pass was withdrawn."
    bearer = emulator.client("press", headers={"Authorization": f"Bearer {GOLD}"})
    fault(bearer.get("/jobs/none"), 401, "who-are-you")


def test_what_needs_no_pass_is_free(emulator: Emulated) -> None:
    client = emulator.client("press")
    assert client.get("/papers").json() == {"papers": ["plain", "heavy"]}
    assert client.get("/papers?heavier=100").json() == {"papers": ["heavy"]}
    fault(client.get("/papers?heavier=much"), 422, "bad-order", "heavier")


def test_an_order_is_checked_field_by_field(emulator: Emulated) -> None:
    client = shop(emulator, TIN)
    for change, at in (
        ({"title": 7}, "title"),
        ({"title": ""}, "title"),
        ({"copies": 0}, "copies"),
        ({"copies": "3"}, "copies"),
        ({"format": "A5"}, "format"),
        ({"colour": "red"}, "colour"),
        ({"paper": "gold"}, "paper"),
        ({"format": "A3"}, "format"),
    ):
        fault(client.post("/jobs", json={**ORDER, **change}), 422, "bad-order", at)
    fault(client.post("/jobs", json={"copies": 3}), 422, "bad-order", "title")
    fault(client.post("/jobs", content=b"{"), 422, "bad-order")
    fault(
        client.post("/jobs", content=b"{}", headers={"content-type": "text/plain"}), 415, "cannot-read", "content-type"
    )
    fault(client.put("/jobs", json=ORDER), 405, "not-like-that")
    fault(client.get("/inks"), 404, "no-such-thing")
    assert client.post("/jobs", json=ORDER).headers["x-sheets-left"] == "7"  # the refused ones took no paper
    assert ordered(shop(emulator), format="A3")["state"] == "waiting"


def test_a_job_waits_prints_and_is_done_by_the_clock_alone(emulator: Emulated) -> None:
    client = shop(emulator)
    answer = client.post("/jobs", json=ORDER)
    sheet = answer.json()
    assert answer.headers["location"] == f"{emulator.origin}/press/v3/jobs/{sheet['sheet']}"
    assert (sheet["state"], sheet["price"], sheet["inks"]) == ("waiting", 0.06, "four")
    assert sheet["greeting"] == "Welcome back"
    assert sheet["blurb"]
    for seconds, state, printed in ((9, "waiting", 0), (1, "printing", 0), (2, "printing", 1), (4, "done", 3)):
        emulator.advance(seconds)
        found = client.get(f"/jobs/{sheet['sheet']}").json()
        assert (found["state"], found["printed"], found["left"]) == (state, printed, 3 - printed)
    stopped = client.post(f"/jobs/{sheet['sheet']}/stop")
    assert fault(stopped, 409, "too-late") == "It is done already."
    assert "greeting" not in ordered(shop(emulator, TIN))


def test_a_job_is_stopped_and_what_was_printed_stays_printed(emulator: Emulated) -> None:
    client = shop(emulator)
    path = f"/jobs/{ordered(client)['sheet']}"
    emulator.advance(12)
    answer = client.post(f"{path}/stop")
    assert (answer.status_code, answer.json()["state"]) == (202, "stopping")
    emulator.advance(3)
    found = client.get(path).json()
    assert (found["state"], found["printed"], found["left"]) == ("stopped", 1, 0)


def test_a_job_is_seen_by_its_own_shop_only(emulator: Emulated) -> None:
    sheet = ordered(shop(emulator))["sheet"]
    for method, path in (("GET", ""), ("POST", "/stop"), ("GET", "/progress")):
        answer = shop(emulator, TIN).request(method, f"/jobs/{sheet}{path}")
        assert sheet in fault(answer, 404, "no-such-thing", "id")


def test_paper_runs_out_and_comes_back_by_the_clock(emulator: Emulated) -> None:
    client = shop(emulator, TIN)
    assert client.post("/jobs", json={**ORDER, "copies": 8}).headers["x-sheets-left"] == "2"
    emulator.advance(600)
    answer = client.post("/jobs", json=ORDER)
    fault(answer, 429, "out-of-paper")
    assert answer.headers["retry-after"] == "3000"
    assert client.post("/jobs", json={**ORDER, "copies": 2}).headers["x-sheets-left"] == "0"
    emulator.advance(3_000)
    assert client.post("/jobs", json=ORDER).headers["x-sheets-left"] == "7"
    assert "x-sheets-left" not in shop(emulator).post("/jobs", json=ORDER).headers  # unlimited


def test_a_stream_has_its_own_events_and_pace(emulator: Emulated) -> None:
    sheet = ordered(shop(emulator), copies=2)["sheet"]
    with Wire(emulator.running.port) as wire:
        wire.send(request("GET", f"/press/v3/jobs/{sheet}/progress", [("x-press-pass", GOLD)]))
        status, headers = wire.head()
        assert (status, dict(headers)["content-type"]) == (200, "text/event-stream")
        assert wire.chunk() == b'id: %s\nevent: begin\ndata: {"of":2}\n\n' % sheet.encode()
        emulator.advance(1)
        assert wire.chunk() == b'id: 1\nevent: sheet\ndata: {"n":1}\n\n'
        emulator.advance(2)
        assert wire.chunk() == b'id: 2\nevent: sheet\ndata: {"n":2}\n\ndata: END\n\n'
        assert wire.chunk() == b""


def test_a_scenario_plays_on_it_as_on_the_others(emulator: Emulated) -> None:
    answer = shop(emulator).post("/jobs", json={**ORDER, "title": "Jam"})
    assert fault(answer, 500, "jammed") == "Paper jam in tray 2"


@pytest.mark.scenario(BESIDE)
def test_it_stands_beside_the_two_on_one_port(emulator: Emulated) -> None:
    sheet = ordered(shop(emulator))
    assert sheet["inks"] == "one"
    emulator.advance(4)
    assert shop(emulator).get(f"/jobs/{sheet['sheet']}").json()["state"] == "done"
    client = emulator.client("aiexport", headers={"X-API-Key": PRO})
    assert client.post("/messages", json=asking()).status_code == 200
    fault(shop(emulator).get("/nowhere"), 404, "no-such-thing")
    assert client.get(f"{emulator.origin}/press/v3/papers", headers={"Host": "api.aiexport.io"}).status_code == 404
    assert client.get(f"{emulator.origin}/press/v3/papers", headers={"Host": "api.press.example"}).status_code == 200
