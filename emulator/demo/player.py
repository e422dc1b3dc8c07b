"""Plays a walkthrough: sends each request over HTTP and prints what goes out and what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from textwrap import wrap
from typing import Any
from urllib.parse import urlsplit

from emulator.demo.receiver import Receiver
from emulator.demo.walkthrough import Scene, Step, Walkthrough
from emulator.errors import EmulatorError

WIDTH = 100  # columns
TIMEOUT = 60.0  # real seconds for one response
Print = Callable[[str], None]


class StepPlayer:
    """Plays a walkthrough on the emulator at `url`. `write` prints text as it is, `pause` waits before each step."""

    def __init__(
        self, walkthrough: Walkthrough, url: str, receiver: Receiver, write: Print, pause: Callable[[], None]
    ) -> None:
        self._walkthrough = walkthrough
        self._url = url
        self._receiver = receiver
        self._write = write
        self._pause = pause
        self._names: dict[str, Any] = {"receiver": receiver.url}

    def play(self) -> None:
        """Plays all scenes. Raises EmulatorError when a response is not what the walkthrough expects."""
        for number, scene in enumerate(self._walkthrough.scenes, 1):
            self._begin(number, scene)
            for step in scene.steps:
                self._pause()
                self._write(f"\n{_filled(step.says)}\n")
                if step.webhook:
                    self._receive(step)
                else:
                    self._send(step)

    def _begin(self, number: int, scene: Scene) -> None:
        title = f"{number} of {len(self._walkthrough.scenes)}: {scene.scene}"
        self._write(f"\n{title}\n{'=' * len(title)}\n\n{_filled(scene.says)}\n")

    def _send(self, step: Step) -> None:
        method, path, body = self._walkthrough.request(step, self._names)
        headers = dict(step.headers)
        raw = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        if raw is not None:
            headers["Content-Type"] = "application/json"
        self._lines(">", f"{method} {path}", *(f"{name}: {value}" for name, value in step.headers.items()))
        if raw is not None:
            self._lines(">", raw.decode())
        address = urlsplit(self._url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, raw, headers)
            response = connection.getresponse()
            self._lines("<", f"{response.status} {response.reason}")
            self._require(step, response.status, step.status)
            if step.typed:
                self._type(step, response)
            else:
                self._show(step, dict(response.headers), response.read())
        finally:
            connection.close()

    def _type(self, step: Step, response: HTTPResponse) -> None:
        """Prints the text of a stream as it comes, and how it ends."""
        events, cut = 0, False
        self._write("< ")
        try:
            for data in _events(response):
                events += 1
                self._write(str(_at(data, step.typed) or ""))
        except (HTTPException, ConnectionError):
            cut = True
        end = f"the connection broke after {events} events" if cut else f"complete: {events} events"
        self._write(f"\n< ({end})\n")
        self._require(step, cut, step.cut)

    def _receive(self, step: Step) -> None:
        webhook = self._receiver.next()
        self._lines("<", f"{webhook.method} {webhook.path}")
        self._show(step, webhook.headers, webhook.body)

    def _show(self, step: Step, headers: Mapping[str, str], raw: bytes) -> None:
        response = {
            "header": {name.lower(): value for name, value in headers.items()},
            "body": json.loads(raw) if raw else None,
        }
        for name in step.show:
            value = _at(response, name)
            kind, _, path = name.partition(".")
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            self._lines("<", f"{path}: {shown}" if kind == "header" else f"{path} = {shown}")
        for name, path in step.keep.items():
            self._names[name] = _at(response, path)

    def _lines(self, mark: str, *texts: str) -> None:
        for text in texts:
            self._write(_filled(text, f"{mark} ", f"{mark}   ") + "\n")

    def _require(self, step: Step, found: object, expected: object) -> None:
        if found != expected:
            raise EmulatorError(f"the demo expected {expected} from {step.send}, and found {found}")


def _events(response: HTTPResponse) -> Iterator[Any]:
    """Yields the data of each server-sent event. Raises HTTPException or ConnectionError when the body has no end."""
    rest = b""
    while part := response.read1():  # `readline` would take a broken connection for the end
        *frames, rest = (rest + part).split(b"\n\n")
        for frame in frames:
            yield from (json.loads(line[6:]) for line in frame.split(b"\n") if line.startswith(b"data: {"))


def _at(value: Any, path: str) -> Any:
    """Returns what stands at `a.0.b`; None where nothing does."""
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if step.isdecimal() and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _filled(text: str, first: str = "", others: str = "") -> str:
    lines = wrap(
        " ".join(text.split()),
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)
