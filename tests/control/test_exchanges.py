"""Exchanges are found, waited for and forgotten over HTTP."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from tests.apis.aiexport_calls import HAIKU, PRO, asking, caller
from tests.running import Emulated
from tests.waiting import PATIENCE


def test_an_exchange_is_told_whole_and_its_key_is_masked(emulator: Emulated, control: httpx.Client) -> None:
    reply = caller(emulator).post("/messages", json=asking("Hi"), params={"a": "1"})
    emulator.exchanges(1)
    (told,) = control.get("/exchanges").json()["exchanges"]
    assert (told["api"], told["operation"], told["method"], told["path"]) == (
        "aiexport",
        "messages.create",
        "POST",
        "/v2/messages",
    )
    assert (told["status"], told["outcome"], told["query"]) == (200, "complete", {"a": "1"})
    assert told["body"] == asking("Hi")
    assert told["reply_body"] == reply.json()
    assert told["key"] == "axp_********_pro"
    assert PRO not in control.get("/exchanges").text


@pytest.mark.one_worker("several processes leave some numbers out")
def test_exchanges_are_filtered_by_query_and_by_when(emulator: Emulated, control: httpx.Client) -> None:
    client = caller(emulator)
    client.post("/messages", json=asking())
    client.post("/messages", json=asking(model=HAIKU))
    client.post("/messages", json={})
    client.get("/models")
    emulator.exchanges(4)

    def numbers(answer: httpx.Response) -> list[int]:
        assert answer.status_code == 200, answer.text
        return [each["number"] for each in answer.json()["exchanges"]]

    assert numbers(control.get("/exchanges?operation=messages.create")) == [1, 2, 3]
    assert numbers(control.get("/exchanges?operation=messages.create&last=1")) == [3]
    assert numbers(control.get("/exchanges?status=200&api=aiexport")) == [1, 2, 4]
    when: dict[str, Any] = {"body.model": HAIKU}
    assert numbers(control.post("/exchanges/query", json={"when": when})) == [2]
    when = {"status": {"gte": 400}, "operation": "messages.create", "outcome": "complete"}
    assert numbers(control.post("/exchanges/query", json={"when": when, "last": 5})) == [3]
    assert numbers(control.post("/exchanges/query", json={})) == [1, 2, 3, 4]


def test_it_waits_until_there_are_enough(emulator: Emulated, control: httpx.Client) -> None:
    answers: list[httpx.Response] = []
    order = {"count": 2, "when": {"operation": "messages.create"}, "timeout": "120s"}
    asked = threading.Thread(target=lambda: answers.append(control.post("/exchanges/wait", json=order)))
    asked.start()
    for _ in range(2):
        caller(emulator).post("/messages", json=asking())
    asked.join(PATIENCE)
    assert len(answers[0].json()["exchanges"]) == 2


def test_waiting_in_vain_is_408_and_says_what_was_there(emulator: Emulated, control: httpx.Client) -> None:
    caller(emulator).get("/models")
    emulator.exchanges(1)
    order = {"when": {"operation": "messages.create"}, "timeout": 0}
    answer = control.post("/exchanges/wait", json=order)
    assert answer.status_code == 408
    assert "there were 0 of 1" in answer.json()["error"]["message"]


def test_who_waits_in_a_world_that_ends_is_told(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/worlds/short", json={}).raise_for_status()
    answers: list[httpx.Response] = []
    at = {"X-Emulator-World": "short"}
    order = {"timeout": "120s"}
    asked = threading.Thread(target=lambda: answers.append(control.post("/exchanges/wait", json=order, headers=at)))
    asked.start()
    while not emulator.attending("short"):
        asked.join(0.01)
    control.delete("/worlds/short").raise_for_status()
    asked.join(PATIENCE)
    assert answers[0].status_code == 409


@pytest.mark.parametrize(
    ("path", "order", "message"),
    [
        ("query", {"when": {"body.model": {"equls": 1}}}, "body.when.body.model: "),
        ("query", {"when": {"operatoin": "x"}}, "body.when.operatoin: "),
        ("query", {"when": {"after": "1m"}}, "body.when.after: `after` belongs to rules; "),
        ("wait", {"when": {"probability": 0.5}}, "body.when.probability: `probability` belongs to rules; "),
        ("query", {"when": {"operation": "messages.crate"}}, "body.when.operation: no operation 'messages.crate'; "),
        ("wait", {"when": {"operation": ["messages.create", "x"]}}, "body.when.operation: no operation 'x'; "),
        ("wait", {"when": {"api": "aiexprot"}}, "body.when.api: no API 'aiexprot'; "),
        ("query", {"when": {"api": ["aiexport", "x"]}}, "body.when.api: no API 'x'; "),
        ("query", {"when": []}, "body.when: expected an object; found a list"),
        ("query", {"last": 0}, "body.last: expected a whole number from 1"),
        ("wait", {"count": 0}, "body.count: expected a whole number from 1"),
        ("wait", {"timeout": "1h"}, "body.timeout: expected at most 600 s; found '1h'"),
        ("wait", {"timeout": -1}, "body.timeout: expected a number between 0"),
        ("wait", {"timout": "1s"}, "body: unknown key 'timout'; expected one of: count, when, timeout; did you mean"),
    ],
)
def test_a_wrong_question_is_refused(control: httpx.Client, path: str, order: Any, message: str) -> None:
    answer = control.post(f"/exchanges/{path}", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)


def test_an_unknown_operation_is_refused_with_the_nearest(control: httpx.Client) -> None:
    answer = control.get("/exchanges?operation=messages.crate")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith("did you mean 'messages.create'?")


@pytest.mark.parametrize(
    "when",
    [
        {"operation": "messages.crate"},
        {"operation": ["messages.crate"]},
    ],
)
@pytest.mark.parametrize("path", ["query", "wait"])
def test_an_unknown_operation_of_a_question_is_refused_with_the_nearest(
    control: httpx.Client, path: str, when: Any
) -> None:
    answer = control.post(f"/exchanges/{path}", json={"when": when})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith("did you mean 'messages.create'?")


def test_what_was_asked_of_no_operation_can_be_asked_for(emulator: Emulated, control: httpx.Client) -> None:
    caller(emulator).get("/nowhere")
    emulator.exchanges(1)
    for wanted in ("", ["", "messages.create"], {"matches": "^$"}, "{{ '' }}"):
        answer = control.post("/exchanges/query", json={"when": {"operation": wanted}})
        assert [each["path"] for each in answer.json()["exchanges"]] == ["/v2/nowhere"]


def test_exchanges_are_forgotten(emulator: Emulated, control: httpx.Client) -> None:
    caller(emulator).get("/models")
    emulator.exchanges(1)
    assert control.delete("/exchanges").json() == {"cleared": 1}
    assert control.get("/exchanges").json() == {"exchanges": [], "total": 0, "dropped": 0, "next": 0}


@pytest.mark.one_worker("several processes leave some numbers out")
def test_whoever_accepts_lines_gets_one_exchange_a_line_and_the_rest_in_headers(
    emulator: Emulated, control: httpx.Client
) -> None:
    client = caller(emulator)
    for number in range(5):
        client.post("/messages", json=asking(f"Question {number}"))
    emulator.exchanges(5)
    lines = {"Accept": "application/x-ndjson"}
    first = control.get("/exchanges?limit=2", headers=lines)
    assert first.headers["Content-Type"] == "application/x-ndjson"
    assert first.text.endswith("}\n")
    page = control.get("/exchanges?limit=2").json()
    assert [json.loads(line) for line in first.text.splitlines()] == page["exchanges"]
    about = {name: int(first.headers[f"X-Emulator-{name}"]) for name in ("total", "dropped", "next")}
    assert about == {name: page[name] for name in about} == {"total": 5, "dropped": 0, "next": 2}
    rest = control.get(f"/exchanges?after={about['next']}", headers=lines)
    assert [json.loads(line)["number"] for line in rest.text.splitlines()] == [3, 4, 5]
    assert control.get("/exchanges?after=5", headers=lines).content == b""
    assert control.head("/exchanges", headers=lines).headers["X-Emulator-Total"] == "5"
    assert control.get("/exchanges?limit=0", headers=lines).json()["error"]["message"].startswith("query.limit")


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/x-ndjson;q=0, */*"])
def test_whoever_does_not_accept_lines_gets_one_object(control: httpx.Client, accept: str) -> None:
    assert control.get("/exchanges", headers={"Accept": accept}).json()["exchanges"] == []


@pytest.mark.one_worker("several processes leave some numbers out")
def test_long_lines_come_in_several_chunks(emulator: Emulated, control: httpx.Client) -> None:
    client = caller(emulator)
    for _ in range(3):
        client.post("/messages", json=asking("word " * 10_000))
    emulator.exchanges(3)
    with control.stream("GET", "/exchanges", headers={"Accept": "application/x-ndjson"}) as response:
        assert "content-length" not in response.headers
        assert [json.loads(line)["number"] for line in response.read().decode().splitlines()] == [1, 2, 3]
