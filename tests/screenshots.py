"""python -m tests.screenshots: makes the pictures of docs/inspector.md, in Chromium."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import httpx
from playwright.sync_api import Browser, sync_playwright

from tests import loopback
from tests.chromium import CHROMIUM
from tests.inspector.traffic import KEY, address, asking
from tests.pages import ROOT
from tests.receiver import receiving
from tests.running import Emulated, Running
from tests.waiting import PATIENCE

FOLDER = ROOT / "docs" / "images"
STEP = 0.25  # seconds by which the clock moves while a call is answered
BATCH = 62  # seconds after which the batch has ended, and its webhook has failed once
FAULTS = (
    {"fault": "status", "params": {"status": 503, "retry_after": "30s"}, "on": ["messages.*"], "times": 3},
    {"fault": "latency", "params": "2s", "probability": 0.1},
)


SETTLE = 500  # milliseconds in which a page comes to rest
SCHEMES = ("light", "dark")


class Shot(NamedTuple):
    """A picture: its name, the state of the page, how the page looks, and its size."""

    name: str
    query: str
    scheme: Any
    size: tuple[int, int] = (1360, 850)


SHOTS = (
    *(Shot(f"inspector-list-{scheme}", "", scheme, (1360, 620)) for scheme in SCHEMES),
    *(Shot(f"inspector-stream-{scheme}", "exchange=3", scheme) for scheme in SCHEMES),
    Shot("inspector-why-light", "exchange=13&tab=why", "light"),
    *(Shot(f"inspector-limits-{scheme}", "view=limits", scheme, (1360, 620)) for scheme in SCHEMES),
    Shot("inspector-faults-light", "view=faults", "light"),
    Shot("inspector-jobs-light", "view=jobs", "light", (1360, 620)),
    Shot("inspector-webhooks-dark", "view=webhooks", "dark", (1360, 620)),
    Shot("inspector-worlds-light", "view=worlds", "light", (1360, 520)),
    Shot("inspector-compose-dark", "view=compose", "dark", (1360, 800)),
    Shot("inspector-narrow-dark", "exchange=3", "dark", (420, 850)),
)
# What each view shows once it is complete.
COMPLETE = {
    "": ".lines .row",
    "exchange": ".detail .tab-body",
    "limits": ".counter",
    "faults": "table.armed tbody tr",
    "jobs": "article.job",
    "webhooks": ".attempt",
    "worlds": ".finding",
    "compose": "#compose-operation option",
}


def calls(emulator: Emulated, webhook_url: str) -> Iterable[Callable[[], object]]:
    """The calls that the pictures show, one after the other."""
    url = f"{emulator.origin}/v2/messages"

    def ask(text: str, key: str = KEY["X-API-Key"], fault: str = "", **more: Any) -> Callable[[], object]:
        headers = {"X-API-Key": key, **({"X-Emulator-Fault": fault} if fault else {})}
        return lambda: loopback.post(url, json=asking(text, **more), headers=headers, timeout=PATIENCE)

    yield lambda: loopback.get(f"{emulator.origin}/v2/models", headers=KEY)
    yield ask("Hello!")
    yield ask("Describe the seven colours of a rainbow.", fault="cut_after=12", stream=True, max_tokens=60)
    yield ask("What is 2 + 2?", fault="status=503")
    yield lambda: loopback.get(f"{emulator.origin}/v2/mesages", headers=KEY)
    yield ask("Name three rivers.", max_tokens=-1)
    yield ask("Name three rivers.", stream=True, max_tokens=24)
    batch = {"requests": [asking("What is 2 + 2?", custom_id="sum")], "webhook_url": webhook_url}
    yield lambda: loopback.post(f"{emulator.origin}/v2/batch", json=batch, headers=KEY, timeout=PATIENCE)
    session = {"agentId": "68f0000000000000000000a1"}
    key = {"x-api-key": "aix_test_demo"}
    yield lambda: loopback.post(f"{emulator.origin}/v1/sessions", json=session, headers=key, timeout=PATIENCE)
    yield lambda: emulator.advance(BATCH)
    for _ in range(4):
        yield ask("Is my order on its way?", key="axp_demo_small", max_tokens=40)


def play(emulator: Emulated, webhook_url: str) -> None:
    """Makes the calls, and moves the clock until each is answered; then arms faults."""
    for call in calls(emulator, webhook_url):
        caller = Thread(target=_forgiving(call), daemon=True)
        caller.start()
        while caller.is_alive():
            caller.join(0.05)
            emulator.advance(STEP)
    for fault in FAULTS:
        loopback.post(f"{emulator.origin}/_emulator/faults", json=fault).raise_for_status()
    loopback.put(f"{emulator.origin}/_emulator/worlds/checkout-test", json={}).raise_for_status()


def _forgiving(call: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        with suppress(httpx.HTTPError):  # of a stream that is cut
            call()

    return run


def take(browser: Browser, emulator: Emulated, shot: Shot, folder: Path, settle: float = SETTLE) -> None:
    """Takes one picture, so many milliseconds after the page is complete."""
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=shot.scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(address(emulator, shot.query))
    view = "exchange" if "exchange" in shot.query else shot.query.removeprefix("view=")
    page.wait_for_selector(COMPLETE[view], state="attached")
    page.wait_for_timeout(settle)
    if view == "webhooks":
        page.locator("summary").first.click()
    page.screenshot(path=folder / f"{shot.name}.png")
    context.close()


def main(folder: Path = FOLDER, settle: float = SETTLE) -> int:
    """Takes all pictures; 1 when there is no browser."""
    if CHROMIUM is None:
        print("Chromium is not installed: scripts/clients installs it", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    running = Running()
    emulator = Emulated(running, ("demo",))
    with receiving(503) as receiver, sync_playwright() as playwright:
        play(emulator, receiver.url)
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], ignore_default_args=["--hide-scrollbars"]
        )
        for shot in SHOTS:
            take(browser, emulator, shot, folder, settle)
        browser.close()
    emulator.close()
    running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
