"""Keys of a world's own: of the tier that is asked for, and leading nowhere else."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import Emulator
from tests import loopback


def send(emulator: Emulator, key: str, message: dict[str, Any]) -> httpx.Response:
    url = f"{emulator.base_url('aiexport')}/messages"
    return loopback.post(url, json=message, headers={"X-API-Key": key})


def test_a_key_leads_here_and_has_its_tier(
    emulator: Emulator, emulator_server: Emulator, hello: dict[str, Any]
) -> None:
    assert send(emulator, emulator.key("free"), hello).headers["X-RateLimit-Limit"] == "60"
    assert emulator.limits(emulator.key("free"))["tier"] == "free"
    assert len(emulator.requests()) == 1


def test_the_same_key_is_given_again_and_another_by_another_name(emulator: Emulator) -> None:
    keys = {emulator.key("pro"), emulator.key("pro"), emulator.key("pro", name="second")}
    assert len(keys) == 2
    assert all(key.startswith("axp_test_pro_") for key in keys)


def test_a_key_of_another_workspace_has_counters_of_its_own(emulator: Emulator, hello: dict[str, Any]) -> None:
    ours, theirs = emulator.key("free"), emulator.key("free", workspace="theirs")
    send(emulator, ours, hello)
    assert emulator.limits(ours)["limits"]["requests"]["used"] == 1
    assert emulator.limits(theirs)["limits"]["requests"]["used"] == 0


@pytest.mark.emulator(scenario="strict")
def test_a_key_is_welcome_where_unknown_ones_are_not(emulator: Emulator, hello: dict[str, Any]) -> None:
    assert send(emulator, emulator.key("pro"), hello).status_code == 200
    refused = loopback.post(
        f"{emulator.base_url('aiexport')}/messages",
        json=hello,
        headers={"X-API-Key": "axp_unknown_1", **emulator.headers},
    )
    assert refused.status_code == 401


def test_two_worlds_have_two_keys(emulator: Emulator, hello: dict[str, Any]) -> None:
    with emulator.world(f"{emulator.name}-b") as other:
        assert other.key("pro") != emulator.key("pro")
        send(emulator, other.key("pro"), hello)
        assert (len(emulator.requests()), len(other.requests())) == (0, 1)


def test_the_default_world_has_the_keys_that_the_api_has(emulator_server: Emulator) -> None:
    assert emulator_server.key("pro") == "axp_test_pro"


def test_a_tier_that_there_is_not_is_refused_with_the_nearest(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match=r"no key has the tier 'fre'; .*did you mean 'free'"):
        emulator.key("fre")
    with pytest.raises(ValueError, match=r"no API with keys is called 'aiexprot'; .*did you mean 'aiexport'"):
        emulator.key("free", api="aiexprot")
    with pytest.raises(ValueError, match="expected one of: standard, limited"):
        emulator.key("free", api="aixplain")
