"""Access: the compiled parts of an API that say who may call it, and what its clients are given."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from msgspec import Struct

from emulator.language.expressions.template import Template
from emulator.language.schema.provenance import Provenance

if TYPE_CHECKING:
    from emulator.language.schema.scenario import ApiFile


class KeyPlan(Struct, frozen=True):
    """An API key that is known from the start; `status` is `active` or `revoked`."""

    workspace: str
    tier: str
    name: str | None
    status: str
    data: Mapping[str, Any]
    budget: Mapping[str, float] = {}


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
    claims: tuple[str, ...] = ()
    grade: Provenance | None = None


class ClientPlan(Struct, frozen=True):
    """The key that programs are given, the variables that say where to call, and what a call would cost by unit.

    `modules` are the Python modules that read the variables when they are imported.
    """

    key: str | None = None
    environment: Mapping[str, Template] = {}
    spent: Mapping[str, Template] = {}
    modules: tuple[str, ...] = ()


class ExamplePlan(Struct, frozen=True):
    """A request to copy, shown when the server starts."""

    operation: str
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any

    def command(self, file: ApiFile, origin: str) -> list[str]:
        """Returns the request to an API at `origin` as a curl command part by part, each a line that needs a backslash
        before the next."""
        method, _, path = file.operations[self.operation].route.partition(" ")
        path = file.base + path
        for name, value in self.path.items():
            path = path.replace(f"{{{name}}}", quote(value, safe="")).replace(f"{{{name}:path}}", quote(value))
        given = "" if method == ("GET" if self.body is None else "POST") else f"-X {method} "
        lines = [f"curl {given}{shlex.quote(origin + path)}"]
        lines += [f"-H {_quoted(f'{name}: {value}')}" for name, value in self.headers.items()]
        if self.body is not None:
            lines += ["-H 'Content-Type: application/json'", f"-d {_quoted(orjson.dumps(self.body).decode())}"]
        return lines


def _quoted(text: str) -> str:
    """The text as one word of a shell, always in quotes."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
