"""Records: what requests have stored in this world, collection by collection, such as sessions."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from emulator.control.about import known_api
from emulator.control.route import ControlRequest, ControlRoute
from emulator.engine.context import Service


class RecordView(Struct, frozen=True):
    """A record as templates see it, and its id."""

    id: str
    record: Any


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
    last: Annotated[int, Meta(ge=0, le=10_000)] = 100


def records(request: ControlRequest, query: RecordsQuery) -> RecordsView:
    """What requests have stored in this world, such as sessions; keys and tokens are left out."""
    services = request.world.pipeline.services
    known_api(request.world.pipeline.playbook, query.api, "query.api")
    return RecordsView(
        [
            view
            for name, service in services.items()
            if query.api in (None, name)
            for view in _collections(service, query)
        ]
    )


def _collections(service: Service, query: RecordsQuery) -> list[CollectionView]:
    hidden = {each.collection for each in service.api.credentials}
    views = []
    for name, collection in service.records.items():
        if name in hidden or query.collection not in (None, name):
            continue
        known = dict(collection.items())
        added = [
            RecordView(id, record) for id, record in known.items() if collection.plan.records.get(id) is not record
        ]
        newest = added[-query.last :] if query.last else []
        views.append(CollectionView(service.api.name, name, len(known), newest))
    return views


ROUTES = (ControlRoute("GET", "/records", records),)
