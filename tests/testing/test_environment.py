"""The variables by which a program under test calls a world: set for a test, and as they were afterwards."""

from __future__ import annotations

import os
import sys
from types import ModuleType

import httpx
import pytest

from emulator import Emulator
from emulator.testing.environment import Environment, read_before


def test_each_apis_variables_lead_to_the_world_with_a_key_of_its_own(emulator: Emulator) -> None:
    found = emulator.environment()
    assert (found["BACKEND_URL"], found["EMULATOR_WORLD"]) == (emulator.url, emulator.name)
    assert found["API_KEY"].startswith("axp_test_")
    assert found["API_KEY"] == emulator.key("pro", api="aiexport")
    assert found["TEAM_API_KEY"] != "aix_test_demo"
    httpx.get(f"{found['AIEXPORT_BASE_URL']}/models", headers={"X-API-Key": found["API_KEY"]}).raise_for_status()
    assert len(emulator.requests("models.list")) == 1


def test_one_apis_variables_with_a_key_of_a_tier(emulator: Emulator) -> None:
    found = emulator.environment("aiexport", tier="free")
    assert found["API_KEY"] == emulator.key("free", api="aiexport")
    assert "BACKEND_URL" not in found


def test_calls_of_the_real_hosts_arrive_with_https(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    found = emulator.environment(https=True)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    response = httpx.get("https://api.aiexport.io/v2/models", headers={"X-API-Key": found["API_KEY"]})
    assert response.status_code == 200
    assert len(emulator.requests("models.list")) == 1


@pytest.mark.parametrize(
    ("api", "tier", "message"),
    [
        ("aixport", None, "no API is called 'aixport'; .*did you mean 'aiexport'"),
        ("aiexport", "fre", "no key has the tier 'fre'; .*did you mean 'free'"),
    ],
)
def test_what_is_not_there_is_refused(emulator: Emulator, api: str, tier: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        emulator.environment(api, tier=tier)


def test_two_apis_that_want_the_same_variable_are_refused_with_both_names(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Environment, "_of", lambda self, api, tier: {"API_KEY": api["api"]})
    with pytest.raises(ValueError, match=r"(aixplain and aiexport|aiexport and aixplain) want the variable API_KEY"):
        emulator.environment()


def test_a_module_that_has_read_them_already_is_named(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aixplain", ModuleType("aixplain"))
    monkeypatch.setenv("TEAM_API_KEY", "old")
    (sentence,) = read_before(emulator, emulator.environment())
    assert sentence.startswith("aixplain was imported before; it keeps the old ")
    assert "TEAM_API_KEY" in sentence
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    assert list(read_before(emulator, emulator.environment())) == []


@pytest.mark.emulator(env=True)
def test_the_marker_sets_them(emulator: Emulator) -> None:
    assert os.environ["API_KEY"] == emulator.key("pro", api="aiexport")


def test_the_fixture_sets_them(emulator_environment: dict[str, str]) -> None:
    assert os.environ["API_KEY"] == emulator_environment["API_KEY"]


def test_without_either_nothing_is_set(emulator: Emulator) -> None:
    assert os.environ.get("API_KEY") != emulator.key("pro", api="aiexport")
    assert os.environ.get("EMULATOR_WORLD") != emulator.name
