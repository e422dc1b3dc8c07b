"""Records as a test reads and writes them: what a world remembers, collection by collection."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from emulator.testing.asynchronous import twin
from emulator.testing.client import Client, ControlError

Record = dict[str, Any]


class Records(MutableMapping[str, Record]):
    """One collection of an API: `records[id]` is a record as templates see it, secrets masked; each look asks the
    server anew. Raises ControlError for an API or a collection that there is not."""

    def __init__(self, client: Client, api: str, collection: str) -> None:
        self._client = client
        self._path = f"/records/{quote(api, safe='')}/{quote(collection, safe='')}"

    def all(self) -> dict[str, Record]:
        """All records by their ids, the fixture's first."""
        return self.where()

    def where(self, when: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Record]:
        """The records whose fields are as wanted, each a value, a list of values, or operators: `name="Mine"`,
        `version={"gte": 2}`; `when` takes dotted paths, such as `{"model.id": "m1"}`."""
        wanted = {**(when or {}), **fields}
        answer = self._client.get(self._path, where=json.dumps(wanted) if wanted else None)
        return {each["id"]: each["record"] for each in answer["records"]}

    def put(self, id: str, record: Mapping[str, Any]) -> None:
        """Write a whole record, as `records[id] = record` does."""
        if not isinstance(record, Mapping):
            raise TypeError(f"a record is a mapping, not {record!r}")
        self._client.put(self._of(id), dict(record))

    def change(self, id: str, **fields: Any) -> Record:
        """Set some fields of a record; the others stay. Returns the record."""
        record: Record = self._client.patch(self._of(id), fields)["record"]
        return record

    def clear(self) -> None:
        """Remove all records, those of fixtures too; `emulator.reset()` brings these back."""
        self._client.delete(self._path)

    all_async, where_async, put_async = twin(all), twin(where), twin(put)
    change_async, clear_async = twin(change), twin(clear)

    def __getitem__(self, id: str) -> Record:
        try:
            record: Record = self._client.get(self._of(id))["record"]
        except ControlError as error:
            raise _missing(error) from None
        return record

    def __setitem__(self, id: str, record: Mapping[str, Any]) -> None:
        self.put(id, record)

    def __delitem__(self, id: str) -> None:
        try:
            self._client.delete(self._of(id))
        except ControlError as error:
            raise _missing(error) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.all())

    def __len__(self) -> int:
        total: int = self._client.get(self._path, last=0)["total"]
        return total

    def __repr__(self) -> str:
        return f"<Records {self._path.removeprefix('/records/')}>"

    def _of(self, id: str) -> str:
        return f"{self._path}/{quote(id, safe='')}"


def _missing(error: ControlError) -> Exception:
    """A KeyError for a record that is not there; any other error stays."""
    return KeyError(error.message) if error.message.startswith("no record") else error
