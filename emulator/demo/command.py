"""`emulator demo`: serves the scenario `demo`, opens the inspector, and plays the walkthrough step by step."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from threading import Event

from emulator import paths as resources
from emulator.demo.player import StepPlayer
from emulator.demo.receiver import Receiver
from emulator.demo.walkthrough import Walkthrough
from emulator.errors import ConfigError
from emulator.server.listeners import bind
from emulator.settings.listen import Listen
from emulator.settings.options import Settings, load_settings
from emulator.testing.client import Client
from emulator.testing.emulator import ServerThread

SCENARIO = "demo"
WALKTHROUGH = "demo/walkthrough.yaml"
INSPECTOR = "/_emulator/ui"
MORNING = "2026-06-01T09:00:00Z"  # when the walkthrough begins, so that it tells the same days whenever it is played
# Without pauses nobody reads along: replies take no time, and the clock moves only when the walkthrough moves it.
HURRIED = "scenario: hurried\nextends: demo\nlatency: {reply: 0ms, first_token: 0ms, token: 0ms}\n"
LAST = "\nThat was the demo. `emulator serve --scenario demo` serves the same; docs/tour.md is a tour of it by hand.\n"
Print = Callable[[str], None]


def play_demo(listen: str | None, pace: float | None, browser: bool, write: Print) -> int:
    """Plays the walkthrough on a server of its own and returns 0. `pace` is in real seconds between steps; None waits
    for Enter, and 0 plays it through.

    Raises EmulatorError when it can't listen, or when a response is not what the walkthrough expects.
    """
    walkthrough = Walkthrough.read(resources.fixtures() / WALKTHROUGH)
    server = serve(load_settings({"listen": listen, "scenarios": (SCENARIO,)}, {}), fixed=listen is not None)
    server.start()
    try:
        with closing(Client(server.url)) as client, Receiver() as receiver:
            write(f"The emulator serves the scenario {SCENARIO} at {server.url}\n")
            prepare(client, hurried=pace == 0)
            page = f"{server.url}{INSPECTOR}"
            opened = browser and pace != 0 and open_browser(page, os.environ)
            write(f"{'Your browser' if opened else page} shows every request below, the clock and the limits.\n")
            pause = pauses(pace, write)
            between = pause if pace == 0 else partial(stand_still, client, pause)
            StepPlayer(walkthrough, server.url, receiver, write, between).play()
            write(LAST)
            if pace is None:
                write("The server keeps running until you press Enter.\n")
                pause()
    finally:
        server.stop()
    return 0


def serve(options: Settings, fixed: bool) -> ServerThread:
    """Returns a server that is not started yet; unless its address is `fixed`, on a free port if its own is taken."""
    try:
        return ServerThread(options, *bind(options))
    except ConfigError:
        if fixed:
            raise
    return ServerThread(options, *bind(load_settings({"listen": f"{Listen().host}:0", "scenarios": (SCENARIO,)}, {})))


def prepare(client: Client, hurried: bool) -> None:
    """Sets the clock, which stands still; without pauses, replies take no time."""
    if hurried:
        client.put("/scenarios/hurried", {"yaml": HURRIED})
        client.post("/scenarios/use", {"scenarios": ["hurried"]})
    client.post("/clock", {"set": MORNING, "freeze": True})


def stand_still(client: Client, pause: Callable[[], None]) -> None:
    """Pauses while the emulator's clock stands still: no limit, job or token changes while somebody reads."""
    client.post("/clock", {"freeze": True})
    pause()
    client.post("/clock", {"freeze": False})


def open_browser(url: str, environment: Mapping[str, str]) -> bool:
    """Opens a page if there is a browser with a window of its own: one in the terminal would hide the demo."""
    windowed = sys.platform in ("darwin", "win32") or environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    if not windowed:
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def pauses(pace: float | None, write: Print) -> Callable[[], None]:
    """Returns what waits before each step: for Enter, or so many real seconds."""
    if pace is not None:
        return lambda: _rest(pace)

    def wait_for_enter() -> None:
        write("\n[Enter] ")
        if not sys.stdin.readline():  # nobody is there who could press it
            write("\n")

    return wait_for_enter


def _rest(seconds: float) -> None:
    if seconds:
        Event().wait(seconds)
