"""Webhooks in Chromium: their attempts, signature and response, when the next try is due, and sending again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests import loopback
from tests.apis.aiexport_calls import asking, caller, create
from tests.inspector.traffic import address
from tests.receiver import receiving
from tests.running import Emulated

pytestmark = pytest.mark.slow
ROW = asking("What is 2 + 2?", custom_id="sum")


def test_attempts_are_shown_with_signature_response_and_next_try_and_sent_again(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=webhooks"))
    expect(page.get_by_text("No webhook was sent in this world.")).to_be_visible()
    with receiving(503, 200) as receiver:
        create(caller(emulator), ROW, webhook_url=receiver.url)
        emulator.advance(2)
        card = page.locator(".view-webhooks article")
        expect(card).to_contain_text(receiver.url)
        expect(card.locator("summary")).to_contain_text("Attempt 1: 503 refused")
        expect(card).to_contain_text("Next try in ")
        card.locator("summary").click()
        signatures = {name: line for name, line in receiver.got[0][0].items() if "signature" in name}
        for line in signatures.values():
            expect(card.locator(".facts")).to_contain_text(line)
        assert signatures
        page.get_by_role("button", name="To next").click()
        expect(page.locator(".fell")).to_contain_text("attempt 2: 200")
        expect(card.locator("summary").nth(1)).to_contain_text("Attempt 2: 200 delivered")
        expect(card).not_to_contain_text("Next try")
        expect(card.locator("details").first).to_have_attribute("open", "")
        (id,) = {each["id"] for each in loopback.get(f"{emulator.origin}/_emulator/webhooks").json()["webhooks"]}
        page.get_by_role("button", name=f"Redeliver {id}").click()
        expect(card.locator("summary")).to_have_count(3)
        assert len(receiver.got) == 3


def test_a_receiver_that_does_not_answer_is_named(page: Page, emulator: Emulated) -> None:
    with receiving() as receiver:
        url = receiver.url
    create(caller(emulator), ROW, webhook_url=url)
    emulator.advance(2)
    page.goto(address(emulator, "view=webhooks"))
    expect(page.locator("summary")).to_contain_text("Attempt 1: no response")
    page.locator("summary").click()
    expect(page.locator(".attempt .error-line")).not_to_be_empty()
