"""Who may look: the token, foreign pages, and what the page itself may load."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from emulator.settings.options import Settings
from tests.inspector.traffic import address, send
from tests.running import Emulated, Running

pytestmark = pytest.mark.slow
TOKEN = "a-token-for-tests"


@pytest.fixture
def closed(running: Running) -> Iterator[Emulated]:
    """An emulator that asks for a token."""
    settings = Settings(listen=running.settings.listen, reload=False, control_token=TOKEN)
    emulated = Emulated(running, ("default",), settings=settings)
    yield emulated
    emulated.close()


@pytest.fixture
def foreign() -> Iterator[str]:
    """The address of a page of another site."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b"<p>x")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_token_is_asked_for_once_and_kept_for_the_tab(
    page: Page, closed: Emulated, context: BrowserContext
) -> None:
    send(closed)
    page.goto(address(closed, "exchange=1"))
    dialog = page.get_by_role("dialog", name="Control token")
    expect(dialog).to_have_count(1)
    dialog.get_by_label("Token").fill("not the token")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_contain_text("That was not the token.")
    dialog.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator(".lines .row")).to_have_count(1)
    expect(page.locator(".detail h2")).to_contain_text("#1")
    assert TOKEN not in page.url
    page.reload()
    expect(page.locator(".lines .row")).to_have_count(1)
    expect(dialog).to_have_count(0)
    another = context.new_page()
    another.goto(address(closed))
    expect(another.get_by_role("dialog", name="Control token")).to_be_visible()


LOADS_SCRIPT = """url => new Promise(done => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = () => done('run');
    script.onerror = () => done('refused');
    document.body.append(script);
})"""
LOADS_FRAME = """url => new Promise(done => {
    const frame = document.createElement('iframe');
    frame.src = url;
    frame.onload = () => done();
    document.body.append(frame);
})"""


def test_a_foreign_page_can_neither_read_nor_steer(context: BrowserContext, emulator: Emulated, foreign: str) -> None:
    page = context.new_page()
    send(emulator)
    page.goto(foreign)
    for path in ("/_emulator/exchanges", "/_emulator/exchanges/stream?count=1", "/_emulator/ui/app.js"):
        told = page.evaluate("url => fetch(url).then(a => a.text(), e => e.name)", emulator.origin + path)
        assert told == "TypeError"
    for method in ("DELETE", "POST"):
        order = {"method": method, "mode": "no-cors"}
        ask = "([url, order]) => fetch(url, order).catch(e => e.name)"
        page.evaluate(ask, [f"{emulator.origin}/_emulator/reset", order])
        page.evaluate(ask, [f"{emulator.origin}/_emulator/exchanges", order])
    assert len(emulator.journal) == 1
    assert page.evaluate(LOADS_SCRIPT, f"{emulator.origin}/_emulator/ui/app.js") == "refused"
    page.evaluate(LOADS_FRAME, address(emulator))
    assert all("Inspector" not in frame.content() for frame in page.frames[1:])


def test_a_link_from_elsewhere_opens_the_page(page: Page, emulator: Emulated, foreign: str) -> None:
    send(emulator)
    page.goto(foreign)
    page.evaluate("url => { location.href = url; }", address(emulator))
    expect(page.locator(".lines .row")).to_have_count(1)


def test_everything_comes_from_the_emulator(page: Page, emulator: Emulated) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    send(emulator)
    page.goto(address(emulator, "exchange=1"))
    expect(page.locator(".detail h2")).to_contain_text("#1")
    assert [url for url in asked if not url.startswith((emulator.origin, "data:"))] == []


def test_text_can_become_neither_markup_nor_script(context: BrowserContext, emulator: Emulated) -> None:
    page = context.new_page()
    page.goto(address(emulator))
    for attempt in (
        "document.body.innerHTML = '<b>'",
        "document.createElement('script').textContent = '0'",
        "document.createElement('script').src = '/_emulator/ui/app.js'",
    ):
        told = page.evaluate(f"() => {{ try {{ {attempt}; return 'done'; }} catch (error) {{ return error.name; }} }}")
        assert told == "TypeError", attempt
