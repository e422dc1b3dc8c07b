"""Playbooks: compiled once for each list of scenarios, and again when a file has changed."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from emulator.app import load
from emulator.compile.playbooks import MAX_PLAYBOOKS, Names, Playbooks
from emulator.errors import DocumentError
from emulator.playbook.apis import Playbook
from tests.small import HEAD

FINE = "fine: {route: GET /fine, rules: [{reply: {body: {}}}]}"


@pytest.fixture
def story(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(f"{HEAD}collections: {{tokens: {{}}}}\noperations:\n  {FINE}\n")
    path = tmp_path / "story.yaml"
    path.write_text("scenario: story\nabout: A test.\napis:\n  small:\n")
    return path


class Compiler:
    """Counts what it compiles."""

    def __init__(self) -> None:
        self.asked: list[Names] = []

    def __call__(self, names: Names) -> Playbook:
        self.asked.append(names)
        return load(names)


def test_the_same_scenarios_are_compiled_once(story: Path) -> None:
    compiler = Compiler()
    playbooks = Playbooks(compiler)
    assert playbooks.get((str(story),)) is playbooks.get((str(story),))
    assert compiler.asked == [(str(story),)]


def test_a_changed_file_is_compiled_again(story: Path) -> None:
    compiler = Compiler()
    playbooks = Playbooks(compiler)
    before = playbooks.get((str(story),))
    story.write_text(story.read_text().replace("A test.", "Another test."))
    assert playbooks.get((str(story),)) is not before
    story.with_name("small.yaml").unlink()
    with pytest.raises(DocumentError):
        playbooks.get((str(story),))
    assert len(compiler.asked) == 3


def test_reading_again_compiles_what_is_used_or_changes_nothing(story: Path) -> None:
    compiler = Compiler()
    playbooks = Playbooks(compiler)
    before = playbooks.get((str(story),))
    made = playbooks.again([(str(story),), (str(story),)])
    assert made[(str(story),)] is not before
    with pytest.raises(DocumentError):
        playbooks.again([(str(story),), ("no-such-scenario",)])
    assert playbooks.get((str(story),)) is made[(str(story),)]


@pytest.mark.bound("reloads")
def test_the_playbook_asked_for_longest_ago_is_forgotten_first(story: Path) -> None:
    compiler = Compiler()
    playbooks = Playbooks(compiler)
    made = load((str(story),))
    for number in range(MAX_PLAYBOOKS):
        playbooks.add((f"{number}",), made)
    playbooks.get(("0",))
    playbooks.get((str(story),))
    assert [playbooks.get((name,)) is made for name in ("0", "2")] == [True, True]
    compiler.asked.clear()
    with pytest.raises(DocumentError):
        playbooks.get(("1",))


@pytest.mark.finding("I2")
def test_what_was_made_of_files_that_have_changed_is_forgotten(story: Path) -> None:
    playbooks = Playbooks(Compiler())
    other = story.with_name("other.yaml")
    other.write_text(story.read_text())
    gc.disable()  # it might free what other tests have left meanwhile
    try:
        left = count()
        for file in (story, other):
            playbooks.get((str(file),))
        assert count() == left + 2
        other.unlink()
        story.write_text(story.read_text() + "# changed\n")
        playbooks.get((str(story),))
        assert count() == left + 1
    finally:
        gc.enable()


def count() -> int:
    """How many playbooks there are."""
    return sum(type(each) is Playbook for each in gc.get_objects())
