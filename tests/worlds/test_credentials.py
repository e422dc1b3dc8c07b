"""Credential routes: which credential of a request leads to a world, and where one may stand."""

from __future__ import annotations

import asyncio
import base64
import gzip
from typing import Any

import pytest

from emulator.clock.world_clock import manual
from emulator.engine.pipeline import Pipeline
from emulator.engine.state import WorldState
from emulator.errors import ConfigError
from emulator.http.origins import OriginPolicy
from emulator.http.request import Request
from emulator.settings.options import Settings
from emulator.store.memory import MemoryBackend
from emulator.worlds.credentials import CredentialRoutes, peek, wants_form
from emulator.worlds.ledger import Ledger
from emulator.worlds.world import World
from tests.running import loaded

SETTINGS = Settings(max_body=1_000)
WAYS = [(b"x-key", None, "keys"), (b"authorization", "bearer", "tokens")]
FORM = {b"content-type": b"application/x-www-form-urlencoded; charset=utf-8"}


def world(name: str) -> World:
    state = WorldState(name, 0, MemoryBackend(manual()))
    pipeline = Pipeline(loaded("default"), state, SETTINGS, OriginPolicy(SETTINGS))
    return World(name, state, pipeline, ("default",), Ledger(pipeline))


def asking(fields: dict[bytes, bytes], raw: bytes = b"") -> Request:
    return Request("POST", "/", "", fields, "", "http", "", raw)


def basic(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


@pytest.fixture
def known() -> tuple[CredentialRoutes[World], World, World]:
    found, one, two = CredentialRoutes[World](), world("one"), world("two")
    found.open(WAYS)
    found.register("key-1", one)
    found.register("client 2", two)
    found.issue("token-2", two)
    return found, one, two


@pytest.mark.parametrize(
    ("fields", "raw", "to"),
    [
        ({b"x-key": b" key-1 "}, b"", "one"),
        ({b"authorization": b"BEARER token-2"}, b"", "two"),
        ({b"authorization": b"Bearer key-1"}, b"", "one"),
        ({b"authorization": basic("client 2:secret:x")}, b"", "two"),
        (FORM, b"grant_type=client_credentials&client_id=client+2&client_secret=s", "two"),
        ({b"x-key": b"stranger", b"authorization": b"Bearer token-2"}, b"", "two"),
        ({b"x-key": b"stranger"}, b"", None),
        ({b"authorization": b"Bearer"}, b"", None),
        ({b"authorization": b"Basic not-base64!"}, b"", None),
        ({b"authorization": b"Basic \xff"}, b"", None),
        (FORM, b"client_id", None),
        (FORM, b"a=1", None),
        ({}, b"client_id=client+2", None),
        ({}, b"", None),
    ],
)
def test_a_credential_leads_wherever_an_api_or_oauth_puts_it(
    known: tuple[CredentialRoutes[World], World, World], fields: dict[bytes, bytes], raw: bytes, to: str | None
) -> None:
    found = known[0].find(asking(fields, raw))
    assert (found and found.name) == to


@pytest.mark.parametrize(("size", "to"), [(65_536, "two"), (65_537, None)])
def test_a_form_of_up_to_64_kib_leads_by_its_client(
    known: tuple[CredentialRoutes[World], World, World], size: int, to: str | None
) -> None:
    raw = b"client_id=client+2&rest="
    found = known[0].find(asking(FORM, raw.ljust(size, b"x")))
    assert (found and found.name) == to


@pytest.mark.finding("A2")
@pytest.mark.parametrize(
    ("raw", "to"),
    [
        (gzip.compress(mtime=0, data=b"client_id=client+2"), "two"),
        (b"client_id=client+2", None),
        (gzip.compress(mtime=0, data=bytes(70_000)), None),
    ],
)
def test_a_compressed_form_leads_by_its_client(
    known: tuple[CredentialRoutes[World], World, World], raw: bytes, to: str | None
) -> None:
    found = known[0].find(asking({**FORM, b"content-encoding": b"gzip"}, raw))
    assert (found and found.name) == to


def test_what_was_registered_goes_before_what_was_issued(known: tuple[CredentialRoutes[World], World, World]) -> None:
    found, _, two = known
    found.issue("key-1", two)
    led = found.find(asking({b"x-key": b"key-1"}))
    assert led is not None
    assert led.name == "one"


def test_all_else_can_be_led_to_a_room_too(known: tuple[CredentialRoutes[World], World, World]) -> None:
    found, one, two = known
    found.register("*", two)
    led = [found.find(asking(fields)) for fields in ({b"x-key": b"stranger"}, {}, {b"x-key": b"key-1"})]
    assert led == [two, two, one]


def test_a_room_that_is_forgotten_is_led_to_no_more(known: tuple[CredentialRoutes[World], World, World]) -> None:
    found, one, two = known
    issued = asking({b"x-key": b"token-2"})
    assert (found.keys(two), found.find(issued)) == (["client 2"], two)
    found.forget(two, registered=False)
    assert (found.keys(two), found.find(issued)) == (["client 2"], None)
    found.forget(two)
    assert found.any
    found.forget(one)
    assert not found.any


@pytest.mark.bound("keys that requests make, such as tokens")
def test_only_so_many_issued_credentials_are_remembered() -> None:
    found, one = CredentialRoutes[World](most_issued=2), world("one")
    found.open(WAYS)
    for name in ("token-2", "a", "b"):
        found.issue(name, one)
    assert found.find(asking({b"x-key": b"token-2"})) is None
    assert [found.find(asking({b"x-key": name})) for name in (b"a", b"b")] == [one, one]


@pytest.mark.parametrize("key", ["", " padded ", "two\nlines", "x" * 1_001])
def test_what_cannot_be_a_key_is_not_registered(known: tuple[CredentialRoutes[World], World, World], key: str) -> None:
    with pytest.raises(ConfigError, match=r"can't be a key; expected 1 to 1,000 printable characters"):
        known[0].check([key])


def test_a_key_belongs_to_one_world(known: tuple[CredentialRoutes[World], World, World]) -> None:
    found, one, two = known
    found.check(["key-1"], one)
    with pytest.raises(ConfigError, match="is registered to the world 'one' already"):
        found.check(["key-1"], two)


@pytest.mark.bound("registered keys")
def test_only_so_many_keys_can_be_registered() -> None:
    found, one = CredentialRoutes[World](most_registered=2), world("one")
    found.register("key-1", one)
    found.check(["another"], one)
    found.register("key-2", one)
    found.check(["key-1"], one)
    with pytest.raises(ConfigError, match="2 keys are registered; delete worlds"):
        found.check(["another"], one)


def test_a_body_that_was_looked_at_is_received_all_over_again() -> None:
    sent: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"client_", "more_body": True},
        {"type": "http.request", "body": b"id=x", "more_body": False},
        {"type": "http.disconnect"},
    ]
    coming = iter(sent)

    async def receive() -> Any:
        return next(coming)

    async def look() -> tuple[bytes, list[Any]]:
        body, again = await peek(receive)
        return body, [await again() for _ in range(3)]

    assert asyncio.run(look()) == (b"client_id=x", sent)


def test_a_long_body_is_looked_at_only_in_part() -> None:
    async def receive() -> Any:
        return {"type": "http.request", "body": b"x" * 40_000, "more_body": True}

    body, _ = asyncio.run(peek(receive))
    assert len(body) == 80_000


def test_a_form_is_known_by_its_content_type() -> None:
    assert wants_form(asking({b"content-type": b"Application/X-WWW-Form-URLencoded"}))
    assert not wants_form(asking({b"content-type": b"application/json"}))
    assert not wants_form(asking({}))


@pytest.mark.finding("I2")
def test_headers_that_no_playbook_names_any_more_are_read_no_more(
    known: tuple[CredentialRoutes[World], World, World],
) -> None:
    found, one, _ = known
    found.add([(b"x-other", None, "keys")])
    assert found.find(asking({b"x-other": b"key-1"})) is one
    found.open(WAYS)
    assert found.find(asking({b"x-other": b"key-1"})) is None
    assert found.find(asking({b"x-key": b"key-1"})) is one
