"""Compiled playbooks that are kept on disk: taken while everything is the same, made again when anything is not."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from emulator import paths as resources
from emulator.app import LANGUAGE, load
from emulator.compile import cache as kept
from emulator.compile.cache import MOST, PlaybookCache
from emulator.errors import DocumentError
from emulator.playbook import Playbook
from emulator.playbook.service import Served

Loaded = tuple[Playbook, Mapping[str, Served]]
MINE = "scenario: mine\nextends: default\nabout: x\nrules:\n  - {on: messages.create, reply: {body: {said: %s}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> PlaybookCache:
    return PlaybookCache(tmp_path / "cache", LANGUAGE)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    write(path, MINE % "one")
    return path


def said(loaded: Loaded) -> object:
    """What the rule of our own scenario says."""
    reply = loaded[0].operation("aiexport", "messages.create").rules.rules[0].reply
    assert reply is not None
    assert reply.body is not None
    return reply.body.value({})


def takes(folder: PlaybookCache, name: str, documented_only: bool = False) -> bool:
    """Whether loading this finds something that was kept."""
    try:
        folder.take_or_make((name,), documented_only, refuse)
    except LookupError:
        return False
    return True


def refuse() -> NoReturn:
    raise LookupError


def write(path: Path, text: str) -> None:
    """Write a file, and wait until what is written next is newer, as the file system's clock has it."""
    path.write_text(text)
    probe = path.with_name("probe")
    while True:
        probe.write_text("")
        if probe.stat().st_ctime_ns > path.stat().st_ctime_ns:
            probe.unlink()
            return


def test_what_was_kept_is_what_would_be_compiled(folder: PlaybookCache) -> None:
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


def test_a_change_of_any_file_is_noticed(folder: PlaybookCache, mine: Path) -> None:
    assert said(load((str(mine),), kept=folder)) == {"said": "one"}
    assert takes(folder, str(mine))
    write(mine, MINE % "two")
    assert not takes(folder, str(mine))
    assert said(load((str(mine),), kept=folder)) == {"said": "two"}
    write(mine, MINE % "one")
    assert said(load((str(mine),), kept=folder)) == {"said": "one"}


def test_a_scenario_that_comes_or_goes_beside_them_is_noticed(folder: PlaybookCache, mine: Path) -> None:
    load((str(mine),), kept=folder)
    beside = mine.with_name("aiexport.yaml")
    write(beside, "api: aiexport\n")
    assert not takes(folder, str(mine))
    beside.unlink()
    assert takes(folder, str(mine))
    mine.with_name("notes.txt").write_text("not a scenario")
    assert takes(folder, str(mine))


def test_a_wrong_scenario_is_not_kept(folder: PlaybookCache, mine: Path) -> None:
    write(mine, "scenario: mine\nextend: default\n")
    for _ in range(2):
        with pytest.raises(DocumentError):
            load((str(mine),), kept=folder)


def test_other_wishes_another_folder_or_another_program_find_nothing(
    folder: PlaybookCache, mine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load((str(mine),), kept=folder)
    assert not takes(folder, str(mine), documented_only=True)
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        assert not takes(folder, str(mine))
    with monkeypatch.context() as patch:
        patch.setattr(kept, "__version__", "0.0.0")
        assert not takes(folder, str(mine))
    assert takes(folder, str(mine))


def test_what_is_broken_or_cut_short_is_compiled_again(folder: PlaybookCache, mine: Path) -> None:
    load((str(mine),), kept=folder)
    (file,) = folder.folder.glob("*.playbook")
    whole = file.read_bytes()
    flipped = [
        bytes([*whole[:at], whole[at] ^ 0x55, *whole[at + 1 :]]) for at in range(50, len(whole), len(whole) // 9)
    ]
    for data in (b"", whole[:200], whole[: len(whole) // 2], b"nonsense", pickle.dumps("nonsense"), *flipped):
        file.write_bytes(data)
        assert not takes(folder, str(mine))
    assert said(load((str(mine),), kept=folder)) == {"said": "one"}
    assert takes(folder, str(mine))


def test_what_changed_while_it_was_compiled_is_not_kept(folder: PlaybookCache, mine: Path) -> None:
    def make() -> tuple[str, list[Path]]:
        write(mine, MINE % "two")
        return "made of one", [mine]

    assert folder.take_or_make((str(mine),), False, make) == "made of one"
    assert not takes(folder, str(mine))
    assert said(load((str(mine),), kept=folder)) == {"said": "two"}


def test_a_link_that_leads_elsewhere_is_noticed(folder: PlaybookCache, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other, link = tmp_path / "other" / "mine.yaml", tmp_path / "links" / "link.yaml"
    write(other, MINE % "other")
    link.parent.mkdir()
    link.symlink_to(mine)
    assert said(load((str(link),), kept=folder)) == {"said": "one"}
    link.unlink()
    link.symlink_to(other)
    assert said(load((str(link),), kept=folder)) == {"said": "other"}


@pytest.mark.parametrize("documented_only", [False, True])
@pytest.mark.parametrize("name", sorted(file.stem for file in resources.scenarios().glob("*.yaml")))
def test_every_scenario_can_be_kept(folder: PlaybookCache, name: str, documented_only: bool) -> None:
    load((name,), documented_only, folder)
    assert takes(folder, name, documented_only)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners of files")
def test_a_folder_that_others_may_write_to_is_not_trusted(folder: PlaybookCache, mine: Path) -> None:
    load((str(mine),), kept=folder)
    folder.folder.chmod(0o777)
    assert not takes(folder, str(mine))
    assert said(load((str(mine),), kept=folder)) == {"said": "one"}


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path, mine: Path) -> None:
    (tmp_path / "file").write_text("")
    nowhere = PlaybookCache(tmp_path / "file" / "cache", LANGUAGE)
    assert said(load((str(mine),), kept=nowhere)) == {"said": "one"}
    assert not takes(nowhere, str(mine))


def test_the_folder_is_ours_alone_and_does_not_grow(folder: PlaybookCache, mine: Path) -> None:
    made = load((str(mine),), kept=folder)
    (folder.folder / "left.new").write_text("")
    os.utime(folder.folder / "left.new", (1, 1))
    for number in range(MOST + 3):
        folder.take_or_make((str(mine),), number, lambda: ("something small", made[0].files))
    assert folder.folder.stat().st_mode & 0o777 == 0o700
    files = list(folder.folder.iterdir())
    assert len(files) == MOST
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    with pytest.raises(LookupError):
        folder.take_or_make((str(mine),), 0, refuse)
    assert folder.take_or_make((str(mine),), MOST + 2, refuse) == "something small"


def test_without_a_folder_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlaybookCache, "take_or_make", lambda *_: pytest.fail("kept"))
    assert load(("default",))[0].apis
