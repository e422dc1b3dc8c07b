"""What a part rests on, as OpenAPI extensions: `x-emulator-claims` and `x-emulator-provenance`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.language.schema.provenance import PROVENANCES, ClaimLike, Provenance

CLAIMS, PROVENANCE = "x-emulator-claims", "x-emulator-provenance"
_BELOW = ("items", "additionalProperties", "allOf", "anyOf", "oneOf", "if", "then", "else", "not", "prefixItems")
_NAMED = ("properties", "$defs", "patternProperties")
_OWN, _SHARED = "#/schemas/", "#/components/schemas/"


def marks(names: Iterable[str], grade: Provenance | None, claims: Mapping[str, ClaimLike]) -> dict[str, Any]:
    """Returns the extensions of a part that cites these claims; the class is the worst of them and of its own."""
    cited = list(dict.fromkeys(names))
    grades = [claims[name].grade for name in cited if name in claims] + ([] if grade is None else [grade])
    worst = {PROVENANCE: max(grades, key=PROVENANCES.index)} if grades else {}
    return {**({CLAIMS: cited} if cited else {}), **worst}


def schema(part: Any, claims: Mapping[str, ClaimLike]) -> Any:
    """Returns a JSON Schema of an API file as OpenAPI has it: references lead to components, marks are extensions."""
    if isinstance(part, list):
        return [schema(each, claims) for each in part]
    if not isinstance(part, dict):
        return part
    found: dict[str, Any] = {}
    for key, value in part.items():
        if key == "$ref" and isinstance(value, str):
            found[key] = value.replace(_OWN, _SHARED)
        elif key in _NAMED:
            found[key] = {name: schema(each, claims) for name, each in value.items()}
        elif key in _BELOW:
            found[key] = schema(value, claims)
        elif key not in ("claims", "class") and (key, value) != ("default", None):  # null counts as left out
            found[key] = value
    return {**found, **marks(part.get("claims", ()), part.get("class"), claims)}
