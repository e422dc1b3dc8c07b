"""AI Export's document, as printed: its base, its status line and its samples."""

from __future__ import annotations

import json

import pytest

from tests.apis.aiexport_calls import ENTERPRISE, asking, caller, events_of
from tests.running import Emulated

# What fetch says of a string body when the sample gives no Content-Type.
FETCH_TEXT = {"Content-Type": "text/plain;charset=UTF-8"}


@pytest.mark.claim("AE-BASE")
def test_the_base_is_v2_and_the_version_2_4_1(emulator: Emulated) -> None:
    client = caller(emulator)
    assert client.base_url.path == "/v2/"
    answer = client.get("/models")
    assert answer.url.path == "/v2/models"
    assert answer.headers["x-api-version"] == "2.4.1"
    hosted = client.get("/models", headers={"Host": "api.aiexport.io"})
    assert hosted.status_code == 200


@pytest.mark.claim("AE-STATUS")
def test_all_systems_are_operational(emulator: Emulated) -> None:
    answer = emulator.client("aiexport").get("/status")
    assert answer.status_code == 200
    status = answer.json()
    assert (status["status"], status["description"]) == ("operational", "All systems operational")
    assert status["version"] == "2.4.1"


@pytest.mark.claim("AE-UPTIME")
def test_the_status_tells_the_uptime_of_30_days(emulator: Emulated) -> None:
    assert emulator.client("aiexport").get("/status").json()["uptime"] == {"days": 30, "percent": 99.98}


@pytest.mark.claim("AE-CHANGELOG")
def test_the_status_and_the_models_have_the_months_of_the_changelog(emulator: Emulated) -> None:
    changes = {
        each["released"]: each["change"] for each in emulator.client("aiexport").get("/status").json()["changelog"]
    }
    assert list(changes) == ["2025-04", "2025-03", "2025-02", "2025-01"]
    assert changes["2025-04"] == "Apex Sonnet 4 released"
    released = {model["id"]: model["released_at"] for model in caller(emulator).get("/models").json()["data"]}
    assert released["apex-sonnet-4-20250501"] == "2025-04"


@pytest.mark.claim("AE-SAMPLES")
def test_the_curl_line_runs_as_printed(emulator: Emulated) -> None:
    answer = caller(emulator).get("/messages", headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


@pytest.mark.claim("AE-SAMPLES", "AE-SDK")
def test_the_create_sample_runs_as_printed(emulator: Emulated) -> None:
    body = {
        "model": "apex-sonnet-4-20250501",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "Hello!"}],
    }
    answer = caller(emulator).post("/messages", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["content"][0]["text"]


@pytest.mark.claim("AE-SAMPLES")
def test_the_models_sample_runs_as_printed(emulator: Emulated) -> None:
    assert caller(emulator).get("/models").json()["data"]


@pytest.mark.claim("AE-SAMPLES")
def test_the_stream_sample_runs_as_printed(emulator: Emulated) -> None:
    body = json.dumps(asking(model="apex-opus-3-20250401", stream=True))
    with caller(emulator).stream("POST", "/messages/stream", content=body, headers=FETCH_TEXT) as response:
        assert response.status_code == 200
        assert events_of(response.iter_lines())[-1][0] == "message_stop"


@pytest.mark.claim("AE-SAMPLES")
@pytest.mark.claim("AE-BATCH-CANCEL")
def test_the_batch_samples_run_as_printed(emulator: Emulated) -> None:
    client = caller(emulator, ENTERPRISE)
    row = asking(model="apex-haiku-4-20250401")
    batch = client.post("/batch", content=json.dumps({"requests": [row, row]}), headers=FETCH_TEXT)
    assert batch.status_code == 202
    cancelled = client.delete(f"/batch/{batch.json()['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelling")
