"""The evidence: the exchanges of one world, with what is worked out of them once and asked by many rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import orjson
from msgspec import Struct

from emulator.exchange import Exchange
from emulator.scenario.playbook import Playbook
from emulator.verdict.attempts import Attempts, grouped
from emulator.verdict.bounds import Bounds
from emulator.verdict.roles import NO_ROLE, Role, Roles


class Evidence(Struct, frozen=True, dict=True):
    """Exchanges that have ended, in the order they came, and the playbook that answered them."""

    exchanges: Sequence[Exchange]
    playbook: Playbook
    bounds: Bounds

    @classmethod
    def of(cls, exchanges: Iterable[Exchange], playbook: Playbook, bounds: Bounds) -> Evidence:
        ended = [each for each in exchanges if each.outcome != "open"]
        return cls(sorted(ended, key=lambda each: each.number), playbook, bounds)

    @cached_property
    def roles(self) -> Roles:
        return Roles.of(self.playbook)

    @cached_property
    def attempts(self) -> tuple[Attempts, ...]:
        return grouped(self.exchanges, self.bounds)

    def role(self, exchange: Exchange) -> Role:
        """What the operation of an exchange is to a client."""
        return self.roles.roles.get((exchange.api, exchange.operation), NO_ROLE)

    def runs(self, polls: bool = True) -> Iterator[list[Exchange]]:
        """Failed attempts with what followed each; without `polls`, which are repeated anyway, only the others."""
        for attempts in self.attempts:
            if polls or not self.role(attempts.exchanges[0]).polls:
                yield from attempts.runs()

    def jobs(self, exchange: Exchange) -> frozenset[str]:
        """What the path names: the ids of the jobs that a poll or a cancel is about."""
        found = self.playbook.router.find(exchange.method, "", exchange.path)
        return frozenset(() if found is None else found.params.values())


def data_of(body: bytes) -> Any:
    """JSON as data; None for what is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def parts(data: Any) -> Iterator[Any]:
    """The data and everything inside it."""
    left = [data]
    while left:
        part = left.pop()
        yield part
        if isinstance(part, dict):
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
