"""The list of exchanges in Chromium: it shows what happens while it happens, and stays where its reader is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests import loopback
from tests.inspector.traffic import KEY, address, cut, send, streaming
from tests.running import Emulated

pytestmark = pytest.mark.slow
ROWS = ".lines .row"
# Resolves when a box has not moved for ten frames: a wheel may move it smoothly.
SETTLED = """box => new Promise((done) => {
    let still = 0, last = null;
    const look = () => {
        still = box.scrollTop === last ? still + 1 : 0;
        last = box.scrollTop;
        if (still < 10) requestAnimationFrame(look); else done();
    };
    look();
})"""


def test_the_page_shows_what_is_served_until_the_first_request(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    expect(page.get_by_text("Waiting for the first request")).to_be_visible()
    expect(page.get_by_text(f"{emulator.origin}/v2", exact=True)).to_be_visible()
    send(emulator)
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.get_by_text("Waiting for the first request")).to_be_hidden()


def test_rows_appear_while_it_happens_with_outcome_in_words(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    expect(page.locator("#connection")).to_have_text("Live")
    send(emulator)
    cut(emulator, 3)
    send(emulator, headers={"X-Emulator-Fault": "status=503"})
    rows = page.locator(ROWS)
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("200")
    expect(rows.nth(0).get_by_label("complete")).to_be_visible()
    expect(rows.nth(1).get_by_label("cut by a fault")).to_be_visible()
    expect(rows.nth(1)).to_contain_text("cut_after")
    expect(rows.nth(1)).to_contain_text("3/")
    expect(rows.nth(2)).to_contain_text("503")


@pytest.mark.scenario("demo")
def test_an_open_stream_is_shown_as_open_and_then_as_it_ended(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    with streaming(emulator):
        emulator.entered(1)
        expect(page.locator(ROWS).get_by_label("open", exact=True)).to_be_visible()
        emulator.advance(60)
        expect(page.locator(ROWS).get_by_label("complete")).to_be_visible()


def test_hostile_text_stays_text(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    mean = "<img src=x onerror=alert(1)>"
    loopback.get(f"{emulator.origin}/v2/{mean}", headers=KEY)
    loopback.get(f"{emulator.origin}/v2/\u202egnp.exe", headers=KEY)
    send(emulator, mean + "\u202e" + "x" * 1_000_000, max_tokens=10)
    rows = page.locator(ROWS)
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("/v2/<img src=x onerror=alert(1)>")
    expect(rows.nth(1)).to_contain_text("/v2/⟨U+202E⟩gnp.exe")
    rows.nth(2).click()
    page.get_by_role("tab", name="Request").click()
    expect(page.locator(".detail")).to_contain_text(f"{mean}⟨U+202E⟩xxx")
    expect(page.get_by_role("button", name="Show all 1,000,029 characters")).to_be_visible()
    assert page.locator("img").count() == 0


def test_a_window_that_grows_or_shrinks_does_not_stop_following(page: Page, emulator: Emulated) -> None:
    for _ in range(60):
        send(emulator)
    page.goto(address(emulator))
    for height in (900, 400, 1300):
        page.set_viewport_size({"width": 1400, "height": height})
        expect(page.locator("[data-number='60']")).to_be_in_viewport()
        page.locator(".scroll").evaluate(SETTLED)
        expect(page.locator("#follow")).to_have_text("Following")


def test_scrolling_up_stops_following_and_one_press_resumes(page: Page, emulator: Emulated) -> None:
    for _ in range(40):
        send(emulator)
    page.goto(address(emulator))
    follow = page.locator("#follow")
    expect(follow).to_have_text("Following")
    expect(page.locator("[data-number='40']")).to_be_visible()
    page.locator(".scroll").hover()
    page.mouse.wheel(0, -400)
    expect(follow).to_have_text("Follow")
    page.locator(".scroll").evaluate(SETTLED)
    top = page.locator(".scroll").evaluate("box => box.scrollTop")
    for _ in range(5):
        send(emulator)
    expect(follow).to_have_text("Follow · 5 new")
    assert page.locator(".scroll").evaluate("box => box.scrollTop") == top
    page.mouse.wheel(0, 4000)
    expect(page.locator("[data-number='45']")).to_be_visible()
    expect(follow).to_have_attribute("aria-pressed", "false")
    follow.click()
    expect(follow).to_have_text("Following")
    send(emulator)
    expect(page.locator("[data-number='46']")).to_be_visible()


def test_a_row_opens_the_detail_beside_the_list_at_an_address_of_its_own(page: Page, emulator: Emulated) -> None:
    send(emulator)
    send(emulator, "Another one")
    page.goto(address(emulator))
    page.locator(ROWS).nth(1).click()
    expect(page.locator(".detail h2")).to_contain_text("#2 POST /v2/messages")
    assert page.url == address(emulator, "exchange=2")
    page.reload()
    expect(page.locator(".detail h2")).to_contain_text("#2 POST /v2/messages")
    expect(page.locator(ROWS).nth(1)).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Close the detail").click()
    expect(page.locator(".detail")).to_be_hidden()


def test_the_default_path_needs_no_click(page: Page, emulator: Emulated) -> None:
    cut(emulator, 3)
    page.goto(address(emulator, "exchange=1"))
    expect(page.locator(".detail .outcome")).to_contain_text("cut by a fault after event 3 of")
    expect(page.locator(".cut-row")).to_contain_text("cut by a fault after event 3 of")
    assert page.locator("table.events tbody tr:not(.unsent-row):not(.cut-row)").count() == 3
