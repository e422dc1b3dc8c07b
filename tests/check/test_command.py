"""`emulator check` says all at once what is wrong, and plays only what is right otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.check import command
from emulator.check.command import check_scenario, check_scenarios
from emulator.errors import ConfigError, Diagnostic, Location
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


def reported(folder: Path, rules: str) -> list[tuple[str, str]]:
    """What is found in a scenario with these rules: the place of each diagnostic, and how it begins."""
    (folder / "story.yaml").write_text(STORY + rules)
    found = check_scenario(str(folder / "story.yaml"))
    return [(f"{Path(each.place.file).name}:{each.place.line}", each.message.partition(":")[0]) for each in found]


@pytest.mark.finding("F8")
def test_what_is_read_and_what_is_played_is_reported_in_one_pass(folder: Path) -> None:
    assert reported(folder, "rules: [{when: {nth: 2, times: 1}, reply: {body: '${X}'}}]\n") == [
        (
            "demo.yaml:24",
            "`query.a` is absent; if it may be missing, write `query.a | default(none)` "
            "(playing echo.create with nothing optional)",
        ),
        ("story.yaml:4", "this rule is never reached"),
        ("story.yaml:4", "${X} stands here as it is"),
    ]


@pytest.mark.finding("F3", "F8")
def test_rules_that_are_never_reached_are_found_beside_rules_that_are_wrong(folder: Path) -> None:
    rules = """\
rules:
  - when: {query.a: {gtt: 1}}
    reply: {body: 1}
  - when: {nth: 2, times: 1}
    reply: {body: 2}
  - reply: {body: 3}
  - when: {query.a: '1'}
    reply: {body: 4}
  - when: {query.a: '2'}
    reply: {body: '{{ 1 + }}'}
"""
    assert reported(folder, rules) == [
        ("story.yaml:5", "query.a"),
        ("story.yaml:7", "this rule is never reached"),
        ("story.yaml:10", "this rule is never reached"),
        ("story.yaml:13", "a value is missing at the end of the expression"),
    ]


@pytest.mark.finding("F1", "F8")
def test_what_follows_from_a_tier_without_data_is_reported_once(tmp_path: Path) -> None:
    tiers = "{aiexport: {tiers: {gold: {limits: {requests: 5/minute}}}, keys: {k: {workspace: w, tier: gold}}}}"
    path = tmp_path / "gold.yaml"
    path.write_text(f"scenario: gold\nextends: default\napis: {tiers}\n")
    assert {each.message.partition(" needs ")[0] for each in check_scenario(str(path))} == {"the tier 'gold'"}


def test_what_was_found_by_playing_is_left_out_only_where_its_very_place_is_named() -> None:
    def at(line: int, column: int, message: str = "") -> Diagnostic:
        return Diagnostic(Location("story.yaml", line, column), message)

    played = [at(3, 1), at(3, 12), at(13, 1)]
    assert command._unheard(played, [at(9, 9, "a tier; story.yaml:3:12 uses it")]) == [at(3, 1), at(13, 1)]
    assert command._unheard(played, [at(9, 9, "a tier (my-story.yaml:3:1, story.yaml:13:1)")]) == [at(3, 1), at(3, 12)]


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


PROJECT = "scenario: story.yaml\nclock: auto\n"


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (folder / "demo.yaml").write_text(api())
    (folder / "emulator.yaml").write_text(PROJECT)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("paths", [[], ["emulator.yaml"]])
def test_a_project_file_is_checked_with_the_scenarios_that_it_names(project: Path, paths: list[str]) -> None:
    assert check_scenarios(paths) == ([], 1)
    (project / "story.yaml").write_text(STORY + "rulez: []\n")
    (project / "emulator.yaml").write_text(f"{PROJECT}state: gone.json\nkeys: {{team_key_1: axp_test_prp}}\n")
    assert [str(each).partition(";")[0] for each in check_scenarios(paths)[0]] == [
        "emulator.yaml:3:8: gone.json: no such file",
        "story.yaml:4:1: unknown key 'rulez'",
    ]


def test_a_key_that_is_like_none_is_found(project: Path) -> None:
    (project / "emulator.yaml").write_text("keys: {team_key_1: axp_test_prp}\n")
    (found,) = check_scenarios([])[0]
    assert str(found).startswith("emulator.yaml:1:7: key ********")
    assert found.message.endswith("did you mean 'axp_test_pro'?")


def test_a_wrong_project_file_is_an_error_like_others(project: Path) -> None:
    (project / "emulator.yaml").write_text("sead: 1\n")
    assert [str(each).partition(";")[0] for each in check_scenarios([])[0]] == ["emulator.yaml:1:1: unknown key 'sead'"]


def test_a_table_of_pyproject_is_checked_too(project: Path) -> None:
    (project / "emulator.yaml").unlink()
    (project / "pyproject.toml").write_text("[tool.emulator]\nscenario = 'story.yaml'\n")
    assert check_scenarios([]) == ([], 1)
    assert check_scenarios(["."])[1] == 2  # a folder is what YAML files it holds: demo.yaml and story.yaml


def test_a_counter_has_one_limit_in_a_tier(folder: Path) -> None:
    path = folder / "limits.yaml"
    tiers = "free: {limits: {requests: [60/minute, {bucket: 3, refill: 1/second}], tokens: {bucket: 3, refil: 1/day}}}"
    path.write_text(f"scenario: limits\nabout: x\nextends: default\napis: {{aiexport: {{tiers: {{{tiers}}}}}}}\n")
    assert [each.message.partition(";")[0] for each in check_scenario(str(path))] == [
        "expected text, a mapping (of bucket, refill) or a mapping (of at_once, of)",
        "missing key 'refill'",
        "unknown key 'refil'",
    ]
