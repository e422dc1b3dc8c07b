"""Health tells that the server answers, and what it serves."""

from __future__ import annotations

import httpx
import pytest

from emulator import __version__
from tests.running import Emulated


def test_health_is_200_with_what_is_served(emulator: Emulated, control: httpx.Client) -> None:
    answer = control.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "version": __version__,
        "scenarios": ["default"],
        "apis": ["aixplain", "aiexport"],
        "store": "memory" if len(emulator.apps) == 1 else "redis",
        "workers": len(emulator.apps),
        "reason": "",
    }


@pytest.mark.scenario("strict")
def test_health_names_the_scenarios_from_the_uppermost_down(control: httpx.Client) -> None:
    assert control.get("/health").json()["scenarios"] == ["strict", "default"]


def test_health_is_asked_with_get_or_head_only(control: httpx.Client) -> None:
    head = control.head("/health")
    assert (head.status_code, head.content) == (200, b"")
    assert control.post("/health").status_code == 405
