"""Access: the compiled parts of an API that say who may call it and what it tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from emulator.scenario.grades import Grade
from emulator.scenario.template import Template


class ClaimPlan(Struct, frozen=True):
    """One promise of an API's document."""

    grade: Grade
    says: str


class KeyPlan(Struct, frozen=True):
    """An API key that is known from the start; `status` is `active` or `revoked`."""

    workspace: str
    tier: str
    name: str | None
    status: str
    data: Mapping[str, Any]


class UnknownPlan(Struct, frozen=True):
    """Who a key is that nobody registered; `workspace` may use `key`."""

    tier: str
    workspace: Template
    data: Mapping[str, Any]


class CredentialPlan(Struct, frozen=True):
    """Where a credential may stand, a header, perhaps after a scheme, and the collection that knows it."""

    header: str
    scheme: str | None
    collection: str


class ClientPlan(Struct, frozen=True):
    """The key that programs are given, the variables that say where to call, and what a call would cost by unit."""

    key: str | None = None
    environment: Mapping[str, Template] = {}
    spent: Mapping[str, Template] = {}


class ExamplePlan(Struct, frozen=True):
    """A request to copy, shown when the server starts."""

    operation: str
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
