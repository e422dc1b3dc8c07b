"""Processes on one store have one certificate authority, on whatever machine they are."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from emulator.errors import ConfigError
from emulator.https.authority import CERTIFICATE, Authority
from emulator.https.stored_authority import StoredAuthority
from emulator.store.redis.secret import RedisSecret
from tests.redis_server import Server
from tests.store.redis.conftest import server as server  # a fixture

HOST, OTHER = "api.one.test", "api.two.test"


def stored(client: redis.Redis, folder: Path, *hosts: str) -> StoredAuthority:
    return StoredAuthority(RedisSecret(client), folder, hosts or [HOST])


@pytest.fixture
def client(server: Server) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as client:
        yield client


def test_two_machines_have_the_authority_of_the_first_one(client: redis.Redis, tmp_path: Path) -> None:
    own = Authority(tmp_path / "one", [HOST]).facts
    one, two = stored(client, tmp_path / "one"), stored(client, tmp_path / "two")
    assert one.facts.fingerprint == two.facts.fingerprint == own.fingerprint
    assert two.certificate_path.read_bytes() == one.certificate_path.read_bytes()
    assert (tmp_path / "two" / "authority.key").stat().st_mode & 0o077 == 0
    two.context_for(HOST)


def test_an_authority_that_one_makes_anew_is_that_of_the_other_at_once(client: redis.Redis, tmp_path: Path) -> None:
    one, two = stored(client, tmp_path / "one"), stored(client, tmp_path / "two")
    before = one.facts, one.context_for(HOST), two.context_for(HOST)
    two.context_for(OTHER)  # the first one is not for this host
    assert one.facts.fingerprint == two.facts.fingerprint != before[0].fingerprint
    assert one.facts.hosts == (HOST, OTHER)
    assert one.context_for(HOST) is not before[1]
    renewed = one.renew()
    assert two.facts.fingerprint == renewed.fingerprint


def test_a_folder_with_another_authority_is_left_alone(
    client: redis.Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    stored(client, tmp_path / "one").context_for(HOST)
    own = Authority(tmp_path / "two", [HOST]).facts
    two = stored(client, tmp_path / "two")
    assert two.facts.fingerprint == stored(client, tmp_path / "one").facts.fingerprint
    assert Authority(tmp_path / "two", [HOST]).facts == own
    assert caplog.messages == [
        f"the store has a certificate authority of its own: clients must trust {two.folder / CERTIFICATE}"
    ]
    assert two.folder.parent == tmp_path / "two"


def test_while_the_store_is_away_known_hosts_are_served_and_a_new_one_is_an_error(
    server: Server, client: redis.Redis, tmp_path: Path
) -> None:
    one = stored(client, tmp_path / "one")
    context = one.context_for(HOST)
    server.kill()
    assert one.context_for(HOST) is context
    with pytest.raises(ConfigError, match="the certificate authority in the store can't be used"):
        one.context_for(OTHER)
    server.start()
    one.context_for(OTHER)
