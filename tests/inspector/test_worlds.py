"""Worlds in Chromium: switched, reset, saved and restored; and the verdict, linked to its exchanges."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import loopback
from tests.inspector.traffic import address, send
from tests.running import Emulated

pytestmark = pytest.mark.slow


def put(emulator: Emulated, name: str) -> None:
    loopback.put(f"{emulator.origin}/_emulator/worlds/{name}", json={}).raise_for_status()


def exchanges(emulator: Emulated, name: str = "default") -> int:
    return int(loopback.get(f"{emulator.origin}/_emulator/worlds/{name}").json()["exchanges"])


def test_the_page_shows_another_world(page: Page, emulator: Emulated) -> None:
    put(emulator, "checkout")
    send(emulator)
    send(emulator, "Only here", {"X-Emulator-World": "checkout"})
    send(emulator, "And here", {"X-Emulator-World": "checkout"})
    page.goto(address(emulator))
    expect(page.locator(".lines .row")).to_have_count(1)
    page.get_by_label("World", exact=True).select_option("checkout")
    expect(page.locator(".lines .row")).to_have_count(2)
    assert page.url == address(emulator, "world=checkout")
    page.get_by_role("button", name="Worlds", exact=True).click()
    expect(page.locator("tr[aria-current]")).to_contain_text("checkout")
    page.get_by_role("button", name="Show default").click()
    expect(page.get_by_label("World", exact=True)).to_have_value("default")


def test_a_world_is_made_and_a_name_that_cannot_be_is_refused_in_words(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=worlds"))
    name = page.get_by_label("Name of a new world")
    name.fill("stage")
    page.get_by_role("button", name="New world").click()
    expect(page.locator("table.worlds")).to_contain_text("stage")
    name.fill("no spaces please")
    page.get_by_role("button", name="New world").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_a_reset_asks_first(page: Page, emulator: Emulated) -> None:
    send(emulator)
    page.goto(address(emulator, "view=worlds"))
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("button", name="Reset default?")).to_be_visible()
    assert exchanges(emulator) == 1
    page.get_by_role("button", name="Reset default?").click()
    expect(page.locator("#toast")).to_have_text("default begins again")
    assert exchanges(emulator) == 0


def test_a_snapshot_is_restored_from_the_page_and_from_a_file(page: Page, emulator: Emulated, tmp_path: Path) -> None:
    free = {"X-API-Key": "axp_test_free"}
    page.goto(address(emulator, "view=worlds"))
    send(emulator, headers=free)
    page.get_by_role("button", name="Snapshot of default").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save snapshot 1 as a file").click()
    file = tmp_path / "snapshot.json"
    download.value.save_as(file)

    def used() -> int:
        told = loopback.get(f"{emulator.origin}/_emulator/limits", params={"key": "axp_test_free"}).json()
        return int(told["limits"]["requests"]["used"])

    send(emulator, headers=free)
    assert used() == 2
    page.get_by_role("button", name="Restore", exact=True).click()
    page.get_by_role("button", name="Replace all of it?").click()
    expect(page.locator("#toast")).to_have_text("default is as it was")
    assert used() == 1
    send(emulator, headers=free)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Restore a file to default").click()
    with page.expect_response("**/snapshot"):
        chooser.value.set_files(file)
    assert used() == 1
    file.write_text("{}")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Restore a file to default").click()
    chooser.value.set_files(file)
    expect(page.get_by_role("alert")).to_contain_text("body")


def test_the_verdict_links_each_finding_to_its_exchanges(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=worlds"))
    expect(page.get_by_text("No findings in 0 exchanges.")).to_be_visible()
    order = {"fault": "status", "params": {"status": 429, "retry_after": "30s"}}
    loopback.post(f"{emulator.origin}/_emulator/faults", json=order).raise_for_status()
    for _ in range(3):
        send(emulator)
    finding = page.locator(".finding").filter(has_text="retried_too_early")
    expect(finding).to_be_visible()
    finding.get_by_role("button", name="#2").click()
    expect(page.locator(".detail h2")).to_contain_text("#2 POST /v2/messages")
