"""The request log: a line for each exchange of every world, in batches, and a count of what it left out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.app import Application, load
from emulator.clock.world_clock import manual
from emulator.http.exchange import Exchange
from emulator.log.request_log import MAX_BODY, MAX_RATE, LineRate, RequestLog
from emulator.settings.options import Settings
from emulator.worlds.world import World
from tests.running import loaded


class Printed:
    """An output that keeps what it is given; `takes` says whether it takes anything."""

    def __init__(self) -> None:
        self.text = ""
        self.takes = True

    def write(self, text: str) -> bool:
        self.text += text if self.takes else ""
        return self.takes

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


class Logging:
    """A request log with a clock of its own, whose real seconds are `now`."""

    def __init__(self, as_json: bool = False, bodies: bool = False) -> None:
        self.now = 1_000.0
        self.app = Application(Settings(), manual(), loaded("default"))
        self.output = Printed()
        self.log = RequestLog(self.app.worlds, self.output, as_json, bodies=bodies, real=lambda: self.now)

    def add(self, path: str = "/", status: int = 200, outcome: str = "complete", world: str = "default") -> Exchange:
        journal = self.app.worlds.find(world).state.journal
        exchange = Exchange(journal.seen + 1, 0.0, "GET", path, "")
        exchange.status, exchange.outcome = status, outcome
        journal.add(exchange)
        return exchange

    def end(self, exchange: Exchange, outcome: str) -> None:
        exchange.outcome = outcome
        self.app.state.journal.finish(exchange)

    def flush(self, seconds: float = 0.1) -> list[str]:
        """The lines of one batch."""
        self.now += seconds
        self.output.text = ""
        self.log.flush()
        return self.output.lines


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """A running loop, as the server has one; its timers never fire, tests flush."""
    loop = asyncio.new_event_loop()
    asyncio._set_running_loop(loop)
    yield
    asyncio._set_running_loop(None)
    begun = asyncio.all_tasks(loop)  # with a store elsewhere: commits, which nobody waits for here
    for task in begun:
        task.cancel()
    if begun:
        loop.run_until_complete(asyncio.wait(begun))
    loop.close()


def test_each_exchange_has_a_line_when_it_has_ended() -> None:
    here = Logging()
    here.add("/one")
    stream = here.add("/two", outcome="open")
    assert ["/one" in line for line in here.flush()] == [True]
    assert here.flush() == []
    here.end(stream, "left")
    (line,) = here.flush()
    assert "/two" in line
    assert "client left" in line


def test_every_world_is_in_it_those_made_later_too() -> None:
    here = Logging()
    here.app.worlds.create("checkout")
    here.add(world="checkout")
    (line,) = here.flush()
    assert "world checkout" in line


def test_a_deleted_world_is_let_go() -> None:
    async def delete() -> Logging:
        here = Logging()
        world: World = here.app.worlds.create("short")
        here.add(world="short")
        await here.app.worlds.delete("short")
        assert world not in here.app.worlds._followers
        return here

    asyncio._set_running_loop(None)  # one that runs instead: the world ends once its state is kept
    here = asyncio.run(delete())
    here.log.flush()
    assert len(here.output.lines) == 1


@pytest.mark.bound("request log")
def test_above_the_rate_it_leaves_out_and_says_how_many() -> None:
    here = Logging()
    for _ in range(5_000):
        here.add()
    assert len(here.flush()) == MAX_RATE
    assert here.flush(1.0) == [f"… left out 4,500 exchanges: at most {MAX_RATE} lines are printed a second"]
    assert here.flush(1.0) == []
    here.add()
    assert len(here.flush()) == 1


def test_what_is_left_out_is_reported_once_a_second() -> None:
    here = Logging()
    reports = 0
    for _ in range(30):
        for _ in range(1_000):
            here.add()
        reports += sum(line.startswith("…") for line in here.flush())
    assert reports == 3


def test_failures_have_a_share_of_their_own() -> None:
    here = Logging()
    for number in range(2_000):
        here.add("/failed" if number > 1_990 else "/well", 500 if number > 1_990 else 200)
    assert sum("/failed" in line for line in here.flush()) == 9


def test_the_rest_is_printed_at_the_end() -> None:
    here = Logging()
    for _ in range(MAX_RATE + 3):
        here.add()
    here.log.close()
    assert len(here.output.lines) == MAX_RATE + 1
    assert here.output.lines[-1].startswith("… left out 3 exchanges")


def test_what_the_output_does_not_take_is_left_out() -> None:
    here = Logging()
    here.output.takes = False
    here.add()
    assert here.flush() == []
    here.output.takes = True
    assert here.flush(1.0)[0].startswith("… left out 1 exchanges")


def test_bodies_are_printed_if_they_are_wanted_and_shortened() -> None:
    here = Logging(bodies=True)
    exchange = here.add()
    exchange.body, exchange.reply_body = b"ask\xff", b"x" * 10_000
    _, sent, returned = here.flush()
    assert sent == "    > ask\\xff"
    assert returned == f"    < {'x' * MAX_BODY}…"


def test_as_json_each_line_is_an_object() -> None:
    here = Logging(as_json=True)
    for _ in range(MAX_RATE + 1):
        here.add("/one")
    assert json.loads(here.flush()[0])["path"] == "/one"
    assert json.loads(here.flush(1.0)[0]) == {"left_out": 1}


def test_an_allowance_is_refilled_with_time() -> None:
    allowance = LineRate(10)
    assert sum(allowance.take() for _ in range(20)) == 10
    allowance.refill(0.3)
    assert sum(allowance.take() for _ in range(20)) == 3
    allowance.refill(60)
    assert sum(allowance.take() for _ in range(20)) == 10


@pytest.mark.parametrize("as_json", [False, True])
def test_a_rule_that_is_passed_over_three_times_is_named_below_the_line(as_json: bool, tmp_path: Path) -> None:
    scenario = tmp_path / "mine.yaml"
    rule = "{on: messages.create, name: mine, when: {body.model: other}, reply: {answer: Mine}}"
    scenario.write_text(f"scenario: mine\nabout: Mine.\nextends: default\nrules: [{rule}]\n")
    here = Logging(as_json)
    here.app.adopt(load((str(scenario),)))
    own = next(iter(here.app.playbook.apis["aiexport"].operations["messages.create"].rules.own_ids))
    lines = []
    for _ in range(5):
        exchange = Exchange(1, 0.0, "POST", "/v2/messages", "")
        exchange.api, exchange.operation, exchange.rule = "aiexport", "messages.create", own
        exchange.body, exchange.status, exchange.outcome = b'{"model": "none"}', 200, "complete"
        here.app.state.journal.add(exchange)
        lines += here.flush()
    assert len(lines) == 6
    if as_json:
        assert json.loads(lines[3])["unmatched"]["requests"] == 3
    else:
        assert lines[3].startswith("mine.yaml:4 'mine' has not matched 3 requests to messages.create; body.model: ")
