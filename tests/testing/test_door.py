"""The door: nothing but a socket until somebody knocks, then one server for all."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from emulator import Emulator
from pytest_ai_api_emulator import LazyServer
from tests import loopback
from tests.waiting import PATIENCE


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_nobody_came_and_nothing_was_started() -> None:
    before = names()
    door = LazyServer()
    port = int(door.url.rpartition(":")[2])
    door.close()
    assert names() == before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))


def test_all_who_come_at_once_find_one_server() -> None:
    before = names().count("emulator")
    door = LazyServer()
    try:
        with ThreadPoolExecutor(8) as guests:
            urls = list(guests.map(lambda _: health(door.url), range(8)))
        assert urls == [200] * 8
        assert names().count("emulator") == before + 1
        with Emulator(door.url) as attached:
            assert attached.apis
    finally:
        door.close()
    assert names().count("emulator") == before


def health(url: str) -> int:
    return loopback.get(f"{url}/_emulator/health", timeout=PATIENCE).status_code
