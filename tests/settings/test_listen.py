"""Addresses to listen on: how they are written, and which ones only this machine reaches."""

from __future__ import annotations

import pytest

from emulator.settings.listen import Listen, parse_listen


@pytest.mark.parametrize("text", ["127.0.0.1:8484", "[::1]:8484", "localhost:0"])
def test_an_address_is_shown_as_it_is_written(text: str) -> None:
    assert str(parse_listen(text)) == text
    assert parse_listen(text).is_loopback


def test_other_machines_reach_any_other_address() -> None:
    assert not Listen("0.0.0.0").is_loopback
