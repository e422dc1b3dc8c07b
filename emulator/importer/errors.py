"""Errors: the shape and the kinds of error of an API file, from the error responses of all operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from emulator.importer.claims import ERRORS, GUESSED_ERRORS
from emulator.importer.examples import literal, literal_key
from emulator.importer.guess import MAX_DEPTH, MAX_VALUES, Guesses
from emulator.importer.part import Part
from emulator.importer.requests import is_json
from emulator.importer.sources import Sources

# The kinds that the engine raises, by the status that they have unless the document says otherwise.
_ENGINE = {400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
_ENGINE |= {413: "too_large", 415: "media_type", 429: "rate_limited", 500: "internal", 501: "no_rule"}
_OTHERS = {409: "conflict", 503: "unavailable"}
_HEADERS = {405: {"Allow": "{{ error.allow }}"}, 429: {"Retry-After": "{{ error.retry_after | default(none) }}"}}
_UNPROCESSABLE = 422
MESSAGE, KIND, STATUS = "{{ error.message }}", "{{ error.type or error.kind }}", "{{ error.status }}"
# What a field of an error says, by its name in lower case without `_` and `-`.
_TEXTS = {
    **dict.fromkeys(
        ("message", "msg", "detail", "details", "description", "errordescription", "errormessage"), MESSAGE
    ),
    **dict.fromkeys(("reason", "text", "usermessage", "developermessage"), MESSAGE),
    **dict.fromkeys(("code", "type", "kind", "errorcode", "errortype", "name"), KIND),
    **dict.fromkeys(("param", "field", "pointer", "property", "parameter"), "{{ error.param or '' }}"),
    **dict.fromkeys(("status", "statuscode", "httpstatus"), "{{ error.status | string }}"),
    "title": "{{ error.reason }}",
}
_LEFT_OUT = f"an error of more than {MAX_VALUES:,} parts, or {MAX_DEPTH} within each other, is made without the rest"
_NUMBERS = dict.fromkeys(("status", "statuscode", "code", "errorcode", "httpstatus"), STATUS)


class ErrorResponse(Struct, frozen=True):
    """A response of an operation that is an error, by its status (0 for `default` and ranges), and its schema."""

    status: int
    schema: Part
    media: str


def error_schema(status: int, response: Part, sources: Sources) -> ErrorResponse | None:
    """Returns the schema of an error response; None if that is not JSON."""
    for media, each in response.entries("content").items():
        schema = each.get("schema")
        found = sources.resolve(schema) if schema is not None and is_json(media) else None
        if found is not None and isinstance(found.value, dict):
            return ErrorResponse(status, found, media)
    return None


Shaped = tuple[ErrorResponse, Any]  # with the template of its body


def _most(responses: list[Shaped]) -> Shaped | None:
    """Returns the response whose shape most have, the first of several."""
    counts = Counter(str(shape) for _, shape in responses)
    return max(responses, key=lambda each: counts[str(each[1])], default=None)


class Errors:
    """The errors of the API: `responses` are those of all operations, `statuses` all that are documented."""

    def __init__(self, responses: Iterable[ErrorResponse], statuses: Iterable[int], sources: Sources) -> None:
        self._sources = sources
        self._guesses = Guesses(sources, of_request=False)
        self._known: dict[Any, Any] = {}
        self._made = 0  # parts, of the shape that is being made
        self._shapes = [(each, self._shape(each.schema)) for each in responses]
        self._statuses = Counter(statuses)
        self._common = _most(self._shapes)
        invalid = self._statuses[_UNPROCESSABLE] > self._statuses[400]
        self._names = {**_ENGINE, **_OTHERS, **({_UNPROCESSABLE: "invalid", 400: "bad_request"} if invalid else {})}

    def kind(self, status: int) -> str:
        """Returns the name of the kind of error with a status."""
        return self._names.get(status, f"status_{status}")

    def says(self, status: int, schema: Part) -> bool:
        """Whether an error of this status is said in the shape of this schema."""
        most = self._of_status(status) or self._common
        return most is not None and most[1] == self._shape(schema)

    def tree(self) -> dict[str, Any]:
        """Returns the part `errors` of the file."""
        if self._common is None:
            found: dict[str, Any] = {"claims": [GUESSED_ERRORS]}
        else:
            response, shape = self._common
            found = {"claims": [ERRORS], "shape": shape}
            if response.media.endswith("problem+json"):
                found["headers"] = {"Content-Type": response.media}
        kinds = {self.kind(status): self._kind_tree(status) for status in sorted(self._statuses)}
        if "body" in kinds.get("unauthenticated", {}):
            for same in ("unknown_key", "revoked"):
                kinds[same] = kinds["unauthenticated"]
        return {**found, **({"kinds": kinds} if kinds else {})}

    def _kind_tree(self, status: int) -> dict[str, Any]:
        own = self._of_status(status)
        headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
        differs = own is not None and (self._common is None or own[1] != self._common[1])
        return {"status": status, **headers, **({"body": own[1]} if own and differs else {})}

    def _of_status(self, status: int) -> Shaped | None:
        return _most([each for each in self._shapes if each[0].status == status])

    def _shape(self, schema: Part) -> Any:
        if schema.identity not in self._known:
            self._made = 0
            self._known[schema.identity] = self._filled(schema, "", ())
        return self._known[schema.identity]

    def _filled(self, part: Part, name: str, within: tuple[Any, ...]) -> Any:
        """Returns the template of what a schema describes: fields whose names say so hold what the engine says."""
        found = self._sources.resolve(part)
        if found is None or not isinstance(found.value, dict) or found.identity in within:
            return {}
        self._made += 1
        if self._made > MAX_VALUES or len(within) > MAX_DEPTH:
            part.note(_LEFT_OUT)
            return {}
        within = (*within, found.identity)
        parts = [*found.items("allOf"), *(found.items("oneOf") or found.items("anyOf"))[:1]]
        properties = found.entries("properties")
        if properties or parts:
            whole = [self._filled(each, name, within) for each in parts]
            merged = {key: value for each in whole if isinstance(each, dict) for key, value in each.items()}
            if not properties and not merged:
                return whole[0]
            return merged | self._fields(found, properties, within)
        items = found.get("items")
        if items is not None:
            return [self._filled(items, name, within)]
        return self._leaf(found, name)

    def _fields(self, part: Part, properties: Mapping[str, Part], within: tuple[Any, ...]) -> dict[str, Any]:
        listed = part.value.get("required")
        required = listed if isinstance(listed, list) else ()
        fields = {name: self._filled(each, name, within) for name, each in properties.items()}
        kept = {name: each for name, each in fields.items() if name in required or _says_something(each)}
        return {literal_key(name): each for name, each in kept.items()}

    def _leaf(self, part: Part, name: str) -> Any:
        schema, plain = part.value, name.lower().replace("_", "").replace("-", "")
        kinds = schema.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if "const" in schema or schema.get("enum"):
            return literal(self._guesses.value(part))
        if "integer" in kinds or "number" in kinds:
            return _NUMBERS.get(plain) or self._guesses.value(part)
        if "string" in kinds or kinds == [None]:
            if str(schema.get("format")).startswith("uri"):
                return "about:blank"
            known = _TEXTS.get(plain, MESSAGE if plain in ("", "error") else None)
            return known or ({} if kinds == [None] else literal(self._guesses.value(part)))
        return literal(self._guesses.value(part))


def _says_something(value: Any) -> bool:
    """Whether a template of a field holds something that the engine says."""
    if isinstance(value, dict):
        return any(map(_says_something, value.values()))
    return any(map(_says_something, value)) if isinstance(value, list) else "{{" in str(value)
