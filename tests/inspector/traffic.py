"""The requests that the tests of the inspector look at, and the address that shows them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests import loopback
from tests.running import Emulated
from tests.waiting import PATIENCE

KEY = {"X-API-Key": "axp_test_pro"}
MODEL = "apex-haiku-4-20250401"


def address(emulator: Emulated, query: str = "") -> str:
    """The page of an emulator, in the state that a query names."""
    return f"{emulator.origin}/_emulator/ui{query and '?'}{query}"


def show(page: Page, emulator: Emulated, query: str = "") -> None:
    """Shows a page in another state without loading it again, as the browser does for who goes back or forward."""
    script = "url => { history.pushState(null, '', url); dispatchEvent(new PopStateEvent('popstate')); }"
    page.evaluate(script, address(emulator, query))


def asking(text: str = "Hello!", **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}]} | more


def send(
    emulator: Emulated, text: str = "Hello!", headers: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    """Sends a message to the emulated API, and returns its response."""
    url = f"{emulator.origin}/v2/messages"
    return loopback.post(url, json=asking(text, **more), headers={**KEY, **(headers or {})}, timeout=PATIENCE)


def cut(emulator: Emulated, events: int = 3, text: str = "Tell me about the rainbow") -> None:
    """Sends for a stream that is cut after so many events."""
    with pytest.raises(httpx.HTTPError):
        send(emulator, text, {"X-Emulator-Fault": f"cut_after={events}"}, stream=True)


@contextmanager
def streaming(emulator: Emulated, text: str = "Tell me about the rainbow") -> Iterator[httpx.Response]:
    """A stream that is read while the test goes on."""
    url = f"{emulator.origin}/v2/messages"
    with loopback.stream("POST", url, json=asking(text, stream=True), headers=KEY, timeout=PATIENCE) as response:
        reader = threading.Thread(target=response.read, daemon=True)
        reader.start()
        yield response
        reader.join(PATIENCE)
