"""Usage: a ledger of requests by asset, key and hour, and the statistics read from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from emulator.playbook.model import Seed
from emulator.store.backend import Backend, Bucket
from emulator.store.masking import key_digest, mask_key

DAYS = 31
HOUR = 3_600
DAY_SECONDS = 86_400


class UsageLedger:
    """What was served in one world, and before it by what a fixture says: a view of the backend's usage."""

    def __init__(self, store: Backend) -> None:
        self._usage = store.usage
        self._clock = store.clock
        self._seeds: dict[tuple[str, str], list[Seed]] = {}

    def seed(self, api: str, rows: Iterable[Seed], workspaces: Mapping[str, str]) -> None:
        """Takes in what a fixture says happened to an API, in place of what one said before.

        `workspaces` tells whose a key is where the row does not.
        """
        self._seeds = {name: seeds for name, seeds in self._seeds.items() if name[0] != api}
        for row in rows:
            seed = row if row.workspace else replace(row, workspace=workspaces.get(row.key, ""))
            self._seeds.setdefault((api, seed.asset), []).append(seed)

    def begin(self, api: str, asset: str, key: str, workspace: str, at: float) -> None:
        """Counts one request at the time `at`, in seconds since the epoch; how it ends is not known yet."""
        self._usage.add(api, asset, key, int(at) // HOUR, Bucket(workspace, 1))

    def end(self, api: str, asset: str, key: str, at: float, ok: bool, latency_ms: float, tokens: float) -> None:
        """Counts how a request ended that began at the time `at`, in the hour in which it began."""
        ended = Bucket(successful=int(ok), latency_ms=latency_ms, tokens=tokens, failed=int(not ok))
        self._usage.add(api, asset, key, int(at) // HOUR, ended)

    def record(
        self, api: str, asset: str, key: str, workspace: str, at: float, ok: bool, latency_ms: float, tokens: float
    ) -> None:
        """Counts one request at the time `at`, in seconds since the epoch, that has ended."""
        ended = Bucket(workspace, 1, int(ok), latency_ms, tokens, int(not ok))
        self._usage.add(api, asset, key, int(at) // HOUR, ended)

    def statistics(
        self, api: str, asset: str, start_day: float, end_day: float, owner: str, key: str | None = None
    ) -> dict[str, Any] | None:
        """Returns the usage of an asset from one day to another, both whole (given as their midnights, UTC).

        `{total: metrics, keys: [{key, masked, owned, total: metrics, series: [{at, …metrics of that hour}]}]}`, the
        owner's keys first and then the busiest; None when there was nothing. `owner` is a workspace or a key; `key`
        narrows everything to that key. Keys that would be masked alike have a digest behind their masks.
        """
        first, last = int(start_day) // HOUR, (int(end_day) + DAY_SECONDS) // HOUR
        hours: dict[str, dict[int, Bucket]] = {}
        for name, hour, bucket in self._buckets(api, asset):
            if first <= hour < last:
                add(hours.setdefault(name, {}).setdefault(hour, Bucket()), bucket)
        masks = Counter(map(mask_key, hours))
        shown = [name for name in hours if key in (None, name)]
        if not shown:
            return None
        keys = [_consumer(name, hours[name], owner, masks) for name in shown]
        keys.sort(key=lambda consumer: (not consumer["owned"], -consumer["total"]["requests"], consumer["key"]))
        total = _sum(bucket for name in shown for bucket in hours[name].values())
        return {"total": metrics(total), "keys": keys}

    def _buckets(self, api: str, asset: str) -> Iterator[tuple[str, int, Bucket]]:
        # Seeds count back from today each time they are read, so a server that runs for months still has a history.
        today = int(self._clock.now()) // DAY_SECONDS
        for seed in self._seeds.get((api, asset), ()):
            yield seed.key, (today - seed.days_ago) * 24 + seed.hour, _seeded(seed)
        yield from self._usage.buckets(api, asset)


def add(total: Bucket, other: Bucket) -> None:
    """Adds another bucket's figures to those of a total."""
    total.workspace = other.workspace or total.workspace
    total.requests += other.requests
    total.successful += other.successful
    total.latency_ms += other.latency_ms
    total.tokens += other.tokens
    total.failed += other.failed


def metrics(bucket: Bucket) -> dict[str, Any]:
    """Returns {requests, successful, failed, latency_ms, tokens}.

    The last two are means over the requests that have ended; 0 when none has.
    """
    ended = max(1, bucket.successful + bucket.failed)
    return {
        "requests": bucket.requests,
        "successful": bucket.successful,
        "failed": bucket.failed,
        "latency_ms": round(bucket.latency_ms / ended, 2),
        "tokens": round(bucket.tokens / ended, 2),
    }


def _seeded(seed: Seed) -> Bucket:
    requests, successful = seed.requests, seed.successful
    latency_ms, tokens = seed.latency_ms * requests, seed.tokens * requests
    return Bucket(seed.workspace, requests, successful, latency_ms, tokens, requests - successful)


def _sum(buckets: Iterable[Bucket]) -> Bucket:
    total = Bucket()
    for bucket in buckets:
        add(total, bucket)
    return total


def _consumer(key: str, series: Mapping[int, Bucket], owner: str, masks: Mapping[str, int]) -> dict[str, Any]:
    total, masked = _sum(series.values()), mask_key(key)
    return {
        "key": key,
        "masked": masked if masks[masked] == 1 else f"{masked}-{key_digest(key)}",
        "owned": owner in (key, total.workspace),
        "total": metrics(total),
        "series": [{"at": hour * HOUR, **metrics(series[hour])} for hour in sorted(series)],
    }
