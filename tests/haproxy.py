"""haproxy in front of emulators of the tests' own, configured as docs/scale.md shows it, but for addresses."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests import loopback
from tests.pages import ROOT, blocks
from tests.waiting import PATIENCE, until

MISSING = "haproxy is not installed; scripts/clients installs it, or on Debian and Ubuntu: apt-get install haproxy"
PAGE = ROOT / "docs" / "scale.md"


def installed() -> bool:
    """Whether there is a haproxy."""
    return shutil.which("haproxy") is not None


def configuration(port: int, replicas: Sequence[int]) -> str:
    """The configuration on the page, with a port to listen at, and with replicas at ports of this machine."""
    shown = next(block.text for block in blocks(PAGE) if block.text.startswith("global\n"))
    servers = "\n".join(f"    server replica{each} 127.0.0.1:{each} check inter 500ms" for each in replicas)
    shown, resolvers = re.subn(r"resolvers docker\n(    .*\n)+\n?", "", shown)
    shown, templates = re.subn(r"    server-template .*", servers, shown)
    shown, binds = re.subn(r"bind :\d+", f"bind 127.0.0.1:{port}", shown)
    assert (resolvers, templates, binds) == (1, 1, 1)
    return shown


class Balancer:
    """A process; `url` is where it listens."""

    def __init__(self, folder: Path, replicas: Sequence[int]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        path = folder / "haproxy.cfg"
        path.write_text(configuration(port, replicas) + "\n")
        with (folder / "haproxy.log").open("wb") as log:
            self.process = subprocess.Popen(["haproxy", "-db", "-f", str(path)], stdout=log, stderr=log)
        until(self._answers, (folder / "haproxy.log").read_text)

    def _answers(self) -> bool:
        try:
            return loopback.get(f"{self.url}/_emulator/health").status_code == 200
        except Exception:
            return False

    def end(self) -> None:
        """Ends it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
