"""The composer in Chromium: examples are filled in and sent, and a response is shown as it comes."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.inspector.traffic import address, asking
from tests.running import Emulated

pytestmark = pytest.mark.slow


def choose(page: Page, operation: str) -> None:
    option = page.locator("#compose-operation option").filter(has_text=operation).first
    expect(option).to_be_attached()
    page.get_by_label("Operation").select_option(option.get_attribute("value"))


def test_an_example_is_filled_in_and_sent(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=compose"))
    choose(page, "messages.create  POST /v2/messages")
    expect(page.get_by_label("Path and query")).to_have_value("/v2/messages")
    expect(page.get_by_label("Headers")).to_have_value("X-API-Key: axp_test_pro")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".composed")).to_contain_text("200 OK")
    expect(page.locator(".composed .raw")).to_contain_text('"role": "assistant"')
    (exchange,) = emulator.exchanges(1)
    assert (exchange.operation, exchange.outcome) == ("messages.create", "complete")
    page.get_by_role("button", name="Show exchange #1").click()
    expect(page.locator(".detail h2")).to_contain_text("#1 POST /v2/messages")


def test_the_first_example_is_one_that_the_api_answers(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=compose"))
    expect(page.get_by_label("Path and query")).not_to_have_value("")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".composed .status")).to_have_text("200 OK")


@pytest.mark.scenario("demo")
def test_a_stream_is_watched_while_it_comes(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=compose"))
    choose(page, "messages.stream")
    body = asking("Tell me about the rainbow", stream=True)
    page.get_by_label("Body").fill(json.dumps(body))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("button", name="Show exchange #1")).to_be_visible()
    emulator.advance(1)
    expect(page.locator(".composed")).to_contain_text("so far")
    expect(page.locator(".composed .raw")).to_contain_text("event: ")
    emulator.advance(600)
    expect(page.locator(".composed")).not_to_contain_text("so far")
    assert emulator.exchanges(1)[0].outcome == "complete"


def test_a_response_that_breaks_off_says_so(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=compose"))
    choose(page, "messages.stream")
    headers = page.get_by_label("Headers")
    headers.fill("X-API-Key: axp_test_pro\nX-Emulator-Fault: cut_after=3")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".composed")).to_contain_text("The response broke off")


def test_what_another_response_tells_is_left_to_be_filled_in(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=compose"))
    choose(page, "GET /v2/models/{model_id}")
    expect(page.get_by_label("Path and query")).to_have_value("/v2/models/{model_id}")
    expect(page.get_by_text("Fill in what stands in braces")).to_be_visible()
