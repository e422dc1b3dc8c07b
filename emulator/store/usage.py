"""Count what was served: a ledger of requests by asset, key and hour, and the statistics read from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from emulator.clock import Clock
from emulator.dates import LATEST
from emulator.playbook.model import Seed
from emulator.store.masking import mask_key

DAYS = 31
_HOUR = 3_600
_DAY = 86_400
_Hour = Annotated[int, Meta(ge=0, le=int(LATEST) // _HOUR)]
_Whole = Annotated[int, Meta(ge=0, le=2**53)]
_Sum = Annotated[float, Meta(ge=0, le=1e18)]
# API, asset, key, hour, workspace, requests (a bucket is opened by one), successful ones, latency and tokens.
_Row = tuple[str, str, str, _Hour, str, Annotated[int, Meta(ge=1, le=2**53)], _Whole, _Sum, _Sum]


class Bucket:
    """What one key asked of one asset in one hour; latency (ms) and tokens are sums."""

    __slots__ = ("latency_ms", "requests", "successful", "tokens", "workspace")

    def __init__(self, workspace: str = "") -> None:
        self.workspace = workspace
        self.requests = 0
        self.successful = 0
        self.latency_ms = 0.0
        self.tokens = 0.0

    def add(self, other: Bucket) -> None:
        """Add another bucket's figures to this one's."""
        self.workspace = other.workspace or self.workspace
        self.requests += other.requests
        self.successful += other.successful
        self.latency_ms += other.latency_ms
        self.tokens += other.tokens

    def metrics(self) -> dict[str, Any]:
        """{requests, successful, failed, latency_ms, tokens}; the last two are means over all requests."""
        return {
            "requests": self.requests,
            "successful": self.successful,
            "failed": self.requests - self.successful,
            "latency_ms": round(self.latency_ms / self.requests, 2),
            "tokens": round(self.tokens / self.requests, 2),
        }


class Ledger:
    """The usage of one world. Hours older than 32 days are dropped, and the oldest ones beyond `most` in all."""

    def __init__(self, clock: Clock, most: int = 50_000) -> None:
        self._clock = clock
        self._most = most
        self._assets: dict[tuple[str, str], dict[tuple[str, int], Bucket]] = {}
        self._opened: deque[tuple[str, str, str, int]] = deque()
        self._seeds: dict[tuple[str, str], list[Seed]] = {}

    def seed(self, api: str, rows: Iterable[Seed], workspaces: Mapping[str, str]) -> None:
        """Take in what a fixture says happened to an API, in place of what one said before.

        `workspaces` tells whose a key is where the row does not.
        """
        self._seeds = {name: seeds for name, seeds in self._seeds.items() if name[0] != api}
        for row in rows:
            seed = row if row.workspace else replace(row, workspace=workspaces.get(row.key, ""))
            self._seeds.setdefault((api, seed.asset), []).append(seed)

    def record(
        self, api: str, asset: str, key: str, workspace: str, at: float, ok: bool, latency_ms: float, tokens: float
    ) -> None:
        """Count one request at the time `at`, in seconds since the epoch."""
        hour = int(at) // _HOUR
        try:
            bucket = self._assets[api, asset][key, hour]
        except KeyError:
            bucket = self._open(api, asset, key, hour, workspace)
        bucket.requests += 1
        bucket.successful += ok
        bucket.latency_ms += latency_ms
        bucket.tokens += tokens

    def statistics(
        self, api: str, asset: str, start_day: float, end_day: float, owner: str, key: str | None = None
    ) -> dict[str, Any] | None:
        """What was asked of an asset from one day to another, both whole (given as their midnights, UTC).

        `{total: metrics, keys: [{key, masked, owned, total: metrics, series: [{at, …metrics of that hour}]}]}`, the
        owner's keys first and then the busiest; None when there was nothing. `owner` is a workspace or a key; `key`
        narrows everything to that key.
        """
        first, last = int(start_day) // _HOUR, (int(end_day) + _DAY) // _HOUR
        hours: dict[str, dict[int, Bucket]] = {}
        for name, hour, bucket in self._buckets(api, asset):
            if first <= hour < last and key in (None, name):
                hours.setdefault(name, {}).setdefault(hour, Bucket()).add(bucket)
        if not hours:
            return None
        keys = [_consumer(name, series, owner) for name, series in hours.items()]
        keys.sort(key=lambda consumer: (not consumer["owned"], -consumer["total"]["requests"], consumer["key"]))
        total = _sum(bucket for series in hours.values() for bucket in series.values())
        return {"total": total.metrics(), "keys": keys}

    def clear(self) -> None:
        """Forget what was served; what a fixture seeded stays."""
        self._assets.clear()
        self._opened.clear()

    def dump(self) -> list[list[Any]]:
        """What was served, as plain data that `load` takes; not what a fixture seeded."""
        rows: list[list[Any]] = []
        for api, asset, key, hour in self._opened:
            it = self._assets[api, asset][key, hour]
            rows.append([api, asset, key, hour, it.workspace, it.requests, it.successful, it.latency_ms, it.tokens])
        return rows

    def load(self, rows: Iterable[Sequence[Any]]) -> None:
        """Be as when the rows were dumped. Raises msgspec.ValidationError, changing nothing, for anything else."""
        read = [_read(*row) for row in msgspec.convert(list(rows), list[_Row])]
        self.clear()
        for (api, asset, key, hour), bucket in read:
            self._opened.append((api, asset, key, hour))
            self._assets.setdefault((api, asset), {})[key, hour] = bucket

    def _open(self, api: str, asset: str, key: str, hour: int, workspace: str) -> Bucket:
        while self._opened and (len(self._opened) >= self._most or self._opened[0][3] < hour - (DAYS + 1) * 24):
            self._drop(*self._opened.popleft())
        self._opened.append((api, asset, key, hour))
        bucket = Bucket(workspace)
        self._assets.setdefault((api, asset), {})[key, hour] = bucket
        return bucket

    def _drop(self, api: str, asset: str, key: str, hour: int) -> None:
        buckets = self._assets[api, asset]
        del buckets[key, hour]
        if not buckets:
            del self._assets[api, asset]

    def _buckets(self, api: str, asset: str) -> Iterator[tuple[str, int, Bucket]]:
        # Seeds count back from today each time they are read, so a server that runs for months still has a history.
        today = int(self._clock.now()) // _DAY
        for seed in self._seeds.get((api, asset), ()):
            yield seed.key, (today - seed.days_ago) * 24 + seed.hour, _seeded(seed)
        for (key, hour), bucket in self._assets.get((api, asset), {}).items():
            yield key, hour, bucket


def _read(
    api: str, asset: str, key: str, hour: int, workspace: str, requests: int, ok: int, latency_ms: float, tokens: float
) -> tuple[tuple[str, str, str, int], Bucket]:
    bucket = Bucket(workspace)
    bucket.requests, bucket.successful = requests, ok
    bucket.latency_ms, bucket.tokens = latency_ms, tokens
    return (api, asset, key, hour), bucket


def _seeded(seed: Seed) -> Bucket:
    bucket = Bucket(seed.workspace)
    bucket.requests = seed.requests
    bucket.successful = seed.successful
    bucket.latency_ms = seed.latency_ms * seed.requests
    bucket.tokens = seed.tokens * seed.requests
    return bucket


def _sum(buckets: Iterable[Bucket]) -> Bucket:
    total = Bucket()
    for bucket in buckets:
        total.add(bucket)
    return total


def _consumer(key: str, series: Mapping[int, Bucket], owner: str) -> dict[str, Any]:
    total = _sum(series.values())
    return {
        "key": key,
        "masked": mask_key(key),
        "owned": owner in (key, total.workspace),
        "total": total.metrics(),
        "series": [{"at": hour * _HOUR, **series[hour].metrics()} for hour in sorted(series)],
    }
