"""The options of `emulator run`: what they mean when they are left out, and what is no value for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from click.testing import CliRunner

from emulator.cli import main
from emulator.run import session

UNSAID = {"clock": None, "state": None, "keep": None, "faults": ()}
Called = list[tuple[Sequence[str], dict[str, Any], dict[str, Any]]]
COVERAGE = {"coverage": False, "coverage_fail": ()}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    """The calls of what runs a program, none of which is run."""
    calls: Called = []

    def run_program(command: Sequence[str], options: dict[str, Any], run_options: dict[str, Any]) -> int:
        calls.append((command, options, run_options))
        return 0

    monkeypatch.setattr(session, "run_program", run_program)
    return calls


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [([], 0), (["--expect-calls"], 1), (["--expect-calls", "3"], 3), (["--expect-calls=0"], 0)],
)
def test_calls_are_expected_when_that_is_asked_for(called: Called, arguments: list[str], expected: int) -> None:
    assert CliRunner().invoke(main, ["run", *arguments, "--", "true", "-x"]).exit_code == 0
    ((command, options, run_options),) = called
    assert command == ("true", "-x")
    assert options == {"scenarios": (), "listen": "127.0.0.1:0", "webhook_allow": (), "webhook_time": None} | UNSAID
    assert run_options == {
        "world": "default",
        "allowed": (),
        "verdict": False,
        "expected": expected,
        "reports": (),
        "coverage": False,
        "coverage_fail": (),
    }


def test_reports_are_passed_on_in_order(called: Called) -> None:
    assert CliRunner().invoke(main, ["run", "--report", "md=a", "--report", "har=b", "--", "true"]).exit_code == 0
    ((_, _, run_options),) = called
    assert run_options["reports"] == ("md=a", "har=b")


@pytest.mark.parametrize("value", ["some", "1.5"])
def test_a_number_of_calls_that_is_none_is_refused(called: Called, value: str) -> None:
    result = CliRunner().invoke(main, ["run", f"--expect-calls={value}", "--", "true"])
    assert (result.exit_code, called) == (2, [])
    assert "'--expect-calls'" in result.stderr
