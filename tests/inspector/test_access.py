"""Who can use the page: axe finds nothing, in light and dark, wide and narrow; nothing is lost at twice the size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import loopback
from tests.apis.aiexport_calls import asking, caller, create
from tests.inspector.traffic import address, cut, send, show
from tests.pages import ROOT
from tests.receiver import receiving
from tests.running import Emulated

pytestmark = pytest.mark.slow
AXE = ROOT / ".clients/node/node_modules/axe-core/axe.min.js"
WIDE, NARROW = (1400, 900), (390, 800)
SCHEMES = ("light", "dark")
OF_COLOURS = ["color-contrast", "link-in-text-block"]
WIDTHS = (320, 390, 700, 1000)
VIEWS = ("", "exchange=1", "exchange=1&tab=response", "exchange=1&tab=request", "exchange=1&tab=why")
MORE = ("exchange=1&tab=replay", "exchange=1&tab=answer", "exchange=2&tab=why", "filter=nothing", "exchange=9")
PANELS = ("faults", "limits", "jobs", "webhooks", "worlds", "compose")


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: scripts/clients installs it")
    return Path(AXE).read_text()


@pytest.fixture
def lenient(browser: Browser) -> Iterator[Page]:
    """A page that lets axe in, which the policy of the page would not."""
    context = browser.new_context(reduced_motion="reduce", bypass_csp=True)
    yield context.new_page()
    context.close()


def violations(page: Page, axe: str) -> list[str]:
    """What axe finds wrong in the page as it stands, with its place, in each scheme and size."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    return [each for scheme, size in product(SCHEMES, (WIDE, NARROW)) for each in _violations(page, scheme, size)]


def _violations(page: Page, scheme: Any, size: tuple[int, int]) -> Iterator[str]:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    # The schemes differ in colours only, so the second one is asked for the rules that look at them.
    rules = {"runOnly": {"type": "rule", "values": OF_COLOURS}} if scheme != SCHEMES[0] else {}
    found: dict[str, Any] = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **rules})
    for each in found["violations"]:
        for node in each["nodes"]:
            yield f"{scheme} {size} {each['id']}: {node['html'][:200]} {json.dumps(node['any'][:1])[:300]}"


def test_axe_finds_nothing(lenient: Page, emulator: Emulated, axe: str) -> None:
    cut(emulator, 3)
    send(emulator, max_tokens=-1)
    lenient.goto(address(emulator))
    for view in (*VIEWS, *MORE):
        show(lenient, emulator, view)
        expect(lenient.locator("#connection")).not_to_be_empty()
        if "exchange" in view:
            expect(lenient.locator(".detail-bar")).to_be_visible()
        if "tab" in view:
            expect(lenient.get_by_role("tab", selected=True)).to_have_id(f"tab-{view.rpartition('=')[2]}")
        assert violations(lenient, axe) == [], view
    lenient.keyboard.press("?")
    expect(lenient.get_by_role("dialog")).to_be_visible()
    assert violations(lenient, axe) == []


def test_axe_finds_nothing_in_the_panels(lenient: Page, emulator: Emulated, axe: str) -> None:
    fill_panels(emulator)
    lenient.goto(address(emulator))
    for view in PANELS:
        show_panel(lenient, emulator, view)
        assert violations(lenient, axe) == [], view


def test_what_axe_finds_is_reported_with_its_scheme_and_size(lenient: Page, axe: str) -> None:
    lenient.set_content(
        "<style>@media (prefers-color-scheme: dark) and (width < 500px) {p {color: #ddd}}</style><p>Some words."
    )
    lenient.evaluate("document.documentElement.lang = 'en'; document.title = 'x'")
    found = [each for each in violations(lenient, axe) if "color-contrast" in each]
    assert [each.split(" color-contrast: ")[0] for each in found] == ["dark (390, 800)"]


def test_no_panel_is_wider_than_the_screen(page: Page, emulator: Emulated) -> None:
    fill_panels(emulator)
    page.goto(address(emulator))
    for view in PANELS:
        show_panel(page, emulator, view)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, view
            shown = page.locator(".view:not([hidden])")
            assert shown.evaluate("view => view.scrollWidth - view.clientWidth") <= 0, (view, width)


def fill_panels(emulator: Emulated) -> None:
    """Lets every panel have something to show: a fault, a refusal, jobs, an attempt that failed, a finding."""
    with receiving() as receiver:
        url = receiver.url
    create(caller(emulator), asking("Hi", custom_id="one"), webhook_url=url)
    emulator.advance(2)
    create(caller(emulator), asking("Hi", custom_id="two"))
    order = {"fault": "status", "params": {"status": 429, "retry_after": "30s"}}
    loopback.post(f"{emulator.origin}/_emulator/faults", json=order).raise_for_status()
    for _ in range(3):
        send(emulator)


def show_panel(page: Page, emulator: Emulated, view: str) -> None:
    show(page, emulator, f"view={view}")
    expect(page.locator(".bar-clock")).to_contain_text("Next in")
    shown = {"faults": "table.armed", "worlds": ".finding", "compose": "#compose-operation option"}
    expect(page.locator(shown.get(view, f".view-{view} article")).first).to_be_attached()
    if view == "webhooks":
        page.locator("summary").first.click()


def test_nothing_is_wider_than_the_screen(page: Page, emulator: Emulated) -> None:
    cut(emulator, 3)
    send(emulator, "x" * 3_000)
    page.goto(address(emulator))
    for view in ("", *VIEWS, "exchange=2&tab=request"):
        show(page, emulator, view)
        expect(page.locator(".detail-bar" if view else ".lines .row").first).to_be_visible()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, view


def test_dark_and_light_can_be_chosen_and_are_kept(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    back = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(back)
    page.get_by_role("button", name="Switch between dark and light").click()
    dark = page.evaluate(back)
    assert light != dark
    page.reload()
    assert page.evaluate(back) == dark


def test_the_page_has_landmarks_and_a_heading(page: Page, emulator: Emulated) -> None:
    send(emulator)
    page.goto(address(emulator, "exchange=1"))
    for role in ("banner", "navigation", "main", "complementary"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("Inspector")
    expect(page.get_by_role("grid", name="Exchanges")).to_have_attribute("aria-rowcount", "2")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
