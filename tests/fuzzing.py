"""Requests for fuzzing: drawn from the operations' own schemas and then spoilt, or odd from the start."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from emulator.language.schema.scenario import ApiFile
from emulator.language.schema.scenario import OperationModel as Part
from tests.running import loaded

KEYS = {"aiexport": "axp_test_enterprise", "aixplain": "aix_test_demo"}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
LEADS_TO = {
    "asset_id:path": ("models", "tools"),
    "agent_id": ("agents",),
    "model": ("models",),
    "modelId": ("models", "agents"),
    "agentId": ("agents",),
}
CREDENTIALS = {"client_id": "demo-enterprise", "client_secret": "demo-secret", "scope": "api"}
Line = tuple[str, str | bytes]

SPOILT = ["", "\0", " ", "\r\n", "é", "😀", "\u2028", "\ufffe", "../..", "%00", "{{ 1 }}", "${x}", "null", "9" * 40]
ODD_TEXTS = st.sampled_from([*SPOILT, "true", "nan", "-1", "1e5", "x" * 5_000])
NUMBERS = st.sampled_from([2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**30, 1e308, -1e308, 1e-300, 0.5, -0.0, 5.0])
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | NUMBERS | st.text(max_size=8) | ODD_TEXTS
DEEP = st.sampled_from([f"DEEP{levels}" for levels in (20, 98, 99, 100, 101, 127, 200, 510, 1_000)])
ANYTHING = LEAVES | DEEP | st.lists(LEAVES, max_size=3) | st.dictionaries(st.text(max_size=4), LEAVES, max_size=3)
ODD_SEGMENTS = st.sampled_from(["", ".", "..", "%2e%2e", "%ff", "%00", "%", "%zz", "a%0d%0ab", "~", "x" * 300])
ODD_BODIES = st.sampled_from(
    [
        b"",
        b"\0",
        b"\xff\xfe",
        b'{"text":"\\ud800"}',
        b'{"text":"\xed\xa0\x80"}',
        b"[" * 5_000,
        b"{}{}",
        b"\xef\xbb\xbf{}",
    ]
)
ODD_KINDS = st.sampled_from(
    ["", "text/plain", FORM, f"{JSON}; charset=utf-16", "text/html", "a/b+json", ";;", f"{JSON}, a/b"]
)
IGNORED = [
    "x-session-id",
    "x-emulator-provenance",
    "accept",
    "cookie",
    "x-forwarded-proto",
    "range",
    "content-encoding",
]
ODD_NAMES = st.sampled_from(IGNORED)
LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40)


class Request(NamedTuple):
    """What is sent; `strayed` when the path is no longer the operation's own."""

    target: str
    lines: list[Line]
    body: bytes | None
    strayed: bool


@st.composite
def mostly(draw: st.DrawFn, usual: SearchStrategy[Any], *odd: SearchStrategy[Any], times: int = 7) -> Any:
    """So many times the usual for one odd thing; one_of() counts what stands there twice only once."""
    return draw(st.one_of(odd)) if draw(st.sampled_from([False] * times + [True])) else draw(usual)


@cache
def known_ids(api: str, *names: str) -> list[str]:
    """Ids that lead somewhere: those of these collections, or of all of them."""
    collections = loaded("default").apis[api].collections
    wanted = [collections[name] for name in names or ("models", "tools", "agents") if name in collections]
    return [id for collection in wanted for id in collection.records]


def written(value: Any) -> bytes:
    """JSON, with each mark of depth become so many levels; Python's own writer does not go so deep."""
    text = json.dumps(value).encode()
    return re.sub(rb'"DEEP(\d+)"', lambda mark: b'[{"a":' * int(mark[1]) + b"1" + b"}]" * int(mark[1]), text)


def fitting(schema: Mapping[str, Any] | bool, file: ApiFile) -> SearchStrategy[Any]:
    """Values that fit a schema, as far as those of the two APIs go; what does not fit after all is fuzz as well."""
    if isinstance(schema, bool):
        return ANYTHING
    if "$ref" in schema:
        return fitting(file.schemas[schema["$ref"].rpartition("/")[2]], file)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([fitting(part, file) for part in schema["anyOf"]])
    kinds = schema.get("type", "object")
    return st.one_of([_of_kind(kind, schema, file) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


def _named(name: str, schema: Mapping[str, Any] | bool, file: ApiFile) -> SearchStrategy[Any]:
    """What a field of this name holds as a rule, if that is more than what its schema says."""
    if name in LEADS_TO:
        return mostly(st.sampled_from(known_ids(file.api, *LEADS_TO[name])), fitting(schema, file), times=4)
    if name in ("startDay", "endDay"):
        return st.sampled_from(["2025-12-31", "2026-01-01", "2026-01-02", "2025-12-01", "2025-02-30"])
    return fitting(schema, file)


def _of_kind(kind: str, schema: Mapping[str, Any], file: ApiFile) -> SearchStrategy[Any]:
    match kind:
        case "object":
            parts = {name: _named(name, part, file) for name, part in schema.get("properties", {}).items()}
            required = {name: parts.pop(name, ANYTHING) for name in schema.get("required", ())}
            return st.fixed_dictionaries(required, optional=parts)
        case "array":
            return st.lists(fitting(schema.get("items", {}), file), min_size=schema.get("minItems", 0), max_size=2)
        case "string":
            return st.text(max_size=30) | st.sampled_from(known_ids(file.api))
        case "integer":
            return st.integers(schema.get("minimum", -5), min(schema.get("maximum", 50), 50))
        case "number":
            return st.floats(schema.get("minimum", -2), schema.get("maximum", 2), allow_nan=False)
        case "boolean":
            return st.booleans()
    return st.none()


@st.composite
def mutated(draw: st.DrawFn, values: SearchStrategy[Any]) -> Any:
    """A value with something in it changed, taken away or added, or as it was."""
    whole = draw(values)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        part: Any = whole
        parent: Any = None
        key: Any = None
        while isinstance(part, (dict, list)) and part and (parent is None or draw(st.booleans())):
            keys = list(part) if isinstance(part, dict) else range(len(part))
            parent, key = part, draw(st.sampled_from(keys))
            part = part[key]
        change = draw(st.sampled_from(["replace", "replace", "remove", "add", "whole"]))
        if parent is None or change == "whole":
            whole = draw(ANYTHING)
        elif change == "remove":
            del parent[key]
        elif change == "replace":
            parent[key] = draw(ANYTHING)
        elif isinstance(whole, dict):
            whole[draw(st.sampled_from(["stream", "history", "data", "apiKey", "x"]))] = draw(ANYTHING)
    return whole


def bodies(part: Part, file: ApiFile) -> SearchStrategy[bytes | None]:
    """Mostly JSON that fits or nearly does; a form where one is taken; also bytes that are neither."""
    said = mutated(fitting(part.request or {"type": "object"}, file)).map(written)
    fields = {name: st.just(value) | ODD_TEXTS for name, value in CREDENTIALS.items()}
    grant = {"grant_type": st.sampled_from(["client_credentials", "password", ""])}
    forms = st.fixed_dictionaries(grant, optional=fields).map(
        lambda form: "&".join(f"{name}={quote(value)}" for name, value in form.items()).encode()
    )
    cut = st.builds(lambda data, end: data[:end], said, st.integers(0, 60))
    return mostly(forms if "form" in part.accept else said, cut, ODD_BODIES, st.binary(max_size=30), st.none())


def lines(part: Part, api: str) -> SearchStrategy[list[Line]]:
    """As a rule a key and the right kind of body; odd credentials now and then, and headers that nobody asked for."""
    odd_keys: list[list[Line]] = [[], [("x-api-key", "axp_test_free")], [("x-api-key", "aix_test_limited")]]
    odd_keys += [[("authorization", each)] for each in ("Bearer nobody", "Basic !!", "Token somebody", "")]
    schemes = st.builds(
        lambda scheme, rest: [("authorization", f"{scheme} {rest}")],
        st.sampled_from(["Basic", "Bearer", "Token"]),
        LATIN,
    )
    right_key: list[Line] = [("x-api-key", KEYS[api])]
    keys = mostly(st.just(right_key), st.sampled_from(odd_keys), LATIN.map(lambda key: [("x-api-key", key)]), schemes)
    right_kind = FORM if "form" in part.accept else JSON
    kinds = mostly(st.just(right_kind), ODD_KINDS).map(lambda kind: [("content-type", kind)])
    extra = st.lists(st.tuples(ODD_NAMES, LATIN), max_size=1)
    return st.builds(lambda *parts: [line for part in parts for line in part], keys, kinds, extra)


@st.composite
def requests(draw: st.DrawFn, part: Part, file: ApiFile, made: Sequence[str]) -> Request:
    """A request to the operation, or nearly, with ids that exist (of fixtures, or `made`) or do not, and a query."""
    odd = (st.sampled_from(known_ids(file.api)), st.text(min_size=1, max_size=12), ODD_TEXTS)
    segments = []
    for segment in (file.base + part.route.partition(" ")[2]).split("/"):
        if segment.startswith("{"):
            collections = LEADS_TO.get(segment.strip("{}"), ())
            ids = mostly(
                st.sampled_from([*known_ids(file.api, *collections), *made] if collections else made), *odd, times=3
            )
            segment = quote(draw(ids), safe=draw(st.sampled_from(["/", "", ":@!$'()*,;"])))
        segments.append(segment)
    strayed = draw(st.integers(0, 9)) == 9
    if strayed:
        segments.insert(draw(st.integers(1, len(segments))), draw(ODD_SEGMENTS))
    names = st.sampled_from([*(part.query or {}).get("properties", {}), "x", "apiKey"])
    values = ODD_TEXTS | NUMBERS.map(str) | st.sampled_from(["haiku", "5", *known_ids(file.api)[:3]])
    pairs = st.lists(st.builds(lambda name, value: f"{name}={quote(value)}", names, values), max_size=2).map("&".join)
    query = draw(pairs | st.sampled_from(["&&=&", "%ff=%00", "+", ";", "?"]))
    target = "/".join(segments) + (f"?{query}" if query else "")
    return Request(target, draw(lines(part, file.api)), draw(bodies(part, file)), strayed)
