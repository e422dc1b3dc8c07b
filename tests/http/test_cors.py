"""Pages of allowed origins can read every response, whatever it is, and are told so before they ask (CORS)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from emulator.settings.options import Settings
from tests.apis.aiexport_calls import FREE, HAIKU, PRO, asking
from tests.running import Emulated, Running
from tests.small import KEY, Small, play
from tests.waiting import until
from tests.wire import Answer, Wire, request

PAGE = "http://localhost:5173"
READABLE = re.compile(
    r"access-control-.*|cache-control|content-.*|expires|last-modified|pragma|vary|connection|transfer-.*"
)
MESSAGE, STREAM = json.dumps(asking()).encode(), json.dumps(asking(stream=True)).encode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SMALL = """\
once:
  route: GET /once
  rules:
    - {when: {header.kind: broken}, reply: {body: "{{ 1 // header.nothing }}"}}
    - when: {header.kind: own}
      reply: {headers: {Access-Control-Allow-Origin: "https://mine.test", Vary: Accept}, body: {}}
    - {when: {header.kind: none}, reply: {headers: {Access-Control-Allow-Origin: null}, body: {}}}
    - {reply: {headers: {X-Number: "{{ 7 }}", X-Fixed: "yes"}, body: {ok: true}}}
own: {route: OPTIONS /own, rules: [{reply: {status: 200, body: {own: true}}}]}
"""


def ask(port: int, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
    with Wire(port) as wire:
        return wire.ask(method, target, {"Host": "localhost:8484", "Origin": PAGE, **headers}.items(), body)


def readable(answer: Answer, page: str = PAGE) -> None:
    """Asserts that a page may read the response, and each header of it."""
    assert answer.header("access-control-allow-origin") == page
    assert answer.header("vary") == "Origin"
    exposed = {name.lower() for name in (answer.header("access-control-expose-headers") or "").split(", ")}
    assert exposed == {name for name, _ in answer.headers if not READABLE.fullmatch(name)}
    assert exposed


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "status"),
    [
        ("POST", "/v2/messages", {}, MESSAGE, 200),
        ("POST", "/v2/messages", {}, STREAM, 200),
        ("POST", "/v2/messages", {"X-Emulator-Provenance": "1"}, MESSAGE, 200),
        ("POST", "/v2/batch", {}, json.dumps({"requests": [{"custom_id": "a", "params": asking()}]}).encode(), 202),
        ("POST", "/v2/messages", {"X-API-Key": ""}, MESSAGE, 401),
        ("POST", "/v2/messages", {}, b"{", 400),
        ("POST", "/v2/messages", {"Content-Type": "text/csv"}, MESSAGE, 415),
        ("POST", "/v2/messages", {"Content-Encoding": "br"}, MESSAGE, 415),
        ("POST", "/v2/messages", {}, b"x" * 300_000, 413),
        ("POST", "/v2/messages", {"Expect": "100-continue", "Content-Length": "300000"}, None, 413),
        ("POST", "/v2/messages", {"X-Emulator-Fault": "status; status=503"}, MESSAGE, 503),
        ("POST", "/v2/messages", {"X-Emulator-Fault": "split"}, MESSAGE, 200),
        ("POST", "/v2/messages", {"X-Emulator-Fault": "malformed_json"}, MESSAGE, 200),
        ("POST", "/v2/messages", {"X-Emulator-Fault": "no_such_fault"}, MESSAGE, 400),
        ("POST", "/v2/messages", {"X-Emulator-World": "nowhere"}, MESSAGE, 404),
        ("POST", "/v2/oauth/token", FORM, b"grant_type=nothing", 401),
        ("DELETE", "/v2/messages", {}, None, 405),
        ("PUT", "/v2/models", {}, b"{}", 405),
        ("GET", "/v2/nowhere", {}, None, 404),
        ("GET", "/favicon.ico", {}, None, 404),
        ("HEAD", "/v2/models", {}, None, 200),
        ("OPTIONS", "/v2/models", {}, None, 204),
    ],
)
def test_a_page_reads_every_response(
    running: Running, method: str, target: str, headers: Mapping[str, str], body: bytes | None, status: int
) -> None:
    emulated = Emulated(running, ("default",), settings=replace(running.settings, max_body=200_000))
    try:
        kind = {"Content-Type": "application/json"} if body is not None else {}
        answer = ask(running.port, method, target, {"X-API-Key": PRO, **kind, **headers}, body)
        assert answer.status == status, answer.body
        readable(answer)
    finally:
        emulated.close()


def test_a_page_reads_how_long_to_wait_and_what_is_left(emulator: Emulated) -> None:
    headers = {"X-API-Key": FREE, "Content-Type": "application/json"}
    message = json.dumps(asking(model=HAIKU)).encode()
    while (answer := ask(emulator.running.port, "POST", "/v2/messages", headers, message)).status == 200:
        readable(answer)
    assert answer.status == 429
    exposed = (answer.header("access-control-expose-headers") or "").split(", ")
    assert {"Retry-After", "X-Request-Id", "X-RateLimit-Remaining", "X-RateLimit-Reset-Tokens"} <= set(exposed)


def test_a_page_reads_a_response_that_is_sent_byte_by_byte_or_cut(emulator: Emulated) -> None:
    headers = {"X-API-Key": PRO, "Content-Type": "application/json", "X-Emulator-Fault": "cut_stream; events=2"}
    with Wire(emulator.running.port) as wire:
        fields = {"Host": "localhost", "Origin": PAGE, **headers}
        wire.send(request("POST", "/v2/messages", fields.items(), STREAM))
        status, lines = wire.head()
        readable(Answer(status, lines, b""))
    wired = request("POST", "/v2/messages", {**fields, "X-Emulator-Fault": ""}.items(), STREAM)
    with Wire(emulator.running.port) as wire:
        wire.send(wired.replace(b"HTTP/1.1", b"HTTP/1.0"))
        readable(Answer(*wire.head(), b""))


def test_what_a_rule_states_takes_precedence_and_a_failing_template_can_be_read(small: Small) -> None:
    port = small(SMALL).running.port
    plain = ask(port, "GET", "/once", KEY)
    readable(plain)
    assert {"X-Number", "X-Fixed"} <= set((plain.header("access-control-expose-headers") or "").split(", "))
    broken = ask(port, "GET", "/once", {**KEY, "Kind": "broken"})
    assert broken.status == 500
    readable(broken)
    own = ask(port, "GET", "/once", {**KEY, "Kind": "own"})
    assert own.header("access-control-allow-origin") == "https://mine.test"
    assert [value for name, value in own.headers if name == "vary"] == ["Accept", "Origin"]
    none = ask(port, "GET", "/once", {**KEY, "Kind": "none"})
    assert none.header("access-control-allow-origin") is None


def test_without_an_origin_nothing_is_added(emulator: Emulated) -> None:
    with Wire(emulator.running.port) as wire:
        answer = wire.ask("GET", "/v2/models", [("Host", "localhost"), ("X-API-Key", PRO)])
    assert answer.status == 200
    assert [name for name, _ in answer.headers if name == "vary" or name.startswith("access-control")] == []


PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-api-key,x-emulator-world",
}


def test_a_preflight_is_told_methods_and_headers_and_leaves_no_trace(emulator: Emulated) -> None:
    port = emulator.running.port
    answer = ask(port, "OPTIONS", "/v2/messages", PREFLIGHT)
    assert (answer.status, answer.body) == (204, b"")
    named = {name: value for name, value in answer.headers if name != "date"}
    assert named == {
        "vary": "Origin",
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type,x-api-key,x-emulator-world",
        "access-control-max-age": "600",
    }
    private = ask(port, "OPTIONS", "/v2/models", {**PREFLIGHT, "Access-Control-Request-Private-Network": "true"})
    assert private.header("access-control-allow-private-network") == "true"
    assert list(emulator.journal) == []
    before = ask(port, "POST", "/v2/messages", {"X-API-Key": PRO, "Content-Type": "application/json"}, MESSAGE)
    assert emulator.exchanges(1)[0].number == 1
    assert before.status == 200


@pytest.mark.parametrize(
    ("target", "method", "allowed"),
    [
        ("/v2/models", "GET", "GET"),
        ("/v2/oauth/token", "DELETE", "DELETE, POST"),
        ("/nowhere", "PATCH", "PATCH"),
        ("/v2/oauth/token", "no method", "POST"),
    ],
)
def test_a_preflight_lets_a_page_read_that_there_is_no_such_path_or_method(
    emulator: Emulated, target: str, method: str, allowed: str
) -> None:
    answer = ask(emulator.running.port, "OPTIONS", target, {"Access-Control-Request-Method": method})
    assert (answer.status, answer.header("access-control-allow-methods")) == (204, allowed)
    assert answer.header("access-control-allow-headers") is None


def test_an_operation_of_options_answers_itself(small: Small) -> None:
    port = small(SMALL).running.port
    assert ask(port, "OPTIONS", "/own", {**KEY, **PREFLIGHT}).json() == {"own": True}


@pytest.mark.parametrize("body", [None, b"x" * 300_000])
def test_a_foreign_page_can_read_nothing_and_the_log_says_which_flag_lets_it_in(
    running: Running, body: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    emulated = Emulated(running, ("default",), settings=replace(running.settings, max_body=200_000))
    foreign = {"Origin": "https://App.Example:8443"}
    answers = [
        ask(running.port, "OPTIONS", "/v2/messages", {**PREFLIGHT, **foreign}),
        ask(running.port, "POST", "/v2/messages", {"X-API-Key": PRO, **foreign}, body or MESSAGE),
        ask(running.port, "POST", "/v2/messages", {"X-Emulator-World": "nowhere", **foreign}, MESSAGE),
    ]
    assert [answer.status for answer in answers] == [403, 403 if body is None else 413, 404]
    for answer in answers:
        assert [name for name, _ in answer.headers if name.startswith("access-control")] == []
        assert answer.header("vary") == "Origin"
    assert "start with --cors https://app.example:8443 to let this one in" in caplog.text
    emulated.close()


@pytest.mark.parametrize(
    ("cors", "origin", "status"),
    [
        (("https://app.example",), "https://app.example", 200),
        (("https://app.example",), PAGE, 200),
        (("https://app.example",), "http://app.example", 403),
        (("https://app.example",), "https://app.example.evil.test", 403),
        (("https://app.example", "null"), "null", 200),
        (("capacitor://localhost",), "capacitor://localhost", 200),
        (("*",), "https://anything.test:1", 200),
        (("*",), "null", 200),
        (("*",), "http://a b", 403),
        (("off",), PAGE, 403),
        (("off",), "https://app.example", 403),
    ],
)
def test_the_option_says_which_pages_may_call(
    running: Running, cors: tuple[str, ...], origin: str, status: int
) -> None:
    emulated = Emulated(running, ("default",), settings=Settings(cors=cors))
    answer = ask(running.port, "GET", "/v2/models", {"X-API-Key": PRO, "Origin": origin})
    assert answer.status == status
    assert answer.header("access-control-allow-origin") == (origin if status == 200 else None)
    preflight = ask(running.port, "OPTIONS", "/v2/models", {**PREFLIGHT, "Origin": origin})
    assert preflight.status == (204 if status == 200 else 403)
    emulated.close()


def test_a_page_that_the_option_names_may_use_any_name_of_the_server(running: Running) -> None:
    emulated = Emulated(running, ("default",), settings=Settings(cors=("http://front:3000",)))
    for origin, status in (("http://front:3000", 200), (PAGE, 403)):
        headers = {"X-API-Key": PRO, "Origin": origin, "Host": "emulator:8484"}
        assert ask(running.port, "GET", "/v2/models", headers).status == status
    emulated.close()


def test_with_cors_off_the_servers_own_page_still_calls_and_the_hint_says_why_others_do_not(running: Running) -> None:
    emulated = Emulated(running, ("default",), settings=Settings(cors=("off",)))
    own = ask(running.port, "GET", "/v2/models", {"X-API-Key": PRO, "Origin": "http://localhost:8484"})
    assert (own.status, own.header("access-control-allow-origin")) == (200, None)
    other = ask(running.port, "GET", "/v2/models", {"X-API-Key": PRO})
    assert other.header("x-emulator-hint") == (
        f"--cors off keeps every page out; start with --cors {PAGE} instead to let this one in"
    )
    emulated.close()


def test_hostile_text_in_an_origin_is_no_part_of_the_advice(emulator: Emulated) -> None:
    for origin in ("https://a.test --cors *", "https://\x9b31m", "https://a.test/\t;rm"):
        answer = ask(emulator.running.port, "GET", "/v2/models", {"Origin": origin})
        assert answer.status == 403
        assert "--cors" not in (answer.header("x-emulator-hint") or "")


def test_pages_reach_each_world_and_never_the_control_api(running: Running, tmp_path: Path) -> None:
    emulated = play(running, tmp_path, SMALL, settings=Settings(cors=("*",)))
    emulated.app.worlds.create("other")
    readable(ask(running.port, "GET", "/once", {**KEY, "X-Emulator-World": "other"}))
    journal = emulated.app.worlds.find("other").state.store.journal
    until(lambda: len(journal))  # an exchange enters it when its response has left
    assert [each.path for each in journal] == ["/once"]
    for method in ("GET", "OPTIONS"):
        answer = ask(running.port, method, "/_emulator/exchanges", PREFLIGHT)
        assert answer.status == 403
        assert [name for name, _ in answer.headers if name.startswith("access-control")] == []
    emulated.close()


@pytest.mark.one_worker("it creates a world without the control API")
@pytest.mark.finding("I5")
def test_a_preflight_is_granted_for_a_host_that_another_world_emulates(running: Running, tmp_path: Path) -> None:
    play(running, tmp_path, SMALL, "hosts: [api.small.test]").close()
    emulated = Emulated(running, ("default",))

    def asked(method: str, host: str, more: Mapping[str, str]) -> Answer:
        return ask(running.port, method, "/once", {"Host": host, **more})

    async def create() -> None:
        emulated.app.worlds.create("other", scenarios=[str(tmp_path / "story.yaml")])

    try:
        assert asked("OPTIONS", "api.small.test", PREFLIGHT).status == 403
        running.call(create())
        granted = asked("OPTIONS", "api.small.test", PREFLIGHT)
        assert (granted.status, granted.header("access-control-allow-origin")) == (204, PAGE)
        readable(asked("GET", "api.small.test", {**KEY, "X-Emulator-World": "other"}))
        assert asked("OPTIONS", "evil.test", PREFLIGHT).status == 403
        assert asked("OPTIONS", "localhost:8484", PREFLIGHT).status == 204
        running.call(emulated.app.worlds.delete("other"))
        assert asked("OPTIONS", "api.small.test", PREFLIGHT).status == 403, "no world emulates that host any more"
    finally:
        emulated.close()
