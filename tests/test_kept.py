"""Compiled playbooks that are kept on disk: taken while everything is the same, made again when anything is not."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from emulator import kept
from emulator.app import LANGUAGE, load
from emulator.errors import DocumentError
from emulator.kept import MOST, Kept
from emulator.scenario.playbook import Playbook
from emulator.serving.served import Served

Loaded = tuple[Playbook, Mapping[str, Served]]
MINE = "scenario: mine\nextends: default\nabout: x\nrules:\n  - {on: messages.create, reply: {body: {said: %s}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "cache", LANGUAGE)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE % "one")
    return path


def said(loaded: Loaded) -> object:
    """What the rule of our own scenario says."""
    reply = loaded[0].operation("aiexport", "messages.create").rules.rules[0].reply
    assert reply is not None
    assert reply.body is not None
    return reply.body.value({})


def takes(folder: Kept, name: str) -> bool:
    """Whether loading this finds something that was kept."""
    return folder.take(((name,), False)) is not None


def test_what_was_kept_is_what_would_be_compiled(folder: Kept) -> None:
    made, kept_one = load(("default",), kept=folder), load(("default",), kept=folder)
    assert made[0] is not kept_one[0]
    for name, api in made[0].apis.items():
        other = kept_one[0].apis[name]
        assert list(api.operations) == list(other.operations)
        assert (api.keys, api.tiers, api.claims, api.switches) == (
            other.keys,
            other.tiers,
            other.claims,
            other.switches,
        )
        assert api.file == other.file
        assert api.citations == other.citations
        assert made[1][name].limits == kept_one[1][name].limits
    routes = [(route.method, route.path, route.place) for route in made[0].router.routes]
    assert routes == [(route.method, route.path, route.place) for route in kept_one[0].router.routes]


def test_a_change_of_any_file_is_noticed(folder: Kept, mine: Path) -> None:
    assert said(load((str(mine),), kept=folder)) == {"said": "one"}
    assert takes(folder, str(mine))
    mine.write_text(MINE % "two")
    assert not takes(folder, str(mine))
    assert said(load((str(mine),), kept=folder)) == {"said": "two"}
    mine.write_text(MINE % "one")
    assert said(load((str(mine),), kept=folder)) == {"said": "one"}


def test_a_scenario_that_comes_or_goes_beside_them_is_noticed(folder: Kept, mine: Path) -> None:
    load((str(mine),), kept=folder)
    beside = mine.with_name("aiexport.yaml")
    beside.write_text("api: aiexport\n")
    assert not takes(folder, str(mine))
    beside.unlink()
    assert takes(folder, str(mine))
    mine.with_name("notes.txt").write_text("not a scenario")
    assert takes(folder, str(mine))


def test_a_wrong_scenario_is_not_kept(folder: Kept, mine: Path) -> None:
    mine.write_text("scenario: mine\nextend: default\n")
    for _ in range(2):
        with pytest.raises(DocumentError):
            load((str(mine),), kept=folder)


def test_other_wishes_another_folder_or_another_program_find_nothing(
    folder: Kept, mine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load((str(mine),), kept=folder)
    assert folder.take(((str(mine),), True)) is None
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        assert not takes(folder, str(mine))
    with monkeypatch.context() as patch:
        patch.setattr(kept, "__version__", "0.0.0")
        assert not takes(folder, str(mine))
    assert takes(folder, str(mine))


def test_what_is_broken_or_cut_short_is_compiled_again(folder: Kept, mine: Path) -> None:
    load((str(mine),), kept=folder)
    (file,) = folder.folder.glob("*.playbook")
    whole = file.read_bytes()
    for data in (b"", whole[:200], whole[: len(whole) // 2], b"nonsense", pickle.dumps("nonsense")):
        file.write_bytes(data)
        assert said(load((str(mine),), kept=folder)) == {"said": "one"}
        assert takes(folder, str(mine))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners of files")
def test_a_folder_that_others_may_write_to_is_not_trusted(folder: Kept, mine: Path) -> None:
    load((str(mine),), kept=folder)
    folder.folder.chmod(0o777)
    assert not takes(folder, str(mine))
    assert said(load((str(mine),), kept=folder)) == {"said": "one"}


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path, mine: Path) -> None:
    (tmp_path / "file").write_text("")
    nowhere = Kept(tmp_path / "file" / "cache", LANGUAGE)
    assert said(load((str(mine),), kept=nowhere)) == {"said": "one"}
    assert not takes(nowhere, str(mine))


def test_the_folder_is_ours_alone_and_does_not_grow(folder: Kept, mine: Path) -> None:
    made = load((str(mine),), kept=folder)
    for number in range(MOST + 3):
        folder.keep(number, "something small", made[0].files)
    assert folder.folder.stat().st_mode & 0o777 == 0o700
    files = list(folder.folder.iterdir())
    assert len(files) == MOST
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    assert folder.take(0) is None
    assert folder.take(MOST + 2) == "something small"


def test_without_a_folder_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kept, "keep", lambda *_: pytest.fail("kept"))
    load(("default",))
