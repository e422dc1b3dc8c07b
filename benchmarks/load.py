"""Load: requests as fast as they are answered, by wrk where it is installed, and what they cost the server."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.client import fire
from benchmarks.machine import cpu_seconds, queued_seconds
from benchmarks.process import Server
from benchmarks.request import KEY, Request

CONNECTIONS = (16, 32, 64)
SATURATED = 0.975  # of its core that a server must use: one that waits for requests spends its CPU time on waiting, too
SCRIPT = """
local body = [==[{body}]==]
local headers = {{["Host"] = "127.0.0.1", ["X-API-Key"] = "{key}", ["Content-Type"] = "application/json"}}
local count = 0
local same = wrk.format("POST", "{path}", headers, body)
request = function()
  if not {distinct} then return same end
  count = count + 1
  return wrk.format("POST", "{path}", headers, (body:gsub("{{count}}", string.format("%09d", count))))
end
done = function(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration, failed))
end
"""


@dataclass(frozen=True)
class Load:
    """One round of load: responses, how long it took in seconds, and meanwhile the server's times in seconds.

    `cpu` is the CPU time of the server; `queued` is how long it waited for its core because another process had it, and
    `store` the CPU time of a store that has the same core: while the server waits for it, the core is not idle.
    """

    requests: int
    seconds: float
    cpu: float
    queued: float
    store: float = 0.0

    @property
    def cost(self) -> float:
        """CPU time of the server for one request, in microseconds."""
        return self.cpu / self.requests * 1e6


@dataclass(frozen=True)
class Cost:
    """What one request costs a server, over all rounds: medians, of CPU microseconds and of shares of its core.

    `used` is the share that the server took with a store that has the same core, `queued` that of others for which it
    waited.
    """

    microseconds: float
    used: float
    queued: float

    @classmethod
    def of(cls, rounds: Sequence[Load]) -> Cost:
        """The cost over these rounds; there is at least one."""
        return cls(
            median(load.cost for load in rounds),
            median((load.cpu + load.store) / load.seconds for load in rounds),
            median(max(0.0, load.queued - load.store) / load.seconds for load in rounds),
        )

    @property
    def problem(self) -> str:
        """Why this is no valid figure; empty when it is one."""
        if self.used >= SATURATED:
            return ""
        if self.used + self.queued >= SATURATED:
            return f"other processes took {self.queued:.0%} of the server's core"
        idle = 1 - self.used - self.queued
        return f"the server was idle for {idle:.0%} of the time: the client is too slow, or others use its core"


def generator() -> str:
    """What makes the load, in words."""
    return "wrk" if shutil.which("wrk") else "the benchmark's own client, since wrk is not installed"


def apply_load(server: Server, request: Request, seconds: float, connections: int, distinct: bool = False) -> Load:
    """Sends requests for so many seconds, the next on each connection as soon as the last is answered.

    RuntimeError when a response is not a 2xx.
    """
    cpu, queued = cpu_seconds(server.pid), queued_seconds(server.pid)
    if shutil.which("wrk"):
        requests, taken, failed = _wrk(server.port, request, seconds, connections, distinct)
    else:
        requests, failed = fire(server.port, request, seconds, connections, distinct)
        taken = seconds
    if failed or not requests:
        raise RuntimeError(f"{failed} of {requests} requests for {request.path} failed")
    return Load(requests, taken, cpu_seconds(server.pid) - cpu, queued_seconds(server.pid) - queued)


def _wrk(port: int, request: Request, seconds: float, connections: int, distinct: bool) -> tuple[int, float, int]:
    """Responses, seconds taken, failures."""
    text = SCRIPT.format(body=request.body.decode(), key=KEY, path=request.path, distinct=str(distinct).lower())
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "load.lua")
        script.write_text(text)
        whole = max(1, round(seconds))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{whole}s", "-s", str(script), f"http://127.0.0.1:{port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    result = re.search(r"^RESULT (\d+) (\d+) (\d+)$", done.stdout, re.MULTILINE)
    if result is None:
        raise RuntimeError(f"wrk failed: {done.stdout}{done.stderr}")
    return int(result[1]), int(result[2]) / 1e6, int(result[3])
