"""The requests that are measured, and their responses."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

KEY = "axp_test_enterprise"
MODEL = "apex-sonnet-4-20250501"
MESSAGES = "/v2/messages"
STREAM = "/v2/messages/stream"
EVENTS = 50


@dataclass(frozen=True)
class Request:
    """One POST with a JSON body; `{count}` in it becomes another number in each request when the load is distinct."""

    path: str
    body: bytes

    def encode(self) -> bytes:
        """The bytes that go over the wire, for a connection that stays open."""
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {KEY}\r\n"
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n\r\n".encode() + self.body


@dataclass(frozen=True)
class Response:
    """A response, its chunks joined."""

    status: int
    content_type: str
    body: bytes


def message(prompt: str, path: str = MESSAGES, **fields: Any) -> Request:
    """A request for one message."""
    body = {"model": MODEL, "max_tokens": 1024, "messages": [{"role": "user", "content": prompt}]} | fields
    return Request(path, json.dumps(body, separators=(",", ":")).encode())


def fetch(port: int, request: Request, timeout: float = 10) -> Response:
    """Sends one request; OSError when nothing listens or no response comes."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
        connection.request("POST", request.path, request.body, headers)
        response = connection.getresponse()
        return Response(response.status, response.getheader("Content-Type", ""), response.read())
    finally:
        connection.close()


def expect(port: int, request: Request) -> Response:
    """Sends one request; RuntimeError unless the response is a 200, since an error is sent faster than a message."""
    response = fetch(port, request)
    if response.status != 200:
        raise RuntimeError(f"POST {request.path} returns {response.status}: {response.body[:300]!r}")
    return response


def ask(
    connection: HTTPConnection, method: str, path: str, body: bytes, headers: Mapping[str, str], status: int
) -> bytes:
    """Sends one request on an open connection and returns the body; RuntimeError for another status than expected."""
    connection.request(method, path, body, {"X-API-Key": KEY, "Content-Type": "application/json", **headers})
    response = connection.getresponse()
    content = response.read()
    if response.status != status:
        raise RuntimeError(f"{method} {path} has status {response.status}: {content[:300]!r}")
    return content


def name_of(block: bytes) -> bytes:
    """The name of the last event in a block, empty when it has none."""
    names: list[bytes] = re.findall(rb"^event: ?(.*?)\r?$", block, re.MULTILINE)
    return names[-1] if names else b""


def repeated(body: bytes) -> tuple[bytes, int]:
    """The name of the event that a stream has most of, and how many."""
    names = Counter(name_of(block) for block in body.split(b"\n\n")[:-1])
    if not names:
        raise RuntimeError(f"no event in {body[:300]!r}")
    return names.most_common(1)[0]


def stream_of(port: int, events: int = EVENTS) -> Request:
    """The request whose stream comes nearest to so many events of the repeated kind."""
    best: tuple[int, Request] | None = None
    for number in range(20):
        prompt = f"Write a long report about subject {number}."
        low, high = 1, 1024
        while low <= high:
            tokens = (low + high) // 2
            request = message(prompt, STREAM, stream=True, max_tokens=tokens)
            count = repeated(expect(port, request).body)[1]
            if best is None or abs(count - events) < abs(best[0] - events):
                best = (count, request)
            if count == events:
                return request
            low, high = (tokens + 1, high) if count < events else (low, tokens - 1)
    if best is None or abs(best[0] - events) > events / 10:
        raise RuntimeError(f"no prompt gives a stream of about {events} events; the nearest has {best and best[0]}")
    return best[1]
