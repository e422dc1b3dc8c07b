"""The request log as a user sees it: printed by a real server, whatever becomes of its output."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import loopback
from tests.apis.aiexport_calls import PRO, asking
from tests.cli.test_streams import answers, free_port
from tests.fork_server import command
from tests.process import environment
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow
KEY = {"X-API-Key": PRO}
FILES = "> out 2> err"


class Logged:
    """A server whose output goes into files of a folder."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self.process = process
        self.client = loopback.Client(base_url=f"http://127.0.0.1:{port}/v2", headers=KEY)

    @property
    def out(self) -> str:
        return (self._folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self._folder / "err").read_text()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0


@contextmanager
def logged(folder: Path, *arguments: str, streams: str = FILES, **variables: str) -> Iterator[Logged]:
    port, env, forked = free_port(), environment(**variables), streams == FILES
    emulator = shlex.join(command(env) if forked else [sys.executable, "-m", "emulator"])
    served = f"{emulator} serve --no-reload --listen 127.0.0.1:{port} {' '.join(arguments)} {streams}"
    words = ["sh", "-c", served if "|" in streams else f"exec {served}"]
    process = subprocess.Popen(words, cwd=folder, env=env, start_new_session=True)
    try:
        until(lambda: answers(port))
        server = Logged(folder, port, process)
        with server.client:
            yield server
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM if forked else signal.SIGKILL)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def test_each_request_has_a_line_and_nothing_is_said_twice(tmp_path: Path) -> None:
    with logged(tmp_path) as server:
        server.client.post("/messages", json=asking())
        server.client.get("/modles")
        with pytest.raises(httpx.RemoteProtocolError):
            server.client.post(
                "/messages", json=asking(stream=True), headers={"X-Emulator-Fault": "cut_after; events=3"}
            )
        until(lambda: "cut after event 3 of" in server.out)
        server.stop()
    assert re.search(r"200  POST   /v2/messages +messages\.create +aiexport\.yaml:\d+ .* tokens\n", server.out)
    assert re.search(r"404  GET    /v2/modles +- .*hint: unknown path; did you mean GET /v2/models", server.out)
    assert "\x1b" not in server.out
    assert server.err == ""


def test_a_stream_that_is_open_when_the_server_stops_has_its_line_too(tmp_path: Path) -> None:
    with logged(tmp_path) as server:
        stalled = {"X-Emulator-Fault": "stall_after; events=2"}
        with server.client.stream("POST", "/messages", json=asking(stream=True), headers=stalled) as answer:
            pieces = answer.iter_raw()  # kept: without it the response is closed
            next(pieces)
            server.stop()
    assert "stopped by the server after event 2 of 12" in server.out


def test_quiet_prints_none_and_warns_as_before(tmp_path: Path) -> None:
    with logged(tmp_path, "-q") as server:
        server.client.get("/modles")
        server.stop()
    assert server.out.endswith("Ctrl-C stops it.\n")
    assert "WARNING: GET /v2/modles: unknown path" in server.err


def test_verbose_prints_bodies(tmp_path: Path) -> None:
    with logged(tmp_path, "-v") as server:
        server.client.post("/messages", json=asking("What is 2 + 2?"))
        until(lambda: "\n    < {" in server.out)
    assert '\n    > {"model":' in server.out
    assert PRO not in server.out.partition("Ctrl-C")[2]


def test_json_is_json_from_the_first_line_on(tmp_path: Path) -> None:
    with logged(tmp_path, "--log", "json") as server:
        server.client.get("/models")
        server.stop()
    ready, row = map(json.loads, server.out.splitlines())
    assert ready["ready"].startswith("http://127.0.0.1:")
    assert (row["operation"], row["status"], row["world"]) == ("models.list", 200, "default")


def test_colour_can_be_forced(tmp_path: Path) -> None:
    with logged(tmp_path, FORCE_COLOR="1") as server:
        server.client.get("/models")
        until(lambda: "models.list" in server.out)
    assert "\x1b[32m200\x1b[0m" in server.out


@pytest.mark.parametrize(
    "streams", ["2> err | head -n 1 > out", "2> err | sleep 600", "> /dev/full 2> err", ">&- 2> err"]
)
def test_an_output_that_is_gone_full_or_slow_keeps_no_request_waiting(tmp_path: Path, streams: str) -> None:
    with logged(tmp_path, "-v", streams=streams) as server:
        for _ in range(100):  # far more than a pipe takes
            assert server.client.post("/messages", json=asking("x" * 2_000)).status_code == 200
        assert server.client.get("/models").status_code == 200
    assert "Traceback" not in server.err
    assert server.err.count("\n") <= 1
