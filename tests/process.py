"""The emulator as a user runs it: a process of its own, with its output, its signals and its exit status."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import httpx

from tests import loopback
from tests.fork_server import quiet_environment, start
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parent.parent
LAST_LINE = "Ctrl-C stops it."


def environment(**more: str) -> dict[str, str]:
    """A quiet one, with these variables."""
    return quiet_environment() | more


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`emulator ARGUMENTS` to its end."""
    return ended(start(arguments, environment(), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE))


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """A process at its end, with what it has written; one that lasts too long is killed."""
    with process:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class Serving:
    """`emulator serve`, ready to answer; `banner` is what it has printed, `log` what it says meanwhile."""

    def __init__(self, cwd: Path, *arguments: str, **variables: str) -> None:
        self._log = cwd / "serve.log"
        serve = ["serve", "--listen", "127.0.0.1:0", *arguments]
        with self._log.open("w") as log:
            self.process = start(serve, environment(**variables), cwd=cwd, stdout=subprocess.PIPE, stderr=log)
        lines = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if lines[-1] == LAST_LINE:
                break
        self.banner = "\n".join(lines)
        assert LAST_LINE in lines, self.banner + self.log
        self.client = loopback.Client(base_url=self.origin, timeout=PATIENCE)

    def __enter__(self) -> Serving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def origin(self) -> str:
        found = re.search(r"http://[\w.:\[\]]+", self.banner)
        assert found is not None
        return found[0]

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def curls(self) -> list[str]:
        """The commands that the banner offers to copy."""
        return re.findall(r"try +(curl (?:.*\\\n)*.*)", self.banner)

    def stop(self, by: signal.Signals) -> None:
        """Send the signal, and wait until the process has ended."""
        self.process.send_signal(by)
        self.process.wait(PATIENCE)

    def until(self, seen: Callable[[], object]) -> None:
        """Wait until `seen()` is true; the log is shown when that takes too long."""
        until(seen, lambda: self.log)


def copied(command: str) -> httpx.Response:
    """What one gets who copies a curl command into a shell."""
    if shutil.which("curl"):
        shown = ["sh", "-c", f"{command} --silent --include --noproxy '*'"]
        said = subprocess.run(shown, env=environment(), capture_output=True, text=True, check=True, timeout=PATIENCE)
        head, _, body = said.stdout.partition("\n\n")
        return httpx.Response(int(head.split()[1]), text=body)
    words = shlex.split(command.replace("\\\n", " "))
    url = next(word for word in words if word.startswith("http"))
    options = list(pairwise(words))
    headers = dict(value.split(": ", 1) for name, value in options if name == "-H")
    data = next((value for name, value in options if name == "-d"), None)
    method = next((value for name, value in options if name == "-X"), "GET" if data is None else "POST")
    return loopback.request(method, url, headers=headers, content=data)
