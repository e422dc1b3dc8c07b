"""Records: what this world remembers, collection by collection; read, written and removed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from emulator.control.about import known_api
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure, check_depth, unknown
from emulator.control.route import ControlRequest, ControlRoute
from emulator.engine.context import Service
from emulator.engine.functions import LANGUAGE
from emulator.errors import DocumentError, EmulatorError
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.matching import Matcher
from emulator.store.masking import MASKED, Masker
from emulator.store.records import Records
from emulator.store.tokens import KEYS
from emulator.worlds.filters import compile_where

Last = Annotated[int, Meta(ge=0, le=10_000)]
KEYS_HINT = "GET /_emulator/keys lists the keys of a world, POST /_emulator/keys makes one"


class RecordView(Struct, frozen=True):
    """A record as templates see it, secrets masked, and its id; `seeded`: it was written by hand."""

    id: str
    record: Any
    seeded: bool


class CollectionView(Struct, frozen=True):
    """A collection of an API: how many records it has, and the newest of those that this world has added or changed."""

    api: str
    name: str
    count: int
    added: list[RecordView]


class RecordsView(Struct, frozen=True):
    """The collections; those of keys and tokens are not among them."""

    collections: list[CollectionView]


class RecordsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`api`, `collection`: only those; `last`: so many records of each at most."""

    api: str | None = None
    collection: str | None = None
    last: Last = 100


MAX_ID = 1_000  # characters of the id of a record that is written by hand


class CollectionQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which records of a collection: those that fit `where`; `last`: at most so many, the last."""

    where: Annotated[str, Meta(description="a `when` over the fields of a record, as YAML or JSON")] = ""
    last: Last | None = None


class CollectionRecords(Struct, frozen=True):
    """The records that were asked for, the fixture's first; `total` is how many fit, `key` the field of the id."""

    key: str
    total: int
    records: list[RecordView]


class RecordsRemoved(Struct, frozen=True):
    """The ids of the records that are gone."""

    removed: list[str]


class ShownCollection:
    """One collection of an API, as it is shown and written by hand."""

    def __init__(self, request: ControlRequest, service: Service, name: str, masker: Masker) -> None:
        self.api, self.name = service.api.name, name
        self.records: Records = service.records[name]
        self._seeded = request.state.seeded
        self._masker = masker
        self._fields = frozenset(
            field for operation in service.api.file.operations.values() for field in operation.redact
        )

    def view(self, id: str, record: Any) -> RecordView:
        """Shows a record, its secrets masked."""
        return self.views([(id, record)])[0]

    def views(self, found: Sequence[tuple[str, Any]]) -> list[RecordView]:
        """Shows records, their secrets masked."""
        # There may be thousands of tokens, and few stand in a record: the others are looked for once.
        masker = self._masker.only(json.dumps([record for _, record in found], ensure_ascii=False, default=str))
        return [
            RecordView(id, masker.mask_tree(record, self._fields), self._seeded.has(self.api, self.name, id))
            for id, record in found
        ]

    def find(self, id: str) -> Any:
        """Returns a record. Raises ControlFailure 404, with the nearest id."""
        record = self.records.get(id)
        if record is None:
            known = did_you_mean(id, [each for each, _ in self.records.items()])
            raise ControlFailure(404, f"no record {id!r} in {self.name!r}; {known}")
        return record

    def put(self, id: str, record: dict[str, Any]) -> RecordView:
        """Puts a record, in place of the one that is there. Raises ControlFailure for what is no record of its own."""
        if len(id) > MAX_ID:
            raise ControlFailure(400, f"path: the id has {len(id):,} characters; expected at most {MAX_ID:,}")
        key, most = self.records.plan.key, self.records.plan.most
        if str(record.setdefault(key, id)) != id:
            raise ControlFailure(400, f"body.{key}: the record is {record[key]!r}; expected {id!r}, as in the path")
        if id not in self.records and len(self.records) >= most:
            raise ControlFailure(409, f"{self.name!r} has {most:,} records, and takes no more; remove some first")
        self.records.put(self.records.id_of(record, {"id": id}), record)
        self._note(id, record)
        return self.view(id, record)

    def remove(self, id: str, record: Any) -> None:
        """Removes a record."""
        self.records.remove(id)
        self._note(id, record)

    def _note(self, id: str, record: Any) -> None:
        own = record.get("id")
        self._seeded.note(self.api, self.name, id, *([own] if isinstance(own, str) else []))


def records(request: ControlRequest, query: RecordsQuery) -> RecordsView:
    """What requests have stored in this world, such as sessions; without keys and tokens."""
    services = request.world.pipeline.services
    known_api(request.world.pipeline.playbook, query.api, "query.api")
    masker = _masker(services.values())
    return RecordsView(
        [
            view
            for name, service in services.items()
            if query.api in (None, name)
            for view in _collections(request, service, query, masker)
        ]
    )


def _collections(
    request: ControlRequest, service: Service, query: RecordsQuery, masker: Masker
) -> Iterator[CollectionView]:
    for name in service.records:
        if name in _hidden(service) or query.collection not in (None, name):
            continue
        collection = ShownCollection(request, service, name, masker)
        known = dict(collection.records.items())
        fixture = collection.records.plan.records
        added = [(id, record) for id, record in known.items() if fixture.get(id) is not record]
        newest = added[-query.last :] if query.last else []
        yield CollectionView(service.api.name, name, len(known), collection.views(newest))


def collection(request: ControlRequest, query: CollectionQuery) -> CollectionRecords:
    """The records of a collection, from fixtures, scenarios, requests and this API."""
    found = _find(request)
    matcher = _where(query.where)
    fitting = [(id, record) for id, record in found.records.items() if _fits(matcher, record)]
    shown = fitting if query.last is None else fitting[max(0, len(fitting) - query.last) :]
    return CollectionRecords(found.records.plan.key, len(fitting), found.views(shown))


def one(request: ControlRequest) -> RecordView:
    """One record."""
    found, id = _find(request), request.path["id"]
    return found.view(id, found.find(id))


def put(request: ControlRequest, body: dict[str, Any]) -> RecordView:
    """Write a whole record: 201; 200 if it replaces another."""
    found, id = _find(request), request.path["id"]
    _require_body(request)
    _refuse_masks(body, f"PATCH changes some fields and leaves the others; {KEYS_HINT}")
    request.status = 200 if id in found.records else 201
    return found.put(id, {**body})


def change(request: ControlRequest, body: dict[str, Any]) -> RecordView:
    """Set some fields of a record; the others stay."""
    found, id = _find(request), request.path["id"]
    _require_body(request)
    _refuse_masks(body)
    return found.put(id, {**found.find(id), **body})


def remove(request: ControlRequest) -> RecordsRemoved:
    """Remove a record, also one of a fixture."""
    found, id = _find(request), request.path["id"]
    found.remove(id, found.find(id))
    return RecordsRemoved([id])


def clear(request: ControlRequest) -> RecordsRemoved:
    """Remove all records of a collection; a reset of the world restores those of fixtures."""
    found = _find(request)
    known = list(found.records.items())
    for id, record in known:
        found.remove(id, record)
    return RecordsRemoved([id for id, _ in known])


def _find(request: ControlRequest) -> ShownCollection:
    """The collection that the path names. Raises ControlFailure 404, or 409 for one that holds credentials."""
    services, api, name = request.world.pipeline.services, request.path["api"], request.path["collection"]
    if api not in services:
        raise unknown("API", api, did_you_mean(api, services))
    service = services[api]
    if name in _hidden(service):
        raise ControlFailure(409, f"{name!r} holds credentials, which are neither shown nor written here", KEYS_HINT)
    if name not in service.records:
        known = [each for each in service.records if each not in _hidden(service)]
        raise unknown("collection", name, did_you_mean(name, known))
    return ShownCollection(request, service, name, _masker(services.values()))


def _require_body(request: ControlRequest) -> None:
    """Raises ControlFailure 400 without a body, which is not as good as an empty one."""
    if not request.raw:
        raise ControlFailure(400, "body: expected a JSON object; found nothing")


def _hidden(service: Service) -> set[str]:
    return {KEYS, *(each.collection for each in service.api.credentials)}


def _masker(services: Iterable[Service]) -> Masker:
    """A masker that knows the keys and tokens of all APIs of a world: a record of one may name those of another."""
    masker = Masker(guesses=True)
    for service in services:
        for name in _hidden(service):
            for credential, _ in service.records[name].items():
                masker.learn(credential)
    return masker


def _where(text: str) -> Matcher:
    try:
        return compile_where(text, LANGUAGE)
    except DocumentError as error:
        raise ControlFailure(400, f"query.where: {error}", complaints=error.diagnostics) from None


def _fits(matcher: Matcher, record: Any) -> bool:
    try:
        return matcher.matches(record)
    except EmulatorError:
        return False


def _refuse_masks(body: dict[str, Any], cure: str = "") -> None:
    """Raises ControlFailure 400 when a mask stands where a secret was, or in place of a part of it."""
    check_depth(body)
    if _masked(body):
        raise ControlFailure(400, f"body: a secret is masked ({MASKED}); write its value, or leave it out", cure)


def _masked(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_masked, value)) or any(map(_masked, value.values()))
    return any(map(_masked, value)) if isinstance(value, list) else isinstance(value, str) and MASKED in value


PATH, ONE = "/records/{api}/{collection}", "/records/{api}/{collection}/{id}"
AT = {"api": "api", "collection": "sessions", "id": "session_1"}
ALL = {name: value for name, value in AT.items() if name != "id"}
EXAMPLE = {"id": "session_1", "messages": []}
REFUSALS = (404, 409)
WHICH = {"api": "the API, as list_apis gives it", "collection": "the collection, as list_collections gives it"}
CLEARED = "remove_record removes one, reset_world restores all"
ROUTES = (
    ControlRoute(
        "GET",
        "/records",
        records,
        tool=Tool(
            "list_collections",
            "List the collections of records that the emulated APIs keep, such as sessions or files, with the newest "
            "records of each.",
            first={"last": 3},
            words={"api": "only those of this API", "collection": "only this one", "last": "so many records of each"},
            rest="list_records shows one collection.",
        ),
    ),
    ControlRoute(
        "GET",
        PATH,
        collection,
        at=ALL,
        refusals=REFUSALS,
        tool=Tool(
            "list_records",
            "List the records of a collection: those that were there from the start, and what requests stored.",
            first={"last": 20},
            words={**WHICH, "last": "at most so many, the last"},
            rest="Ask for fewer with `last`, or for certain ones with `where`.",
            newest=True,
        ),
    ),
    ControlRoute("DELETE", PATH, clear, at=ALL, refusals=REFUSALS, writes=True, tool=NoTool(CLEARED)),
    ControlRoute("GET", ONE, one, at=AT, refusals=REFUSALS, tool=NoTool("list_records takes a condition")),
    ControlRoute(
        "PUT",
        ONE,
        put,
        status=201,
        other_status=200,
        example=EXAMPLE,
        at=AT,
        refusals=REFUSALS,
        writes=True,
        tool=Tool(
            "put_record",
            "Write a whole record, a new one or in place of another, as if requests had stored it.",
            effect="changes",
            idempotent=True,
            whole="record",
            words={**WHICH, "id": "its id", "record": "the whole record"},
        ),
    ),
    ControlRoute(
        "PATCH",
        ONE,
        change,
        example={"messages": []},
        at=AT,
        refusals=REFUSALS,
        writes=True,
        tool=NoTool("put_record writes the whole record"),
    ),
    ControlRoute(
        "DELETE",
        ONE,
        remove,
        at=AT,
        refusals=REFUSALS,
        writes=True,
        tool=Tool(
            "remove_record",
            "Remove a record, also one that was there from the start.",
            effect="removes",
            idempotent=True,
            words={**WHICH, "id": "its id"},
        ),
    ),
)
