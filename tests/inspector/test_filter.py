"""The filter: a `when` that the server evaluates, kept in the address bar, its errors told at their place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests import loopback
from tests.inspector.traffic import address, cut, send
from tests.running import Emulated

pytestmark = pytest.mark.slow
ROWS = ".lines .row"


@pytest.fixture
def mixed(emulator: Emulated) -> Emulated:
    """An emulator that has answered, refused, cut and not known what was asked."""
    send(emulator)
    send(emulator, max_tokens=-1)
    cut(emulator, 3)
    loopback.get(f"{emulator.origin}/v2/nothing")
    return emulator


def shown(page: Page) -> list[str]:
    return [row.get_attribute("data-number") or "" for row in page.locator(ROWS).all()]


def narrow(page: Page, text: str) -> None:
    page.locator("#filter").fill(text)
    page.keyboard.press("Enter")


def test_the_server_evaluates_what_is_typed(page: Page, mixed: Emulated) -> None:
    page.goto(address(mixed))
    for text, numbers in (
        ("status: {gte: 400}", ["2", "4"]),
        ("outcome: cut", ["3"]),
        ("operation: messages.create, status: 200", ["1", "3"]),
        ("{operation: messages.create, body.max_tokens: -1}", ["2"]),
        ("{{ status == 404 }}", ["4"]),
    ):
        narrow(page, "")
        expect(page.locator(ROWS)).to_have_count(4)
        narrow(page, text)
        expect(page.locator(ROWS)).to_have_count(len(numbers))
        assert sorted(shown(page)) == numbers
        page.reload()
        expect(page.locator(ROWS)).to_have_count(len(numbers))
        assert "filter=" in page.url


def test_what_comes_later_is_filtered_too(page: Page, mixed: Emulated) -> None:
    page.goto(address(mixed, "filter=outcome%3A+cut"))
    expect(page.locator(ROWS)).to_have_count(1)
    send(mixed)
    cut(mixed, 2)
    expect(page.locator(ROWS)).to_have_count(2)
    assert shown(page) == ["3", "6"]


def test_a_filter_that_is_wrong_is_told_so_at_its_place(page: Page, mixed: Emulated) -> None:
    page.goto(address(mixed))
    narrow(page, "statos: 400")
    problem = page.locator("#filter-problem")
    expect(problem).to_contain_text("1:1")
    expect(problem).to_contain_text("status")
    expect(page.locator("#filter")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#connection")).to_have_text("Filter is wrong")
    expect(page.locator(".list").get_by_role("button", name="Clear the filter")).to_be_visible()
    narrow(page, "status: 400")
    expect(problem).to_be_empty()
    expect(page.locator(ROWS)).to_have_count(1)


def test_nothing_that_fits_is_said_with_a_way_out(page: Page, mixed: Emulated) -> None:
    page.goto(address(mixed, "filter=status%3A+418"))
    expect(page.get_by_text("No exchange fits the filter.")).to_be_visible()
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator(ROWS)).to_have_count(4)


def test_chips_are_filters_that_can_be_combined(page: Page, mixed: Emulated) -> None:
    page.goto(address(mixed))
    for chip, numbers in (
        ("Refused", ["2", "4"]), ("Faulted", ["3"]), ("Streams", ["3"]), ("Open", []), ("Unmatched", []),
    ):  # fmt: skip
        narrow(page, "")
        expect(page.locator(ROWS)).to_have_count(4)
        button = page.get_by_role("button", name=chip, exact=True)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(page.locator(ROWS)).to_have_count(len(numbers))
        assert shown(page) == numbers
        page.get_by_role("button", name="Refused" if chip != "Refused" else "Streams", exact=True).click()
        expect(page.locator("#filter")).to_have_value(re.compile(r"^\{.*, .*\}$"))
        expect(page.locator("#filter-problem")).to_be_empty()


def test_any_value_can_be_clicked_to_be_added(page: Page, mixed: Emulated) -> None:
    page.goto(address(mixed, "exchange=2&tab=request"))
    page.locator(".json").get_by_role("button", name="-1").click()
    expect(page.locator("#filter")).to_have_value("body.max_tokens: -1")
    expect(page.locator(ROWS)).to_have_count(1)
    page.get_by_title("Filter by operation").click()
    expect(page.locator("#filter")).to_have_value("{body.max_tokens: -1, operation: messages.create}")
    page.get_by_title("Filter by content-type").click()
    expect(page.locator("#filter")).to_have_value(re.compile("headers.content-type: "))
    expect(page.locator("#filter-problem")).to_be_empty()
    expect(page.locator(ROWS)).to_have_count(1)


def test_one_key_can_be_chosen_of_those_that_called(page: Page, mixed: Emulated) -> None:
    send(mixed, headers={"X-API-Key": "axp_test_free"})
    page.goto(address(mixed))
    expect(page.locator(ROWS)).to_have_count(5)
    keys = page.get_by_label("Key", exact=True)
    keys.focus()
    keys.select_option("axp_********free")
    expect(page.locator(ROWS)).to_have_count(1)
    assert shown(page) == ["5"]
