"""The files of the inspector: what they are served with, to whom, and how large they are."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from emulator.control.ui.inspector import CSP, FOLDER
from emulator.settings.options import Settings
from tests import loopback
from tests.inspector.traffic import address
from tests.running import Emulated, Running

MAX_SENT = 60_000  # bytes, compressed as they are sent
MAX_WRITTEN = 151_000  # bytes, as they are written
MAX_LINE = 120  # characters; the icon of the page is one line
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".html", ".js", ".css"))


def ask(emulator: Emulated, path: str = "", method: str = "GET", **headers: str) -> httpx.Response:
    return loopback.request(method, f"{emulator.origin}/_emulator/ui{path}", headers=headers)


@pytest.mark.parametrize("path", ["", "/"])
def test_the_page_is_served_with_one_strict_policy(emulator: Emulated, path: str) -> None:
    answer = ask(emulator, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == CSP
    for rule in (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;",
        "require-trusted-types-for 'script'",
    ):
        assert rule in CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.finding("A4")
@pytest.mark.parametrize(
    ("method", "path", "status"), [("OPTIONS", "", 204), ("OPTIONS", "/app.js", 204), ("POST", "", 405)]
)
def test_the_methods_of_a_file_are_listed(emulator: Emulated, method: str, path: str, status: int) -> None:
    answer = ask(emulator, path, method)
    assert (answer.status_code, answer.headers["allow"], answer.content) == (status, "GET, HEAD, OPTIONS", b"")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_served_once_and_then_only_confirmed(emulator: Emulated, file: Path) -> None:
    answer = ask(emulator, f"/{file.name}")
    assert answer.content == file.read_bytes()
    assert answer.headers["cache-control"] == "no-cache"
    again = ask(emulator, f"/{file.name}", **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    changed = ask(emulator, f"/{file.name}", **{"If-None-Match": '"another"'})
    assert changed.status_code == 200


@pytest.mark.parametrize("path", ["/nothing.js", "/../routes.py", "/inspector.py", "x", "/index.html/x"])
def test_nothing_else_is_served(emulator: Emulated, path: str) -> None:
    assert ask(emulator, path).status_code == 404


def test_a_head_request_gets_the_headers_alone(emulator: Emulated) -> None:
    plain = {"Accept-Encoding": "identity"}
    answer = ask(emulator, method="HEAD", **plain)
    assert (answer.content, answer.headers["content-length"]) == (b"", str(len(ask(emulator, **plain).content)))


def test_the_files_need_no_token_and_what_they_show_does(running: Running) -> None:
    settings = Settings(listen=running.settings.listen, reload=False, control_token="a-token-for-tests")
    closed = Emulated(running, ("default",), settings=settings)
    assert ask(closed).status_code == 200
    assert loopback.get(f"{closed.origin}/_emulator/exchanges").status_code == 403
    closed.close()


def test_what_a_browser_loads_is_small(emulator: Emulated) -> None:
    sizes = {}
    for file in FILES:
        with loopback.stream("GET", f"{emulator.origin}/_emulator/ui/{file.name}") as answer:
            sizes[file.name] = len(b"".join(answer.iter_raw()))
            assert answer.headers["content-encoding"] == "gzip"
    assert sum(sizes.values()) <= MAX_SENT, sizes
    assert sum(file.stat().st_size for file in FILES) <= MAX_WRITTEN


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_can_be_read_without_a_tool(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if "data:image" not in line]
    assert [line for line in lines if len(line) > MAX_LINE] == []


def test_who_takes_no_gzip_gets_the_plain_file(emulator: Emulated) -> None:
    answer = ask(emulator, "/app.js", **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.content == (FOLDER / "app.js").read_bytes()


def test_the_packed_and_the_plain_file_have_tags_of_their_own(emulator: Emulated) -> None:
    packed, plain = (
        ask(emulator, "/app.js", **{"Accept-Encoding": coding}).headers["etag"] for coding in ("gzip", "identity")
    )
    assert packed != plain
    for coding, same, other in (("gzip", packed, plain), ("identity", plain, packed)):
        for known, status in ((same, 304), (other, 200)):
            again = ask(emulator, "/app.js", **{"Accept-Encoding": coding, "If-None-Match": known})
            assert again.status_code == status


def test_nothing_comes_from_elsewhere() -> None:
    known = {"http://www.w3.org/2000/svg"}  # a namespace, which nobody fetches
    found = {url for file in FILES for url in re.findall(r"https?://[\w./-]+", file.read_text())}
    assert found == known


def test_no_file_makes_elements_of_text() -> None:
    dangerous = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc")
    assert [file.name for file in FILES if dangerous.search(file.read_text())] == []


def test_the_address_of_the_page_is_stable(emulator: Emulated) -> None:
    assert address(emulator, "exchange=1") == f"{emulator.origin}/_emulator/ui?exchange=1"
