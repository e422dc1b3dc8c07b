"""A front end in a real browser: Chromium shows the page of docs/browser.md, and what other pages get."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from emulator import Emulator
from tests.clients.conftest import PATIENCE, plain, tool
from tests.pages import ROOT, blocks

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "browser.md"
# As root, without a display, and without what the browser asks of its maker's servers.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync"),
)
RULES = "MAP evil.test 127.0.0.1, MAP *.google.com ~NOTFOUND, MAP *.googleapis.com ~NOTFOUND"
(HTML,) = (block.text for block in blocks(PAGE) if block.language == "html")
(SHOWN,) = (block.text for block in blocks(PAGE) if block.language == "text")
REPORT = """
<script>
  const report = (body) => fetch("/report", { method: "POST", body });
  addEventListener("unhandledrejection", (event) => report(`failed: ${event.reason}`));
</script>
"""


class FrontEnd:
    """A site on a port of its own; `reports` are what its page has posted to `/report`."""

    def __init__(self) -> None:
        self.reports: Queue[str] = Queue()
        self.html = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200 if self.path == "/" else 404, site.html.encode() if self.path == "/" else b"")

            def do_POST(self) -> None:
                site.reports.put(self.rfile.read(int(self.headers["content-length"])).decode())
                self._answer(200, b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)

    def shown(
        self, html: str, folder: Path, host: str = "localhost", run: tuple[str, ...] = (), **variables: str
    ) -> str:
        """What the page reports in a browser; `run` are words before the browser's."""
        self.html = html
        words = [
            *run,
            tool("chromium"),
            *FLAGS,
            f"--host-resolver-rules={RULES}",
            f"--user-data-dir={folder / 'profile'}",
        ]
        with (folder / "browser.log").open("w") as log:
            process = subprocess.Popen(
                [*words, f"http://{host}:{self.port}/"], env=plain(folder) | variables, stdout=log, stderr=log
            )
            try:
                return self.reports.get(timeout=PATIENCE)
            finally:
                process.terminate()
                process.wait(PATIENCE)


@pytest.fixture
def site() -> Iterator[FrontEnd]:
    front_end = FrontEnd()
    yield front_end
    front_end.close()


def reporting(code: str) -> str:
    """A page that runs a module and reports what it returns."""
    return f"<!doctype html>{REPORT}<script type=module>report(await (async () => {{{code}}})())</script>"


def copied(api: str) -> str:
    """The page of the documentation, calling this base URL, and reporting what it shows."""
    at_the_end = 'report(document.querySelector("pre").textContent);\n</script>\n</html>'
    assert HTML.count("http://localhost:8484/v2") == HTML.count("</script>\n</html>") == 1
    page = HTML.replace("http://localhost:8484/v2", api).replace("</script>\n</html>", at_the_end)
    return page.replace("<pre>", f"{REPORT}<pre>")


def as_documented(shown: str) -> bool:
    return re.fullmatch(re.escape(SHOWN).replace("…", r"\w+"), shown) is not None


def test_a_front_end_at_another_port_reads_messages_streams_and_how_long_to_wait(
    site: FrontEnd, tmp_path: Path
) -> None:
    with Emulator() as emulator:
        shown = site.shown(copied(emulator.base_url("aiexport").replace("127.0.0.1", "localhost")), tmp_path)
        assert as_documented(shown), shown
        made = emulator.requests()
        assert [(each.operation, each.status) for each in made] == [
            ("messages.create", 200),
            ("messages.create", 200),
            ("messages.create", 429),
        ]


FOREIGN = """
const api = "{api}", headers = {{"X-API-Key": "axp_test_pro"}};
const outcome = (call) => call.then((response) => `${{response.type}} ${{response.status}}`, (error) => error.name);
return (await Promise.all([
  outcome(fetch(`${{api}}/models`, {{headers}})),
  outcome(fetch(`${{api}}/batch`, {{method: "POST", mode: "no-cors", body: '{{"requests": [], "webhook_url": "http://127.0.0.1:1"}}'}})),
  outcome(fetch(new URL("/_emulator/exchanges", api), {{headers}})),
])).join();
"""


def test_a_foreign_site_gets_nothing_until_it_is_named(site: FrontEnd, tmp_path: Path) -> None:
    html = "http://evil.test:" + str(site.port)
    with Emulator() as emulator:
        page = reporting(FOREIGN.format(api=emulator.base_url("aiexport")))
        assert site.shown(page, tmp_path, "evil.test") == "TypeError,opaque 0,TypeError"
        assert {(each.operation, each.status) for each in emulator.requests()} == {("", 403)}
    with Emulator(cors=html) as emulator:
        page = reporting(FOREIGN.format(api=emulator.base_url("aiexport")))
        assert site.shown(page, tmp_path, "evil.test") == "cors 200,opaque 0,TypeError"


def test_a_page_chooses_its_world_and_reads_that_there_is_none(site: FrontEnd, tmp_path: Path) -> None:
    code = """
const headers = (world) => ({{headers: {{"X-API-Key": "axp_test_pro", "X-Emulator-World": world}}}});
const statuses = [];
for (const world of ["mine", "nowhere"]) statuses.push((await fetch("{api}/models", headers(world))).status);
return statuses.join();
"""
    with Emulator() as emulator, emulator.world("mine") as mine:
        assert site.shown(reporting(code.format(api=emulator.base_url("aiexport"))), tmp_path) == "200,404"
        assert [each.operation for each in mine.requests()] == ["models.list"]
        assert list(emulator.requests()) == []


def test_under_emulator_run_a_page_reaches_the_real_hosts_here(site: FrontEnd, tmp_path: Path) -> None:
    export, folder, trust, command = next(block.text for block in blocks(PAGE) if "certutil" in block.text).splitlines()
    emulator = f'emulator() {{ "{sys.executable}" -m emulator "$@"; }}\n'
    tool("certutil")
    set_up = subprocess.run(
        ["sh", "-euc", "\n".join((emulator, export, folder, trust))],
        cwd=tmp_path,
        env=plain(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert set_up.returncode == 0, set_up.stderr
    run = tuple(command.partition(" chromium ")[0].split())
    words = (sys.executable, "-m", *run)
    shown = site.shown(copied("https://api.aiexport.io/v2"), tmp_path, run=words)
    assert as_documented(shown), shown
    summary = (tmp_path / "browser.log").read_text()
    assert "messages.create  2 x 200, 1 x 429" in summary
    assert "FAILED" not in summary
    assert "Warning" not in summary
