"""Load: how many requests a second a server answers, by wrk where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import fire
from benchmarks.request import KEY, Request

CONNECTIONS = 16
SCRIPT = """
local body = [==[{body}]==]
local headers = {{["X-API-Key"] = "{key}", ["Content-Type"] = "application/json"}}
local count = 0
local same = wrk.format("POST", "{path}", headers, body)
request = function()
  if not {distinct} then return same end
  count = count + 1
  return wrk.format("POST", "{path}", headers, (body:gsub("{{count}}", string.format("%09d", count))))
end
done = function(summary)
  local wrong = summary.errors
  local failed = wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout
  io.write(string.format("TOLD %d %d %d\\n", summary.requests, summary.duration, failed))
end
"""


@dataclass(frozen=True)
class Load:
    """What one round of load came to."""

    requests: int
    seconds: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def tool() -> str:
    """What makes the load, in words."""
    return "wrk" if shutil.which("wrk") else "a client of our own, since wrk is not installed"


def press(port: int, request: Request, seconds: float, distinct: bool = False) -> Load:
    """Ask as fast as answers come; RuntimeError when any answer was not a 2xx."""
    if shutil.which("wrk"):
        requests, taken, failed = _wrk(port, request, seconds, distinct)
    else:
        requests, failed = fire(port, request, seconds, CONNECTIONS, distinct)
        taken = seconds
    if failed or not requests:
        raise RuntimeError(f"{failed} of {requests} requests for {request.path} failed")
    return Load(requests, taken)


def _wrk(port: int, request: Request, seconds: float, distinct: bool) -> tuple[int, float, int]:
    """Requests, seconds taken, failures."""
    text = SCRIPT.format(body=request.body.decode(), key=KEY, path=request.path, distinct=str(distinct).lower())
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "load.lua")
        script.write_text(text)
        whole = max(1, round(seconds))
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{whole}s", "-s", str(script), f"http://127.0.0.1:{port}"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    told = re.search(r"^TOLD (\d+) (\d+) (\d+)$", said.stdout, re.MULTILINE)
    if told is None:
        raise RuntimeError(f"wrk failed: {said.stdout}{said.stderr}")
    return int(told[1]), int(told[2]) / 1e6, int(told[3])
