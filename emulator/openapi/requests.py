"""What an operation takes: parameters and body, each with what it rests on, and its documented requests as examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.language.schema.provenance import ClaimLike
from emulator.language.schema.scenario import OperationModel
from emulator.openapi.marks import CLAIMS, PROVENANCE, schema
from emulator.playbook.routes import PARAMETER

_KINDS: Mapping[str, str] = {
    "json": "application/json",
    "text": "text/plain",
    "form": "application/x-www-form-urlencoded",
}


def parameters(part: OperationModel, path: str, claims: Mapping[str, ClaimLike]) -> list[dict[str, Any]]:
    """Returns the parameters in the path and in the query."""
    examples = part.examples
    found: list[dict[str, Any]] = []
    for name, *_ in PARAMETER.findall(path):
        shown = [each.path[name] for each in examples if isinstance(each.path.get(name), str)]
        example = {"example": shown[0]} if shown else {}
        found.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}, **example})
    query = part.query or {}
    for name, own in query.get("properties", {}).items():
        whole = schema(own, claims)
        known = {key: whole.pop(key) for key in (CLAIMS, PROVENANCE) if isinstance(whole, dict) and key in whole}
        required = {"required": True} if name in query.get("required", ()) else {}
        found.append({"name": name, "in": "query", **required, "schema": whole, **known})
    return found


def body(part: OperationModel, claims: Mapping[str, ClaimLike]) -> dict[str, Any] | None:
    """Returns the request body; None for an operation without one."""
    if part.request is None:
        return None
    whole = schema(part.request, claims)
    shown = dict(_examples(part))
    media = {"schema": whole, **({"examples": shown} if shown else {})}
    content = {_KINDS[kind]: media if kind != "text" else {"schema": {"type": "string"}} for kind in part.accept}
    return {"required": bool(part.request.get("required")), "content": content}


def _examples(part: OperationModel) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the bodies of the operation's documented requests by number; templates are of the moment, and left out."""
    for number, call in enumerate(part.examples, 1):
        if call.body is not None and "{{" not in str(call.body):
            about = {"summary": f"tries {', '.join(call.tries)}"} if call.tries else {}
            yield f"example{number}", {**about, "value": call.body}
