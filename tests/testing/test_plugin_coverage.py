"""`pytest --emulator-coverage`: what the tests never touched, added up over worlds and workers."""

from __future__ import annotations

import json

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow

SCENARIO = """
scenario: mine
extends: default
rules:
  - {name: busy, on: models.list, when: {times: 1}, reply: {error: overloaded}}
  - {name: never, on: models.list, when: {query.limit: 3}, reply: {error: overloaded}}
"""
TESTS = """
import pytest
from tests import loopback

pytestmark = pytest.mark.emulator(scenario="mine.yaml")

@pytest.mark.parametrize("number", range(4))
def test_it(emulator, number):
    url, headers = f"{emulator.base_url('aiexport')}/models", {"X-API-Key": emulator.key("pro")}
    assert [loopback.get(url, headers=headers).status_code for _ in range(2)] == [503, 200]
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others take longer to import than these tests
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p emulator -p xdist -p no:cacheprovider")
    pytester.makefile(".yaml", mine=SCENARIO)
    pytester.makepyfile(TESTS)
    return pytester


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_worlds_and_workers_add_up(suite: pytest.Pytester, workers: tuple[str, ...]) -> None:
    ran = suite.runpytest_subprocess("--emulator-coverage", "--emulator-coverage-report=c.json", *workers)
    ran.assert_outcomes(passed=4)
    assert ran.ret == 0
    ran.stdout.fnmatch_lines(
        [
            "*emulator coverage*",
            "models.list      8   4    -    -    4    .        .     -  never: 429",
            "mine.yaml:5 'never' has never answered (nearest is *: query.limit: expected 3, found 20)",
        ]
    )
    view = json.loads((suite.path / "c.json").read_text())
    assert [each["answered"] for each in view["rules"]] == [4, 0]


def test_what_is_not_covered_fails_the_session(suite: pytest.Pytester) -> None:
    requirements = ("--emulator-coverage-fail=unused-rules", "--emulator-coverage-fail=models.*:429")
    ran = suite.runpytest_subprocess(*requirements)
    ran.assert_outcomes(passed=4)
    assert ran.ret == 1
    ran.stdout.fnmatch_lines(["FAILED: unused-rules: 1 never used", "FAILED: models.*:429: never met by models.list"])


def test_what_is_no_requirement_is_refused_before_a_test_runs(suite: pytest.Pytester) -> None:
    ran = suite.runpytest_subprocess("--emulator-coverage-fail=models.*:staled")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["*--emulator-coverage-fail: *did you mean 'stalled'*"])


def test_without_the_options_nothing_is_told(suite: pytest.Pytester) -> None:
    ran = suite.runpytest_subprocess()
    assert "emulator coverage" not in ran.stdout.str()
