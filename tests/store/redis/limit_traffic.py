"""Traffic of many clients on keys that have limits of every kind, which two processes count together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Any

import httpx
import yaml

from tests import loopback
from tests.apis.aiexport_calls import HAIKU, asking
from tests.process import Serving
from tests.waiting import PATIENCE, until
from tests.wire import Wire, request

CLIENTS = 6
AMOUNT = 6  # of each limit
PAUSE = 0.1  # real seconds between two rounds of a client, so that the processes need not all of the machine
RATES = ("first", "aligned", "sliding", "bucket")
TOTALS = ("tokens", "budget")
JOBS, UNDER_WAY = "jobs", "under_way"
KINDS = (*RATES, *TOTALS, JOBS)
MESSAGE, BATCH = asking(model=HAIKU), {"requests": [asking(model=HAIKU)]}
PROMPT, TOKENS, DOLLARS = 2, 10, 0.0000105  # of a message: tokens of its prompt, in all, and what it costs
HINT = "x-emulator-hint"
PLAN = {"title": "Free", "batch_size": 100, "families": ["haiku"]}


def scenario(folder: Path, seconds: int, period: str = "day") -> str:
    """A scenario's path: a key of each kind's name, whose limit lets AMOUNT through in so many seconds, or in all; that
    of tokens does in a period."""
    limits: dict[str, Any] = {kind: {"requests": f"{AMOUNT}/{seconds}s {kind}"} for kind in RATES}
    limits["tokens"] = {"tokens": f"{PROMPT + (AMOUNT - 1) * TOKENS}/{period}"}
    limits[UNDER_WAY] = {"under_way": f"{AMOUNT} at once"}
    limits[JOBS] = {"batches": {"at_once": AMOUNT, "of": "batch"}}
    tiers: dict[str, Any] = {kind: {"limits": each, "data": PLAN} for kind, each in limits.items()}
    spent = round((AMOUNT - 0.5) * DOLLARS, 9)  # the last one may cost more than is left
    tiers["budget"] = {"limits": {}, "budget": {"USD": spent}, "data": PLAN}
    keys = {kind: {"workspace": kind, "tier": kind} for kind in tiers}
    path = folder / "kinds.yaml"
    apis = {"aiexport": {"keys": keys, "tiers": tiers}}
    path.write_text(yaml.safe_dump({"scenario": "kinds", "extends": "default", "apis": apis}))
    return str(path)


class Traffic:
    """Clients that ask processes with the keys of all kinds by turns; `seen` counts kinds and statuses, `lost` those
    whose connection broke, and `odd` are bodies of a 503 that does not say in the API's shape that the store is away.
    Every second client sends head and body in one write, the others one after the other. With `hold_after`, the clients
    wait for `interrupt` once there are so many responses."""

    def __init__(
        self, processes: Sequence[Serving], kinds: Sequence[str] = KINDS, hold_after: int | None = None
    ) -> None:
        self._processes, self._kinds = list(processes), kinds
        self._lock, self._ended = Lock(), Event()
        self._hold_after = hold_after
        self._released, self._interrupted = Event(), Event()
        self.seen: Counter[tuple[str, int]] = Counter()
        self.lost = 0
        self.odd: list[bytes] = []

    @property
    def answered(self) -> int:
        return sum(self.seen.values())

    @property
    def unavailable(self) -> int:
        """How many were answered by a 503."""
        return sum(count for (_, status), count in self.seen.items() if status == 503)

    @property
    def served(self) -> int:
        """How many were answered otherwise: let through, or refused by a limit."""
        return self.answered - self.unavailable

    def admitted(self, kind: str) -> int:
        """How many responses say that the limit of a kind let the request through."""
        return self.seen[kind, 200] + self.seen[kind, 202]

    def run(self, rounds: int | None = None) -> None:
        """Each client asks so many times with each key, or until the traffic ends."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            for asked in [pool.submit(self._client, number, rounds) for number in range(CLIENTS)]:
                asked.result()

    @contextmanager
    def in_the_background(self, rounds: int | None = None) -> Iterator[None]:
        """Runs until all have asked so often, or the block ends."""
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(self.run, rounds)
            try:
                yield
            finally:
                self._released.set()
                self._interrupted.set()
                if rounds is None:
                    self._ended.set()
            running.result()

    def interrupt(self, kill: Callable[[], None]) -> None:
        """Kills the first process amid the traffic, however late the caller is: the clients wait at `hold_after`, then
        go on while `kill` runs, but the first one, which uses this process, goes on after that."""
        until(lambda: self.answered >= (self._hold_after or 0))
        self._released.set()
        kill()
        self._interrupted.set()

    def _client(self, number: int, rounds: int | None) -> None:
        ask = whole if number % 2 else apart
        at, done = number // 2, 0
        while not self._ended.is_set() and (rounds is None or done < rounds):
            try:
                ask(self._processes[at % len(self._processes)], self._kinds, partial(self._note, number))
            except (OSError, httpx.TransportError, Broken):
                with self._lock:
                    self.lost += 1
                at += 1
            done += 1
            if rounds is None:
                self._ended.wait(PAUSE)

    def _note(self, client: int, kind: str, status: int, hint: str | None, body: bytes) -> None:
        away = status == 503
        shaped = not away or (hint is not None and "store" in hint and json.loads(body)["type"] == "error")
        with self._lock:
            self.seen[kind, status] += 1
            self.odd += [] if shaped else [body]
        if self._hold_after is None:
            return
        if not client:
            self._interrupted.wait(PATIENCE)
        elif self.answered >= self._hold_after:
            self._released.wait(PATIENCE)


Note = Callable[[str, int, str | None, bytes], None]  # kind, status, hint and body of a response


class Broken(Exception):
    """The connection ended in the middle of an answer, or before it."""


def whole(process: Serving, kinds: Sequence[str], note: Note) -> None:
    """Asks with each key; head and body are one write."""
    with Wire(process.port) as wire:
        for kind in kinds:
            path, body = _asked(kind)
            headers = [*_headers(kind).items(), ("content-type", "application/json")]
            wire.send(request("POST", path, headers, json.dumps(body).encode()))
            try:
                answer = wire.answer()
            except ValueError as error:  # an empty line
                raise Broken from error
            note(kind, answer.status, answer.header(HINT), answer.body)


def apart(process: Serving, kinds: Sequence[str], note: Note) -> None:
    """Asks with each key; head and body are two writes."""
    with loopback.Client(base_url=process.origin, timeout=PATIENCE) as client:
        for kind in kinds:
            path, body = _asked(kind)
            response = client.post(path, json=body, headers=_headers(kind))
            note(kind, response.status_code, response.headers.get(HINT), response.content)


def _asked(kind: str) -> tuple[str, Mapping[str, Any]]:
    return ("/v2/batch", BATCH) if kind == JOBS else ("/v2/messages", MESSAGE)


def _headers(kind: str) -> dict[str, str]:
    return {"x-api-key": kind} | ({"x-emulator-fault": "stuck"} if kind == JOBS else {})


def admitted(process: Serving) -> dict[str, list[dict[str, Any]]]:
    """The exchanges that were admitted, by the kind of their limit, the first that came first."""
    asked = {"when": {"status": {"lt": 300}}}
    response = process.client.post("/_emulator/exchanges/query", json=asked, timeout=PATIENCE)
    assert response.is_success, response.text
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in (*KINDS, UNDER_WAY)}
    for each in response.json()["exchanges"]:
        found[each["workspace"]].append(each)
    return {kind: sorted(each, key=lambda exchange: exchange["at"]) for kind, each in found.items()}


def counts(process: Serving) -> dict[str, int]:
    """How many were admitted, by the kind of their limit."""
    found = admitted(process)
    return {kind: len(found[kind]) for kind in KINDS}


def hang(process: Serving, at_once: bool) -> Wire:
    """A request whose response never comes, if its limit lets it begin; its head and body are one write, or two."""
    wire, body = Wire(process.port), json.dumps(MESSAGE).encode()
    headers = [("x-api-key", UNDER_WAY), ("content-type", "application/json"), ("x-emulator-fault", "timeout")]
    data = request("POST", "/v2/messages", headers, body)
    for part in [data] if at_once else [data[: -len(body)], body]:
        wire.send(part)
    return wire
