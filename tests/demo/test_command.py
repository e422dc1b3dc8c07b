"""`emulator demo`: where it serves, when it opens a browser, and what it waits for between two steps."""

from __future__ import annotations

import io
import sys
import webbrowser
from collections.abc import Iterator

import pytest

from emulator.demo.command import SCENARIO, open_browser, pauses, play_demo, prepare, serve, stand_still
from emulator.errors import ConfigError
from emulator.server.listeners import bind
from emulator.settings.listen import Listen
from emulator.settings.options import Settings, load_settings
from emulator.testing.client import Client
from tests.running import Emulated

URL = "http://127.0.0.1:1/_emulator/ui"


@pytest.fixture
def taken() -> Iterator[Settings]:
    """Settings whose port is taken."""
    (listening,) = bind(Settings(listen=Listen(port=0)))
    port = listening.getsockname()[1]
    yield load_settings({"listen": f"127.0.0.1:{port}", "scenarios": (SCENARIO,)}, {})
    listening.close()


def test_a_free_port_is_used_where_the_usual_one_is_taken_and_none_was_named(taken: Settings) -> None:
    server = serve(taken, fixed=False)
    server.start()
    assert server.url != f"http://{taken.listen}"
    server.stop()
    with pytest.raises(ConfigError, match="can't listen on"):
        serve(taken, fixed=True)


def test_a_port_that_is_named_and_taken_ends_it(taken: Settings) -> None:
    with pytest.raises(ConfigError, match="can't listen on"):
        play_demo(str(taken.listen), 0, browser=False, write=lambda text: None)


@pytest.mark.parametrize(
    ("platform", "environment", "opened"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "w"}, True),
        ("darwin", {}, True),
    ],
)
def test_only_a_browser_with_a_window_is_opened(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], opened: bool
) -> None:
    asked: list[str] = []

    def accept(url: str) -> bool:
        asked.append(url)
        return True

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(webbrowser, "open", accept)
    assert open_browser(URL, environment) is opened
    assert asked == [URL] * opened


def test_where_there_is_no_browser_none_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str) -> bool:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "open", refuse)
    assert not open_browser(URL, {"DISPLAY": ":0"})


def test_enter_goes_on_and_nobody_is_waited_for_who_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    pause = pauses(None, written.append)
    pause()
    pause()
    assert written == ["\n[Enter] ", "\n[Enter] ", "\n"]
    pauses(0, written.append)()
    pauses(0.001, written.append)()
    assert len(written) == 3


def test_the_clock_stands_still_while_somebody_reads(emulator: Emulated) -> None:
    client, seen = Client(emulator.origin), list[bool]()
    prepare(client, hurried=False)
    assert client.get("/clock")["iso"] == "2026-06-01T09:00:00.000Z"
    stand_still(client, lambda: seen.append(client.get("/clock")["frozen"]))
    assert seen == [True]
    assert client.get("/clock")["frozen"] is False
    client.close()


def test_without_pauses_replies_take_no_time_and_the_clock_does_not_move(emulator: Emulated) -> None:
    client = Client(emulator.origin)
    prepare(client, hurried=True)
    assert client.get("/scenarios")["using"] == ["hurried"]
    assert client.get("/clock")["frozen"] is True
    client.close()


@pytest.mark.slow
def test_the_demo_is_played_with_a_pace_too() -> None:
    written: list[str] = []
    assert play_demo("127.0.0.1:0", 0.001, browser=False, write=written.append) == 0
    assert "(the connection broke after 6 events)" in "".join(written)
