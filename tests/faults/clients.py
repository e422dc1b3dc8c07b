"""What four HTTP clients see of one answer, in a few words: the status, how much of the body, and the error."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import requests

from tests import loopback
from tests.waiting import PATIENCE

HANGS = ("timeout", "slow_close", "latency", "bandwidth", "stall_after")
URLS = {"plain": "/one", "stream": "/hello"}
FETCH = """
const [origin, lines, cases] = JSON.parse(process.argv[1]);
const seen = {};
await Promise.all(cases.map(async ([kind, path, fault, patience]) => {
  let status = null, error = null;
  const received = [];
  try {
    const answer = await fetch(origin + path, {
      headers: {...lines, "X-Emulator-Fault": fault},
      signal: AbortSignal.timeout(patience * 1000),
    });
    status = answer.status;
    for await (const chunk of answer.body) received.push(chunk);
    if (kind == "plain") JSON.parse(Buffer.concat(received).toString());
  } catch (caught) {
    error = caught.name + (caught.cause?.code ? ": " + caught.cause.code : "");
  }
  seen[fault] = [status, Buffer.concat(received).toString("base64"), error];
}));
console.log(JSON.stringify(seen));
"""
Case = tuple[str, str, str]  # plain or stream, the path, and the fault
Seen = Mapping[str, str]


def patience(fault: str) -> float:
    """Seconds after which a client gives up: few where it has to, many where it must not."""
    return 5.0 if fault.startswith(HANGS) else PATIENCE


def all_at_once(cases: Sequence[Case], ask: Callable[[Case], str]) -> Seen:
    """What is seen in each case; all are asked together, so that they give up together."""
    with ThreadPoolExecutor(len(cases)) as threads:
        return dict(zip((fault for *_, fault in cases), threads.map(ask, cases), strict=True))


def with_httpx(origin: str, headers: Mapping[str, str], cases: Sequence[Case]) -> Seen:
    """httpx, reading as the bytes come."""
    return all_at_once(cases, lambda each: _guarded(each, lambda case, got: _httpx(origin, headers, case, got)))


def _httpx(origin: str, headers: Mapping[str, str], case: Case, got: list[Any]) -> None:
    _, path, fault = case
    lines = {**headers, "X-Emulator-Fault": fault}
    with (
        loopback.Client(timeout=patience(fault)) as client,
        client.stream("GET", origin + path, headers=lines) as answer,
    ):
        got.append(answer.status_code)
        got.extend(answer.iter_raw())


def with_requests(origin: str, headers: Mapping[str, str], cases: Sequence[Case]) -> Seen:
    """requests, reading as the bytes come."""
    return all_at_once(cases, lambda each: _guarded(each, lambda case, got: _requests(origin, headers, case, got)))


def _requests(origin: str, headers: Mapping[str, str], case: Case, got: list[Any]) -> None:
    _, path, fault = case
    lines = {**headers, "X-Emulator-Fault": fault}
    with (
        requests.Session() as session,
        session.get(origin + path, headers=lines, timeout=patience(fault), stream=True) as answer,
    ):
        got.append(answer.status_code)
        got.extend(answer.iter_content(chunk_size=None))


def _guarded(case: Case, ask: Callable[[Case, list[Any]], None]) -> str:
    got: list[Any] = []
    error = None
    try:
        ask(case, got)
        if case[0] == "plain":
            json.loads(b"".join(got[1:]))
    except (httpx.HTTPError, requests.RequestException, json.JSONDecodeError) as caught:
        error = type(caught).__name__
    return said(case[0], got[0] if got else None, b"".join(got[1:]), error)


def with_curl(origin: str, headers: Mapping[str, str], cases: Sequence[Case]) -> Seen:
    """curl, which gives its exit status; it does not look into the body."""
    lines = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]

    def ask(case: Case) -> str:
        kind, path, fault = case
        command = ["curl", "-sS", "-i", "-N", "--noproxy", "*", "-m", str(patience(fault)), *lines]
        done = subprocess.run(
            [*command, "-H", f"X-Emulator-Fault: {fault}", origin + path], capture_output=True, check=False
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        status = int(head.split()[1]) if head.startswith(b"HTTP/") else None
        return said(kind, status, body, f"exit {done.returncode}" if done.returncode else None)

    return all_at_once(cases, ask)


def with_fetch(origin: str, headers: Mapping[str, str], cases: Sequence[Case]) -> Seen:
    """Node's fetch, reading as the bytes come; all cases in one process, at once."""
    given = json.dumps([origin, dict(headers), [[*case, patience(case[2])] for case in cases]])
    done = subprocess.run(
        ["node", "--input-type=module", "-e", FETCH, given], capture_output=True, check=True, timeout=PATIENCE
    )
    kinds = {fault: kind for kind, _, fault in cases}
    return {
        fault: said(kinds[fault], status, b64decode(received), _either(fault, error))
        for fault, (status, received, error) in json.loads(done.stdout).items()
    }


def _either(fault: str, error: str | None) -> str | None:
    """A reset has two names, by whether its loop saw the end or the error first."""
    known = ("TypeError: ECONNRESET", "TypeError: UND_ERR_SOCKET")
    return "TypeError: ECONNRESET or UND_ERR_SOCKET" if "reset" in fault and error in known else error


def events(received: bytes) -> int:
    """The number of whole events, with any of the three line ends; a comment is none."""
    blocks = received.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n")[:-1]
    return sum(not block.startswith(b":") for block in blocks)


def said(kind: str, status: int | None, received: bytes, error: str | None) -> str:
    """`200, 3 events, RemoteProtocolError`."""
    amount = f"{events(received)} events" if kind == "stream" else f"{len(received)} bytes"
    parts = [] if status is None else [str(status), amount]
    return ", ".join([*parts, *([error] if error else [])])
