"""The hostile web page: whatever a browser can be made to send is refused on every route, and nothing is done.

All that can be sent is sent to one route of each kind; one request of each kind is sent to every route.

A page has these ways: its own Origin, a name of its own that was made to point here (DNS rebinding), a plain form or
text that needs no preflight, a preflight, and fetches that a browser marks as cross-site.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import orjson
import pytest
from msgspec.structs import replace

from emulator.control.route import ControlRoute
from emulator.control.routes import TABLE
from emulator.settings.listen import Listen
from tests import loopback
from tests.running import Emulated, Running
from tests.waiting import PATIENCE
from tests.wire import Wire

TOKEN = "a-token-for-tests"


def url(entry: ControlRoute) -> str:
    """The path with its examples in it."""
    path = entry.path
    for name, value in entry.at.items():
        path = path.replace(f"{{{name}}}", value)
    return f"/_emulator{path}"


def label(entry: ControlRoute) -> str:
    return f"{entry.method} {entry.path or '/'}"


def attacks(own: str) -> Iterator[tuple[dict[str, str], str]]:
    """The headers that a page could add, and what is said to it."""
    for origin in ("http://evil.test", "null", "http://127.0.0.1:1", own.replace("http:", "https:"), "file://"):
        yield {"Origin": origin}, "is another site"
    for site in ("cross-site", "same-site", "Cross-Site", "?"):
        yield {"Sec-Fetch-Site": site}, "comes from another site"
    for host in HOSTS:  # with its own name in both, it would be of the same origin
        yield {"Host": host, "Origin": f"http://{host}"}, "is not a name of this server"


HOSTS = (
    "evil.test",
    "127.0.0.1.evil.test:8484",
    "localhost.evil.test",
    "api.aiexport.io",
    "192.168.1.7:8484",
    "notlocalhost",
    "[::2]:80",
    "",
)
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
SIMPLE_KINDS = ("text/plain", *FORMS, "", "text/json", "*/*")
ONE_OF_A_KIND = [
    next(entry for entry in TABLE if entry.method == method) for method in ("GET", "POST", "PUT", "DELETE")
]
each_kind = pytest.mark.parametrize("entry", ONE_OF_A_KIND, ids=label)


def ask(
    client: httpx.Client, entry: ControlRoute, headers: dict[str, str], method: str | None = None
) -> httpx.Response:
    """The request that would work, with what a page adds to it."""
    body = orjson.dumps(entry.example) if entry.example is not None else b""
    sent = {"Content-Type": "application/json", **headers} if body else headers
    return client.request(method or entry.method, url(entry), headers=sent, content=body)


def state(emulator: Emulated) -> Any:
    """What a page could have changed."""
    worlds, world = emulator.app.worlds, emulator.app.state
    armed = [armed.id for armed in world.armed.list()]
    return worlds.names(), worlds.default.scenarios, armed, world.clock.now(), world.clock.speed, world.clock.auto


def refused(answer: httpx.Response, status: int = 403) -> str:
    """The message, after checking that it is refused in the control API's shape, and that no page is told more."""
    assert answer.status_code == status, answer.text
    assert [name for name in answer.headers if name.startswith("access-control")] == []
    error = answer.json()["error"]
    assert set(error) <= {"message", "hint"}
    return str(error["message"])


@pytest.fixture
def client(emulator: Emulated) -> Iterator[httpx.Client]:
    """A client that adds nothing of its own."""
    with loopback.Client(base_url=emulator.origin, timeout=PATIENCE) as client:
        yield client


def test_every_route_is_behind_the_guard(emulator: Emulated, client: httpx.Client) -> None:
    before = state(emulator)
    one_of_each = {message: headers for headers, message in attacks(emulator.origin)}
    for entry in TABLE:
        for message, headers in one_of_each.items():
            assert message in refused(ask(client, entry, headers)), label(entry)
        simple = {"Content-Type": SIMPLE_KINDS[0]}
        answer = client.request(entry.method, url(entry), headers=simple, content=orjson.dumps(entry.example or {}))
        refused(answer, 415)
        refused(ask(client, entry, {"Origin": "http://evil.test", "Access-Control-Request-Method": "POST"}, "OPTIONS"))
    assert state(emulator) == before


@each_kind
def test_a_page_of_another_site_is_refused_whatever_it_says(
    emulator: Emulated, client: httpx.Client, entry: ControlRoute
) -> None:
    before = state(emulator)
    for headers, message in attacks(emulator.origin):
        assert message in refused(ask(client, entry, headers)), headers
    assert state(emulator) == before


@each_kind
def test_a_body_that_needs_no_preflight_is_refused(
    emulator: Emulated, client: httpx.Client, entry: ControlRoute
) -> None:
    before = state(emulator)
    for kind in SIMPLE_KINDS:
        headers = {"Content-Type": kind} if kind else {}
        answer = client.request(entry.method, url(entry), headers=headers, content=orjson.dumps(entry.example or {}))
        assert "is not accepted; expected application/json" in refused(answer, 415)
    assert state(emulator) == before


@each_kind
def test_a_preflight_is_never_granted(emulator: Emulated, client: httpx.Client, entry: ControlRoute) -> None:
    for origin in ("http://evil.test", emulator.origin):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": entry.method,
            "Access-Control-Request-Headers": "content-type",
            "Access-Control-Request-Private-Network": "true",
        }
        refused(ask(client, entry, headers, "OPTIONS"))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8484", "127.0.0.1", "127.8.8.8:1", "[::1]:8484", "a.localhost"]
)
def test_every_name_of_this_machine_is_known(emulator: Emulated, host: str) -> None:
    answer = loopback.get(f"{emulator.origin}/_emulator/clock", headers={"Host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_page_of_the_emulator_itself_may_ask(emulator: Emulated, site: str) -> None:
    headers = {"Origin": emulator.origin, "Sec-Fetch-Site": site}
    answer = loopback.get(f"{emulator.origin}/_emulator/clock", headers=headers)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_a_request_without_a_host_is_refused(emulator: Emulated) -> None:
    with Wire(emulator.running.port) as wire:
        wire.send(b"GET /_emulator/clock HTTP/1.0\r\n\r\n")
        assert wire.line().split()[1] == b"403"


@contextmanager
def listening(running: Running, host: str, token: str = "") -> Iterator[Emulated]:
    """An emulator that says that it listens there; it does not, so no stranger can reach it."""
    settings = replace(running.settings, listen=Listen(host, 0), control_token=token)
    emulated = Emulated(running, ("default",), settings=settings)
    try:
        yield emulated
    finally:
        emulated.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_beyond_this_machine_the_token_is_needed_on_every_route_but_health(running: Running) -> None:
    wrong = [{}, bearer("wrong"), {"Authorization": f"Basic {TOKEN}"}, bearer(TOKEN + " x"), bearer(TOKEN.upper())]
    with listening(running, "0.0.0.0", TOKEN) as emulator, loopback.Client(base_url=emulator.origin) as client:
        for entry in TABLE:
            for given in wrong:
                answer = ask(client, entry, given)
                if entry.path == "/health":
                    assert answer.status_code == 200
                else:
                    assert refused(answer) == "the control token is missing or wrong"


def test_who_shows_the_token_may_use_any_name_but_is_no_other_site(running: Running) -> None:
    with listening(running, "0.0.0.0", TOKEN) as emulator:
        clock = f"{emulator.origin}/_emulator/clock"
        for host in ("emulator:8484", "10.1.2.3:8484", "localhost"):
            assert loopback.get(clock, headers={"Host": host, **bearer(TOKEN)}).status_code == 200
        foreign = {"Origin": "http://evil.test", **bearer(TOKEN)}
        assert loopback.get(clock, headers=foreign).status_code == 403


def test_beyond_this_machine_nobody_may_ask_when_there_is_no_token(running: Running) -> None:
    with listening(running, "0.0.0.0") as emulator:
        assert loopback.get(f"{emulator.origin}/_emulator/clock", headers=bearer("x")).status_code == 403


@pytest.mark.finding("A12")
@pytest.mark.parametrize("listen", ["0.0.0.0", "127.0.0.1"])
@pytest.mark.parametrize("host", ["10.1.2.3:8484", "emulator:8484", "a.svc.cluster.local", "host.docker.internal"])
def test_health_is_asked_by_any_name_and_nothing_else_is(running: Running, listen: str, host: str) -> None:
    with listening(running, listen, TOKEN) as emulator:
        control, named = f"{emulator.origin}/_emulator", {"Host": host}
        assert loopback.get(f"{control}/health", headers=named).status_code == 200
        assert loopback.get(f"{control}/health", headers={**named, "Origin": "http://evil.test"}).status_code == 403
        assert loopback.get(f"{control}/clock", headers=named).status_code == 403


@pytest.mark.finding("A12")
def test_health_is_not_for_a_page_whose_name_points_here(running: Running) -> None:
    with listening(running, "0.0.0.0", TOKEN) as emulator:
        page = {"Host": "evil.test", "Origin": "http://evil.test"}
        assert loopback.get(f"{emulator.origin}/_emulator/health", headers=page).status_code == 403


def test_a_token_that_was_given_is_needed_on_loopback_too(running: Running) -> None:
    with listening(running, "127.0.0.1", TOKEN) as emulator:
        clock = f"{emulator.origin}/_emulator/clock"
        assert loopback.get(clock).status_code == 403
        assert loopback.get(clock, headers=bearer(TOKEN)).status_code == 200


@pytest.mark.finding("A7")
def test_a_page_of_the_public_url_may_ask_with_the_token(running: Running) -> None:
    settings = replace(running.settings, public_url="https://ai.test/emulator", control_token=TOKEN)
    emulator = Emulated(running, ("default",), settings=settings)
    try:
        clock, page = f"{emulator.origin}/_emulator/clock", {"Host": "ai.test", "Origin": "https://ai.test"}
        assert loopback.get(clock, headers=page | bearer(TOKEN)).status_code == 200
        assert loopback.get(clock, headers=page).status_code == 403
        for origin in ("https://evil.test", ""):
            assert loopback.get(clock, headers=page | bearer(TOKEN) | {"Origin": origin}).status_code == 403
    finally:
        emulator.close()


def test_an_empty_origin_is_no_page_of_a_server_without_a_public_url(running: Running) -> None:
    with listening(running, "127.0.0.1") as emulator:
        clock = f"{emulator.origin}/_emulator/clock"
        assert loopback.get(clock, headers={"Origin": ""}).status_code == 403
        assert loopback.get(clock, headers={"Host": "", "Origin": "http://"}).status_code == 403
