"""The server as a process: it says that it is ready, reads changed scenarios again, and stops when told."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from emulator import server
from emulator.app import build
from emulator.errors import ConfigError
from emulator.server.listeners import bind
from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from tests import loopback
from tests.process import Serving, copied, run
from tests.running import Running
from tests.small import FLOW, HEAD

pytestmark = pytest.mark.slow

KEY = {"X-Key": "key-of-ann"}
API = (
    HEAD
    + """\
collections: {tokens: {}, words: {from: words.yaml}}
example: {operation: talk, headers: {X-Key: key-of-ann}, body: {said: "It's 2 o'clock"}}
operations:
  talk:
    route: PUT /talk
    request: {type: object}
    rules: [{reply: {body: {heard: "{{ body.said }}", words: "{{ words | list }}"}}}]
"""
    + FLOW
)
STORY = "scenario: story\nabout: A test.\napis: {small: }\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scenario of one's own: an API, its fixture, and the story that plays it."""
    (tmp_path / "small.yaml").write_text(API)
    (tmp_path / "words.yaml").write_text("- {id: one}\n")
    (tmp_path / "story.yaml").write_text(STORY)
    return tmp_path


@pytest.fixture
def serving(folder: Path) -> Iterator[Serving]:
    """A server that plays the story."""
    with Serving(folder, "--scenario", "story.yaml") as process:
        yield process


def save(file: Path, text: str) -> None:
    """Write a file as most editors do, at once: one change is seen, and never half of the text."""
    written = file.with_name(f"{file.name}.new")
    written.write_text(text)
    os.replace(written, file)


def talk(serving: Serving) -> httpx.Response:
    return serving.client.put("/talk", headers=KEY, json={"said": "hi"})


def test_it_shows_base_urls_demo_keys_and_requests_that_work_when_copied(tmp_path: Path) -> None:
    with Serving(tmp_path) as process:
        origin = process.origin
        assert process.banner.startswith(f"Ready on {origin}, scenario default\n")
        assert f"\n  base URL   {origin}\n" in process.banner
        assert f"\n  base URL   {origin}/v2\n" in process.banner
        for key in ("axp_test_free", "axp_test_pro", "aix_test_demo"):
            assert f" {key} (" in process.banner
        first, second = map(copied, process.curls)
        assert (first.status_code, first.json()["status"]) == (200, "SUCCESS")
        assert (second.status_code, second.json()["type"]) == (200, "message")
        assert process.client.get("/_emulator/health").status_code == 200
        assert process.log == ""


def test_a_request_to_copy_survives_the_shell_whatever_it_holds(serving: Serving) -> None:
    (curl,) = serving.curls
    answer = copied(curl)
    assert (answer.status_code, answer.json()["heard"]) == (200, "It's 2 o'clock")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_stops_at_once_with_a_paced_stream_open(serving: Serving, by: signal.Signals) -> None:
    with serving.client.stream("GET", "/flow", headers=KEY) as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"data: 1\n\n"
        serving.stop(by)
        with pytest.raises(httpx.HTTPError):
            next(pieces)
    assert serving.process.returncode == 0
    assert serving.log == ""


def test_beyond_this_machine_the_control_api_wants_the_token_that_is_printed(tmp_path: Path) -> None:
    with Serving(tmp_path, "--listen", "0.0.0.0:0") as process:
        token = process.banner.partition("Authorization: ")[2].partition("\n")[0]
        assert process.client.get("/_emulator/health").status_code == 200
        assert process.client.get("/_emulator/clock").status_code == 403
        assert process.client.get("/_emulator/clock", headers={"Authorization": token}).status_code == 200


def test_an_idle_server_stops_at_once(serving: Serving) -> None:
    assert serving.client.get("/_emulator/health").status_code == 200
    serving.stop(signal.SIGINT)
    assert (serving.process.returncode, serving.log) == (0, "")


def test_a_port_that_is_taken_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = run("serve", "--listen", address, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"can't listen on {address}: Address already in use; choose another with --listen HOST:PORT\n"


def test_two_servers_cannot_share_a_port(serving: Serving, folder: Path) -> None:
    done = run("serve", "--listen", f"127.0.0.1:{serving.port}", "--scenario", "story.yaml", cwd=folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert talk(serving).status_code == 200


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


def test_variables_set_what_flags_do_not(folder: Path) -> None:
    with Serving(folder, EMULATOR_SCENARIO="story.yaml", EMULATOR_MAX_BODY="20") as process:
        assert process.client.put("/talk", headers=KEY, json={"said": "x" * 30}).status_code == 413


def test_a_socket_listens_as_soon_as_it_is_bound_so_that_the_next_one_is_refused() -> None:
    (sock,) = bind(Settings(listen=Listen(port=0)))
    with sock as first:
        taken = Settings(listen=Listen(port=first.getsockname()[1]))
        with pytest.raises(ConfigError, match="Address already in use"):
            bind(taken)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.1"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=f"can't listen on {host}:0: .+; choose another with --listen HOST:PORT"):
        bind(Settings(listen=Listen(host, 0)))


def test_a_mistake_of_our_own_is_not_silent(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def try_now(self, *arguments: object) -> object:
            raise LookupError("a mistake of our own")

        async def __call__(self, scope: object, receive: object, send: object) -> None:
            raise LookupError("a mistake of our own")

    before, running.app = running.app, Broken()  # type: ignore[assignment]
    try:
        with caplog.at_level(logging.ERROR, "uvicorn.error"):
            assert loopback.get(running.origin).status_code == 500
    finally:
        running.app = before
    assert "a mistake of our own" in caplog.text


def test_watching_ends_with_a_word_when_the_system_cannot_watch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*folders: object, **options: object) -> object:
        raise OSError("no more watches")

    monkeypatch.chdir(folder)
    monkeypatch.setattr("watchfiles.awatch", refuse)
    asyncio.run(server.watch_files(build(Settings(scenarios=("story.yaml",)))))
    assert "changed scenarios will not be reloaded: no more watches" in caplog.text
