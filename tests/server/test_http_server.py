"""The HTTP server: what it makes of an application that fails."""

from __future__ import annotations

import logging

import pytest

from tests import loopback
from tests.running import Running


def test_a_mistake_of_our_own_is_not_silent(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def try_now(self, *arguments: object) -> object:
            raise LookupError("a mistake of our own")

        async def __call__(self, scope: object, receive: object, send: object) -> None:
            raise LookupError("a mistake of our own")

    before, running.app = running.app, Broken()  # type: ignore[assignment]
    try:
        with caplog.at_level(logging.ERROR, "uvicorn.error"):
            assert loopback.get(running.origin).status_code == 500
    finally:
        running.app = before
    assert "a mistake of our own" in caplog.text
