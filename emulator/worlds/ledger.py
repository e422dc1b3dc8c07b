"""The ledger of a world: what is counted of its exchanges as they come and end, beyond what its journal keeps.

It watches the journal only once something is to be counted: from the start in a world whose scenarios expect something,
else from when somebody asks, beginning with what the journal still holds. A reset or a restored snapshot begins the
counts of expectations anew, as it empties the journal; what was used, which `usage` tells, goes on. A snapshot holds
neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from msgspec import Struct

from emulator.compile.expectations import KnownNames, read_expectation
from emulator.engine.functions import LANGUAGE
from emulator.engine.pipeline import Pipeline
from emulator.errors import DocumentError
from emulator.http.exchange import Exchange
from emulator.playbook.expectations import Expectation
from emulator.store.backend import ExchangeJournal
from emulator.store.passed_over import operation_of
from emulator.verdict.coverage import Usage
from emulator.verdict.expectations import ExpectationCount, Expectations, NearMissOf, judge_expectations
from emulator.worlds.spending import spending

MAX_ADDED = 1_000


class AddedExpectation(Struct, frozen=True):
    """An expectation that a world was given: its id, and the entry in the words of a scenario."""

    id: str
    entry: Mapping[str, Any]
    expectation: Expectation


class Ledger:
    """Counts for one world. `added` are the expectations that it was given, by id."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.added: dict[str, AddedExpectation] = {}
        self._made = 0
        self._pipeline = pipeline
        self._counts: dict[tuple[str, str, int], ExpectationCount] = {}
        self._open: dict[int, Exchange] = {}
        self._watching: ExitStack | None = None
        self.usage: Usage | None = None
        self.not_counted = 0  # exchanges that the journal had dropped before the usage was counted
        self.adopt(pipeline)

    @property
    def _journal(self) -> ExchangeJournal:
        return self._pipeline.state.journal

    def adopt(self, pipeline: Pipeline) -> None:
        """Counts for the expectations of another playbook; those that it has as well go on, but for rules, whose places
        may be others."""
        self._pipeline = pipeline
        if self.usage is not None:
            self.usage.register(pipeline.playbook.listed)
        before, self._counts = self._counts, {}
        for expectation in pipeline.playbook.expectations:
            self._count(expectation, "", before)
        for added in [*self.added.values()]:
            self._read_again(added, before)
        if self._counts:
            self._start()

    def begin_again(self) -> None:
        """Forgets what was counted; the journal is empty. `adopt` follows."""
        self._counts.clear()
        self._open.clear()

    def close(self) -> None:
        """Counts nothing any more."""
        if self._watching is not None:
            self._watching.close()

    def count_usage(self) -> Usage:
        """Counts from here on which rules and operations are used; those of the exchanges that are known count too."""
        if self.usage is None:
            self.usage = Usage()
            self.not_counted = self._journal.dropped
            self.usage.register(self._pipeline.playbook.listed)
            for exchange in self._journal:
                if exchange.outcome != "open":
                    self.usage.add(exchange, self._streams)
            self._start()
        return self.usage

    def read(self, entry: Mapping[str, Any]) -> AddedExpectation:
        """Returns the expectation that is added next. Raises DocumentError with everything that is wrong in it."""
        id = f"expectation_{self._made + 1}"
        return AddedExpectation(id, entry, self._read(entry, id))

    def add(self, added: AddedExpectation) -> None:
        """Adds an expectation; what has come already counts."""
        self._made += 1
        self.added[added.id] = added
        self._count(added.expectation, added.id, {})
        self._start()

    def remove(self, id: str) -> None:
        """Removes one that was added."""
        del self.added[id]
        self._counts = {key: count for key, count in self._counts.items() if count.id != id}

    @property
    def last(self) -> int:
        """The number in the id of the last one that was added."""
        return self._made

    def become(self, entries: Mapping[str, Mapping[str, Any]], last: int) -> None:
        """Has these expectations, and no others that were added. Raises DocumentError when one is wrong here."""
        for id in [each for each in self.added if each not in entries]:
            self.remove(id)
        for id, entry in entries.items():
            if id not in self.added:
                self.add(AddedExpectation(id, entry, self._read(entry, id)))
        self._made = last

    def judge(self, near_miss: NearMissOf) -> Expectations:
        """How the expectations stand; exchanges that have not ended count as they are now."""
        still = list(self._open.values())
        counts = [each.with_open(still, self._spend) for each in self._counts.values()]
        return judge_expectations(counts, list(self._journal), near_miss)

    def _read_again(self, added: AddedExpectation, before: Mapping[tuple[str, str, int], ExpectationCount]) -> None:
        """Counts for one that was added, by the operations and rules of the playbook; as it was if they are gone."""
        outdated = ""
        try:
            expectation = self._read(added.entry, added.id)
        except DocumentError as error:
            expectation, outdated = added.expectation, "; ".join(map(str, error.diagnostics))
        self.added[added.id] = AddedExpectation(added.id, added.entry, expectation)
        self._count(expectation, added.id, before).outdated = outdated

    def _read(self, entry: Mapping[str, Any], id: str) -> Expectation:
        playbook = self._pipeline.playbook
        return read_expectation(entry, KnownNames(LANGUAGE, playbook.apis, playbook.listed), id)

    def _count(
        self, expectation: Expectation, id: str, before: Mapping[tuple[str, str, int], ExpectationCount]
    ) -> ExpectationCount:
        number = 0
        while (key := (id or expectation.place.file, expectation.key, number)) in self._counts:
            number += 1
        known = before.get(key)
        if known is not None and expectation.kind != "rules":
            known.expectation = expectation
            self._counts[key] = known
            return known
        count = self._counts[key] = ExpectationCount(expectation, id, self._journal.dropped)
        for exchange in self._journal:
            count.begin(exchange)
            if exchange.outcome != "open":
                count.end(exchange, self._spend)
        return count

    def _start(self) -> None:
        if self._watching is None:
            self._watching = ExitStack()
            self._watching.enter_context(self._journal.watched(self._see))
            self._open = {id(each): each for each in self._journal if each.outcome == "open"}

    def _see(self, exchange: Exchange) -> None:
        """Counts an exchange when it is added to the journal, and when it has ended."""
        if not exchange.ended:
            for count in self._counts.values():
                count.begin(exchange)
            if exchange.outcome == "open":
                self._open[id(exchange)] = exchange
                return
        self._open.pop(id(exchange), None)
        for count in self._counts.values():
            count.end(exchange, self._spend)
        if self.usage is not None:
            self.usage.add(exchange, self._streams)

    def _spend(self, exchange: Exchange) -> Mapping[str, float]:
        service = self._pipeline.services.get(exchange.api)
        return {} if service is None else spending(service, exchange)

    def _streams(self, exchange: Exchange) -> bool:
        operation = operation_of(exchange, self._pipeline.playbook)
        rules = () if operation is None else operation.rules.rules
        replies = (each.reply for rule in rules for each in rule.each)
        return any(reply is not None and reply.events is not None for reply in replies)
