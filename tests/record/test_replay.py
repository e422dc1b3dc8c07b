"""Replaying: every documented call of both APIs, recorded from one emulator, is answered by another byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from emulator.clock.world_clock import Clock
from emulator.record.recorder import Recorder
from emulator.record.upstream import HOP_BY_HOP, UNRECORDED_PATTERN, parse_upstreams
from emulator.store.masking import MASKED
from emulator.verify.run import ExamplePlayer, examples
from tests import loopback
from tests.running import loaded
from tests.studio import Studio
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

KEYS = {"aiexport": "axp_test_pro", "aixplain": "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"}
AGENT = "/v2/agents/68f0000000000000000000a1/run"
LLM = "/api/v2/execute/695fce4c27b4e3580e43d126"


def message(text: str, **more: Any) -> dict[str, Any]:
    said = [{"role": "user", "content": text}]
    return {"model": "apex-sonnet-4-20250501", "max_tokens": 64, "messages": said, **more}


# Beside the documented examples: the same again, languages, sizes, faults, conversations, and what is refused.
MORE: dict[str, list[tuple[str, str, Any]]] = {
    "aiexport": [
        *[("POST", "/v2/messages", message("Again and again.")) for _ in range(3)],
        *[("POST", "/v2/messages", message(f"Naïve 😀 \u2028 {{{{ {number} }}}}", n=number)) for number in range(3)],
        *[("POST", "/v2/messages/stream", message("A stream.", temperature=number / 4)) for number in range(4)],
        ("POST", "/v2/messages", message("x" * 5_000)),
        ("POST", "/v2/messages", message("One", stream=True) | {"model": "nobody"}),
        ("POST", "/v2/messages", message("Now", metadata={"deep": [{"a": [1, 2.5, None, True]}]})),
        ("POST", "/v2/batch", {"requests": [message("x", stop_sequences=["a"])] * 20}),
        ("GET", "/v2/models?limit=2&after=nobody", None),
        ("GET", "/v2/batch/nobody", None),
        ("DELETE", "/v2/keys/nobody", None),
    ],
    "aixplain": [
        ("POST", LLM, {"text": "Again?"}),
        ("POST", LLM, {"text": "Again?", "temperature": 0.1}),
        ("POST", AGENT, {"query": "What is 2 + 2?", "sessionId": "one-session"}),
        ("POST", AGENT, {"query": "What was my previous question?", "sessionId": "one-session"}),
        ("POST", AGENT, {"query": "And now?", "history": [{"role": "user", "content": "Hi"}], "variables": {"a": 1}}),
        ("POST", "/v2/agents/nobody/run", {"query": "x"}),
        ("GET", "/v1/sessions", None),
        ("POST", "/v2/models/paginate", {"pageNumber": 0, "pageSize": 2}),
        ("POST", "/v2/models/paginate", {"pageNumber": 1, "pageSize": 2}),
    ],
}  # fmt: skip

Heard = tuple[httpx.Request, int, dict[str, str], bytes]


class Ear:
    """Remembers what was asked and answered."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    async def hear(self, response: httpx.Response) -> None:
        body = await response.aread()
        self.heard.append((response.request, response.status_code, dict(response.headers), body))


async def record(api: str, url: str) -> list[Heard]:
    """Play all examples, polling included, then what there is more."""
    playbook = loaded("default")
    plan = playbook.apis[api]
    ear = Ear()
    played = list(examples(plan))
    known = {(each.operation.name, each.number): each for each in played}
    upstreams = parse_upstreams("", [url], plan.base)
    async with loopback.AsyncClient(event_hooks={"response": [ear.hear]}, timeout=PATIENCE) as client:
        player = ExamplePlayer(plan, known, client, upstreams, KEYS[api], Clock())
        for example in played:
            await player.play(example)
        for method, path, body in MORE[api]:
            await client.request(method, url + path, json=body, headers={"X-API-Key": KEYS[api]})
        await player.clean()
    return ear.heard


async def replay(heard: list[Heard], before: str, after: str) -> list[Heard]:
    ear = Ear()
    async with loopback.AsyncClient(event_hooks={"response": [ear.hear]}, timeout=PATIENCE) as client:
        for request, *_ in heard:
            url = str(request.url).replace(before, after)
            lines = [line for line in request.headers.multi_items() if line[0] not in ("host", "content-length")]
            await client.request(request.method, url, content=request.content, headers=lines)
    return ear.heard


def lines_of(headers: dict[str, str], generated: frozenset[str], origin: str) -> dict[str, str]:
    """Those that a recording keeps."""
    return {
        name: value.replace(origin, "")
        for name, value in headers.items()
        if not (UNRECORDED_PATTERN.fullmatch(name) or name.encode() in HOP_BY_HOP or name in generated)
    }


def hidden(said: Any, shown: Any) -> Any:
    """What was said, with masks where what is shown has one."""
    if shown == MASKED and said is not None:
        return MASKED
    if isinstance(said, dict) and isinstance(shown, dict):
        return {name: hidden(each, shown.get(name)) for name, each in said.items()}
    if isinstance(said, list) and isinstance(shown, list) and len(said) == len(shown):
        return [hidden(*each) for each in zip(said, shown, strict=True)]
    return said


def body_of(heard: Heard, origin: str, like: bytes) -> bytes:
    """A body for whoever it was asked of; secrets are masked where what it is compared with masks them."""
    body = heard[3].replace(origin.encode(), b"ORIGIN")
    if MASKED.encode() not in like or body == like:
        return body
    return orjson.dumps(hidden(orjson.loads(body), orjson.loads(like)))


@pytest.mark.parametrize("api", ["aiexport", "aixplain"])
def test_every_documented_call_is_replayed_byte_for_byte(api: str, studio: Studio) -> None:
    with studio.recording(api) as (url, recorder):
        own = url.removesuffix("/v2") if api == "aiexport" else url
        said = asyncio.run(record(api, own))
        count = recorder.recording_file.count
    with studio.replaying() as other:
        again = asyncio.run(replay(said, own, other))
    generated = frozenset(name.lower() for name in loaded("default").apis[api].file.limit_headers)
    seen = set()
    for first, second in zip(said, again, strict=True):
        if first[1] == 401:  # not recorded
            continue
        told = f"{first[0].method} {first[0].url} {first[0].content[:200]!r}"
        assert second[1] == first[1], told
        assert lines_of(second[2], generated, other) == lines_of(first[2], generated, own), told
        shown = second[3].replace(other.encode(), b"ORIGIN")
        assert shown == body_of(first, own, shown), told
        seen.add((first[0].method, first[1], first[2].get("content-type", "")))
    assert count == sum(each[1] != 401 for each in said)
    assert count > {"aiexport": 55, "aixplain": 80}[api]
    statuses = {status for _, status, _ in seen}
    assert {200, 201, 400, 404} <= statuses
    assert any(kind.startswith("text/event-stream") for *_, kind in seen)


def polls(heard: list[Heard], part: str) -> Iterator[bytes]:
    return (each[3] for each in heard if part in each[0].url.path)


def test_a_job_that_is_polled_goes_through_its_states_again(studio: Studio) -> None:
    with studio.recording("aixplain") as (url, recorder):
        said = asyncio.run(record("aixplain", url))
        assert isinstance(recorder, Recorder)
    with studio.replaying() as other:
        again = asyncio.run(replay(said, url, other))
    states = [orjson.loads(body).get("status") for body in polls(again, "/result")]
    assert states == [orjson.loads(body).get("status") for body in polls(said, "/result")]
    assert len(set(states)) > 1
