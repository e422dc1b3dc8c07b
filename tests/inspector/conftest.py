"""What the tests of the inspector share: Chromium, and a page.

Without Chromium, which scripts/clients installs, the tests are skipped; REQUIRE_ALL=1 allows that to none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.chromium import CHROMIUM
from tests.running import Emulated, Running
from tests.waiting import PATIENCE

RULES = "MAP other.test 127.0.0.1"  # a name that a page of another site could point here


@pytest.fixture(scope="module")  # no longer: Playwright keeps an event loop running in its thread
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a file."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: scripts/clients installs it")
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        # One process for all pages: a start of one for each takes longer than most tests.
        args = ["--no-sandbox", "--renderer-process-limit=1", f"--host-resolver-rules={RULES}"]
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without anything from earlier tests."""
    made = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light", reduced_motion="reduce")
    made.set_default_timeout(PATIENCE * 1000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; whatever it reports as an error, other than refused requests, fails the test."""
    with faultless(context) as made:
        yield made


@contextmanager
def faultless(context: BrowserContext) -> Iterator[Page]:
    """A page that may report no error."""
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", lambda message: errors.append(message.text) if is_error(message) else None)
    yield made
    assert errors == []


@pytest.fixture(scope="module")
def lasting() -> Iterator[Emulated]:
    """An emulator for all tests of a file that change nothing in it, on a server of its own."""
    running = Running()
    emulated = Emulated(running, ("default",))
    yield emulated
    emulated.close()
    running.stop()


def is_error(message: ConsoleMessage) -> bool:
    return message.type == "error" and "Failed to load resource" not in message.text
