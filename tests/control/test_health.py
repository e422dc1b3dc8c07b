"""Health tells that the server answers, and what it serves."""

from __future__ import annotations

import httpx
import pytest

from emulator import __version__
from tests.running import Emulated


def test_health_is_200_with_what_is_served(emulator: Emulated) -> None:
    answer = httpx.get(f"{emulator.origin}/_emulator/health", trust_env=False)
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "version": __version__,
        "scenarios": ["default"],
        "apis": ["aixplain", "aiexport"],
    }


@pytest.mark.scenario("strict")
def test_health_names_the_scenarios_from_the_uppermost_down(emulator: Emulated) -> None:
    answer = httpx.get(f"{emulator.origin}/_emulator/health", trust_env=False)
    assert answer.json()["scenarios"] == ["strict", "default"]


def test_health_is_asked_with_get_or_head_only(emulator: Emulated) -> None:
    url = f"{emulator.origin}/_emulator/health"
    assert httpx.head(url, trust_env=False).status_code == 200
    assert httpx.post(url, trust_env=False).status_code == 405


@pytest.mark.parametrize("host", ["api.aiexport.io", "models.aixplain.com", "localhost:1"])
def test_health_answers_whatever_the_host(emulator: Emulated, host: str) -> None:
    assert httpx.get(f"{emulator.origin}/_emulator/health", headers={"Host": host}, trust_env=False).status_code == 200
