"""python -m benchmarks.walk: how a request walks through the files of the emulator, counted by tracing four flows.

The emulator runs in a thread of this process, on a real socket with its real protocol, with its clock frozen; only
`emulator.Emulator` is used, so that modules may be moved and renamed. A profile function (`sys.setprofile`) notes each
call of a Python function of the package in the server's thread, in order. A coroutine that goes on is such a call too;
a return into a file is not.

* **visits**: how often a call enters a file from another one: the calls, with neighbours in one file counted once
* **files**: how many different files are visited
* **returns**: visits to a file that was left before, so visits minus files

Code that is made at run time (templates, dataclasses) counts as the file of the package that made it, by the frame that
called `exec`. Each flow is sent over an open connection, again and again until two walks in a row are the same: what is
printed is a warm request. The walk ends when the server has come to rest; work in threads of a pool is not seen.
The key is one with limits, so that counting them is part of the walk.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from itertools import groupby, starmap
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from urllib.parse import urlsplit

from benchmarks.process import ROOT
from benchmarks.request import EVENTS, MODEL, Request, message, stream_of

MESSAGE = "POST /messages"
KEY = "axp_test_pro"
ROWS = 10
CUT_AFTER = 3  # events
REST = 0.03  # seconds without a call after which the server has come to rest
MAX_TRIES = 10  # walks of one flow until two in a row are the same


@dataclass(frozen=True)
class Visit:
    """A file of the package, as a path below it, and the function by which it was entered."""

    file: str
    function: str


@dataclass(frozen=True)
class Walk:
    """The files that one request visits, in order."""

    flow: str
    visits: tuple[Visit, ...]

    @property
    def files(self) -> int:
        """How many different files are visited."""
        return len({visit.file for visit in self.visits})

    @property
    def returns(self) -> int:
        """How many visits are to a file that was left before."""
        return len(self.visits) - self.files

    def __str__(self) -> str:
        return f"{len(self.visits)} visits to {self.files} files, {self.returns} returns"


@dataclass(frozen=True)
class Flow:
    """A request that is traced, and the headers that it has besides the usual ones."""

    name: str
    request: Request
    headers: Mapping[str, str] = field(default_factory=dict)


class Tracer:
    """Notes the calls of functions of one package, in threads that are started while it is `installed`."""

    def __init__(self, package: Path) -> None:
        self._package = f"{package}/"
        self._made: dict[int, tuple[CodeType, str]] = {}  # by id, since equal code may be made by different files
        self._calls: list[CodeType] | None = None
        sys.addaudithook(self._audit)  # for good: Python takes none away

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Threads that start meanwhile are traced, as long as they live."""
        threading.setprofile(self._profile)
        try:
            yield
        finally:
            threading.setprofile(None)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Calls are noted meanwhile."""
        self._calls = []
        try:
            yield
        finally:
            self._calls = None

    def take(self) -> tuple[Visit, ...]:
        """Waits until no more calls come, and returns the visits since the recording began or the last take."""
        calls, seen = self._calls, -1
        assert calls is not None
        while seen < len(calls):
            seen = len(calls)
            time.sleep(REST)
        self._calls = []
        return visits([(file, code.co_name) for code in calls if (file := self._file_of(code))])

    def _profile(self, frame: FrameType, event: str, argument: object) -> None:
        calls = self._calls
        if event == "call" and calls is not None:
            calls.append(frame.f_code)

    def _file_of(self, code: CodeType) -> str:
        """Its file below the package; empty for code that is not the package's."""
        file = code.co_filename
        if not file.startswith("<"):
            return file.removeprefix(self._package) if file.startswith(self._package) else ""
        return self._made[id(code)][1] if id(code) in self._made else ""

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "exec" or not isinstance(arguments[0], CodeType) or not arguments[0].co_filename.startswith("<"):
            return
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if file := self._file_of(frame.f_code):
                self._made.update((id(code), (code, file)) for code in nested(arguments[0]))
                return
            frame = frame.f_back


def nested(code: CodeType) -> Iterator[CodeType]:
    """This code, and the code of all functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def visits(calls: Sequence[tuple[str, str]]) -> tuple[Visit, ...]:
    """The visits that these calls make, each a file and a function: neighbours in one file are one visit."""
    return tuple(Visit(file, next(group)[1]) for file, group in groupby(calls, key=lambda call: call[0]))


def flows(port: int) -> list[Flow]:
    """The four flows; the prompt of the streams is searched for, so that they have as many events as they should."""
    streamed = stream_of(port, EVENTS)
    row = {"model": MODEL, "max_tokens": 1024}
    rows = [row | {"messages": [{"role": "user", "content": f"Tell me about subject {n}."}]} for n in range(ROWS)]
    cut = {"X-Emulator-Fault": f"cut_after={CUT_AFTER}"}
    return [
        Flow(MESSAGE, message("Hello!")),
        Flow(f"a stream of {EVENTS} events", streamed),
        Flow(f"the stream, cut after {CUT_AFTER}", streamed, cut),
        Flow(f"a batch of {ROWS} rows", Request("/v2/batch", json.dumps({"requests": rows}).encode())),
    ]


def trace(tracer: Tracer, port: int, flow: Flow) -> Walk:
    """The walk of a warm request. RuntimeError when it is refused, or when no two walks in a row are the same."""
    before: tuple[Visit, ...] = ()
    for _ in range(MAX_TRIES):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        with closing(connection), tracer.recording():
            connection.connect()
            tracer.take()  # the calls of a new connection, and of the end of the one before
            status = send(connection, flow)
            made = tracer.take()
        if status >= 400:
            raise RuntimeError(f"{flow.name}: the status is {status}")
        if made == before:
            return Walk(flow.name, made)
        before = made
    raise RuntimeError(f"{flow.name}: {MAX_TRIES} walks, and no two in a row are the same")


def send(connection: HTTPConnection, flow: Flow) -> int:
    """Sends the request in one piece, reads the response as far as it goes, and returns its status.

    `HTTPConnection.request` would send head and body apart: another walk, if the server is quick enough to see that.
    """
    body = flow.request.body
    headers = {"Host": "127.0.0.1", "X-API-Key": KEY, "Content-Type": "application/json", **flow.headers}
    lines = [f"POST {flow.request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    connection.sock.sendall("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)
    response = HTTPResponse(connection.sock, method="POST")
    response.begin()
    with suppress(HTTPException):  # a cut stream is an incomplete body
        response.read()
    return response.status


def walks() -> list[Walk]:
    """The walks of the four flows."""
    spec = importlib.util.find_spec("emulator")
    assert spec is not None
    assert spec.origin is not None
    tracer = Tracer(Path(spec.origin).parent)
    from emulator import Emulator  # from here on, code that it makes is seen

    with tracer.installed():
        server = Emulator(frozen=True).start()
    try:
        port = int(urlsplit(server.url).port or 0)
        return [trace(tracer, port, flow) for flow in flows(port)]
    finally:
        server.stop()


def traced() -> list[Walk]:
    """The walks of the four flows, from a Python that has imported nothing of the emulator yet."""
    command = [sys.executable, "-m", "benchmarks.walk", "--json"]
    printed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    return [Walk(flow, tuple(starmap(Visit, made))) for flow, made in json.loads(printed)]


def main() -> None:
    """Prints the walks."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.walk", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--files", action="store_true", help="list the visits: file, and function by which it is entered")
    form.add_argument("--json", action="store_true", help="print [flow, [[file, function], …]] for each flow")
    options = parser.parse_args()
    found = walks()
    if options.json:
        print(json.dumps([(walk.flow, [(visit.file, visit.function) for visit in walk.visits]) for walk in found]))
        return
    for walk in found:
        print(f"{walk.flow}: {walk}")
        if options.files:
            print("".join(f"{n:5}  {visit.file}  {visit.function}\n" for n, visit in enumerate(walk.visits, 1)))


if __name__ == "__main__":
    main()
