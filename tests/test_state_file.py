"""The file of `--state`: what a server begins with, and with `--keep` what it leaves behind."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from emulator.app import Application, build
from emulator.errors import ConfigError
from emulator.settings.options import load_settings
from emulator.state_file import FileReplacer, StateFile, read_state
from tests.process import Serving, run
from tests.running import Running
from tests.waiting import until

TIME = 1_767_225_600.0
FROZEN = "2026-01-01T00:00:00Z, frozen"
Begin = Callable[..., tuple[Application, StateFile]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


@pytest.fixture
def begin(running: Running, file: Path) -> Iterator[Begin]:
    """An application that has begun with the file, and its StateFile."""
    begun: list[Application] = []

    def make(**options: Any) -> tuple[Application, StateFile]:
        app = build(load_settings({"state": str(file), "keep": True, "clock": FROZEN} | options, {}))
        begun.append(app)
        assert app.state_file is not None
        running.call(app.state_file.begin())
        return app, app.state_file

    yield make
    for app in begun:
        assert app.state_file is not None
        running.call(end(app.state_file))
        running.call(app.close())


def change(app: Application) -> None:
    app.worlds.default.make_key(
        "aiexport", "axp_team_key", app.pipeline.services["aiexport"].records["keys"]["axp_test_pro"]
    )


def keys(app: Application) -> list[str]:
    return [made.id for made in app.worlds.default.made_keys()]


async def end(state: StateFile) -> None:
    state.end()


def test_the_state_goes_on_where_it_ended(begin: Begin, running: Running, file: Path) -> None:
    app, state = begin(scenarios="free-tier")
    change(app)
    running.call(app.clock.advance(60))
    running.call(end(state))
    assert json.loads(file.read_text())["clock"] == {"now": TIME + 60, "speed": 0.0, "auto": False}

    again, _ = begin(clock=None, keep=False)
    assert (again.clock.now(), again.clock.speed) == (TIME + 60, 0.0)
    assert keys(again) == ["axp_team_key"]
    assert again.worlds.default.scenarios == ("free-tier",)


def test_clock_and_scenario_that_are_asked_for_take_precedence(begin: Begin, running: Running) -> None:
    app, state = begin(scenarios="free-tier")
    change(app)
    running.call(end(state))
    again, _ = begin(clock="2030-01-01, x2", scenarios="strict")
    assert (again.clock.speed, again.worlds.default.scenarios) == (2.0, ("strict",))
    assert again.clock.now() >= 1_893_456_000.0
    assert keys(again) == ["axp_team_key"]


def test_scenarios_that_were_put_are_kept(begin: Begin, running: Running) -> None:
    app, state = begin()
    path = app.uploads.draft("default", "mine", b"scenario: mine\nabout: x\nextends: default\n")
    app.uploads.keep("default", "mine", path)
    app.worlds.use("default", [str(path)])
    running.call(end(state))
    again, _ = begin()
    assert again.playbook.scenarios[0] == "mine"


def test_it_is_written_meanwhile_when_something_but_the_time_has_changed(
    begin: Begin, running: Running, file: Path
) -> None:
    app, state = begin()
    running.call(state.save())
    running.call(app.clock.advance(60))
    running.call(state.save())
    assert not file.exists()
    change(app)
    running.call(state.save())
    written = file.stat().st_ino
    assert "axp_team_key" in file.read_text()
    running.call(state.save())
    assert file.stat().st_ino == written


def test_it_is_looked_at_again_and_again(
    begin: Begin, running: Running, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.state_file.INTERVAL", 0.0)
    app, _ = begin()
    running.call(made(app))
    until(file.exists)


async def made(app: Application) -> None:
    change(app)


def test_without_keep_nothing_is_written(begin: Begin, running: Running, file: Path) -> None:
    app, state = begin()
    running.call(end(state))
    before = file.read_bytes()
    app, state = begin(keep=False)
    change(app)
    running.call(end(state))
    assert file.read_bytes() == before


def full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_loses_no_older_state(
    begin: Begin, running: Running, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, state = begin()
    running.call(state.save())
    file.write_text("older")
    change(app)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        running.call(state.save())
    running.call(end(state))
    assert str(state.failure) == f"{file}: the state can't be kept: No space left on device; the file is as before"
    assert file.read_text() == "older"
    assert list(file.parent.iterdir()) == [file]


def test_a_link_stays_and_so_does_who_may_read(tmp_path: Path, file: Path) -> None:
    file.write_text("older")
    file.chmod(0o600)
    link = tmp_path / "link.json"
    link.symlink_to(file)
    FileReplacer(link.resolve()).write(b"newer")
    assert link.is_symlink()
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("newer", 0o600)


def test_a_new_file_is_readable_by_its_user_only(file: Path) -> None:
    FileReplacer(file).write(b"new")
    assert file.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_behind_the_last_state(file: Path) -> None:
    writer = FileReplacer(file)
    writer.write(b"last", last=True)
    writer.write(b"late")
    assert file.read_bytes() == b"last"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"format": 1}', "this snapshot was written by an older version (format 1); this version reads format 2; "),
        ('{"format": 3}', "this snapshot was written by a newer version (format 3); this version reads format 2"),
        ("[]", "this is no snapshot of a world; expected an object with `format: 2`"),
        ('{"format": 2}', "the snapshot is damaged: "),
    ],
)
def test_what_is_no_snapshot_is_refused_in_one_sentence(file: Path, text: str, reason: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        build(load_settings({"state": str(file), "keep": True}, {}))
    assert str(caught.value).startswith(f"{file}: {reason}")
    assert "\n" not in str(caught.value)
    assert file.read_text() == text


def test_what_is_no_json_is_refused_with_its_place(file: Path) -> None:
    file.write_text('{"format": 2,\n oops}')
    with pytest.raises(ConfigError) as caught:
        read_state(str(file))
    assert str(caught.value) == f"{file}:2:2: this is no JSON, so no snapshot of a world"


def test_a_missing_file_is_an_error_unless_it_is_kept(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; --keep begins with an empty state and writes it there"):
        read_state(str(file))
    assert read_state(str(file), keep=True) is None
    with pytest.raises(ConfigError, match="nowhere is no folder that can be written"):
        read_state(str(tmp_path / "nowhere" / "state.json"), keep=True)
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        read_state(str(tmp_path))


def saved(file: Path, **changes: Any) -> str:
    with Emulator() as emulator:
        taken = emulator.snapshot() | changes
    file.write_text(json.dumps(taken))
    return file.read_text()


def test_scenarios_that_are_not_there_are_refused_and_the_file_stays(begin: Begin, file: Path) -> None:
    text = saved(file, scenarios=["nowhere-to-be-found.yaml"])
    with pytest.raises(ConfigError) as caught:
        begin()
    assert str(caught.value) == f"{file}: its scenarios can't be played here: nowhere-to-be-found.yaml: no such file"
    assert file.read_text() == text


def test_a_server_thread_says_so_too(file: Path) -> None:
    saved(file, scenarios=["nowhere-to-be-found.yaml"])
    with pytest.raises(
        ConfigError, match=r"its scenarios can't be played here: nowhere-to-be-found\.yaml: no such file"
    ):
        Emulator(state=str(file)).start()


def test_to_keep_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="--keep has no file to keep the state in; name one with --state FILE"):
        load_settings({"keep": True}, {})


def test_a_server_in_a_thread_keeps_its_state(file: Path) -> None:
    with Emulator(state=str(file), keep=True, clock=FROZEN) as emulator:
        emulator.clock.advance("1h")
    with Emulator(state=str(file)) as emulator:
        assert emulator.clock.now == TIME + 3_600


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_keeps_its_state(tmp_path: Path, by: signal.Signals) -> None:
    options = ("--state", "state.json", "--keep", "--clock", FROZEN)
    with Serving(tmp_path, *options) as served:
        assert "  clock      2026-01-01T00:00:00Z, frozen\n  state      state.json, which is kept\n" in served.banner
        served.client.post("/_emulator/clock", json={"advance": "1h"})
        served.stop(by)
        assert served.process.returncode == 0
    with Serving(tmp_path, "--state", "state.json") as served:
        assert served.client.get("/_emulator/clock").json()["now"] == TIME + 3_600


@pytest.mark.slow
def test_a_state_that_can_not_be_kept_is_said_in_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with Serving(tmp_path, "--state", "folder/state.json", "--keep") as served:
        folder.rmdir()
        served.stop(signal.SIGTERM)
        assert served.process.returncode == 2
        assert served.log.splitlines() == [
            "folder/state.json: the state can't be kept: No such file or directory; the file is as before"
        ]


@pytest.mark.slow
def test_a_wrong_snapshot_keeps_the_server_from_starting(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"format": 3}')
    done = run("serve", "--listen", "127.0.0.1:0", "--state", "state.json", "--keep", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "state.json: this snapshot was written by a newer version (format 3); this version reads format 2\n"
    )
