"""What the tests of the verdict share: exchanges made by hand, and a verdict on what a real client did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from emulator.http.exchange import Exchange
from emulator.verdict.finding import Finding, Thresholds
from emulator.verdict.judge import judge
from tests.apis.aiexport_calls import caller
from tests.running import Emulated, Running, loaded

START = 1_767_225_600.0
HOME = ("127.0.0.1", 40_000)
PLAYBOOK = loaded("default")
Story = Callable[[str], Emulated]


class Seen:
    """Exchanges with the AI Export API that are written one after the other; `at` is in seconds from the start."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def add(
        self,
        at: float,
        status: int = 200,
        body: Any = None,
        operation: str = "messages.create",
        target: str = "POST /v2/messages",
        reply: Any = None,
        retry_after: str | None = None,
        peer: Any = HOME,
        **more: Any,
    ) -> Exchange:
        """An exchange that took no time, unless `more` says otherwise."""
        method, _, path = target.partition(" ")
        exchange = Exchange(len(self.exchanges) + 1, START + at, method, path, "")
        exchange.api, exchange.operation, exchange.status = "aiexport", operation, status
        exchange.caller, exchange.workspace, exchange.outcome = "axp_********_pro", "demo-pro", "complete"
        exchange.body = orjson.dumps(body if body is not None else {"model": "m"})
        exchange.reply_body = orjson.dumps(reply if reply is not None else {})
        exchange.sent_bytes = len(exchange.reply_body)
        exchange.reply_headers = [] if retry_after is None else [(b"retry-after", retry_after.encode())]
        exchange.peer = peer
        for name, value in more.items():
            setattr(exchange, name, value)
        self.exchanges.append(exchange)
        return exchange

    def fail(self, *times: float, status: int = 500, **more: Any) -> None:
        """The same request refused at these times."""
        for at in times:
            self.add(at, status, **more)

    def found(self, **bounds: Any) -> dict[str, Finding]:
        """What is found in them, by rule; no rule finds more than one thing."""
        return findings(judge(self.exchanges, PLAYBOOK, Thresholds(**bounds)).findings)


def findings(found: tuple[Finding, ...]) -> dict[str, Finding]:
    by_rule = {each.rule: each for each in found}
    assert len(by_rule) == len(found), found
    return by_rule


def verdict(emulated: Emulated, count: int, *, real: bool = False, **bounds: Any) -> Mapping[str, Finding]:
    """What is found in the journal of a running emulator, once so many exchanges have ended.

    Without `real` only the world's clock counts: a client that a slow machine keeps waiting has not waited.
    """
    exchanges = emulated.exchanges(count)
    for each in exchanges:
        each.real = each.real if real else 0.0
    return findings(judge(exchanges, emulated.app.playbook, Thresholds(**bounds)).findings)


def numbers(emulated: Emulated, count: int) -> tuple[int, ...]:
    """The numbers of the exchanges in the journal, which two workers give in another order."""
    return tuple(each.number for each in emulated.exchanges(count))


def look_in_vain(emulated: Emulated, path: str, times: int) -> None:
    """A client that asks so many times, a second apart, for what is not there."""
    client = caller(emulated)
    for _ in range(times):
        assert client.get(path).status_code == 404
        emulated.advance(1)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def story(running: Running, tmp_path: Path) -> Iterator[Story]:
    """`story(rules)` plays the default scenario with these rules on top; the last one played answers."""
    played: list[Emulated] = []

    def play(rules: str) -> Emulated:
        path = tmp_path / f"story{len(played)}.yaml"
        path.write_text(f"scenario: story\nabout: A test.\nextends: default\n{rules}\n")
        played.append(Emulated(running, (str(path),) if rules else ("default",)))
        return played[-1]

    yield play
    for emulated in played:
        emulated.close()
