"""Test with a recording: record real responses once, and replay them in every test.

`emulator record` forwards a program's calls to a real service, and writes a scenario. Here another emulator plays the
real service, so that the guide runs without a key; replace its URL with that of the service.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from emulator import Emulator

MESSAGE = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "When is it open?"}]}


# The program under test.
def opening_hours(base_url: str, key: str) -> str:
    answer = httpx.post(f"{base_url}/messages", json=MESSAGE, headers={"X-API-Key": key}).raise_for_status()
    return str(answer.json()["content"][0]["text"])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A scenario with the responses of the real service; in a project, record it once and commit it."""
    with Emulator() as real:
        real.answer(answer="From nine to five.")
        command = [sys.executable, "-m", "emulator", "record", "--api", "aiexport", "--upstream", real.url]
        command += ["--out", "recorded.yaml", "--listen", "127.0.0.1:0"]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        recorder = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        with recorder:
            assert recorder.stdout is not None
            base_url = recorder.stdout.readline().split(" on ")[1].split(": ")[0]  # Recording … on http://…/v2: …
            assert opening_hours(base_url, "a-real-key-of-mine") == "From nine to five."
            recorder.terminate()
    return tmp_path / "recorded.yaml"


def test_the_program_gets_what_the_real_service_answered(recording: Path) -> None:
    assert "a-real-key-of-mine" not in recording.read_text()  # keys are left out

    with Emulator(scenario=str(recording)) as emulator:
        assert opening_hours(emulator.base_url("aiexport"), emulator.key("pro")) == "From nine to five."
        assert emulator.requests("messages.create").last.rule.startswith(str(recording))
