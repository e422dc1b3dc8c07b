"""The whole document: what it is, where it is served, and its operations, as the tree of an API file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from posixpath import join, normpath
from typing import Any
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from emulator.importer.claims import OPERATIONS, claims
from emulator.importer.errors import Errors, error_schema
from emulator.importer.part import Part
from emulator.importer.requests import Requests, Taken, parameter_name, route_of
from emulator.importer.responses import Responses, responses_of
from emulator.importer.schemas import Schemas
from emulator.importer.security import BASIC_KEY, Security
from emulator.importer.sources import Sources
from emulator.importer.writing import Block, Comment

VERSIONS = ("3.0", "3.1")
CONVERT = "convert it first: npx swagger2openapi --outfile openapi.json FILE"
METHODS = ("get", "put", "post", "delete", "patch")
OWN_METHODS = ("head", "options", "trace")
CONTROL = "/_emulator"
_URL = "https://api.example.com/v1"
TIER, WORKSPACE = "everyone", "demo"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+|__+")


class ImportedOperation(Struct, frozen=True):
    """One operation: its name in the API file, where it is served, and its responses by status."""

    name: str
    method: str
    path: str
    item: Part
    part: Part
    responses: list[tuple[int, Part]]


def is_openapi(root: Part) -> bool:
    """Whether a document is OpenAPI of a version that can be imported; what it is otherwise is reported."""
    data = root.value
    if not isinstance(data, dict):
        root.problem("this is no OpenAPI document; expected a mapping with `openapi: 3.1.0`")
    elif "swagger" in data:
        root.at("swagger", data["swagger"]).problem(f"this is Swagger {data['swagger']}, not OpenAPI 3; {CONVERT}")
    elif "openapi" not in data:
        other = next((each for each in ("asyncapi", "arazzo", "overlay") if each in data), "")
        found = f"found {other!r} instead" if other else "there is no key `openapi`"
        root.problem(f"this is no OpenAPI document: {found}; expected a mapping with `openapi: 3.1.0`")
    elif not str(data["openapi"]).startswith(VERSIONS):
        version = root.at("openapi", data["openapi"])
        version.problem(f"this is OpenAPI {data['openapi']}; expected {' or '.join(VERSIONS)}")
    else:
        return True
    return False


class Importer:
    """Makes an API file of a document; `findings` get what keeps it from that."""

    def __init__(self, root: Part, sources: Sources, name: str) -> None:
        self._root = root
        self._sources = sources
        self._name = name
        self._security = Security(root, sources)
        self._schemas = Schemas(sources, str(root.value["openapi"]).startswith("3.0"))
        self._requests = Requests(sources, self._schemas)
        self._ids: dict[str, Part] = {}
        self._routes: dict[str, Part] = {}
        self.operations = 0

    def tree(self) -> dict[str, Any]:
        """Returns the whole API file."""
        base, hosts = self._servers()
        found = list(self._operations(base))
        if not found:
            self._root.problem("there is no operation in it; expected `paths` with at least one")
        self._leave_out()
        codes = [(status, part) for each in found for status, part in each.responses if not 0 < status < 400]
        shown = [error_schema(status, part, self._sources) for status, part in codes]
        known = [each for each in shown if each is not None]
        errors = Errors(known, [status for status, _ in codes if status], self._sources)
        responses = Responses(self._sources, errors)
        taken = {each.name: self._taken(each) for each in found}
        operations: dict[str, Any] = {}
        for each in found:
            operations[Comment(f"\n{each.part.document.path.name}:{each.part.place.line}")] = None
            operations[each.name] = self._operation(each, taken[each.name], responses)
        self.operations = len(found)
        info, file = self._info(), self._root.document.path.name
        shape = errors.tree()
        return {
            **info,
            **({"hosts": hosts} if hosts else {}),
            "base": base,
            Comment("\nWhat it rests on: the document, or a guess."): None,
            "claims": claims(file, responses.has_guesses, bool(known)),
            **self._access(),
            Comment("\nHow it says no."): None,
            "errors": shape,
            **self._example(found, taken),
            Comment("\n`Prefer: code=404` or `Prefer: example=NAME` asks for another documented response."): None,
            "operations": operations,
            **self._named(),
        }

    def _info(self) -> dict[str, Any]:
        self._root.entries("info")  # reports what is no mapping
        info = self._root.get("info") or self._root.at("info", {})
        title, version = info.text("title") or self._name, info.text("version") or "1"
        about = _sentence(info.text("summary") or info.text("description"))
        found = {"api": self._name, "title": _plain(title), "version": _plain(version)}
        return {**found, **({"about": about} if about else {})}

    def _named(self) -> dict[str, Any]:
        named = self._schemas.named
        return {Comment("\nJSON Schemas of what requests hold."): None, "schemas": named} if named else {}

    def _servers(self) -> tuple[str, list[str]]:
        """Returns the path that all paths begin with, and the names of the hosts."""
        bases: dict[str, Part] = {}
        hosts: dict[str, None] = {}
        for server in self._root.items("servers"):
            url = server.text("url")
            for name, variable in server.entries("variables").items():
                url = url.replace(f"{{{name}}}", variable.text("default"))
            try:
                parts = urlsplit(url)
                host = parts.hostname or ""
            except ValueError:
                server.note("the URL of a server that can't be read is left out")
                continue
            base = _base_of(parts)
            if base is None:
                (server.get("url") or server).problem(f"expected a URL such as {_URL}, or a path; found {url!r}")
                continue
            bases.setdefault(base, server)
            if _is_name(host):
                hosts[host] = None
        base, *others = bases or [""]
        for each in others:
            bases[each].note(f"paths begin with {base or '/'!r}, that of the first server, and with no other")
        return base, list(hosts)

    def _operations(self, base: str) -> Iterator[ImportedOperation]:
        for path, each in self._root.entries("paths").items():
            item = None if path.startswith("x-") else self._sources.resolve(each)
            if item is None or not self._is_path(base, path, each):
                continue
            for method, part in item.mapping().items():
                if method in METHODS:
                    yield self._found(method, path, item, part)
                elif method in OWN_METHODS:
                    part.note(f"{method.upper()} is answered as HTTP has it, not as the document says")
                elif method == "servers":
                    part.note("servers of one path or operation are left out")

    def _is_path(self, base: str, path: str, part: Part) -> bool:
        if (
            not path.startswith("/")
            or re.search(r"[\s?#]", path)
            or re.search(r"[{}]", re.sub(r"\{[^{}]+\}", "", path))
        ):
            part.problem(f"expected a path such as '/pets/{{id}}'; found {path!r}")
            return False
        names = [parameter_name(each) for each in re.findall(r"\{([^{}]+)\}", path)]
        if len(set(names)) < len(names):
            part.problem(f"two parameters of {path} have the same name")
            return False
        if f"{base}{path}/".startswith(f"{CONTROL}/"):
            part.problem(f"paths below {CONTROL}/ belong to the emulator")
            return False
        return True

    def _found(self, method: str, path: str, item: Part, part: Part) -> ImportedOperation:
        route = f"{method.upper()} {re.sub(r'{[^{}]*}', '{}', path)}"
        if route in self._routes:
            part.problem(f"{method.upper()} {path} stands at {self._routes[route].place} already, with other names")
        self._routes[route] = part
        for key in ("callbacks", "servers"):
            more = part.get(key)
            if more is not None:
                more.note(f"{key} are left out")
        for _, response in (responses := responses_of(part, self._sources)):
            links = response.get("links")
            if links is not None:
                links.note("links are left out")
        return ImportedOperation(self._operation_name(method, path, part), method.upper(), path, item, part, responses)

    def _operation_name(self, method: str, path: str, part: Part) -> str:
        said = part.text("operationId")
        if said in self._ids:
            identified = part.get("operationId") or part
            identified.problem(f"duplicate operationId {said!r}; it stands at {self._ids[said].place} already")
        base = _NOT_IN_NAMES.sub("_", said or re.sub(r"[/{}]+", "_", method + path)).strip("_") or method
        name = base = base if base[0].isalpha() else f"_{base}"
        number = 1
        while name in self._ids:
            number += 1
            name = f"{base}_{number}"
        for each in filter(None, (said, name)):
            self._ids.setdefault(each, part.get("operationId") or part)
        return name

    def _taken(self, each: ImportedOperation) -> Taken:
        return self._requests.taken(each.path, each.item, each.part, self._security.required(each.part))

    def _operation(self, each: ImportedOperation, taken: Taken, responses: Responses) -> dict[str, Any]:
        summary = _sentence(each.part.text("summary") or each.part.text("description"))
        required = self._security.required(each.part)
        redacted = {"redact": list(required.query)} if required.query else {}
        found: dict[str, Any] = {
            "route": f"{each.method} {route_of(each.path)}",
            "summary": summary,
            "claims": [OPERATIONS],
            "auth": None if required.auth or not self._security.used else False,
            "accept": taken.accept,
            "query": taken.query,
            "request": taken.request,
            "checks": taken.checks,
            **redacted,
            "examples": taken.examples(),
        }
        kept = {key: value for key, value in found.items() if key == "request" or value not in ("", [], {})}
        written = {key: value for key, value in kept.items() if value is not None}
        return Block(written, rules=responses.rules(each.responses))

    def _access(self) -> dict[str, Any]:
        """Returns who may call: anybody with a key, as the document knows none."""
        used = list(self._security.used)
        if not used:
            return {}
        return {
            Comment("\nWho may call. The document knows no keys: any is accepted."): None,
            "auth": [each.auth for each in used],
            "keys": {self._key(): {"workspace": WORKSPACE, "tier": TIER}},
            "unknown_keys": {"tier": TIER, "workspace": WORKSPACE},
            "provenance": {"unknown_keys": {"class": "invented"}},
            "tiers": {TIER: {}},
        }

    def _key(self) -> str:
        first = next(iter(self._security.used))
        return BASIC_KEY if first.scheme == "Basic" else f"{self._name}_test_key"

    def _example(self, operations: list[ImportedOperation], taken: dict[str, Taken]) -> dict[str, Any]:
        """Returns the request that `serve` prints: the plainest that there is."""
        open_ = [each for each in operations if not taken[each.name].texts]
        plain = [each for each in open_ if each.method == "GET" and "{" not in each.path]
        for each in [*plain, *open_][:1]:
            own, found = taken[each.name], dict[str, Any](operation=each.name)
            headers = dict(own.headers)
            if self._security.required(each.part).auth:
                first = next(iter(self._security.used))
                headers[first.name] = f"{first.scheme} {self._key()}" if first.scheme else self._key()
            found |= {"path": own.path} if own.path else {}
            found |= {"headers": headers} if headers else {}
            found |= {"body": own.bodies[0]} if own.bodies and not own.accept else {}
            return {Comment("\nThe request that `emulator serve` prints to copy."): None, "example": found}
        return {}

    def _leave_out(self) -> None:
        for key, text in (("webhooks", "webhooks are left out; jobs of an API file send them"),):
            part = self._root.get(key)
            if part is not None:
                part.note(text)


def _sentence(text: str) -> str:
    """Returns the first sentence or line of a text, without marks of Markdown."""
    first = re.split(r"\n|(?<=[.!?])\s", text.strip().lstrip("#*> "), maxsplit=1)[0]
    return _plain(first)[:200]


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("${", "$ {").replace("{{", "{ {").replace("{%", "{ %")


def _base_of(parts: SplitResult) -> str | None:
    """Returns the path of a server's URL, from its first `/`; None for what is neither a URL nor a path."""
    path = re.sub(r"[{}\s]", "", parts.path)
    if parts.netloc:
        return path.rstrip("/")
    first = path.partition("/")[0]
    if parts.scheme or ":" in first or ("." in first and first.strip(".")):  # such as api.example.com/v1
        return None
    return normpath(join("/", path)).rstrip("/")


def _is_name(host: str) -> bool:
    """Whether a host is a name that clients of the service call; `localhost` and addresses are not."""
    try:
        ip_address(host)
    except ValueError:
        return re.fullmatch(r"([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*", host) is not None
    return False
