"""The inspector: open pages, as far as the server sees them, and what the page's list does to frames in Chromium."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

from benchmarks.request import Request, ask

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FEED = "/_emulator/exchanges/stream?last=0"
MARK = "inspector"  # what the page notes in the trace
RATE = 500  # exchanges a second, while the list is watched
# How long each frame took, from one animation frame to the next; before the first one there is no page to see.
WATCH = """() => {
    window.frames_ = [];
    let last = null;
    const next = (now) => {
        if (last !== null) window.frames_.push(now - last);
        last = now;
        requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
}"""
SCROLL = """() => new Promise((done) => {
    const box = document.querySelector('.scroll');
    let step = 0;
    const next = () => {
        box.scrollTop = (step % 2 ? 1 - step / 120 : step / 120) * box.scrollHeight;
        if (++step < 120) requestAnimationFrame(next); else done();
    };
    next();
})"""


@dataclass(frozen=True)
class Frames:
    """The longest frame, in milliseconds: while a full list arrives, while it is scrolled, while it grows.

    `work` is the CPU time of the page's longest task, in milliseconds; a busy machine makes frames longer, not tasks.
    """

    arriving: float
    scrolled: float
    growing: float
    work: float
    rows: int
    nodes: int
    heap: float

    @property
    def longest(self) -> float:
        return max(self.arriving, self.scrolled, self.growing)


@contextmanager
def pages(port: int, count: int) -> Iterator[None]:
    """So many open pages: each reads the feed as fast as it comes, as a page does."""
    sockets = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(count)]
    for each in sockets:
        each.sendall(f"GET {FEED} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        each.recv(65_536)
        each.settimeout(None)
    readers = [threading.Thread(target=_read, args=(each,), daemon=True) for each in sockets]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        for each in sockets:
            each.shutdown(socket.SHUT_RDWR)  # which ends what a reader waits for
        for reader, each in zip(readers, sockets, strict=True):
            reader.join()
            each.close()


def _read(source: socket.socket) -> None:
    while source.recv(1 << 20):
        pass


def watch_frames(port: int, world: str, request: Request, exchanges: int) -> Frames:
    """The frames of a page whose list has so many exchanges, and then grows by 500 a second for three seconds.

    They are made in a world of this name.

    RuntimeError when there is no Chromium.
    """
    if CHROMIUM is None:
        raise RuntimeError("Chromium is not installed: scripts/clients installs it")
    # Here, since only this measurement needs it.
    from playwright.sync_api import sync_playwright

    body = json.dumps({"journal_entries": exchanges}).encode()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    ask(connection, "PUT", f"/_emulator/worlds/{world}", body, {}, 201)
    there = {"X-Emulator-World": world}
    for _ in range(exchanges):
        ask(connection, "POST", request.path, request.body, there, 200)
    connection.close()  # another one is opened later: until the page is there, this one may have been idle too long
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.add_init_script(f"({WATCH})()")
        browser.start_tracing(page=page, categories=["toplevel", "blink.user_timing"])
        page.goto(f"http://127.0.0.1:{port}/_emulator/ui?world={world}")
        page.wait_for_selector(f"[data-number='{exchanges}']")
        arriving = _longest(page.evaluate("frames_.splice(0)"))
        rows = int(page.get_attribute("[role=grid]", "aria-rowcount") or 0) - 1
        page.evaluate(SCROLL)
        scrolled = _longest(page.evaluate("frames_.splice(0)"))
        page.click("#follow")
        page.evaluate("frames_.splice(0)")
        for _ in range(3 * RATE // 50):
            for _ in range(50):
                ask(connection, "POST", request.path, request.body, there, 200)
            page.wait_for_timeout(100 - 50 * 0.4)
        growing = _longest(page.evaluate("frames_.splice(0)"))
        page.evaluate(f"performance.mark('{MARK}')")
        work = longest_task(browser.stop_tracing())
        nodes = page.evaluate("document.getElementsByTagName('*').length")
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
        browser.close()
    connection.close()
    return Frames(arriving, scrolled, growing, work, rows, nodes, heap)


def longest_task(trace: bytes) -> float:
    """Returns the most milliseconds of CPU time that a task of the page's main thread took, from a trace of Chromium.

    The page's thread is that in which MARK was made: Chromium has pages of its own, whose tasks are longer.
    """
    events = json.loads(trace)["traceEvents"]
    mains = {(each["pid"], each["tid"]) for each in events if each["name"] == MARK}
    tasks = (each["tdur"] for each in events if (each["pid"], each["tid"]) in mains and "tdur" in each)
    return max(tasks, default=0) / 1000


def _longest(frames: list[float]) -> float:
    return max(frames, default=0.0)
