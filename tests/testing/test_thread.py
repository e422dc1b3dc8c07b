"""The server thread: it serves, it stops with a stream open, and it leaves other users of uvicorn alone."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.errors import EmulatorError
from emulator.server import Server
from emulator.settings import Settings
from emulator.testing.emulator import ServerThread
from tests import loopback


def test_it_stops_while_somebody_waits_for_an_answer(hello: dict[str, Any]) -> None:
    level = logging.getLogger("uvicorn").level
    with Emulator(frozen=True) as started:
        started.arm("stall_after", on="messages.stream", params={"events": 1})
        headers = {"X-API-Key": "any"}
        with (
            loopback.Client(base_url=started.base_url("aiexport"), headers=headers) as client,
            client.stream("POST", "/messages/stream", json=hello) as answer,
        ):
            parts = answer.iter_bytes()
            assert b"message_start" in next(parts)
            started.stop()
            with pytest.raises(httpx.TransportError):
                list(parts)
    assert logging.getLogger("uvicorn").level == level


def test_one_that_can_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: Server, sockets: object = None) -> None:
        raise OSError("no more files")

    monkeypatch.setattr(Server, "serve", refuse)
    with pytest.raises(EmulatorError, match="did not start: no more files"):
        ServerThread(Settings()).start()
