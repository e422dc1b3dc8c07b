"""The keyboard: each key, and that none of them destroys anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.inspector.traffic import address, cut, send
from tests.running import Emulated

pytestmark = pytest.mark.slow
SELECTED = '.lines .row[aria-selected="true"]'


@pytest.fixture
def pressed(page: Page, emulator: Emulated) -> Callable[[str], None]:
    """Presses a key on the page of three exchanges."""
    for text in ("one", "two", "three"):
        send(emulator, text)
    page.goto(address(emulator))
    expect(page.locator(".lines .row")).to_have_count(3)
    return page.keyboard.press


def selected(page: Page, number: int) -> None:
    expect(page.locator(SELECTED)).to_have_attribute("data-number", str(number))


def test_j_and_k_go_through_the_exchanges(page: Page, pressed: Callable[[str], None]) -> None:
    pressed("j")
    selected(page, 3)
    pressed("k")
    selected(page, 2)
    pressed("k")
    pressed("k")
    selected(page, 1)
    pressed("j")
    selected(page, 2)
    expect(page.locator(".detail h2")).to_contain_text("#2")


def test_arrows_do_the_same_in_the_list(page: Page, pressed: Callable[[str], None]) -> None:
    page.locator("[role=grid]").focus()
    pressed("ArrowUp")
    selected(page, 3)
    pressed("ArrowUp")
    selected(page, 2)
    active = page.locator("[role=grid]").get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_have_attribute("data-number", "2")


def test_enter_goes_to_the_detail_and_escape_back(page: Page, pressed: Callable[[str], None]) -> None:
    pressed("j")
    expect(page.locator(".detail h2")).to_contain_text("#3")
    pressed("Enter")
    expect(page.locator("#tab-body")).to_be_focused()
    pressed("Escape")
    expect(page.locator("[role=grid]")).to_be_focused()
    expect(page.locator(".detail")).to_be_visible()
    pressed("Escape")
    expect(page.locator(".detail")).to_be_hidden()


def test_a_slash_goes_to_the_filter_where_letters_are_letters(page: Page, pressed: Callable[[str], None]) -> None:
    pressed("/")
    expect(page.locator("#filter")).to_be_focused()
    page.keyboard.type("jkfcr?/")
    expect(page.locator("#filter")).to_have_value("jkfcr?/")
    expect(page.locator(SELECTED)).to_have_count(0)
    pressed("Escape")
    expect(page.locator("#filter")).not_to_be_focused()


def test_f_follows_and_stops(page: Page, pressed: Callable[[str], None]) -> None:
    pressed("f")
    expect(page.locator("#follow")).to_have_attribute("aria-pressed", "false")
    pressed("f")
    expect(page.locator("#follow")).to_have_attribute("aria-pressed", "true")


def test_c_opens_the_menu_of_copies(page: Page, pressed: Callable[[str], None], context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    pressed("j")
    expect(page.locator(".detail h2")).to_contain_text("#3")
    pressed("c")
    expect(page.get_by_role("button", name="curl", exact=True)).to_be_focused()
    pressed("Enter")
    expect(page.locator("#toast")).to_have_text("Copied as curl")
    pressed("c")
    pressed("Escape")
    expect(page.locator("#copy-menu")).not_to_have_attribute("open", "")


def test_r_goes_to_the_replay_and_enter_sends_it(
    page: Page, pressed: Callable[[str], None], emulator: Emulated
) -> None:
    pressed("j")
    expect(page.locator(".detail h2")).to_contain_text("#3")
    pressed("r")
    expect(page.locator("#replay-send")).to_be_focused()
    assert len(emulator.exchanges(3)) == 3
    pressed("Enter")
    expect(page.locator(".sides")).to_contain_text("#4, the replay")


def test_a_question_mark_shows_every_key(page: Page, pressed: Callable[[str], None]) -> None:
    pressed("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog.locator("dt")).to_have_count(9)
    pressed("Escape")
    expect(dialog).to_be_hidden()


def test_no_key_changes_anything(page: Page, pressed: Callable[[str], None], emulator: Emulated) -> None:
    methods: list[str] = []
    page.on("request", lambda request: methods.append(f"{request.method} {request.url.partition('/_emulator')[2]}"))
    keys = "abcdefghijklmnopqrstuvwxyz?"
    for key in (*keys, *keys.upper(), "Delete", "Backspace", "Escape", "Escape", "Escape"):
        pressed(key)
    changing = [each for each in methods if not each.startswith("GET ") and not each.endswith("/exchanges/query")]
    assert changing == []
    assert len(emulator.exchanges(3)) == 3


def test_tabs_of_the_detail_can_be_gone_through(page: Page, emulator: Emulated) -> None:
    cut(emulator, 3)
    page.goto(address(emulator, "exchange=1"))
    page.get_by_role("tab", name="Stream").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Response")).to_be_focused()
    expect(page.get_by_role("tab", name="Response")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Answer")).to_be_focused()
