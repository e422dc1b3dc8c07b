"""The project file: one place for what `serve`, `run` and pytest share, checked with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from emulator.language.schema.project import ProjectFile
from emulator.project import SETTINGS, Project, project_file, read_project
from emulator.settings.clock_start import parse_clock
from emulator.settings.options import Settings, load_settings
from tests.pages import ROOT, blocks, tables

YAML = """\
scenario: [mine.yaml, free-tier]
seed: 7
clock: 2026-01-01T00:00:00Z, auto
state: state.json
keys:
  team_key: axp_test_pro
"""
TOML = """\
[project]
name = "mine"
seed = 1

[tool.emulator]
scenario = ["mine.yaml", "free-tier"]
seed = 7
clock = "2026-01-01T00:00:00Z, auto"
state = "state.json"

[tool.emulator.keys]
team_key = "axp_test_pro"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "source"),
    [
        ("emulator.yaml", YAML, "emulator.yaml"),
        ("emulator.yml", YAML, "emulator.yml"),
        ("pyproject.toml", TOML, "[tool.emulator] in pyproject.toml"),
    ],
)
def test_both_kinds_say_the_same(folder: Path, name: str, text: str, source: str) -> None:
    (folder / name).write_text(text)
    project = read_project(folder)
    assert project.source == source
    assert load_settings({}, {}, project.values) == Settings(
        scenarios=("mine.yaml", "free-tier"),
        seed=7,
        clock=parse_clock("2026-01-01T00:00:00Z, auto"),
        state="state.json",
        keys=(("team_key", "axp_test_pro"),),
    )


def test_options_and_variables_take_precedence(folder: Path) -> None:
    (folder / "emulator.yaml").write_text(YAML)
    values = read_project(folder).values
    assert load_settings({"seed": 9}, {"EMULATOR_SEED": "8"}, values).seed == 9
    assert load_settings({"seed": None}, {"EMULATOR_SEED": "8"}, values).seed == 8
    assert load_settings({"scenarios": ()}, {}, values).scenarios == ("mine.yaml", "free-tier")


def test_without_a_file_nothing_is_said(folder: Path) -> None:
    assert read_project(folder) == Project()
    assert project_file(folder) is None
    (folder / "pyproject.toml").write_text("[tool.emulators]\nseed = 'x'\n")
    assert read_project(folder) == Project()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "scenario:\nkeys:\n"])
def test_an_empty_file_says_nothing(folder: Path, text: str) -> None:
    (folder / "emulator.yaml").write_text(text)
    project = read_project(folder)
    assert (project.source, dict(project.values)) == ("emulator.yaml", {})


def test_paths_begin_at_the_folder_of_the_file(folder: Path) -> None:
    below = folder / "below"
    below.mkdir()
    (below / "emulator.yaml").write_text(YAML)
    values = read_project(below).values
    assert values["scenarios"] == (str(below / "mine.yaml"), "free-tier")
    assert values["state"] == str(below / "state.json")


def test_a_time_of_toml_is_a_time(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.emulator]\nclock = 2026-01-01T00:00:00Z\n")
    assert read_project(folder).values["clock"] == parse_clock("2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "emulator.yaml",
            "seed: 1\nclok: auto\n",
            "emulator.yaml:2:1: unknown key 'clok'; expected one of: scenario, seed, clock, state, keys; "
            "did you mean 'clock'?",
        ),
        (
            "pyproject.toml",
            "[project]\nclok = 1\n[tool.emulator]\nseed = 1\n  clok = 'auto'\n",
            "pyproject.toml:5:3: unknown key 'clok'; expected one of: scenario, seed, clock, state, keys; "
            "did you mean 'clock'?",
        ),
        ("emulator.yaml", "seed: x\n", "emulator.yaml:1:7: expected a whole number; found the text 'x'"),
        ("pyproject.toml", "[tool.emulator]\nseed = 1.5\n", "pyproject.toml:2:1: expected a whole number; found"),
        ("emulator.yaml", "clock: noon\n", "emulator.yaml:1:8: expected frozen, auto, a speed such as x100"),
        ("emulator.yaml", "keys: {short: axp_test_pro}\n", "emulator.yaml:1:7: expected a key of 8 to 200"),
        ("emulator.yaml", "- seed\n", "emulator.yaml:1:1: "),
        ("emulator.yaml", "seed: [\n", "emulator.yaml:2:1: "),
        ("pyproject.toml", "[tool.emulator]\nseed = \n", "pyproject.toml:1:1: the file is no TOML: "),
        ("pyproject.toml", "tool = 1\n[tool.emulator]\n", "pyproject.toml:2:1: the file is no TOML: "),
    ],
)
def test_what_is_wrong_is_named_with_its_place(folder: Path, name: str, text: str, message: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_project(folder)
    assert str(caught.value).startswith(message)
    assert project_file(folder) == str(folder / name)


def test_an_invalid_key_is_refused_without_showing_it(folder: Path) -> None:
    (folder / "emulator.yaml").write_text("keys: {sk-abcd: axp_test_pro}\n")
    with pytest.raises(ConfigError) as caught:
        read_project(folder)
    assert str(caught.value).startswith("emulator.yaml:1:7: expected a key of 8 to 200 ")
    assert str(caught.value).endswith("; found (hidden)")


@pytest.mark.parametrize("text", ["keys: sk-abcd-efgh=axp_test_pro\n", "keys: sk-abcd-efgh\n"])
def test_keys_that_are_a_text_are_refused_without_showing_it(folder: Path, text: str) -> None:
    (folder / "emulator.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_project(folder)
    assert str(caught.value) == "emulator.yaml:1:7: expected a mapping; found a text (hidden)"


def test_everything_that_is_wrong_is_reported_at_once(folder: Path) -> None:
    (folder / "emulator.yaml").write_text("clock: noon\nscenario: ','\nkeys: {short: x}\n")
    with pytest.raises(ConfigError) as caught:
        read_project(folder)
    assert [line.partition(": ")[0] for line in str(caught.value).splitlines()] == [
        "emulator.yaml:1:8",
        "emulator.yaml:2:11",
        "emulator.yaml:3:7",
    ]


@pytest.mark.parametrize(
    ("other", "text", "named"),
    [
        ("pyproject.toml", TOML, "[tool.emulator] (pyproject.toml:5:1)"),
        ("emulator.yml", YAML, "emulator.yml"),
    ],
)
def test_two_files_are_refused(folder: Path, other: str, text: str, named: str) -> None:
    (folder / "emulator.yaml").write_text(YAML)
    (folder / other).write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_project(folder)
    expected = f"emulator.yaml and {named} both set up the emulator here; remove one of them"
    assert str(caught.value) == expected


def test_a_pyproject_that_says_nothing_may_be_broken(folder: Path) -> None:
    (folder / "pyproject.toml").write_bytes(b"[project\n\xff")
    assert read_project(folder) == Project()


def test_each_key_is_a_setting() -> None:
    assert set(SETTINGS) == set(ProjectFile.model_fields)
    assert set(SETTINGS.values()) <= set(Settings.__struct_fields__)


def test_the_page_says_of_each_key_what_editors_say() -> None:
    (table,) = [each for each in tables(ROOT / "docs" / "project.md") if each.first == "key"]
    said = {name: field.description for name, field in ProjectFile.model_fields.items()}
    assert {row[0].strip("`"): row[1] for row in table.rows[1:]} == said


def test_the_examples_of_the_page_are_right(folder: Path) -> None:
    written = [block for block in blocks(ROOT / "docs" / "project.md") if block.language in ("yaml", "toml")]
    for name, block in zip(("emulator.yaml", "pyproject.toml"), written, strict=False):
        (folder / name).write_text(block.text)
        assert read_project(folder).values["keys"] == (("axp_team_key", "axp_test_free"),)
        (folder / name).unlink()
