"""A rehearsed request gets what the same request gets when it is sent, and leaves nothing behind."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from emulator.engine.body import open_request
from emulator.engine.deliver import Continuation
from emulator.engine.pipeline import Pipeline
from emulator.http.exchange import Exchange
from emulator.http.reply import Reply
from emulator.http.request import Request
from tests.engine.test_unit_of_work import Story, aiexport_story, aixplain_story, emulating, small_story
from tests.receiver import receiving
from tests.running import Emulated, Running

# What is decided on a request; not how it was sent, and how long that took.
DECIDED = sorted(
    {"number", "at", "method", "path", "query", "reply_headers", *Exchange.__annotations__}
    - {"peer", "real", "real_took", "took", "ended", "held", "row", "outcome", "sent_events", "sent_bytes"}
    - {"decided", "allowance", "schedule", "reply_head", "reply_lines"}
)


def decided(exchange: Exchange) -> dict[str, Any]:
    allowance = exchange.allowance
    told = {name: getattr(exchange, name) for name in DECIDED}
    return told | {"limits": allowance and allowance.states, "planned": exchange.schedule and exchange.schedule.planned}


async def body_of(receive: Receive) -> tuple[bytes, list[Message]]:
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return b"".join(message.get("body", b"") for message in messages), messages


@pytest.mark.one_worker("it looks into one process")
@pytest.mark.parametrize("story", [small_story, aiexport_story, aixplain_story])
def test_each_request_of_a_long_story_is_answered_as_it_was_rehearsed(
    running: Running, tmp_path: Path, story: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer, rehearsed = Pipeline.__call__, []

    async def rehearse_first(self: Pipeline, scope: Scope, receive: Receive, send: Send) -> None:
        body, messages = await body_of(receive)
        before, logged = self.state.store.dump(), len(caplog.records)
        _, exchange = await self.rehearse(open_request(scope, body), lambda decision: None)
        assert self.state.store.dump() == before
        assert len(caplog.records) == logged
        rehearsed.append(exchange)

        async def again() -> Message:
            return messages.pop(0) if messages else await receive()

        await answer(self, scope, again, send)

    def through_asgi(self: Pipeline, *_: object) -> Continuation:
        return self

    caplog.set_level(logging.INFO, "emulator")
    monkeypatch.setattr(Pipeline, "__call__", rehearse_first)
    monkeypatch.setattr(Pipeline, "try_now", through_asgi)
    with receiving() as receiver, emulating(running, tmp_path, story) as emulator:
        count = len(list(story(emulator, receiver)))
        sent = emulator.exchanges(count)
    assert [decided(each) for each in rehearsed] == [decided(each) for each in sent]


def test_a_job_that_is_rehearsed_never_begins_and_no_webhook_is_sent(emulator: Emulated) -> None:
    with receiving() as receiver:
        request = Request("POST", "/v2/batch", "", {}, "", "http", "")
        rows = [{"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hi"}]}]
        reply, exchange = emulator.running.call(
            rehearsed(emulator, request, {"requests": rows, "webhook_url": receiver.url})
        )
        assert reply.status == exchange.status == 202
        emulator.advance(3_600)
        assert emulator.client("aiexport", headers={"X-API-Key": "axp_test_pro"}).get("/batch").json()["data"] == []
        assert receiver.got == []


async def rehearsed(emulator: Emulated, request: Request, body: Any) -> tuple[Reply, Exchange]:
    import orjson

    headers = [(b"x-api-key", b"axp_test_pro"), (b"content-type", b"application/json")]
    request.raw, request.fields, request.lines = orjson.dumps(body), dict(headers), headers
    return await emulator.app.pipeline.rehearse(request, lambda decision: None)
