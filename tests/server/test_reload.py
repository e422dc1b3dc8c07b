"""Scenarios are read again when their files change, and stay as they are when a change is invalid."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest

from emulator.app import build
from emulator.server.reload import watch_files
from emulator.settings.options import Settings
from tests.process import Serving
from tests.server.talking import API, STORY, talk

pytestmark = pytest.mark.slow


def save(file: Path, text: str) -> None:
    """Write a file as most editors do, at once: one change is seen, and never half of the text."""
    written = file.with_name(f"{file.name}.new")
    written.write_text(text)
    os.replace(written, file)


def test_a_changed_scenario_is_read_again(serving: Serving, folder: Path) -> None:
    assert talk(serving).json()["heard"] == "hi"
    save(folder / "story.yaml", STORY + "rules: [{on: talk, reply: {body: {heard: nothing}}}]\n")
    serving.until(lambda: talk(serving).json()["heard"] == "nothing")
    assert "INFO: reloaded: story" in serving.log


def test_a_changed_api_and_a_changed_fixture_are_read_again(serving: Serving, folder: Path) -> None:
    with (folder / "words.yaml").open("a") as words:
        words.write("- {id: two}\n")
    serving.until(lambda: talk(serving).json()["words"] == [{"id": "one"}, {"id": "two"}])
    save(folder / "small.yaml", API.replace("heard:", "said:"))
    serving.until(lambda: "said" in talk(serving).json())


@pytest.mark.finding("F7")
@pytest.mark.parametrize("linked", ["story.yaml", "."])
def test_a_link_that_leads_elsewhere_is_read_again(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, linked: str
) -> None:
    other, place = tmp_path_factory.mktemp("other"), tmp_path_factory.mktemp("place")
    for file in folder.iterdir():
        (other / file.name).write_text(file.read_text().replace("A test.", "Another test."))
    (other / "small.yaml").write_text(API.replace("heard:", "said:"))
    link, scenario = ("now.yaml", "now.yaml") if linked == "story.yaml" else ("now", "now/story.yaml")
    (place / link).symlink_to(folder / linked)
    with Serving(place, "--scenario", scenario) as process:
        assert "heard" in talk(process).json()
        (place / "new").symlink_to(other / linked)
        os.replace(place / "new", place / link)
        process.until(lambda: "said" in talk(process).json())


@pytest.mark.finding("F7")
def test_a_folder_that_is_made_anew_is_read_again(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    scenarios = tmp_path_factory.mktemp("place") / "scenarios"
    shutil.copytree(folder, scenarios)
    with Serving(scenarios.parent, "--scenario", "scenarios/story.yaml") as process:
        for name in ("first", "second"):
            shutil.rmtree(scenarios)
            process.until(lambda: "invalid scenarios" in process.log)
            shutil.copytree(folder, scenarios)
            (scenarios / "small.yaml").write_text(API.replace("heard:", f"{name}:"))
            process.until(lambda name=name: name in talk(process).json())  # type: ignore[misc]
        save(scenarios / "small.yaml", API.replace("heard:", "third:"))
        process.until(lambda: "third" in talk(process).json())


def test_an_invalid_change_is_reported_and_the_previous_version_stays_active(serving: Serving, folder: Path) -> None:
    save(folder / "story.yaml", STORY + "rules: [{on: talc, reply: {boddy: 1}}]\n")
    serving.until(lambda: "story.yaml:4:28: unknown key 'boddy'" in serving.log)
    assert "invalid scenarios" in serving.log
    assert talk(serving).json()["heard"] == "hi"
    save(folder / "story.yaml", STORY + "rules: [{on: talk, reply: {body: {heard: again}}}]\n")
    serving.until(lambda: talk(serving).json()["heard"] == "again")
    assert "Traceback" not in serving.log
    serving.stop(signal.SIGTERM)
    assert serving.process.returncode == 0


def test_other_files_in_the_folder_change_nothing(serving: Serving, folder: Path) -> None:
    (folder / "notes.txt").write_text("hello")
    save(folder / "story.yaml", STORY + "# a comment\n")
    serving.until(lambda: "reloaded" in serving.log)
    assert serving.log.count("reloaded") == 1


def test_without_reloading_a_changed_scenario_is_left_alone(folder: Path) -> None:
    with Serving(folder, "--scenario", "story.yaml", "--no-reload") as process:
        (folder / "story.yaml").write_text("wrong")
        assert [talk(process).status_code for _ in range(5)] == [200] * 5
        assert process.log == ""


def test_watching_ends_with_a_word_when_the_system_cannot_watch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*folders: object, **options: object) -> object:
        raise OSError("no more watches")

    monkeypatch.chdir(folder)
    monkeypatch.setattr("watchfiles.awatch", refuse)
    asyncio.run(watch_files(build(Settings(scenarios=("story.yaml",)))))
    assert "changed scenarios will not be reloaded: no more watches" in caplog.text
