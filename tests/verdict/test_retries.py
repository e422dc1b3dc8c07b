"""Retries: too early, of what must not be retried, without a back-off, and in storms."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.dates import http_date
from emulator.http.request import Peer
from tests import loopback
from tests.apis.aiexport_calls import FREE, HAIKU, OPUS, asking, caller
from tests.apis.aixplain_calls import AGENT
from tests.apis.aixplain_calls import caller as other_caller
from tests.running import Emulated
from tests.verdict.conftest import START, Seen, Story, look_in_vain, numbers, verdict

OVERLOADED = "rules: [{on: aiexport/messages.create, when: {times: 2}, reply: {error: overloaded}}]"
FAILING = "rules: [{on: aiexport/messages.create, when: {times: %d}, reply: {error: internal}}]"


def test_a_retry_before_retry_after_is_told_with_both_times(story: Story) -> None:
    emulated = story(OVERLOADED)
    client = caller(emulated)
    for pause in (2, 31):
        assert client.post("/messages", json=asking()).status_code == 503
        emulated.advance(pause)
    assert client.post("/messages", json=asking()).status_code == 200
    found = verdict(emulated, 3)
    assert list(found) == ["retried_too_early"]
    assert found["retried_too_early"].exchanges == (1, 2)
    assert found["retried_too_early"].wanted == "30 s or more"
    assert found["retried_too_early"].found == "2 s"
    assert "503 with Retry-After: 30 in exchange 1" in found["retried_too_early"].message


def test_a_limit_that_is_waited_for_is_right(story: Story) -> None:
    emulated = story("apis: {aiexport: {tiers: {pro: {limits: {requests: 1/minute}}}}}")
    client = caller(emulated)
    emulated.advance(0.7)
    assert client.post("/messages", json=asking()).status_code == 200
    refused = client.post("/messages", json=asking())
    # The window's end, as X-RateLimit-Reset says it, which is a little before Retry-After has passed.
    emulated.advance(int(refused.headers["x-ratelimit-reset"]) - START - 0.7)
    assert client.post("/messages", json=asking()).status_code == 200
    assert verdict(emulated, 3) == {}


def test_another_request_meanwhile_is_no_retry(story: Story) -> None:
    emulated = story(OVERLOADED)
    client = caller(emulated)
    client.post("/messages", json=asking("one"))
    emulated.advance(1)
    client.post("/messages", json=asking("two"))
    assert verdict(emulated, 2) == {}


def test_a_retry_at_once_is_told_though_the_clock_stands_still(story: Story) -> None:
    emulated = story(OVERLOADED)
    client = caller(emulated)
    for _ in range(3):
        client.post("/messages", json=asking())
    assert verdict(emulated, 3, real=True)["retried_too_early"].exchanges == numbers(emulated, 3)


def test_who_really_waits_while_the_clock_stands_still_or_crawls_is_right(seen: Seen) -> None:
    for number in range(4):
        seen.add(number * 0.001, 503, retry_after="30", real=100.0 + 31 * number)
    seen.add(0.005, real=300.0)
    assert seen.found() == {}


def test_what_is_not_known_of_a_wait_is_not_judged(seen: Seen) -> None:
    seen.fail(0, 0, 0, 0, status=503, retry_after="30")
    seen.fail(9, 9, 9, 9, 9, body="other")
    assert seen.found() == {}


def test_a_date_in_retry_after_is_heeded(seen: Seen) -> None:
    seen.add(0, 503, retry_after=http_date(START + 10).decode())
    seen.add(9, 503, retry_after="soon")
    assert seen.found()["retried_too_early"].found == "9 s"
    seen.exchanges[1].at = START + 10
    assert seen.found() == {}


def test_what_is_wrong_in_itself_must_not_be_retried_even_on_a_clock_that_stands(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    for _ in range(3):
        assert client.post("/messages", json=asking(temperature=7)).status_code == 400
    found = verdict(emulated, 3)["retried_what_must_not_be_retried"]
    assert found.exchanges == numbers(emulated, 3)
    assert found.found == "3 times 400"


def test_what_succeeds_in_the_end_was_worth_a_retry(seen: Seen) -> None:
    seen.add(0, 403)  # somebody raises the plan
    seen.add(5, 200)
    assert seen.found() == {}


def test_looking_again_for_what_is_not_there_yet_is_right(story: Story) -> None:
    emulated = story("")
    look_in_vain(emulated, "/batch/batch_1/results", times=4)
    assert verdict(emulated, 4) == {}


def test_the_same_mistake_an_hour_later_is_no_retry(seen: Seen) -> None:
    seen.fail(0, 3_600, status=400)
    assert seen.found() == {}


def test_an_api_says_which_of_its_own_statuses_may_be_retried(story: Story) -> None:
    for kind, found in (("validation", ["retried_what_must_not_be_retried"]), ("supplier", [])):
        emulated = story(f"rules: [{{on: aixplain/agents.run, reply: {{error: {kind}}}}}]")
        client = other_caller(emulated)
        for _ in range(2):
            client.post(f"/v2/agents/{AGENT}/run", json={"query": "Hello"})
            emulated.advance(5)
        assert list(verdict(emulated, 2)) == found


@pytest.mark.parametrize("pauses", [(0.001, 0.002, 0.001), (0.4, 0.4, 0.4, 0.4), (0.5, 0.45, 0.5, 0.55, 0.5)])
def test_retries_without_a_back_off_are_told_with_their_pauses(seen: Seen, pauses: tuple[float, ...]) -> None:
    seen.fail(*accumulate(pauses, initial=0.0))
    found = seen.found()
    assert list(found) == ["no_back_off"]
    assert found["no_back_off"].severity == "warning"
    assert found["no_back_off"].wanted == "pauses that grow"
    assert found["no_back_off"].found.startswith(f"{pauses[0] * 1000:g} ms, ")


@pytest.mark.parametrize(
    "pauses",
    [
        (0.001, 0.002),  # too few to tell
        (0.001, 0.002, 0.004, 0.008),  # a back-off with a short unit
        (0.0001, 0.2, 0.4, 0.8),  # the first at once, as urllib3 does
        (1.0, 1.0, 1.0, 1.0, 1.0),  # patient, if not growing
        (0.3, 0.1, 0.9, 0.2, 3.0),  # full jitter
    ],
)
def test_a_back_off_of_any_kind_is_right(seen: Seen, pauses: tuple[float, ...]) -> None:
    seen.fail(*accumulate(pauses, initial=0.0), status=502)
    assert seen.found() == {}


def test_workers_that_fail_with_the_same_request_at_once_do_not_retry(story: Story) -> None:
    emulated = story(FAILING % 30)
    emulated.clock.run()
    gate = threading.Barrier(6)

    def work() -> None:
        client = caller(emulated)
        gate.wait()
        client.post("/messages", json=asking())

    with ThreadPoolExecutor(6) as pool:
        for each in [pool.submit(work) for _ in range(6)]:
            each.result()
    assert verdict(emulated, 6) == {}


LIMITED = "rules: [{on: aiexport/messages.create, when: {times: 30}, fault: {status: {status: 429, retry_after: 30s}}}]"


@pytest.mark.one_worker("a process does not know when connections to another one are closed")
@pytest.mark.finding("L4")
@pytest.mark.parametrize("runs", [True, False], ids=["running", "frozen"])
def test_a_client_that_opens_a_connection_for_each_retry_is_found(story: Story, runs: bool) -> None:
    emulated = story(LIMITED)
    if runs:
        emulated.clock.run()
    for _ in range(6):
        answer = loopback.post(f"{emulated.origin}/v2/messages", json=asking(model=HAIKU), headers={"X-API-Key": FREE})
        assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
    found = verdict(emulated, 6, real=True)
    assert list(found) == ["retried_too_early"]
    assert "5 times in all" in found["retried_too_early"].message


@pytest.mark.finding("L4")
def test_workers_that_are_limited_at_once_do_not_retry(story: Story) -> None:
    emulated = story(LIMITED)
    sockets = [socket.create_connection(("127.0.0.1", int(emulated.origin.rpartition(":")[2]))) for _ in range(6)]
    body = json.dumps(asking(model=HAIKU)).encode()
    head = f"POST /v2/messages HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {FREE}\r\nContent-Length: {len(body)}\r\n\r\n"
    for each in sockets:
        each.sendall(head.encode() + body)
        assert each.recv(65_536).startswith(b"HTTP/1.1 429")
    for each in sockets:
        each.close()
    assert verdict(emulated, 6) == {}


def test_a_client_that_retries_at_once_over_one_connection_is_found_on_a_running_clock(story: Story) -> None:
    emulated = story(FAILING % 30)
    emulated.clock.run()
    client = caller(emulated)
    for _ in range(6):
        client.post("/messages", json=asking())
    assert list(verdict(emulated, 6, quick=5.0)) == ["no_back_off"]  # a loaded machine may be slow


def test_tests_that_send_one_request_each_and_fail_make_no_retry(story: Story) -> None:
    emulated = story(FAILING % 30)
    emulated.clock.run()
    for _ in range(5):
        with loopback.Client(base_url=f"{emulated.origin}/v2", headers={"X-API-Key": FREE}) as client:
            client.post("/messages", json=asking(model=HAIKU))
    assert verdict(emulated, 5) == {}


def test_a_storm_is_told_as_one_and_not_as_a_missing_back_off(story: Story) -> None:
    emulated = story(FAILING % 99)
    client = caller(emulated)
    for _ in range(25):
        client.post("/messages", json=asking())
        emulated.advance(0.01)
    found = verdict(emulated, 25)
    assert list(found) == ["retry_storm"]
    assert found["retry_storm"].count == 25
    assert len(found["retry_storm"].exchanges) == 20
    assert found["retry_storm"].found.startswith("25 in ")


def test_many_patient_attempts_are_no_storm(seen: Seen) -> None:
    seen.fail(*range(0, 120, 2))
    assert seen.found() == {}


def test_the_bounds_can_be_set(seen: Seen) -> None:
    seen.fail(0, 1, 2, 3)
    assert list(seen.found(storm=4)) == ["retry_storm"]


def test_a_model_that_is_refused_again_and_again_is_told_once_for_each_mistake(story: Story) -> None:
    emulated = story("")
    client = caller(emulated, FREE)
    for _ in range(2):
        assert client.post("/messages", json=asking(model=OPUS)).status_code == 403
    assert sorted(verdict(emulated, 2)) == ["model_forbidden_by_plan", "retried_what_must_not_be_retried"]


@given(
    refusals=st.lists(st.sampled_from([429, 500, 502, 503, 504]), max_size=8),
    names=st.lists(st.sampled_from([None, "0", "1", "7", "60"]), min_size=8, max_size=8),
    unit=st.sampled_from([0.01, 0.1, 0.5, 1.0]),
    start=st.floats(0, 1),
    late=st.floats(0, 0.2),
    reconnects=st.booleans(),
    polls=st.integers(0, 12),
    pause=st.floats(0.4, 5),
)
def test_a_client_that_behaves_is_never_found(
    refusals: list[int],
    names: list[str | None],
    unit: float,
    start: float,
    late: float,
    reconnects: bool,
    polls: int,
    pause: float,
) -> None:
    seen, at = Seen(), start
    for attempt, status in enumerate([*refusals, 200]):
        name = names[attempt] if attempt < len(refusals) else None
        seen.add(at, status, retry_after=name, peer=("127.0.0.1", attempt if reconnects else 1))
        at += unit * 2**attempt if name is None else int(name) + late
    seen.add(at, 202, operation="batch.create", target="POST /v2/batch", reply={"id": "batch_7"})
    states = ["in_progress"] * polls + ["completed"]
    for number, state in enumerate(states):
        at += pause * (1.1 if number % 2 else 0.9)
        seen.add(at, operation="batch.get", target="GET /v2/batch/batch_7", reply={"status": state})
    assert seen.found() == {}


def test_a_client_that_behaves_is_never_found_on_the_wire(story: Story) -> None:
    emulated: Emulated = story(OVERLOADED)
    client = caller(emulated)
    while (response := client.post("/messages", json=asking())).status_code != 200:
        emulated.advance(float(response.headers["retry-after"]))
    assert verdict(emulated, 3) == {}


@pytest.mark.finding("L4")
@pytest.mark.parametrize(("leaves", "finds"), [(True, ["retried_too_early"]), (False, [])], ids=["closed", "kept"])
def test_a_connection_shows_a_retry_when_the_one_before_is_closed(leaves: bool, finds: list[str]) -> None:
    # A busy server accepts a connection only after it has answered on another one that was opened as early.
    seen = Seen()
    for number in range(4):
        peer = Peer(("127.0.0.1", 40_000 + number))
        peer.opened = start = 1.0 + number / 1000  # seconds
        if leaves:
            peer.closed = start + 0.0005
        seen.add(0.0, 429, retry_after="30", peer=peer, real=start + 0.0002, real_took=0.0001)
    assert list(seen.found()) == finds


@pytest.mark.parametrize(("done", "found"), [("yes", ["repeated_what_was_done"]), ("no", [])])
def test_a_post_that_was_done_is_not_to_be_sent_again_blindly(story: Story, done: str, found: list[str]) -> None:
    emulated = story(f"rules: [{{on: messages.create, when: {{times: 1}}, fault: {{reset_peer: {{done: {done}}}}}}}]")
    with pytest.raises(httpx.ReadError):
        caller(emulated).post("/messages", json=asking())
    emulated.advance(2)
    caller(emulated).post("/messages", json=asking())
    assert list(verdict(emulated, 2)) == found


def test_an_idempotency_key_makes_it_safe_to_send_what_was_done_again(seen: Seen) -> None:
    for at, outcome in ((0, "cut"), (2, "complete")):
        seen.add(at, outcome=outcome, headers=[(b"idempotency-key", b"one")])
    assert seen.found() == {}


def test_a_stream_of_which_events_arrived_may_be_asked_for_again(seen: Seen) -> None:
    seen.add(0, outcome="cut", sent_events=3, sent_bytes=90)
    seen.add(2)
    assert seen.found() == {}
