"""Records: those of the fixtures, overlaid with what this world has added, changed and removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emulator.errors import ApiError
from emulator.playbook.model import CollectionPlan
from emulator.store.backend import Backend

REMOVED: Mapping[str, Any] = {"\0removed": True}


class Records:
    """One collection as one world sees it: `records[id]` is a record, iteration gives all, the fixture's first."""

    __slots__ = ("_added", "_clock", "_known", "_name", "_row", "_store", "plan")

    def __init__(
        self, plan: CollectionPlan, api: str, store: Backend, added: Callable[[str], None] | None = None
    ) -> None:
        self.plan = plan
        self._known = plan.records
        self._name = f"records/{api}/{plan.name}"
        self._store = store.records
        self._row = store.records.rows(self._name)
        self._clock = store.clock
        self._added = added  # called with each id that is put and that no fixture has

    def get(self, id: Any, default: Any = None) -> Any:
        if id.__class__ is not str:
            id = str(id)
        row = self._row(id)
        if row is None or row[1] <= self._clock.now():
            return self._known.get(id, default)
        return default if row[0] == REMOVED else row[0]

    def __getitem__(self, id: str) -> Any:
        record = self.get(id)
        if record is None:
            raise KeyError(id)
        return record

    def __contains__(self, id: object) -> bool:
        return self.get(id) is not None

    def items(self) -> Iterator[tuple[str, Any]]:
        for id in self.plan.records:
            record = self.get(id)
            if record is not None:
                yield id, record
        yield from self._own()

    def _own(self) -> Iterator[tuple[str, Any]]:
        """Yields the records that this world has added."""
        for id, record in self._store.items(self._name):
            if record != REMOVED and id not in self.plan.records:
                yield id, record

    def __iter__(self) -> Iterator[Any]:
        return (record for _, record in self.items())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def id_of(self, record: Any, given: Mapping[str, Any]) -> str:
        """Returns the id under which a record is put: the one that is given, or its own.

        Raises ValueError for what is no record, or has no id.
        """
        if not isinstance(record, dict):
            raise ValueError(f"a record is a mapping, not {record!r}")
        id = given.get("id", record.get(self.plan.key))
        if id is None:
            raise ValueError(f"the record has no id; give one, or a field {self.plan.key!r}")
        return str(id)

    def put(self, id: str, record: Any, ttl: float | None = None) -> None:
        """Overlays the fixture's record, or adds one."""
        self._store.put(self._name, id, record, ttl=ttl, cap=self.plan.most)
        if self._added is not None and id not in self.plan.records:
            self._added(id)

    def amend(self, id: str, record: Any) -> None:
        """Changes a record as `change` does, without reporting that one was added."""
        if not self._store.replace(self._name, id, record):
            self._store.put(self._name, id, record, cap=self.plan.most)

    def change(self, id: str, record: Any, ttl: float | None = None) -> None:
        """Overlays what is there, for `ttl` seconds, or as long as that would have lived."""
        if ttl is not None or not self._store.replace(self._name, id, record):
            self.put(id, record, ttl)

    def remove(self, id: str) -> bool:
        """Removes a record; returns whether it was there."""
        there = id in self
        if id in self.plan.records:
            self._store.put(self._name, id, REMOVED, cap=self.plan.most)
        else:
            self._store.delete(self._name, id)
        return there


class WithheldRecords(Records):
    """A collection some of whose records are not served: they are not listed, and naming one is refused."""

    __slots__ = ()

    def get(self, id: Any, default: Any = None) -> Any:
        """Returns a record; raises ApiError `no_rule` for one that is not served."""
        if str(id) in self.plan.refused:
            raise ApiError("no_rule", self.plan.refused[str(id)])
        return super().get(id, default)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yields those that are served."""
        for id in self.plan.records:
            if id not in self.plan.refused and (record := super().get(id)) is not None:
                yield id, record
        yield from self._own()
