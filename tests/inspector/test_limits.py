"""The limits in Chromium: a bar for each counter of each key, what refused a request, and another plan."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import loopback
from tests.inspector.traffic import address, send
from tests.running import Emulated

pytestmark = pytest.mark.slow
FREE = {"X-API-Key": "axp_test_free"}


def card(page: Page, key: str = "axp_test_free") -> Locator:
    return page.locator("article.quota").filter(has_text=key)


def test_a_bar_shows_what_is_used_what_refused_and_when_it_resets(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=limits"))
    expect(card(page)).to_contain_text("unused")
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < 100:
        statuses.append(send(emulator, headers=FREE).status_code)
    assert statuses[-1] == 429
    limit = len(statuses) - 1
    meter = card(page).get_by_label(f"requests: {limit} of {limit} used")
    expect(meter).to_be_visible()
    assert meter.evaluate("meter => [meter.value, meter.max]") == [limit, limit]
    row = card(page).locator(".counter").filter(has_text="requests")
    expect(row).to_contain_text("refused")
    expect(row).to_contain_text("resets in 1 m 00 s")
    expect(card(page)).to_contain_text("Refused 1×")
    page.get_by_role("button", name="+1 m", exact=True).click()
    expect(row).to_contain_text("unused")
    card(page).get_by_role("button", name=f"#{len(statuses)}").click()
    expect(page.locator(".detail h2")).to_contain_text(f"#{len(statuses)} POST /v2/messages")


def test_a_budget_has_a_bar_that_never_resets(page: Page, emulator: Emulated) -> None:
    money = {"key": FREE["X-API-Key"], "budget": {"USD": 0.000001}}
    loopback.request("PUT", f"{emulator.origin}/_emulator/limits", json=money).raise_for_status()
    assert [send(emulator, headers=FREE).status_code for _ in range(2)] == [200, 402]
    page.goto(address(emulator, "view=limits"))
    row = card(page).locator(".counter").filter(has_text="USD")
    expect(row).to_contain_text("refused")
    expect(row).to_contain_text("never resets")
    expect(row).to_contain_text("/ 0.000001")
    card(page).get_by_role("button", name="#2").click()
    expect(page.locator(".detail")).to_contain_text("Nothing is left of the USD")


def test_a_key_is_given_another_plan(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=limits"))
    plan = card(page).get_by_label("Plan")
    expect(plan).to_have_value("free")
    plan.select_option("pro")
    expect(page.locator("#toast")).to_have_text("The plan is pro now")
    asked = loopback.get(f"{emulator.origin}/_emulator/limits", params={"key": "axp_test_free"}).json()
    assert asked["tier"] == "pro"
    expect(card(page).locator(".counter").first).to_contain_text(f"/ {next(iter(asked['limits'].values()))['limit']:,}")


def test_a_short_key_says_what_refused_it_too(page: Page, emulator: Emulated) -> None:
    made = {"key": "my-key-1", "like": FREE["X-API-Key"]}
    loopback.post(f"{emulator.origin}/_emulator/keys", json=made).raise_for_status()
    while send(emulator, headers={"X-API-Key": "my-key-1"}).status_code != 429:
        pass
    page.goto(address(emulator, "view=limits"))
    expect(card(page, "my-key-1")).to_contain_text("Refused 1×")


def test_a_revoked_key_says_so(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=limits"))
    expect(card(page, "axp_test_revoked")).to_contain_text("revoked")
