"""A server that ends and comes back under an open page: the page says so, and shows nothing of the old one."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import loopback
from tests.inspector.traffic import KEY, asking
from tests.process import Serving
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow
ROWS = ".lines .row"


def send(server: Serving, text: str) -> Any:
    url = f"{server.origin}/v2/messages"
    return loopback.post(url, json=asking(text), headers=KEY, timeout=PATIENCE).raise_for_status()


def test_a_page_says_that_its_server_is_gone_and_shows_the_next_one(page: Page, tmp_path: Path) -> None:
    with Serving(tmp_path) as first:
        port = first.port
        for text in ("one", "two", "three"):
            send(first, text)
        page.goto(f"{first.origin}/_emulator/ui?exchange=2&tab=request")
        expect(page.locator(ROWS)).to_have_count(3)
        expect(page.locator(".detail")).to_contain_text("“two”")
        first.stop(signal.SIGTERM)
    expect(page.locator("#connection")).to_have_text("Connection lost, trying again")
    expect(page.locator(ROWS)).to_have_count(3)
    with Serving(tmp_path, "--listen", f"127.0.0.1:{port}") as second:
        assert second.port == port
        expect(page.locator("#connection")).to_have_text("Live")
        expect(page.locator("#toast")).to_have_text("The journal begins anew")
        expect(page.locator(ROWS)).to_have_count(0)
        expect(page.locator(".detail")).to_be_hidden()
        send(second, "of the new one")
        expect(page.locator(ROWS)).to_have_count(1)
        page.locator(ROWS).click()
        expect(page.locator(".detail")).to_contain_text("“of the new one”")
