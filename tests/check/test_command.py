"""`emulator check` says all at once what is wrong, and plays only what is right otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.check.command import check_scenario, check_scenarios
from emulator.errors import ConfigError
from tests.library import STORY, Library, api, rule


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "demo.yaml").write_text(rule("reply: {body: '{{ query.a }}'}"))
    (tmp_path / "story.yaml").write_text(STORY)
    return tmp_path


def test_operations_are_played_unless_told_otherwise(folder: Path) -> None:
    (found,) = check_scenario(str(folder / "story.yaml"))
    assert "`query.a` is absent" in found.message
    assert check_scenario(str(folder / "story.yaml"), play=False) == []


def test_nothing_is_played_when_something_else_is_wrong(folder: Path) -> None:
    (folder / "story.yaml").write_text(STORY + "rules: [{when: {nth: 2, times: 1}, reply: {body: '${X}'}}]\n")
    assert [found.message.partition(":")[0] for found in check_scenario(str(folder / "story.yaml"))] == [
        "this rule is never reached",
        "${X} stands here as it is",
    ]


def test_an_error_of_a_file_that_several_scenarios_share_is_reported_once(library: Library) -> None:
    library.write("apis/demo.yaml", api("serves: [D-NONE]\n"))
    names = [str(library.write(f"{name}.yaml", f"scenario: {name}\nabout: x\napis: {{demo: }}\n")) for name in "ab"]
    diagnostics, checked = check_scenarios(names)
    assert (len(diagnostics), checked) == (1, 2)


def test_a_folder_is_what_it_holds(library: Library, tmp_path: Path) -> None:
    library.write("apis/demo.yaml", api())
    library.write("one.yml", "scenario: one\nabout: x\napis: {demo: }\n")
    assert check_scenarios([str(library.folder)]) == ([], 2)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no scenarios in this folder"):
        check_scenarios([str(tmp_path / "empty")])
