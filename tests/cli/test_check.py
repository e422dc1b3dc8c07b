"""What `emulator check` prints, and its status."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulate import emulate
from tests.library import MARK, STORY, api, marks, operation

pytestmark = pytest.mark.slow


def test_check_looks_at_all_that_comes_along() -> None:
    result = emulate("check")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "9 scenarios OK\n"


@pytest.mark.parametrize("path", ["story.yaml", "demo.yaml", "./story.yaml"])
def test_check_looks_at_a_scenario_or_an_api(story: Path, path: str) -> None:
    result = emulate("check", path)
    assert (result.exit_code, result.stdout) == (0, "1 scenario OK\n")


def test_check_looks_at_a_folder_with_the_apis_below_it(story: Path, tmp_path: Path) -> None:
    (tmp_path / "apis").mkdir()
    (tmp_path / "apis" / "more.yaml").write_text(api(name="more"))
    assert emulate("check", ".").stdout == "3 scenarios OK\n"


def test_check_does_not_take_an_empty_folder_for_a_right_one(tmp_path: Path) -> None:
    result = emulate("check", str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr == f"{tmp_path}: no scenarios in this folder; expected files such as retry.yaml\n"


def test_check_reports_every_error_of_every_file_with_its_place(story: Path, tmp_path: Path) -> None:
    texts = {
        "demo.yaml": operation("answer: «nobody\nrules: [{reply: {body: «'{{ no() }}'}}, {reply: {error: «invalidd}}]"),
        "story.yaml": STORY + "latency: {reply: «soon}\nrules: [{on: «echo.creat, fault: «latency}]\n",
        "other.yaml": "scenario: other\nabout: x\nextends: «defautl\n«rulez: []\n",
    }
    for name, text in texts.items():
        Path(name).write_text(text.replace(MARK, ""))
    result = emulate("check", "story.yaml", "other.yaml", "demo.yaml")
    expected = [str(place) for name, text in sorted(texts.items()) for place in marks(Path(name), text)]
    assert [line.split(": ", 1)[0] for line in result.stdout.splitlines()] == expected
    assert (result.exit_code, result.stderr) == (2, "8 errors\n")
    for said in (
        "unknown answer 'nobody'",
        "unknown function 'no'",
        "unknown error 'invalidd'",
        "expected a duration such as",
        "no operation is called 'echo.creat'; expected one of: echo.create; did you mean 'echo.create'?",
        "no scenario 'defautl'",
        "did you mean 'default'?",
        "unknown key 'rulez'; expected one of: scenario, about, extends, apis, latency, answers, rules, expect; did",
    ):
        assert said in result.stdout


def test_check_plays_operations_unless_told_otherwise(story: Path) -> None:
    story.write_text(STORY + "rules: [{reply: {body: '{{ query.after }}'}}]\n")
    result = emulate("check", "story.yaml")
    assert (result.exit_code, result.stderr) == (2, "1 error\n")
    assert result.stdout.startswith("story.yaml:4:24: `query.after` is absent; if it may be missing, write")
    assert emulate("check", "--no-play", "story.yaml").stdout == "1 scenario OK\n"


def test_one_error_is_counted_in_the_singular(story: Path) -> None:
    story.write_text(STORY + "rulez: []\n")
    assert emulate("check", "story.yaml").stderr == "1 error\n"
