"""The feed: one connection that goes on after a break, is closed while nobody looks, and says what was missed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from emulator.http.exchange import Exchange
from tests import loopback
from tests.inspector.traffic import address, send
from tests.running import Emulated, Running
from tests.waiting import until

pytestmark = pytest.mark.slow
ROWS = ".lines .row"
STREAM = "**/_emulator/exchanges/stream*"


def hide(page: Page, hidden: bool) -> None:
    """What a browser does when the page's tab is left, or looked at again."""
    page.evaluate(
        """hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
        document.dispatchEvent(new Event('visibilitychange')); }""",
        hidden,
    )


def test_a_page_has_one_stream(page: Page, emulator: Emulated) -> None:
    streams: list[str] = []
    page.on("request", lambda request: streams.append(request.url) if "/exchanges/stream" in request.url else None)
    page.goto(address(emulator))
    for _ in range(3):
        send(emulator)
    expect(page.locator(ROWS)).to_have_count(3)
    assert len(streams) == 1


def test_it_goes_on_where_it_was_after_a_break(page: Page, emulator: Emulated) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/exchanges/stream" in request.url else None)
    page.goto(address(emulator))
    send(emulator)
    expect(page.locator(ROWS)).to_have_count(1)
    refused: list[Route] = []

    def refuse(route: Route) -> None:
        refused.append(route)
        route.abort()

    page.route(STREAM, refuse)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    hide(page, True)
    hide(page, False)
    expect(page.locator("#connection")).to_have_text("Connection lost, trying again")
    send(emulator)
    send(emulator)
    page.unroute(STREAM)
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator(ROWS)).to_have_count(3)
    assert refused
    assert "after=" in asked[-1]


def test_it_is_closed_while_the_page_is_hidden(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    send(emulator)
    expect(page.locator(ROWS)).to_have_count(1)
    hide(page, True)
    expect(page.locator("#connection")).to_have_text("Paused")
    until(lambda: not emulator.watchers())
    for _ in range(3):
        send(emulator)
    assert page.locator(ROWS).count() == 1
    hide(page, False)
    expect(page.locator(ROWS)).to_have_count(4)


def test_what_has_left_the_journal_is_counted(page: Page, emulator: Emulated) -> None:
    emulator.journal.entries = 5
    page.goto(address(emulator))
    for _ in range(8):
        send(emulator)
    expect(page.locator(".fallen")).to_contain_text("3 older exchanges left the journal")
    expect(page.locator("[data-number='8']")).to_be_visible()


def test_a_reset_of_the_world_empties_the_list(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    send(emulator)
    send(emulator)
    expect(page.locator(ROWS)).to_have_count(2)
    loopback.request("DELETE", f"{emulator.origin}/_emulator/exchanges")
    expect(page.locator(ROWS)).to_have_count(0)
    send(emulator)
    expect(page.locator(ROWS)).to_have_count(1)


def test_another_server_at_the_same_address_is_shown_from_its_beginning(
    page: Page, emulator: Emulated, running: Running
) -> None:
    page.goto(address(emulator))
    send(emulator)
    send(emulator)
    expect(page.locator(ROWS)).to_have_count(2)
    other = Emulated(running, ("default",))
    hide(page, True)
    hide(page, False)
    expect(page.locator(ROWS)).to_have_count(0)
    send(other)
    expect(page.locator(ROWS)).to_have_count(1)
    other.close()


def test_a_burst_says_what_was_left_out_and_ends_as_live(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    send(emulator)
    expect(page.locator(ROWS)).to_have_count(1)

    async def burst() -> None:
        for number in range(2, 5_002):
            exchange = Exchange(number, float(number), "GET", "/v2/models", "")
            exchange.status, exchange.outcome = 200, "complete"
            emulator.journal.add(exchange)

    emulator.running.call(burst())
    expect(page.locator("[data-number='5001']")).to_be_visible()
    expect(page.locator(".fallen")).to_contain_text("4,501 older exchanges left the journal, 4,500 of them before")
    expect(page.locator("#connection")).to_have_text("Live")
    assert page.locator("[role=grid]").get_attribute("aria-rowcount") == "502"
    assert page.locator(ROWS).count() < 60
