"""Whoever opens the server's own address is greeted; an API that has something there goes before."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from emulator import __version__
from emulator.control.landing import CSP, LINKS, STYLE
from emulator.control.routes import TABLE
from emulator.engine.state import EXCHANGES
from emulator.settings.listen import Listen
from tests import loopback
from tests.running import Emulated, Running
from tests.small import play

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
TOKEN = "a-token-for-tests"


def ask(emulator: Emulated, method: str = "GET", **headers: str) -> httpx.Response:
    return loopback.request(method, emulator.origin, headers=headers)


class Seen(HTMLParser):
    """What a browser would make of a page: its texts, its tags and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_program_is_told_what_answers_here(emulator: Emulated) -> None:
    answer = ask(emulator)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json()
    assert (told["name"], told["version"], told["scenarios"]) == ("ai-api-emulator", __version__, ["default"])
    assert [api["base_url"] for api in told["apis"]] == [emulator.origin, f"{emulator.origin}/v2"]
    assert told["apis"][1]["hosts"] == ["api.aiexport.io"]
    assert told["apis"][1]["keys"]["axp_test_pro"] == "pro"
    assert told["apis"][1]["keys"]["axp_test_revoked"] == "pro (revoked)"
    assert told["apis"][0]["try_it"].startswith(f"curl {emulator.origin}/api/v2/execute/")
    assert "README.md" in told["help"]


def test_a_person_is_shown_the_same_as_a_page(emulator: Emulated) -> None:
    answer = ask(emulator, **BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    seen, told = Seen(answer.text), ask(emulator).json()
    for api in told["apis"]:
        for text in (api["title"], api["version"], api["base_url"], api["try_it"], *api["hosts"], *api["keys"]):
            assert text in "".join(seen.texts)
    assert [attrs["href"] for tag, attrs in seen.tags if tag == "a"] == [f"/_emulator{path}" for path in LINKS]


def test_every_link_leads_somewhere(emulator: Emulated) -> None:
    assert set(LINKS) - {"/ui"} <= {entry.path for entry in TABLE if entry.method == "GET"}
    for link in ask(emulator).json()["links"]:
        page = loopback.get(link, headers={**BROWSER, "Sec-Fetch-Site": "same-origin"})
        assert page.status_code == 200


@pytest.mark.parametrize("sign", [{"User-Agent": "Mozilla/5.0 (X11)"}, {"Sec-Fetch-Mode": "navigate"}])
def test_a_browser_is_redirected_to_the_inspector(emulator: Emulated, sign: dict[str, str]) -> None:
    answer = ask(emulator, **BROWSER, **sign)
    assert (answer.status_code, answer.headers["location"]) == (302, "/_emulator/ui")
    about = loopback.get(f"{emulator.origin}/?about", headers={**BROWSER, **sign})
    assert (about.status_code, about.text) == (200, ask(emulator, **BROWSER).text)


def test_the_page_runs_nothing_and_loads_nothing(emulator: Emulated) -> None:
    answer = ask(emulator, **BROWSER)
    assert answer.headers["content-security-policy"] == CSP
    assert "default-src 'none'" in CSP
    assert base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode() in CSP
    seen = Seen(answer.text)
    assert re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL) == [STYLE]
    assert {tag for tag, _ in seen.tags}.isdisjoint({"script", "img", "iframe", "object", "form", "base"})
    assert [attrs["href"] for tag, attrs in seen.tags if tag == "link"] == ["data:,"]
    assert not [name for _, attrs in seen.tags for name in attrs if name.startswith("on") or name == "style"]


def test_what_an_api_says_is_text_on_the_page(running: Running, tmp_path: Path) -> None:
    mean = "<img src=x onerror=alert(1)>\"'&"
    text = json.dumps(mean)
    more = f"title: {text}\nabout: {text}\nkeys: {{{text}: {{workspace: w, tier: basic}}}}\n"
    small = play(running, tmp_path, "one: {route: GET /one, rules: [{reply: {body: 1}}]}\n", more)
    seen = Seen(ask(small, **BROWSER).text)
    assert "img" not in {tag for tag, _ in seen.tags}
    assert seen.texts.count(mean) == 2
    assert "".join(seen.texts).count(mean) == 3


def test_it_is_no_exchange(emulator: Emulated) -> None:
    for headers in ({}, BROWSER, {"X-Emulator-Fault": "reset_peer"}):
        assert ask(emulator, **headers).status_code == 200
    told = loopback.get(f"{emulator.origin}/_emulator/exchanges").json()
    assert told["exchanges"] == []
    assert emulator.app.state.store.counters.increment(EXCHANGES) == 1


def test_a_head_request_is_told_how_long_the_answer_is(emulator: Emulated) -> None:
    answer = ask(emulator, "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(ask(emulator).content))


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_only_who_wants_to_see_something_is_greeted(emulator: Emulated, method: str) -> None:
    answer = ask(emulator, method, **BROWSER)
    assert answer.status_code == 404
    assert answer.headers["x-emulator-hint"] == "unknown path; GET /_emulator lists what is served"


@pytest.mark.parametrize("path", ["/x", "//", "/index.html", "/_emulato", "/_"])
def test_only_the_root_greets(emulator: Emulated, path: str) -> None:
    assert loopback.get(emulator.origin + path, headers=BROWSER).status_code == 404


def test_the_root_of_an_api_s_own_host_is_the_api_s(emulator: Emulated) -> None:
    answer = ask(emulator, Host="api.aiexport.io", **BROWSER)
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")


@pytest.mark.parametrize(("route", "status", "said"), [("GET /", 200, "mine"), ("POST /", 405, None)])
def test_an_api_that_has_something_at_the_root_goes_before(
    running: Running, tmp_path: Path, route: str, status: int, said: str | None
) -> None:
    small = play(running, tmp_path, f"root: {{route: {route}, auth: false, rules: [{{reply: {{body: mine}}}}]}}\n")
    answer = ask(small, **BROWSER)
    assert answer.status_code == status
    assert said is None or said in answer.text
    assert len(small.journal) == 1
    small.close()


def test_each_world_is_greeted_as_it_is(emulator: Emulated) -> None:
    order = {"scenarios": ["free-tier"]}
    loopback.put(f"{emulator.origin}/_emulator/worlds/small", json=order).raise_for_status()
    assert ask(emulator, **{"X-Emulator-World": "small"}).json()["scenarios"] == ["free-tier", "default"]
    assert ask(emulator, **{"X-Emulator-World": "nowhere"}).status_code == 404


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Host": "evil.test"}, "'evil.test' is not a name of this server"),
        ({"Sec-Fetch-Site": "cross-site"}, "comes from another site"),
        ({"Origin": "http://evil.test"}, "is another site"),
    ],
)
def test_a_web_page_gets_to_see_no_key(emulator: Emulated, headers: dict[str, str], why: str) -> None:
    for accept in ({}, BROWSER):
        answer = ask(emulator, **headers, **accept)
        assert answer.status_code == 200
        assert why in answer.text.replace("&#x27;", "'")
        assert "AI Export" in answer.text
        assert "axp_test" not in answer.text
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert (told := ask(emulator, **headers).json())["links"] == {}
    assert told["scenarios"] == []


def test_beyond_loopback_keys_are_shown_to_who_shows_the_token(running: Running) -> None:
    settings = replace(running.settings, listen=Listen("0.0.0.0", 0), control_token=TOKEN)
    emulator = Emulated(running, ("default",), settings=settings)
    try:
        told = ask(emulator).json()
        assert "send `Authorization: Bearer TOKEN`" in told["help"]
        assert [api["keys"] for api in told["apis"]] == [{}, {}]
        assert ask(emulator, Authorization=f"Bearer {TOKEN}").json()["apis"][1]["keys"]
    finally:
        emulator.close()
