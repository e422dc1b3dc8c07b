"""Scenarios are found by name or path, and each comes before what it extends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.compile.finder import ScenarioFinder
from emulator.errors import DocumentError
from emulator.language.document.diagnostics import Diagnostics
from tests.library import Library, api


def story(name: str, more: str = "") -> str:
    return f"scenario: {name}\nabout: A test.\n{more}"


def told(library: Library, *names: str, **files: str) -> list[str]:
    """The names of the scenarios in their order."""
    for file, text in files.items():
        library.write(f"{file}.yaml", text)
    complaints = Diagnostics()
    stories = ScenarioFinder(library.folder, complaints).sources(names)
    complaints.raise_any()
    return [each.file.scenario for each in stories]


def test_a_scenario_is_found_by_its_name_or_its_path(library: Library, tmp_path: Path) -> None:
    library.write("yaml.yml", story("yml"))
    assert told(library, "a", a=story("a")) == ["a"]
    assert told(library, str(tmp_path / "a.yaml")) == ["a"]
    assert told(library, "yaml") == ["yml"]


def test_what_is_extended_comes_after_what_extends_it(library: Library) -> None:
    files = {"a": story("a", "extends: b"), "b": story("b", "extends: c"), "c": story("c")}
    assert told(library, "a", **files) == ["a", "b", "c"]


def test_of_several_scenarios_the_first_stands_first_and_their_common_base_last(library: Library) -> None:
    files = {"a": story("a", "extends: base"), "b": story("b", "extends: base"), "base": story("base")}
    assert told(library, "a", "b", **files) == ["a", "b", "base"]
    assert told(library, "b", "a") == ["b", "a", "base"]
    assert told(library, "base", "a") == ["a", "base"]
    assert told(library, "a", "a") == ["a", "base"]


def test_a_scenario_extends_by_a_path_from_its_own_folder_or_by_a_name(library: Library) -> None:
    library.write("base.yaml", story("base"))
    library.write("mine/near.yaml", story("near"))
    library.write("mine/one.yaml", story("one", "extends: ../base.yaml"))
    library.write("mine/two.yaml", story("two", "extends: near"))
    library.write("mine/three.yaml", story("three", "extends: base"))
    for name, base in [("one", "base"), ("two", "near"), ("three", "base")]:
        assert told(library, str(library.folder / f"mine/{name}.yaml")) == [name, base]


def test_a_name_means_the_scenario_that_comes_with_the_emulator_before_one_beside(library: Library) -> None:
    library.write("default.yaml", story("shipped"))
    library.write("mine/default.yaml", story("mine", "extends: default"))
    assert told(library, str(library.folder / "mine/default.yaml")) == ["mine", "shipped"]


@pytest.mark.parametrize("chain", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_scenario_can_not_extend_itself(library: Library, chain: list[str]) -> None:
    files = {
        f"{name}.yaml": story(name, f"extends: {follower}\n")
        for name, follower in zip(chain, [*chain[1:], chain[0]], strict=True)
    }
    last = f"{chain[-1]}.yaml"
    files[last] = files[last].replace("extends: ", "extends: «")
    assert library.refused("a", **files, story=story("story")) == [
        "a scenario can't extend itself, not even through others"
    ]


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("basse", "no scenario 'basse'; expected one of: base, story; did you mean 'base'?"),
        (
            "./basse.yaml",
            "./basse.yaml: no such file; did you mean 'base.yaml'?",
        ),
        ("../base", "no scenario '../base'; expected one of: base, story; did you mean 'base'?"),
    ],
)
def test_an_unknown_base_is_refused_where_it_is_named(library: Library, extends: str, message: str) -> None:
    library.write("base.yaml", story("base"))
    assert library.refused(story=story("story", f"extends: «{extends}\n")) == [message]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("strikt", "strikt: no scenario 'strikt'; expected one of: default, strict; did you mean 'strict'?"),
        (
            "../strict",
            "../strict: no scenario '../strict'; expected one of: default, strict; did you mean 'strict'?",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_what_may_be_meant(library: Library, name: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        told(library, name, default=story("default"), strict=story("strict"))
    assert str(caught.value) == message


def test_a_file_in_the_working_directory_is_meant_by_its_whole_name(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "mine.yml").write_text(story("mine"))
    monkeypatch.chdir(here)
    with pytest.raises(DocumentError, match=r"^mine: no scenario 'mine'; did you mean the file 'mine.yml'\?$"):
        told(library, "mine", default=story("default"))


def test_a_path_that_is_not_there_is_refused_with_what_lies_near_it(library: Library) -> None:
    library.write("mine/retry.yaml", story("retry"))
    with pytest.raises(DocumentError) as caught:
        told(library, f"{library.folder}/mine/retri.yaml", f"{library.folder}/nowhere/x.yaml")
    assert str(caught.value).splitlines() == [
        f"{library.folder}/mine/retri.yaml: no such file; did you mean '{library.folder}/mine/retry.yaml'?",
        f"{library.folder}/nowhere/x.yaml: no such file",
    ]


def test_wrong_scenarios_are_all_complained_of_and_a_shared_one_once(library: Library) -> None:
    messages = library.refused(
        "a",
        "b",
        **{
            "a.yaml": story("a", "extends: base\n«rulez: []\n"),
            "b.yaml": story("b", "extends: base\n«aps: {}\n"),
            "base.yaml": story("base", "«latencie: {}\n"),
        },
        story=story("story"),
    )
    assert [message.partition(";")[0] for message in messages] == [
        "unknown key 'rulez'",
        "unknown key 'aps'",
        "unknown key 'latencie'",
    ]


def test_a_base_that_is_no_yaml_is_told_where_it_breaks(library: Library) -> None:
    (message,) = library.refused(story=story("story", "extends: base\n"), **{"base.yaml": "scenario: [base\n«"})
    assert "expected ',' or ']' here" in message


def test_an_api_file_stands_for_the_scenario_that_serves_it_alone(library: Library) -> None:
    library.write("apis/demo.yaml", api("base: /shipped\n"))
    own = library.write("mine/demo.yaml", api("base: /own\n"))
    assert library.load(str(own)).apis["demo"].file.base == "/own"
    odd = library.write("mine/my api.yaml", api())
    with pytest.raises(DocumentError, match=r"this file is my api\.yaml, but the API is called 'demo'"):
        library.load(str(odd))


def test_every_file_that_was_looked_into_is_known(library: Library) -> None:
    library.write("a.yaml", story("a", "extends: base"))
    library.write("base.yaml", story("base", "rulez: []"))
    shelf = ScenarioFinder(library.folder, Diagnostics())
    shelf.sources(["a"])
    assert [path.name for path in shelf.files] == ["a.yaml", "base.yaml"]


@pytest.mark.finding("F8")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.symlink_to("/dev/zero"), "expected a file; found a device or a socket"),
        (lambda path: path.symlink_to("nowhere.yaml"), "this link leads to 'nowhere.yaml', which does not exist"),
        (lambda path: path.mkdir(), "expected a file; found a folder"),
        (lambda path: None, "no such file; did you mean"),
    ],
)
def test_what_is_no_file_is_called_what_it_is(library: Library, make: Callable[[Path], None], message: str) -> None:
    path = library.folder / "story.yaml"
    library.write("stori.yaml", story("stori"))
    make(path)
    with pytest.raises(DocumentError) as caught:
        library.load(str(path))
    (found,) = caught.value.diagnostics
    assert found.message.startswith(message)
    assert "'story.yaml'" not in found.message
