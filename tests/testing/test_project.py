"""The pytest plugin reads the project file: each test's world begins as it says."""

from __future__ import annotations

import pytest

from emulator import Emulator
from tests.testing.test_plugin import alone

__all__ = ["alone"]

pytestmark = pytest.mark.slow
pytest_plugins = ["pytester"]

PROJECT = "scenario: free-tier\nseed: 7\nclock: 2026-01-01T00:00:00Z, frozen\nkeys: {team_key_1: axp_test_pro}\n"
TESTS = """
    import pytest

    def known(emulator):
        return [each["key"] for each in emulator.client.get("/keys")["keys"]]

    def test_as_the_project_says(emulator):
        assert emulator.scenarios == ["free-tier"]
        assert emulator.clock.iso == "2026-01-01T00:00:00.000Z"
        assert emulator.clock.state.speed == 0
        assert "team_key_1" in known(emulator)
        emulator.clock.advance("1h")
        emulator.reset()
        assert emulator.clock.iso == "2026-01-01T00:00:00.000Z"
        assert "team_key_1" in known(emulator)

    @pytest.mark.emulator(scenario="strict", frozen="2030-01-01T00:00:00Z")
    def test_as_the_marker_says(emulator):
        assert emulator.scenarios == ["strict"]
        assert emulator.clock.iso == "2030-01-01T00:00:00.000Z"
"""
WITH_STATE = """
    import pytest

    def test_it_begins_with_the_state(emulator):
        assert (emulator.scenarios, emulator.clock.state.speed) == (["by-polls"], 2.0)
        assert emulator.clock.iso.startswith("2027-01-01T00:0")
        assert "axp_saved_key" in [each["key"] for each in emulator.client.get("/keys")["keys"]]

    @pytest.mark.emulator(scenario="strict", frozen=True)
    def test_markers_take_precedence(emulator):
        assert (emulator.scenarios, emulator.clock.state.speed) == (["strict"], 0.0)
        assert "axp_saved_key" in [each["key"] for each in emulator.client.get("/keys")["keys"]]
"""


def test_worlds_begin_as_the_project_says_unless_a_marker_does(alone: pytest.Pytester) -> None:
    (alone.path / "emulator.yaml").write_text(PROJECT)
    alone.makepyfile(TESTS)
    done = alone.runpytest_subprocess()
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["emulator: set up by emulator.yaml"])


def test_workers_of_xdist_read_it_too(alone: pytest.Pytester) -> None:
    (alone.path / "pyproject.toml").write_text(f"[tool.emulator]\n{_toml()}")
    alone.makepyfile(TESTS)
    done = alone.runpytest_subprocess("-p", "xdist", "-n", "1", timeout=300)
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["emulator: set up by [[]tool.emulator[]] in pyproject.toml"])


def _toml() -> str:
    return (
        "scenario = 'free-tier'\nseed = 7\nclock = '2026-01-01T00:00:00Z, frozen'\n"
        "keys = {team_key_1 = 'axp_test_pro'}\n"
    )


def test_each_world_begins_with_the_state(alone: pytest.Pytester, emulator: Emulator) -> None:
    with emulator.world("saved", scenario="by-polls", frozen="2027-01-01T00:00:00Z") as world:
        world.client.post("/keys", {"key": "axp_saved_key", "like": "axp_test_pro"})
        world.snapshot(alone.path / "state.json")
    (alone.path / "emulator.yaml").write_text("state: state.json\nclock: x2\n")
    alone.makepyfile(WITH_STATE)
    alone.runpytest_subprocess().assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [("sead: 7\n", "emulator.yaml:1:1: unknown key 'sead'*"), ("state: gone.json\n", "*gone.json: no such file; *")],
)
def test_a_wrong_file_fails_the_tests_that_use_the_fixture(alone: pytest.Pytester, text: str, message: str) -> None:
    (alone.path / "emulator.yaml").write_text(text)
    alone.makepyfile("def test_with(emulator): pass\n\ndef test_without(): pass\n")
    done = alone.runpytest_subprocess()
    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines([message])


def test_a_server_that_runs_already_is_set_up_by_itself(alone: pytest.Pytester, emulator_server: Emulator) -> None:
    (alone.path / "emulator.yaml").write_text("sead: 7\n")
    alone.makepyfile("def test_it(emulator): assert emulator.scenarios == ['default']\n")
    done = alone.runpytest_subprocess("--emulator-url", emulator_server.url)
    done.assert_outcomes(passed=1)
    done.stdout.no_fnmatch_line("*set up by*")
