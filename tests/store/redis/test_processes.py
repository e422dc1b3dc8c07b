"""Two processes on one store are one emulator: what they admit, find, play, send and tell adds up exactly."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from emulator.store.redis.server import RedisServer
from tests import loopback
from tests.apis.aiexport_calls import FREE, HAIKU, PRO, asking
from tests.process import Serving
from tests.receiver import receiving
from tests.redis_server import Server
from tests.store.redis.conftest import Start
from tests.waiting import PATIENCE, until
from tests.wire import Wire, request

pytestmark = pytest.mark.slow
CLIENTS = 12
LEASE = 5_000  # milliseconds after which another process may move the clock
ENDLESS = -1  # what Redis says of a key that has no end
LONG = "word " * 9_000  # of which a free plan has a dozen a day


def ask(client: httpx.Client, key: str = FREE, **more: Any) -> httpx.Response | None:
    """A message's response; None when the connection was lost."""
    try:
        return client.post("/v2/messages", json=asking(model=HAIKU, **more), headers={"X-API-Key": key})
    except httpx.TransportError:
        return None


def flood(processes: list[Serving], requests: int, **more: Any) -> list[httpx.Response | None]:
    """Many clients ask all processes by turns."""

    def one(number: int) -> list[httpx.Response | None]:
        with loopback.Client(base_url=processes[number % len(processes)].origin, timeout=PATIENCE) as client:
            return [ask(client, **more) for _ in range(requests // CLIENTS)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [response for responses in pool.map(one, range(CLIENTS)) for response in responses]


def statuses(responses: list[httpx.Response | None]) -> Counter[int]:
    return Counter(0 if response is None else response.status_code for response in responses)


def control(process: Serving, method: str, path: str, body: Any = None) -> Any:
    """What the control API answers."""
    response = process.client.request(method, f"/_emulator{path}", json=body, timeout=PATIENCE)
    assert response.is_success, response.text
    return response.json() if response.content else None


def quiet_control(process: Serving, method: str, path: str, body: Any) -> None:
    """Asks the control API of a process that may end meanwhile."""
    with suppress(httpx.TransportError):
        process.client.request(method, f"/_emulator{path}", json=body, timeout=PATIENCE)


@contextmanager
def silent() -> Iterator[tuple[str, list[str]]]:
    """A receiver that says nothing to the first webhook, and the ids of the messages that it got."""
    taken: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.headers["webhook-id"])
            self.rfile.read(int(self.headers["Content-Length"]))
            if len(taken) == 1:
                with suppress(OSError):
                    self.rfile.read(1)  # until the sender is gone
                return
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def journal(process: Serving) -> list[dict[str, Any]]:
    exchanges: list[dict[str, Any]] = control(process, "GET", "/exchanges")["exchanges"]
    return exchanges


def test_a_limit_of_60_a_minute_lets_60_through(start: Start) -> None:
    processes = [start("--clock", "frozen"), start("--clock", "frozen")]
    assert statuses(flood(processes, 240)) == {200: 60, 429: 180}
    numbers = [[each["number"] for each in journal(process)] for process in processes]
    assert numbers[0] == numbers[1]
    assert len(set(numbers[0])) == 240
    control(processes[1], "POST", "/clock", {"advance": "61s"})
    assert statuses(flood(processes, 120)) == {200: 60, 429: 60}


def test_a_limit_of_60_a_minute_lets_60_through_when_requests_come_whole(start: Start) -> None:
    processes = [start("--clock", "frozen"), start("--clock", "frozen")]
    headers = [("x-api-key", FREE), ("content-type", "application/json")]
    whole = request("POST", "/v2/messages", headers, json.dumps(asking(model=HAIKU)).encode())

    def one(number: int) -> list[int]:
        with Wire(processes[number % 2].port) as wire:
            answers = []
            for _ in range(20):
                wire.send(whole)
                answers.append(wire.answer().status)
            return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        answered = Counter(status for statuses in pool.map(one, range(CLIENTS)) for status in statuses)
    assert answered == {200: 60, 429: 180}
    numbers = [[each["number"] for each in journal(process)] for process in processes]
    assert numbers[0] == numbers[1]
    assert len(set(numbers[0])) == 240


def test_tokens_of_a_day_are_counted_as_in_one_process(start: Start, tmp_path: Path) -> None:
    with Serving(tmp_path, "--clock", "frozen") as one:
        expected = statuses(flood([one], 24, content=LONG))
    assert expected[429]
    assert statuses(flood([start("--clock", "frozen"), start()], 24, content=LONG)) == expected


def test_windows_of_a_fast_clock_let_60_through_each(start: Start) -> None:
    processes = [start("--clock", "x50"), start("--clock", "x50")]
    responses = [each for each in flood(processes, 1_800) if each is not None]
    admitted = Counter(each.headers["x-ratelimit-reset"] for each in responses if each.status_code == 200)
    assert len(responses) == 1_800
    assert max(admitted.values()) == 60


def test_a_process_that_is_killed_takes_nothing_from_the_limit_and_gives_nothing_to_it(start: Start) -> None:
    one, other = start("--clock", "frozen"), start("--clock", "frozen")
    with ThreadPoolExecutor(1) as pool:
        flooding = pool.submit(flood, [one, other], 96)
        until(lambda: len(journal(other)) >= 10)
        one.process.send_signal(signal.SIGKILL)
        seen = statuses(flooding.result())
    seen += statuses(flood([other], 96))
    admitted = [each for each in journal(other) if each["status"] == 200]
    assert len(admitted) == 60
    assert seen[200] <= 60


def batch_of(process: Serving, **more: Any) -> str:
    """The id of a batch that was started there."""
    body = {"requests": [asking()], **more}
    response = process.client.post("/v2/batch", json=body, headers={"X-API-Key": PRO})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def batch_status(process: Serving, id: str) -> str:
    return str(process.client.get(f"/v2/batch/{id}", headers={"X-API-Key": PRO}).json()["status"])


def test_what_one_process_begins_is_found_by_the_other_and_a_day_passes_everywhere(start: Start) -> None:
    one, other = start("--clock", "frozen"), start()
    with receiving() as receiver:
        batches = [batch_of(process, webhook_url=receiver.url) for process in (one, other) for _ in range(4)]
        assert {batch_status(other, batch) for batch in batches} == {"queued"}
        control(one, "POST", "/clock", {"advance": "24h"})
        assert len(receiver.got) == 8
        assert {batch_status(process, batch) for process in (one, other) for batch in batches} == {"completed"}
        control(other, "POST", "/clock", {"advance": "24h"})
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got) == 8
    clocks = [control(process, "GET", "/clock") for process in (one, other)]
    assert clocks[0] == clocks[1]
    assert len(control(other, "GET", "/webhooks")["webhooks"]) == 8


def test_a_response_that_one_process_has_just_begun_ends_when_the_other_moves_the_clock(start: Start) -> None:
    one, other = start("--clock", "frozen"), start()
    control(one, "POST", "/faults", {"fault": "latency", "params": "30s"})
    with ThreadPoolExecutor(1) as pool:
        for ended in range(20):
            answering, moving = (one, other) if ended % 2 else (other, one)
            asking = pool.submit(ask, answering.client, PRO)
            wanted = {"count": 1, "when": {"outcome": "open"}, "timeout": "60s"}
            (begun,) = control(moving, "POST", "/exchanges/wait", wanted)["exchanges"]
            control(moving, "POST", "/clock", {"advance": "30s"})
            assert statuses([asking.result(PATIENCE)]) == {200: 1}
            until(partial(has_ended, moving, begun["number"]))


def has_ended(process: Serving, number: int) -> bool:
    return any(each["number"] == number and each["outcome"] == "complete" for each in journal(process))


def test_webhooks_of_a_running_clock_are_sent_once(start: Start) -> None:
    processes = [start("--clock", "x10"), start()]
    with receiving() as receiver:
        for number in range(12):
            batch_of(processes[number % 2], webhook_url=receiver.url)
        until(lambda: len(receiver.got) >= 12)
        control(processes[0], "POST", "/clock", {"advance": "1h"})
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got) == 12


def test_a_process_that_is_killed_while_it_moves_the_clock_keeps_no_other_one_from_moving_it(
    start: Start, server: Server
) -> None:
    one, other = start("--clock", "frozen"), start()
    lock = RedisServer(server.url).keys("default")[5]
    with silent() as (url, taken), ThreadPoolExecutor(1) as pool:
        batch_of(one, webhook_url=url)
        moving = pool.submit(quiet_control, one, "POST", "/clock", {"advance": "10s"})
        until(lambda: taken)
        one.process.send_signal(signal.SIGKILL)
        moving.result()
        # On a slow machine it may have moved the clock before it was killed: then it leaves behind what it would have.
        server.client.set(lock, "killed", px=LEASE, nx=True)
        left = server.client.pttl(lock)
        assert left <= LEASE
        assert left != ENDLESS
        before = control(other, "GET", "/clock")["now"]
        assert control(other, "POST", "/clock", {"advance": "1h"})["now"] >= before + 3_600
    assert not server.client.exists(lock)


def test_a_webhook_of_a_process_that_is_killed_is_sent_by_another(start: Start) -> None:
    one = start("--clock", "frozen")
    with silent() as (url, taken):
        batch_of(one, webhook_url=url)
        with ThreadPoolExecutor(1) as pool:
            moving = pool.submit(quiet_control, one, "POST", "/clock", {"advance": "10s"})
            until(lambda: taken)
            other = start()
            one.process.send_signal(signal.SIGKILL)
            moving.result()
            until(lambda: len(taken) >= 2)
    assert taken[0] == taken[1]
    assert control(other, "GET", "/webhooks")["webhooks"][0]["id"] == taken[0]


def test_a_fault_for_one_request_plays_once_in_all(start: Start) -> None:
    processes = [start("--clock", "frozen"), start()]
    control(processes[1], "POST", "/faults", {"fault": "status", "params": {"status": 503}, "times": 1})
    assert statuses(flood(processes, 48))[503] == 1


def test_the_verdict_and_the_journal_of_one_process_show_what_all_answered(start: Start) -> None:
    one, other = start("--clock", "frozen"), start()
    flood([other], 24)
    assert len(journal(one)) == 24
    assert control(one, "GET", "/verdict")["exchanges"] == control(other, "GET", "/verdict")["exchanges"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(control, one, "POST", "/exchanges/wait", {"count": 36, "timeout": "60s"})
        flood([other, one], 24)
        assert waiting.result()["total"] >= 36
    seen = [[(each["number"], each["status"]) for each in journal(process)] for process in (one, other)]
    assert len(seen[0]) == 48
    assert seen[0] == seen[1]


def test_a_reset_in_one_process_is_a_reset_in_the_other(start: Start) -> None:
    one, other = start("--clock", "frozen"), start()
    control(one, "POST", "/faults", {"fault": "timeout", "times": 1})
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(ask, other.client)
        until(lambda: journal(one))
        before = journal(one)[0]["number"]
        control(one, "POST", "/worlds/default/reset")
        assert hanging.result() is None
    assert ask(other.client) is not None
    numbers = [[each["number"] for each in journal(process)] for process in (one, other)]
    assert numbers == [[before], [before]]


def test_responses_under_way_in_a_process_that_is_killed_count_no_more(start: Start, tmp_path: Path) -> None:
    scenario = tmp_path / "one-at-a-time.yaml"
    scenario.write_text(
        "scenario: one-at-a-time\nextends: default\n"
        "apis: {aiexport: {tiers: {free: {limits: {under_way: 1 at once}}}}}\n"
    )
    one, other = (start("--clock", "frozen", "--scenario", str(scenario)) for _ in range(2))
    control(one, "POST", "/faults", {"fault": "timeout", "times": 1})
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(ask, one.client)
        until(lambda: journal(other))
        assert statuses([ask(other.client)]) == {429: 1}
        one.process.send_signal(signal.SIGKILL)
        assert hanging.result() is None
    until(lambda: statuses([ask(other.client)]) == {200: 1})
    assert journal(other)[0]["outcome"] == "stopped"
