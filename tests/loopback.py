"""httpx for plain http: all clients share one TLS context, and no proxy of the environment is used.

A client of httpx's own reads a CA bundle when it is made, which takes longer than most tests.
"""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from tests.waiting import PATIENCE

TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
PLAIN: dict[str, Any] = {"verify": TRUSTS_NOBODY, "trust_env": False, "timeout": PATIENCE}


class Client(httpx.Client):
    """A client that keeps its connections."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**PLAIN | options)


class AsyncClient(httpx.AsyncClient):
    """The same for coroutines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**PLAIN | options)


def request(method: str, url: str, **options: Any) -> httpx.Response:
    """One request on a connection of its own."""
    return httpx.request(method, url, **PLAIN | options)


def get(url: str, **options: Any) -> httpx.Response:
    return request("GET", url, **options)


def post(url: str, **options: Any) -> httpx.Response:
    return request("POST", url, **options)


def put(url: str, **options: Any) -> httpx.Response:
    return request("PUT", url, **options)


def stream(method: str, url: str, **options: Any) -> AbstractContextManager[httpx.Response]:
    """One request on a connection of its own, whose body is read as it comes."""
    return httpx.stream(method, url, **PLAIN | options)


def count_bundles(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows by one with each context that loads CAs."""
    made: list[object] = []
    make = ssl.create_default_context

    def noted(*arguments: Any, **options: Any) -> ssl.SSLContext:
        made.append(arguments)
        return make(*arguments, **options)

    monkeypatch.setattr(ssl, "create_default_context", noted)
    return made
