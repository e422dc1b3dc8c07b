"""The start page tells a person what answers here, and where to go from here."""

from __future__ import annotations

import httpx
import pytest

from emulator import __version__
from emulator.control.routes import TABLE
from tests import loopback
from tests.running import Emulated


@pytest.mark.parametrize("path", ["/_emulator", "/_emulator/"])
def test_the_start_page_tells_what_is_served_and_where_help_is(emulator: Emulated, path: str) -> None:
    answer = loopback.get(emulator.origin + path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json()
    assert (told["name"], told["version"], told["scenarios"]) == ("ai-api-emulator", __version__, ["default"])
    assert told["apis"] == [
        {
            "api": "aixplain",
            "title": "aiXplain API",
            "version": "2.0",
            "base_url": emulator.origin,
            "hosts": ["models.aixplain.com", "platform-api.aixplain.com", "ipinfo.io"],
        },
        {
            "api": "aiexport",
            "title": "AI Export API Layer",
            "version": "2.4.1",
            "base_url": f"{emulator.origin}/v2",
            "hosts": ["api.aiexport.io"],
        },
    ]
    assert "docs/control.md" in told["help"]


def test_the_start_page_lists_every_control_route_with_what_it_does(control: httpx.Client) -> None:
    told = control.get("").json()["control"]
    assert list(told) == [f"{entry.method} /_emulator{entry.path}" for entry in TABLE]
    assert told["GET /_emulator"] == "What this is, what it serves, and every control route."
    assert told["GET /_emulator/health"] == (
        "200 once the server accepts requests, 503 while its state can't be reached; needs no token."
    )
