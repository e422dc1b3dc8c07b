"""Starting and attaching: a thread that serves while it is wanted, and worlds that end with their `with`."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import emulator as package
from emulator import ControlError, Emulator
from emulator.errors import ConfigError, DocumentError
from tests import loopback


def serving() -> int:
    """How many servers run in threads of this process."""
    return sum(thread.name == "emulator" for thread in threading.enumerate())


def test_one_is_started_on_a_free_port_and_stopped_again() -> None:
    before = serving()
    with Emulator() as started:
        assert serving() == before + 1
        assert loopback.get(f"{started.url}/_emulator/health").json()["status"] == "ok"
        assert started.name == "default"
        assert started.scenarios == ["default"]
    assert serving() == before
    assert repr(started) == "<Emulator stopped>"
    started.stop()  # as good as nothing


def test_it_is_started_as_it_is_told() -> None:
    with Emulator(scenario="free-tier", frozen="2026-01-01T00:00:00Z", seed=7, max_body="1KiB") as started:
        assert started.scenarios == ["free-tier"]
        assert (started.clock.now, started.clock.state.frozen) == (1_767_225_600.0, True)
        messages = f"{started.base_url('aiexport')}/messages"
        answer = loopback.post(messages, json={"model": "x" * 2_000}, headers={"X-API-Key": "k"})
        assert answer.status_code == 413


def test_another_one_attaches_to_it(emulator: Emulator) -> None:
    with Emulator(emulator.url, world=emulator.name) as attached:
        attached.fail("messages.create")
    assert len(emulator.faults) == 1


def test_a_process_attaches_by_its_environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulator.env.items():
        monkeypatch.setenv(name, value)
    with Emulator.attach() as attached:
        assert (attached.url, attached.name) == (emulator.url, emulator.name)


def test_a_server_with_a_token_wants_to_be_shown_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(control_token="a-long-secret") as guarded:
        assert guarded.clock.now
        stranger = Emulator(guarded.url)
        with stranger, pytest.raises(ControlError, match="token is missing"):
            _ = stranger.clock.now
        monkeypatch.setenv("EMULATOR_CONTROL_TOKEN", "a-long-secret")
        with Emulator.attach(guarded.url) as friend, friend.world("theirs") as world:
            assert world.clock.now


def test_attaching_to_nowhere_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMULATOR_URL", raising=False)
    with pytest.raises(ValueError, match="set EMULATOR_URL"):
        Emulator.attach()


def test_a_running_one_is_not_set_up_again(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="make a world"):
        Emulator(emulator.url, scenario="free-tier")


def test_one_that_does_not_run_says_how_to_start_it() -> None:
    with pytest.raises(ControlError, match="with Emulator"):
        _ = Emulator().clock.now


def test_a_wrong_scenario_is_told_with_its_places_and_leaves_no_thread(tmp_path: Path) -> None:
    before = serving()
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("scenario: wrong\nabout: Wrong.\nextends: default\nrulez: []\n")
    with pytest.raises(DocumentError, match=r"wrong\.yaml:4:1"):
        Emulator(scenario=wrong).start()
    assert serving() == before


def test_a_wrong_option_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="--seed is 'many'"):
        Emulator(seed="many")
    with pytest.raises(ConfigError, match="unknown setting 'sede'"):
        Emulator(sede=1)
    with pytest.raises(ValueError, match="two words for the same"):
        Emulator(scenario="default", scenarios=["default"])


def test_a_world_ends_with_its_block(emulator: Emulator) -> None:
    name = f"{emulator.name}-within"
    with emulator.world(name, scenarios=["free-tier", "default"], seed=3, frozen=True) as world:
        assert world.name == name
        assert world.scenarios == ["free-tier", "default"]
        assert world.clock.state.frozen
        world.fail("messages.create")
        assert emulator.faults == []
    with pytest.raises(ControlError, match="no world"):
        emulator.client.of(name).get("/clock")
    assert emulator.clock.now  # the connection is still there


def test_a_world_is_made_once(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="is there already") as caught:
        emulator.world(emulator.name)
    assert caught.value.status == 409


def test_a_world_of_a_wrong_scenario_is_not_made(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="did you mean 'free-tier'"):
        emulator.world(f"{emulator.name}-2", scenario="free-teir")


def test_the_package_tells_its_public_names_and_no_other() -> None:
    assert set(package.__all__) <= set(dir(package))
    assert package.Emulator is Emulator
    with pytest.raises(AttributeError, match="no attribute 'Emulater'"):
        _ = package.Emulater
