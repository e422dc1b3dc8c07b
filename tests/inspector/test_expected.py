"""Expectations in Chromium: each as it stands, with what came instead."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests import loopback
from tests.apis.aiexport_calls import asking, caller
from tests.inspector.traffic import address
from tests.running import Emulated

pytestmark = pytest.mark.slow


def test_an_expectation_shows_how_it_stands_now(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=expected"))
    expect(page.get_by_text("No scenario of this world has `expect`, and nothing was added.")).to_be_visible()
    order = {"on": "messages.create", "when": {"status": 200}, "times": {"lte": 1}}
    loopback.post(f"{emulator.origin}/_emulator/expectations", json=order).raise_for_status()
    heading = page.get_by_role("heading", name="Expectations")
    expect(heading).to_have_text("Expectations (1 met)")
    for _ in range(2):
        caller(emulator).post("/messages", json=asking("What is 2 + 2?")).raise_for_status()
    expect(heading).to_have_text("Expectations (1 of 1 not met)")
    cells = ["not met", "messages.create with status: 200 at most once", "found 2 (#1, #2)", "expectation_1"]
    expect(page.locator("table.expected td")).to_have_text(cells)
