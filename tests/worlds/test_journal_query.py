"""Asking the journal: with the same matchers as rules, at once or by waiting for what is still to come."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import pytest

from emulator.app import LANGUAGE
from emulator.clock.world_clock import manual
from emulator.compile.questions import NAMES, Question, compile_query
from emulator.errors import DocumentError
from emulator.http.exchange import Differing, Exchange, NearMiss
from emulator.store.journal import Journal
from emulator.worlds.journal_query import find, wait
from tests.apis.aiexport_calls import FREE, PRO, asking, caller
from tests.pages import LANGUAGE_PAGE, tables
from tests.running import Emulated
from tests.small import KEY, Small

SOON = 10.0


def question(when: Any) -> Question:
    return compile_query(when, LANGUAGE)


def on_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on an event loop of its own."""

    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


async def others_run() -> None:
    await manual().sleep(0)


def numbers(exchanges: Sequence[Exchange]) -> list[int]:
    return [exchange.number for exchange in exchanges]


def places(emulated: Emulated, exchanges: Sequence[Exchange]) -> list[int]:
    """Which exchanges of the journal they are, from 1: several processes leave some numbers out."""
    kept = numbers(list(emulated.journal))
    return [kept.index(each.number) + 1 for each in exchanges]


def exchange(number: int, status: int = 200, body: bytes = b"", path: str = "/") -> Exchange:
    made = Exchange(number, 0.0, "POST", path, "")
    made.status, made.body, made.outcome = status, body, "complete"
    return made


@pytest.fixture
def played(emulator: Emulated) -> Emulated:
    """Five exchanges: two questions, a model that is unknown, a list of models, and a path that is not there."""
    pro, free = caller(emulator, PRO), caller(emulator, FREE)
    pro.post("/messages", json=asking("What is 2 + 2?"))
    pro.post("/messages/stream", json=asking("What is 5 + 5?", max_tokens=300))
    free.post("/messages", json={"model": 7})
    free.get("/models?limit=5&name=5", headers={"X-More": "5", "User-Agent": "robot/1"})
    pro.get("/nowhere", headers={"User-Agent": "robot/2"})
    emulator.exchanges(5)
    return emulator


@pytest.mark.parametrize(
    ("when", "found"),
    [
        (None, [1, 2, 3, 4, 5]),
        ({}, [1, 2, 3, 4, 5]),
        ({"operation": "messages.create"}, [1, 3]),
        ({"operation": ["messages.create", "models.list"]}, [1, 3, 4]),
        ({"operation": {"matches": "^messages"}}, [1, 2, 3]),
        ({"api": "aiexport", "status": 200}, [1, 2, 4]),
        ({"status": {"gte": 400, "lt": 500}}, [3, 5]),
        ({"outcome": "complete", "number": {"gt": 0}}, [1, 2, 3, 4, 5]),
        ({"method": "GET"}, [4, 5]),
        ({"path": {"contains": "/models"}}, [4]),
        ({"body.messages.last.content": {"contains": "5 + 5"}}, [2]),
        ({"body.max_tokens": {"gt": 200}}, [2]),
        ({"body": {"present": False}}, [4, 5]),
        ({"jsonpath": {"$.messages[0].role": "user"}}, [1, 2]),
        ({"jsonpath": {"$.model": 7}}, [3]),
        ({"query.limit": 5}, [4]),
        ({"query.limit": "5", "query.name": [4, 5]}, [4]),
        ({"header.User-Agent": {"matches": "robot"}}, [4, 5]),
        ({"headers.User-Agent": "robot/1", "header.X-MORE": 5}, [4]),
        ({"key": PRO}, [1, 2]),
        ({"key": [FREE, "x"]}, [3, 4]),
        ({"key": f"{PRO[:4]}********{PRO[-4:]}"}, [1, 2]),
        ({"key": {"not": ""}}, [1, 2, 3, 4]),
        ({"workspace": "demo-pro"}, [1, 2]),
        ({"rule": {"contains": "aiexport.yaml:"}}, [1, 2, 4]),
        ({"reply.status": 404}, [5]),
        ({"reply.body.error.type": "not_found_error"}, [5]),
        ({"reply_body.error.type": "invalid_request_error"}, [3]),
        ({"reply_body": {"contains": "event: message_stop"}}, [2]),
        ({"reply.headers.Content-Type": "text/event-stream"}, [2]),
        ({"reply_headers.content-type": {"contains": "json"}, "reply.header.date": {"present": True}}, [1, 3, 4, 5]),
        ({"events_sent": {"gt": 3}}, [2]),
        ({"bytes_sent": 0}, []),
        ({"faults": {"contains": "latency"}}, []),
        ({"faults": {"length": 0}, "near_misses": {"length": 0}}, [1, 2, 3, 4, 5]),
        ({"took": 0, "at": 1_767_225_600.0}, [1, 2, 3, 4, 5]),
        ({"expr": "{{ status >= 400 and method == 'POST' }}"}, [3]),
        ({"expr": "{{ body.max_tokens > 200 }}"}, [2]),
        ("{{ body.model == 7 }}", [3]),
        ({"body.model": "{{ 3 + 4 }}"}, [3]),
        ({"body.nothing": 1}, []),
    ],
)
def test_a_question_finds_the_exchanges_that_are_as_it_wants(played: Emulated, when: Any, found: list[int]) -> None:
    assert places(played, find(played.journal, question(when)).exchanges) == found


def test_the_last_ones_of_those_that_fit_are_given_the_oldest_first(played: Emulated) -> None:
    when = question({"operation": {"matches": "^messages"}})
    assert [places(played, find(played.journal, when, last).exchanges) for last in (0, 1, 2, 9)] == [
        [],
        [3],
        [2, 3],
        [1, 2, 3],
    ]


def test_pages_follow_one_another_by_their_place_in_the_journal() -> None:
    journal = Journal(entries=4)
    for number in (1, 3, 2, 5, 4):  # as they were entered: the first that came is not always the first that is answered
        journal.add(exchange(number))
    first = find(journal, question({}), limit=2)
    assert (numbers(first.exchanges), first.total, first.dropped) == ([3, 2], 4, 1)
    second = find(journal, question({"number": {"gt": 3}}), limit=2, after=first.next)
    assert (numbers(second.exchanges), second.total, second.next) == ([5, 4], 2, 5)
    assert find(journal, question({}), after=second.next).exchanges == []
    newest = find(journal, question({}), last=3, limit=2)
    assert (numbers(newest.exchanges), newest.total) == ([2, 5], 4)


def test_faults_and_near_misses_can_be_asked_for() -> None:
    journal = Journal()
    spoilt, missed = exchange(1), exchange(2)
    spoilt.faults = ("latency", "cut_after")
    missed.near_misses = (NearMiss("r:1:1", "one", "r", 1, (Differing("body.a", "1", "2"),)),)
    journal.add(spoilt)
    journal.add(missed)
    assert numbers(find(journal, question({"faults": {"contains": "cut_after"}})).exchanges) == [1]
    assert numbers(find(journal, question({"near_misses.0.name": "one"})).exchanges) == [2]
    assert numbers(find(journal, question({"near_misses.0.differences.0.field": "body.a"})).exchanges) == [2]


@pytest.mark.parametrize(
    ("when", "complaints"),
    [
        ({"bodi.a": 1}, ["when.bodi.a: unknown name 'bodi'; expected one of: number, at, "]),
        ({"operaton": "x"}, ["when.operaton: unknown name 'operaton'; expected one of: "]),
        ({"reply.bdy": 1}, ["when.reply.bdy: reply has no 'bdy'; expected one of: status, headers, header, body; did"]),
        ({"status": {"above": 3}}, ["when.status: status: unknown operator 'above'; expected one of: matches, "]),
        ({"body.a": {"matches": "("}}, ["when.body.a: body.a: '(' is not a regular expression: "]),
        ({"times": 2}, ["when.times: `times` belongs to rules; a question has `count` and `last` "]),
        ({"nth": 2, "every": 2}, ["when.every: `every` belongs", "when.nth: `nth` belongs"]),
        ({"after": "1m", "for": "1m"}, ["when.after: `after` belongs to rules; ", "when.for: `for` belongs"]),
        ({"probability": 0.5}, ["when.probability: `probability` belongs to rules; "]),
        ({"jsonpath": {"$.a[": 1}}, ["when.jsonpath.$.a[: '$.a[' is not a JSONPath: "]),
        ({"expr": "{{ body. }}"}, ["when.expr: expected a name after the '.'"]),
        ({"expr": "status"}, ["when.expr: 'status' is not an expression; expected {{ … }}"]),
        ("status", ["when: 'status' is not an expression; expected {{ … }}"]),
        (["status"], ["when: `when` is a mapping of fields, or one {{ expression }}"]),
        ({"a": 1, "b": 2}, ["when.a: unknown name 'a'", "when.b: unknown name 'b'"]),
    ],
)
def test_a_question_that_can_not_be_answered_is_refused_with_all_that_is_wrong(
    when: Any, complaints: list[str]
) -> None:
    with pytest.raises(DocumentError) as refused:
        question(when)
    said = list(map(str, refused.value.diagnostics))
    assert [one[: len(other)] for one, other in zip(said, complaints, strict=True)] == complaints


def test_every_name_is_told() -> None:
    (table,) = (table for table in tables(LANGUAGE_PAGE) if table.heading == "Questions about the journal")
    assert sorted(table.keys) == sorted(NAMES.roots)


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(DocumentError, match="did you mean 'operation'"):
        question({"operaton": "x"})


def test_an_expression_that_fails_for_an_exchange_does_not_fit_it() -> None:
    journal = Journal()
    journal.add(exchange(1, body=b'{"n": 5}'))
    journal.add(exchange(2, body=b'{"n": "five"}'))
    journal.add(exchange(3))
    assert numbers(find(journal, question("{{ body.n > 3 }}")).exchanges) == [1]


@on_a_loop
async def test_what_is_there_already_counts_and_nobody_waits_for_it() -> None:
    journal = Journal()
    for number in (1, 2, 3):
        journal.add(exchange(number, 200 + number % 2))
    assert numbers(await wait(journal, question({"status": 201}), 2, 0.0)) == [1, 3]
    assert numbers(await wait(journal, question({"status": 201}), 1, 0.0)) == [1, 3]
    assert await wait(Journal(), question({}), 0, 0.0) == []


@on_a_loop
async def test_what_comes_later_wakes_who_waits_for_it() -> None:
    journal = Journal()
    journal.add(exchange(1, 503))
    waiting = asyncio.create_task(wait(journal, question({"status": 503}), 2, SOON))
    await others_run()
    journal.add(exchange(2, 200))
    await others_run()
    assert not waiting.done()
    journal.add(exchange(3, 503))
    assert numbers(await waiting) == [1, 3]


@on_a_loop
async def test_an_exchange_that_is_open_can_be_waited_for_and_so_can_its_end() -> None:
    journal = Journal()
    begun = asyncio.create_task(wait(journal, question({"outcome": "open"}), 1, SOON))
    ended = asyncio.create_task(wait(journal, question({"outcome": "left"}), 1, SOON))
    await others_run()
    stream = exchange(1)
    stream.outcome = "open"
    journal.add(stream)
    assert numbers(await begun) == [1]
    assert not ended.done()
    stream.outcome = "left"
    journal.finish(stream)
    assert numbers(await ended) == [1]


@on_a_loop
async def test_what_the_journal_has_no_room_for_any_more_still_counts() -> None:
    journal = Journal(entries=2)
    waiting = asyncio.create_task(wait(journal, question({}), 5, SOON))
    await others_run()
    for number in range(1, 6):
        journal.add(exchange(number))
    assert numbers(await waiting) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("when", "complaints"),
    [
        ("{{ boddy.n > 3 }}", ["when: unknown name 'boddy'; did you mean 'body'?"]),
        (
            {"expr": "{{ stauts == 200 and body.n is odd }}"},
            ["when.expr: unknown name 'stauts'; did you mean 'status'?"],
        ),
        (
            {"body.n": "{{ quer.n }}", "boddy.m": 1, "took": {"lt": "soon", "gt": "{{ 1 }}"}},
            [
                "when.boddy.m: unknown name 'boddy'; did you mean 'body'?",
                "when.body.n: unknown name 'quer'; did you mean 'query'?",
                "when.took: took: a template can't stand in a list or an operator; use expr: '{{ … }}'",
            ],
        ),
        ("{% if replly %}{{ outcome }}{% endif %}", ["when: unknown name 'replly'; did you mean 'reply'?"]),
    ],
)
def test_a_misspelt_name_in_an_expression_is_refused_with_the_nearest(when: Any, complaints: list[str]) -> None:
    with pytest.raises(DocumentError) as refused:
        question(when)
    assert [re.sub("expected one of: .*; did", "did", str(each)) for each in refused.value.diagnostics] == complaints


@on_a_loop
async def test_a_reset_which_numbers_anew_takes_nothing_from_who_waits() -> None:
    journal = Journal()
    journal.add(exchange(1))
    waiting = asyncio.create_task(wait(journal, question({}), 2, SOON))
    await others_run()
    journal.clear()
    journal.add(exchange(1))
    assert numbers(await waiting) == [1, 1]


@on_a_loop
async def test_who_waits_in_vain_is_told_what_was_there() -> None:
    journal = Journal()
    journal.add(exchange(1, 503, b'{"model": "opus"}', "/a"))
    journal.add(exchange(2, 200, b'{"model": "haiku"}', "/b"))
    journal.add(exchange(3, 200, b'{"model": "opus"}', "/c"))
    journal.add(exchange(4, 503, b'{"model": "' + b"x" * 1_000 + b'"}', "/d"))
    when = {"status": 503, "body.model": "opus"}
    with pytest.raises(TimeoutError) as vain:
        await wait(journal, question(when), 2, 0.01)
    lines = str(vain.value).splitlines()
    assert lines[:2] == [f"waited 0.01 s for 2 exchanges with {when}; there were 1 of 4", "  #1 POST /a 503 complete"]
    assert lines[2].startswith("  not #4 POST /d 503 complete: body.model: expected 'opus', found 'xxx")
    assert lines[2].endswith("xxx…")
    assert lines[3:] == [
        "  not #3 POST /c 200 complete: status: expected 503, found 200",
        "  not #2 POST /b 200 complete: status: expected 503, found 200; body.model: expected 'opus', found 'haiku'",
    ]


@on_a_loop
async def test_who_waits_with_an_expression_that_fails_is_told_how() -> None:
    journal = Journal()
    journal.add(exchange(1))
    with pytest.raises(TimeoutError, match=r"\{\{ body.n > 3 \}\}: expected what can be worked out, found an error"):
        await wait(journal, question("{{ body.n > 3 }}"), 1, 0.0)


@on_a_loop
async def test_nobody_watches_when_nobody_waits_any_more() -> None:
    journal = Journal()
    with pytest.raises(TimeoutError):
        await wait(journal, question({}), 1, 0.0)
    waiting = asyncio.create_task(wait(journal, question({}), 1, SOON))
    await others_run()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert journal._watchers == ()


def test_a_question_sees_no_key(emulator: Emulated) -> None:
    caller(emulator, PRO).get("/models")
    emulator.exchanges(1)
    for when in ({"header.x-api-key": PRO}, {"header.x-api-key": {"contains": PRO[4:-4]}}):
        assert find(emulator.journal, question(when)).exchanges == []


@pytest.mark.finding("D4")
def test_a_short_key_is_asked_for_and_no_other_one_is_found(emulator: Emulated) -> None:
    for key in ("mine", "yours"):
        caller(emulator, key).get("/models")
    emulator.exchanges(2)
    (found,) = find(emulator.journal, question({"key": "mine"})).exchanges
    assert found.caller not in ("mine", *(each.caller for each in emulator.journal if each is not found))


def test_a_request_that_is_still_being_answered_stands_in_the_journal_as_open(small: Small) -> None:
    emulated = small("""
      slow:
        route: POST /slow
        request: {type: object}
        redact: [secret]
        rules:
          - when: {body.stream: true}
            reply: {stream: {pace: {each: 1s}, events: [{$each: "{{ [1, 2, 3] }}", data: "{{ item }}"}]}}
          - fault: {latency: 5s}
          - reply: {body: {done: true}}
    """)
    client = emulated.client("small", headers=KEY)
    for body in ({"stream": True, "secret": "s3cr3t-of-ann"}, {"secret": "s3cr3t-of-ann"}):
        asking = threading.Thread(target=client.post, args=("/slow",), kwargs={"json": body})
        asking.start()
        when = {"outcome": "open", "operation": "slow"}
        (begun,) = emulated.running.call(wait(emulated.journal, question(when), 1, SOON))
        assert (begun.status, begun.took, begun.caller) == (200, 0.0, "********ca6d09")
        assert b"s3cr3t-of-ann" not in begun.body
        number = begun.number
        emulated.advance(5)
        ended = emulated.running.call(
            wait(emulated.journal, question({"outcome": "complete", "number": number}), 1, SOON)
        )
        asking.join(SOON)
        assert ended == [begun]
        assert begun.took > 0
        assert len(emulated.journal) == number
