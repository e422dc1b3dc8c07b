"""Requests that are lost before anything is done for them (`done: no`), beside those whose response alone is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import requests

from emulator.engine.accounting import limit_states
from emulator.http.exchange import Exchange
from tests import loopback
from tests.apis.aiexport_calls import HAIKU, PRO, asking
from tests.faults.conftest import drain
from tests.running import Emulated, Running
from tests.small import KEY, play
from tests.waiting import PATIENCE
from tests.wire import Wire, request

# Writes a record, counts, and answers the first two requests differently from the third.
OPERATIONS = """
note:
  route: POST /note
  usage: {asset: note}
  rules:
    - {when: {times: 2}, do: [{put: notes, id: "{{ uuid() }}", record: {}}], reply: {body: {said: early}}}
    - {do: [{put: notes, id: "{{ uuid() }}", record: {}}], reply: {body: {said: late}}}
"""
MORE = "collections: {tokens: {}, notes: {}}"
LOSING = ("reset_peer", "empty_response", "garbage", "timeout; lasts=5s")


@pytest.fixture
def playing(running: Running, tmp_path: Path) -> Iterator[Callable[[str], Emulated]]:
    """`playing(rules)` plays the API that takes notes, with these rules of a scenario before its own."""
    played: list[Emulated] = []

    def start(rules: str = "") -> Emulated:
        folder = tmp_path / str(len(played))
        folder.mkdir()
        played.append(play(running, folder, OPERATIONS, MORE, f"rules: {rules}\n" if rules else ""))
        return played[-1]

    yield start
    for each in played:
        each.close()


def ask(emulated: Emulated, fault: str = "") -> tuple[bytes, str]:
    """Everything that comes of one request, without its date, and how the connection ends."""
    number = len(emulated.journal) + 1
    lines = [*KEY.items(), ("Connection", "close"), *([("X-Emulator-Fault", fault)] if fault else [])]
    with Wire(emulated.running.port) as wire:
        wire.send(request("POST", "/note", lines, b""))
        emulated.entered(number)
        emulated.advance(5)
        return drain(wire)


def done(emulated: Emulated) -> tuple[int, int]:
    """How many notes were taken, and how many calls are charged."""
    service = emulated.app.pipeline.services["small"]
    return len(service.records["notes"]), limit_states(service, "key-of-ann")["calls"]["used"]


def told(exchange: Exchange) -> tuple[bool, int, str, tuple[str, ...]]:
    return exchange.done, exchange.status, exchange.outcome, exchange.faults


@pytest.mark.parametrize("fault", LOSING)
def test_a_request_that_is_lost_before_it_is_done_looks_like_one_that_is_lost_after_it(
    playing: Callable[[str], Emulated], fault: str
) -> None:
    lost = playing("")
    before = ask(lost, f"{fault}; done=no")
    assert done(lost) == (0, 0)
    answered = playing("")
    assert ask(answered, f"{fault}; done=yes") == before
    assert done(answered) == (1, 1)
    name = fault.partition(";")[0]
    assert told(lost.exchanges(1)[0]) == (False, 0, "cut", (name,))
    assert told(answered.exchanges(1)[0]) == (True, 200, "cut", (name,))


def test_a_lost_request_begins_no_window_counts_for_no_rule_and_for_no_statistics(
    playing: Callable[[str], Emulated],
) -> None:
    emulated = playing("[{on: note, when: {times: 3}, fault: {reset_peer: {done: no}}}]")
    for _ in range(3):
        assert ask(emulated) == (b"", "reset")
    service = emulated.app.pipeline.services["small"]
    window = service.state.store.windows.peek("small/key-of-ann/calls", 60, emulated.clock.now())
    assert window is None
    assert list(service.state.store.usage.buckets("small", "note")) == []
    said = [json.loads(ask(emulated)[0].partition(b"\r\n\r\n")[2])["said"] for _ in range(3)]
    assert said == ["early", "early", "late"]


def test_counters_of_rules_count_a_request_once_whether_it_is_lost_or_not(playing: Callable[[str], Emulated]) -> None:
    emulated = playing(
        "[{on: note, when: {nth: 3}, fault: {status: 503}},"
        " {on: note, when: {nth: 2}, fault: [{latency: 1s}, {reset_peer: {done: no}}]}]"
    )
    ends = [ask(emulated)[0][9:12] for _ in range(4)]
    assert ends == [b"200", b"", b"503", b"200"]
    assert told(emulated.exchanges(4)[1]) == (False, 0, "cut", ("latency", "reset_peer"))


def test_a_rule_that_answers_keeps_a_later_one_from_losing_the_request(playing: Callable[[str], Emulated]) -> None:
    emulated = playing(
        "[{on: note, when: {times: 1}, reply: {body: 1}}, {on: note, fault: {empty_response: {done: no}}}]"
    )
    assert ask(emulated)[0].endswith(b"1")
    assert ask(emulated) == (b"", "closed")


def test_a_lost_request_never_comes_to_the_limit_that_would_refuse_it(playing: Callable[[str], Emulated]) -> None:
    emulated = playing("[{on: note, when: {nth: 2}, fault: {reset_peer: {done: no}}}]")
    emulated.app.pipeline.services["small"].set_tier("key-of-ann", "tight")
    assert [ask(emulated)[0][9:12] for _ in range(4)] == [b"200", b"", b"200", b"429"]


def test_an_armed_fault_loses_as_many_requests_as_it_is_told_to(playing: Callable[[str], Emulated]) -> None:
    emulated = playing("")
    emulated.app.state.armed.arm({"fault": "garbage", "params": {"bytes": 9, "done": False}, "times": 1})
    assert ask(emulated)[0].startswith(b"\xff")
    assert done(emulated) == (0, 0)
    assert ask(emulated)[0].startswith(b"HTTP/1.1 200")
    assert emulated.app.state.armed.list()[0].played == 1


def test_chance_decides_from_the_seed_whether_a_request_is_done(playing: Callable[[str], Emulated]) -> None:
    draws = []
    for _ in range(2):
        emulated = playing("[{on: note, fault: {reset_peer: {done: random}}}]")
        assert {ask(emulated) for _ in range(8)} == {(b"", "reset")}
        draws.append([each.done for each in emulated.exchanges(8)])
        assert done(emulated) == (sum(draws[-1]), draws[-1].count(True))
    assert draws[0] == draws[1]
    assert set(draws[0]) == {True, False}


def test_an_armed_fault_is_asked_once_for_each_request_that_chance_decides_on(
    playing: Callable[[str], Emulated],
) -> None:
    emulated = playing("")
    emulated.app.state.armed.arm({"fault": "reset_peer", "params": {"done": "random"}, "times": 6})
    ends = [ask(emulated)[1] for _ in range(7)]
    assert ends == ["reset"] * 6 + ["closed"]
    assert {each.done for each in emulated.exchanges(7)[:6]} == {True, False}


def test_a_request_that_is_refused_is_not_lost(playing: Callable[[str], Emulated]) -> None:
    emulated = playing("")
    with Wire(emulated.running.port) as wire:
        lines = [("X-Key", "key-that-was-revoked"), ("X-Emulator-Fault", "reset_peer; done=no")]
        assert wire.ask("POST", "/note", lines, b"").status == 403
    assert emulated.exchanges(1)[0].done


def with_httpx(url: str, headers: dict[str, str], body: bytes) -> str:
    try:
        return str(loopback.post(url, headers=headers, content=body, timeout=PATIENCE).status_code)
    except httpx.HTTPError as error:
        return type(error).__name__


def with_requests(url: str, headers: dict[str, str], body: bytes) -> str:
    with requests.Session() as session:
        session.trust_env = False
        try:
            return str(session.post(url, headers=headers, data=body, timeout=PATIENCE).status_code)
        except requests.RequestException as error:
            return type(error).__name__


def with_urllib(url: str, headers: dict[str, str], body: bytes) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, body, headers), timeout=PATIENCE) as answer:
            return str(answer.status)
    except (OSError, urllib.error.URLError, ValueError) as error:
        return type(error).__name__
    except Exception as error:  # http.client's own errors: garbage is one
        return type(error).__name__


FETCH = """
const [url, headers, body] = JSON.parse(process.argv[1]);
try {
  console.log((await fetch(url, {method: "POST", headers, body})).status);
} catch (error) {
  console.log(error.name + ": " + (error.cause?.code == "ECONNRESET" ? "UND_ERR_SOCKET" : error.cause?.code));
}
"""


def with_fetch(url: str, headers: dict[str, str], body: bytes) -> str:
    given = json.dumps([url, headers, body.decode()])
    command = ["node", "--input-type=module", "-e", FETCH, given]
    return subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE, text=True).stdout.strip()


CLIENTS = {"httpx": with_httpx, "requests": with_requests, "urllib": with_urllib, "fetch": with_fetch}


@pytest.mark.slow
@pytest.mark.parametrize("fault", LOSING[:3])
@pytest.mark.parametrize("client", CLIENTS)
def test_no_client_can_tell_and_the_list_of_batches_can(aiexport: Emulated, client: str, fault: str) -> None:
    if client == "fetch" and shutil.which("node") is None:
        pytest.skip("node is not installed")
    url, body = f"{aiexport.origin}/v2/batch", json.dumps({"requests": [asking(model=HAIKU)]}).encode()
    key = {"X-API-Key": PRO}
    seen, batches = [], []
    for how in ("yes", "no"):
        headers = {**key, "Content-Type": "application/json", "X-Emulator-Fault": f"{fault}; done={how}"}
        seen.append(CLIENTS[client](url, headers, body))
        batches.append(len(loopback.get(url, headers=key).json()["data"]))
    assert seen[0] == seen[1]
    assert not seen[0].isdecimal()
    assert batches == [1, 1]


@pytest.fixture
def aiexport(running: Running) -> Iterator[Emulated]:
    emulated = Emulated(running, ("default",))
    yield emulated
    emulated.close()
