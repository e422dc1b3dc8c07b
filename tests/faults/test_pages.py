"""Tests of the pages that proxies return in place of an API's error."""

from __future__ import annotations

import json
import shutil
import subprocess
from email.parser import BytesHeaderParser
from random import Random

import pytest
from pydantic import BaseModel, ValidationError

from emulator.faults.pages import PAGES, _pages, replace_by_page
from emulator.http.reply import Reply
from tests.faults.conftest import Faulty, complaint, content

STARTS = {"nginx": b"<html>", "cloudflare": b"<!DOCTYPE html>", "load_balancer": b"<html>"}
SERVERS = {"nginx": "nginx", "cloudflare": "cloudflare", "load_balancer": "awselb/2.0"}


class Said(BaseModel):
    said: str


def received(faulty: Faulty, page: str, target: str = "POST /one", more: str = "") -> tuple[str, dict[str, str], bytes]:
    """The status line, the headers with lower-case names and the body."""
    answer, _ = faulty.everything(f"status; status=502; page={page}{more}", target)
    line, _, rest = answer.partition(b"\r\n")
    headers = BytesHeaderParser().parsebytes(rest.partition(b"\r\n\r\n")[0])
    return line.decode(), {name.lower(): value for name, value in headers.items()}, content(answer)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("target", ["POST /one", "GET /hello"])
def test_a_page_is_html_with_the_headers_of_its_proxy(faulty: Faulty, page: str, target: str) -> None:
    line, headers, body = received(faulty, page, target)
    assert line == "HTTP/1.1 502 Bad Gateway"
    assert headers["content-type"].startswith("text/html")
    assert headers["server"] == SERVERS[page]
    assert headers["content-length"] == str(len(body))
    assert body.startswith(STARTS[page])
    assert b"502" in body
    assert b"Bad Gateway" in body
    assert b"imulated" in body
    assert b"{" not in body


def test_a_gateway_is_one_of_the_proxies_by_the_seed() -> None:
    def drawn(seed: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
        reply = replace_by_page(Reply(502, []), "gateway", Random(seed))
        return reply.headers, reply.body

    assert {dict(drawn(seed)[0])[b"Server"].decode() for seed in range(50)} == set(SERVERS.values())
    assert [drawn(seed) for seed in range(20)] == [drawn(seed) for seed in range(20)]


def test_a_gateway_is_one_of_the_proxies_over_a_socket(faulty: Faulty) -> None:
    assert received(faulty, "gateway")[1]["server"] in SERVERS.values()


def test_a_page_keeps_retry_after_and_has_no_header_of_the_api(faulty: Faulty) -> None:
    _, plain, _ = received(faulty, "nginx")
    _, headers, _ = received(faulty, "nginx", more="; retry_after=7s")
    assert headers["retry-after"] == "7"
    assert set(headers) == {*plain, "retry-after"}
    assert set(plain) <= {"content-type", "server", "content-length", "date", "connection"}


def test_a_page_keeps_the_date_and_what_the_emulator_says_of_the_reply() -> None:
    kept = [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT"), (b"X-Emulator-Hint", b"a hint")]
    reply = replace_by_page(Reply(502, [(b"X-Request-Id", b"7"), *kept]), "nginx", Random(0))
    assert reply.headers[-2:] == kept
    assert b"X-Request-Id" not in dict(reply.headers)


def test_a_status_without_a_phrase_of_its_own_is_an_error(faulty: Faulty) -> None:
    answer, _ = faulty.everything("status; status=599; page=nginx")
    assert b"<h1>599 Error</h1>" in content(answer)


def test_json_loads_and_pydantic_refuse_a_page(faulty: Faulty) -> None:
    for page in PAGES:
        body = received(faulty, page)[2]
        with pytest.raises(json.JSONDecodeError, match=r"line 1 column 1 \(char 0\)"):
            json.loads(body)
        with pytest.raises(ValidationError, match="line 1 column 1"):
            Said.model_validate_json(body)


@pytest.mark.slow
def test_json_parse_refuses_a_page(faulty: Faulty) -> None:
    node = shutil.which("node")
    assert node is not None
    script = "try { JSON.parse(process.argv[1]) } catch (error) { console.log(error.name) }"
    for page in PAGES:
        body = received(faulty, page)[2].decode()
        ran = subprocess.run([node, "-e", script, body], capture_output=True, text=True, check=True)
        assert ran.stdout == "SyntaxError\n"


def test_a_page_has_no_message_and_its_name_is_checked() -> None:
    assert "`message`" in complaint("status", {"page": "nginx", "message": "Down"})
    assert "expected one of: gateway, nginx" in complaint("status", {"page": "apache"})


def test_the_data_file_has_each_page() -> None:
    assert tuple(_pages()) == PAGES


def test_of_the_reply_only_its_date_and_the_emulators_own_headers_stay() -> None:
    reply = Reply(500, [])
    reply.headers = [(b"Date", b"now"), (b"Date-Created", b"then"), (b"X-Emulator-Fault", b"status"), (b"X-Own", b"1")]
    kept = replace_by_page(reply, "nginx", Random(1)).headers
    assert (b"Date", b"now") in kept
    assert (b"X-Emulator-Fault", b"status") in kept
    assert {b"Date-Created", b"X-Own"}.isdisjoint(name for name, _ in kept)
