"""The faults in Chromium: armed by a form that is made from their table, counted, and disarmed."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from emulator.faults import FAULTS
from emulator.generate.content_faults import KINDS
from tests import loopback
from tests.inspector.traffic import address, send
from tests.running import Emulated

pytestmark = pytest.mark.slow


def armed(emulator: Emulated) -> list[dict[str, object]]:
    response: httpx.Response = loopback.get(f"{emulator.origin}/_emulator/faults")
    return list(response.json()["armed"])


def test_every_fault_is_offered_with_its_parameters(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=faults"))
    choice = page.get_by_label("Fault", exact=True)
    expect(choice.locator("option")).to_have_count(len(list(FAULTS.items())))
    choice.select_option("status")
    expect(page.locator("[name='param.status']")).to_be_visible()
    choice.select_option("cut_after")
    expect(page.locator("[name='param.status']")).to_have_count(0)


def test_the_values_of_a_parameter_that_has_few_are_suggested(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=faults"))
    page.get_by_label("Fault", exact=True).select_option("answer")
    kinds = page.locator("[name='param.kind']")
    expect(page.locator(f"datalist#{kinds.get_attribute('list')} option")).to_have_count(len(KINDS))
    kinds.fill("refusal")
    page.get_by_role("button", name="Arm", exact=True).click()
    expect(page.locator("table.armed tbody tr")).to_contain_text("refusal")
    assert [(each["fault"], each["params"]) for each in armed(emulator)] == [("answer", {"kind": "refusal"})]


def test_a_fault_is_armed_counted_used_up_and_disarmed(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=faults"))
    page.get_by_label("Fault", exact=True).select_option("status")
    page.locator("[name='param.status']").fill("503")
    page.get_by_label("Operations").fill("messages.*, models.list")
    page.get_by_label("Times").fill("2")
    page.get_by_role("button", name="Arm", exact=True).click()
    row = page.locator("table.armed tbody tr")
    expect(row).to_contain_text("status")
    expect(row).to_contain_text("messages.*, models.list")
    assert armed(emulator) == [
        {"fault": "status", "params": {"status": 503}, "on": ["messages.*", "models.list"], "times": 2, "id": "fault_1",
         "played": 0}
    ]  # fmt: skip
    assert send(emulator).status_code == 503
    expect(row.locator("td").nth(2)).to_have_text("1")
    expect(row.locator("td").nth(3)).to_have_text("1")
    assert send(emulator).status_code == 503
    expect(row.locator("td").nth(3)).to_have_text("used up")
    page.get_by_role("button", name="Disarm status, fault_1").click()
    expect(page.get_by_text("No fault is armed in this world.")).to_be_visible()
    assert armed(emulator) == []


def test_what_the_form_is_refused_is_said_in_words_and_what_was_typed_stays(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=faults"))
    page.get_by_label("Fault", exact=True).select_option("status")
    page.locator("[name='param.status']").fill("503")
    page.get_by_label("Operations").fill("messages.crate")
    page.get_by_role("button", name="Arm", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("did you mean 'messages.create'?")
    expect(page.locator("[name='param.status']")).to_have_value("503")
    assert armed(emulator) == []


def test_a_fault_armed_elsewhere_appears(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=faults"))
    expect(page.get_by_text("No fault is armed in this world.")).to_be_visible()
    order = {"fault": "latency", "params": "2s", "every": 3, "for": "1h"}
    loopback.post(f"{emulator.origin}/_emulator/faults", json=order).raise_for_status()
    expect(page.locator("table.armed tbody tr")).to_contain_text("everywhere; every 3; for 1h")
    page.get_by_role("button", name="Disarm all").click()
    expect(page.get_by_text("No fault is armed in this world.")).to_be_visible()
