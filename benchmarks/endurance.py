"""Endurance: what a server meets in a long life, played in order: reloads, faults, mixed requests, aborted streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import count

import uvloop

from benchmarks.client import is_whole
from benchmarks.request import KEY, MESSAGES, STREAM, Request, ask, message

CONNECTIONS = 16
STALLED = b"X-Emulator-Fault: stall_after=1\r\n"
BATCH = "/v2/batch"


def reload_often(port: int, times: int) -> None:
    """Puts and uses a scenario so many times, each time another; then `default` again."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        for number in range(times):
            rule = {
                "on": "messages.create",
                "when": {"body.model": f"model {number}"},
                "reply": {"body": {"n": number}},
            }
            story = {"scenario": "story", "about": f"Number {number}.", "extends": "default", "rules": [rule]}
            _control(connection, "PUT", "/scenarios/story", story, 200 if number else 201)
            _control(connection, "POST", "/scenarios/use", {"scenarios": ["story"]}, 200)
            ask(connection, "POST", MESSAGES, message("Hello!").body, {}, 200)
        _control(connection, "POST", "/scenarios/use", {"scenarios": ["default"]}, 200)
        _control(connection, "DELETE", "/scenarios/story", {}, 200)
    finally:
        connection.close()


def _control(connection: HTTPConnection, method: str, path: str, body: object, status: int) -> None:
    ask(connection, method, f"/_emulator{path}", json.dumps(body).encode(), {}, status)


def mixed(numbers: Iterator[int]) -> Iterator[bytes]:
    """Requests of many kinds in turn, no two alike: messages, refusals, streams, unknown paths, batches, lists."""
    while True:
        for kind in range(20):
            text = f"Tell me about subject {next(numbers):09d}."
            if kind == 0:
                yield message(text, STREAM, stream=True).encode()
            elif kind == 1:
                yield Request(MESSAGES, json.dumps({"model": text}).encode()).encode()
            elif kind == 2:
                yield Request(f"/v2/{text.replace(' ', '-')}", b"{}").encode()
            elif kind == 3:
                yield f"GET /v2/models HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n".encode()
            elif kind == 4:
                row = {"custom_id": "one", **json.loads(message(text).body)}
                yield Request(BATCH, json.dumps({"requests": [row]}).encode()).encode()
            else:
                yield message(text).encode()


def send_mixed(port: int, requests: int) -> int:
    """Sends so many mixed requests over a few connections; returns how many had a whole response."""
    return uvloop.run(_send_mixed(port, requests))


async def _send_mixed(port: int, requests: int) -> int:
    source = mixed(count())
    return sum(await asyncio.gather(*(_converse(port, source, requests // CONNECTIONS) for _ in range(CONNECTIONS))))


async def _converse(port: int, source: Iterator[bytes], requests: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = 0
    for _ in range(requests):
        writer.write(next(source))
        seen = b""
        while not is_whole(seen):
            if not (data := await reader.read(65_536)):
                raise RuntimeError(f"the connection ended after {done} responses and {seen[:300]!r}")
            seen += data
        done += 1
    writer.close()
    return done


def abort_streams(port: int, times: int) -> int:
    """Begins so many streams that stall after an event, and leaves each; returns how many had begun."""
    return uvloop.run(_abort_streams(port, times))


async def _abort_streams(port: int, times: int) -> int:
    head, _, body = message("Tell me a long story.", STREAM, stream=True).encode().partition(b"\r\n\r\n")
    request = head + b"\r\n" + STALLED + b"\r\n" + body
    shares = [times // CONNECTIONS + (number < times % CONNECTIONS) for number in range(CONNECTIONS)]
    return sum(await asyncio.gather(*(_abort(port, request, share) for share in shares)))


async def _abort(port: int, request: bytes, times: int) -> int:
    begun = 0
    for _ in range(times):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        begun += b" 200 " in await reader.readline()
        writer.transport.abort()
    return begun
