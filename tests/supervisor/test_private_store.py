"""A store for one server alone: private, without persistence, gone with it; and a sentence where none is installed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import redis

from emulator.errors import ConfigError
from emulator.supervisor.private_store import PrivateStore
from tests.redis_server import MISSING, installed


def test_where_none_is_installed_the_command_that_installs_it_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError) as caught:
        PrivateStore()
    assert str(caught.value) == (
        "--workers needs redis-server, which is not installed: on Debian and Ubuntu `apt-get install redis-server`, "
        "on macOS `brew install redis`; or name a server with --store URL"
    )


@pytest.mark.skipif(not installed(), reason=MISSING)
def test_it_listens_for_its_user_alone_and_keeps_nothing() -> None:
    async def play() -> Path:
        store = PrivateStore()
        await store.start()
        with redis.Redis.from_url(store.url) as client:
            assert client.config_get("save")["save"] == ""
            assert client.config_get("appendonly")["appendonly"] == "no"
            assert client.config_get("port")["port"] == "0"
        assert store.folder.stat().st_mode & 0o077 == 0
        await store.end()
        assert store.process is not None
        assert store.process.returncode is not None
        return store.folder

    assert not asyncio.run(play()).exists()


def test_a_program_that_does_not_start_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    program.write_text('#!/bin/sh\nwhile [ "$1" != --logfile ]; do shift; done\necho no memory > "$2"\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    store = PrivateStore()
    with pytest.raises(ConfigError, match=f"{program} does not start: no memory"):
        asyncio.run(store.start())
    asyncio.run(store.end())
