"""The clock bar in Chromium: it shows the world's time and what is due, moves it, and lists what fell due."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.apis.aiexport_calls import asking, caller, create
from tests.inspector.traffic import address, streaming
from tests.running import Emulated

pytestmark = pytest.mark.slow
ROW = asking("What is 2 + 2?", custom_id="sum")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_the_time_is_moved_by_buttons(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    bar = page.locator(".bar-clock")
    expect(bar).to_contain_text("2026-01-01 00:00:00 UTC")
    expect(bar).to_contain_text("Frozen")
    expect(bar).to_contain_text("Nothing is due")
    expect(page.get_by_role("button", name="To next")).to_be_disabled()
    for name in ("+1 s", "+1 m", "+1 h"):
        press(page, name)
        expect(bar.get_by_role("status")).to_contain_text("Nothing fell due.")
        press(page, "Close the list of what fell due")
    expect(bar).to_contain_text("2026-01-01 01:01:01 UTC")
    assert emulator.clock.now() == 1_767_225_600 + 3661


def test_what_is_due_next_is_named_and_listed_once_it_fell_due(page: Page, emulator: Emulated) -> None:
    batch = create(caller(emulator), ROW)["id"]
    page.goto(address(emulator))
    bar = page.locator(".bar-clock")
    expect(bar).to_contain_text(f"batch {batch} becomes ")
    press(page, "To next")
    expect(bar.get_by_role("status")).to_contain_text(f"Fell due:batch {batch}: ")
    press(page, "+1 h")
    expect(bar.get_by_role("status")).to_contain_text(f"batch {batch}: completed")
    expect(bar.get_by_role("status")).to_contain_text("the window of requests ends for axp_test_pro")
    expect(bar.locator(".clock-next")).to_have_text(re.compile("^Next in .*: the window of .* ends for axp_test_pro$"))


@pytest.mark.scenario("demo")
def test_an_open_stream_goes_on_when_the_clock_does(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    with streaming(emulator):
        emulator.entered(1)
        expect(page.locator(".bar-clock")).to_contain_text("an open response goes on")
        press(page, "+1 h")
        expect(page.get_by_role("button", name="#1 POST /v2/messages ended")).to_be_visible()
    press(page, "#1 POST /v2/messages ended")
    expect(page.locator(".detail h2")).to_contain_text("#1 POST /v2/messages")


def test_the_clock_runs_is_sped_up_and_freezes(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    bar = page.locator(".bar-clock")
    press(page, "Run")
    expect(bar).to_contain_text("Running")
    page.get_by_label("Speed of the clock").select_option("3600×")
    expect(bar).to_contain_text("Sped up 3600×")
    assert emulator.clock.speed == 3600
    press(page, "Freeze")
    expect(bar).to_contain_text("Frozen")
    assert emulator.clock.speed == 0


def test_a_refusal_is_shown_in_words(page: Page, emulator: Emulated) -> None:
    emulator.running.call(emulator.clock.set(253_402_300_000))
    page.goto(address(emulator))
    expect(page.locator(".bar-clock")).to_contain_text("9999-12-31")
    press(page, "+1 h")
    expect(page.get_by_role("alert")).to_contain_text("leads beyond the year 9999")
