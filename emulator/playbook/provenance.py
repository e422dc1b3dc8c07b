"""Finds which part of an API's document serves which of its claims, how well founded it is, and what nothing serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from pydantic import BaseModel

from emulator.errors import Diagnostic, Location
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import Document
from emulator.language.document.scalars import shown
from emulator.language.schema.provenance import PROVENANCES, ClaimLike, Provenance
from emulator.language.schema.scenario import ApiFile, OperationModel
from emulator.language.schema.validate import below, is_model, members, suits
from emulator.playbook.model import ClaimPlan
from emulator.playbook.parameters import claims_in

_CITING = ("claims", "serves")
_SCHEMAS = ("request", "query", "schemas")
REFERENCE = "#/schemas/"
Path = tuple[str | int, ...]


class ClaimReference(Struct, frozen=True):
    """One mention of a claim: where it stands, the operation it lies within, and the part that serves it, in words."""

    claim: str
    place: Location
    operation: str | None
    part: str


class CoverageRow(Struct, frozen=True):
    """One claim and everything that serves it; `inferred` is the part of it that its document does not say in words."""

    claim: str
    grade: str
    says: str
    citations: tuple[ClaimReference, ...]
    inferred: str | None = None

    @property
    def served(self) -> bool:
        """Whether anything serves it."""
        return bool(self.citations)


def cited(document: Document, model: type[BaseModel] = ApiFile) -> list[ClaimReference]:
    """Collect every item of every `claims:` and `serves:` list, in the order of the document.

    Only where the model has such a list, or a schema: a body with a field called `claims` cites nothing. What one of
    the API's `schemas` cites, each operation cites that refers to it.
    """
    mentions = list(_mentions(document.data, model, ()))
    found = [_reference(document, path, claim, _operation(path)) for path, claim in mentions]
    if model is ApiFile and isinstance(document.data, dict):
        for operation, names in _schemas_used(document.data):
            within = [each for each in mentions if each[0][0] == "schemas" and each[0][1] in names]
            found += [_reference(document, path, claim, operation) for path, claim in within]
    return found


def _reference(document: Document, path: Path, claim: str, operation: str | None) -> ClaimReference:
    return ClaimReference(claim, document.place(path), operation, _in_words(path[:-2] or path[:-1]))


def _schemas_used(data: Any) -> Iterator[tuple[str, set[str]]]:
    """Yields each operation with the names of the API's schemas that it refers to, directly or by another one."""
    schemas, operations = data.get("schemas") or {}, data.get("operations")
    for name, part in operations.items() if isinstance(operations, dict) and isinstance(schemas, dict) else ():
        found: set[str] = set()
        left = [part.get("request"), part.get("query")] if isinstance(part, dict) else []
        while left:
            value = left.pop()
            if isinstance(value, (dict, list)):
                left.extend(value.values() if isinstance(value, dict) else value)
            elif isinstance(value, str) and value.startswith(REFERENCE):
                each = value.removeprefix(REFERENCE)
                if each in schemas and each not in found:
                    found.add(each)
                    left.append(schemas[each])
        yield str(name), found


def coverage(claims: Mapping[str, ClaimPlan], citations: Iterable[ClaimReference]) -> list[CoverageRow]:
    """Give one row for each claim, in the order of the catalogue, those served by nothing included."""
    served: dict[str, list[ClaimReference]] = {claim: [] for claim in claims}
    for citation in citations:
        served.setdefault(citation.claim, []).append(citation)
    return [
        CoverageRow(name, claim.grade, claim.says, tuple(served[name]), claim.inferred)
        for name, claim in claims.items()
    ]


def unknown_claims(
    document: Document, claims: Mapping[str, ClaimLike], model: type[BaseModel] = ApiFile
) -> list[Diagnostic]:
    """Report every citation of a claim that is not in the catalogue."""
    if not _may_cite_others(document.data, claims):  # a quick look, which nearly always suffices
        return []
    return [
        Diagnostic(each.place, f"unknown claim {shown(each.claim)!r}; {did_you_mean(each.claim, claims)}")
        for each in cited(document, model)
        if each.claim not in claims
    ]


def _may_cite_others(data: Any, claims: Mapping[str, ClaimLike]) -> bool:
    """Whether some list that is called like one of citations, wherever it stands, names something else than claims."""
    if isinstance(data, dict):
        for key in _CITING:
            named = data.get(key)
            if isinstance(named, list) and any(isinstance(each, str) and each not in claims for each in named):
                return True
        data = data.values()
    return any(isinstance(part, (dict, list)) and _may_cite_others(part, claims) for part in data)


def grade_of_route(claims: Mapping[str, ClaimLike], part: OperationModel, route: str) -> Provenance:
    """Who knows of a route (`GET /words`, without the API's base), the operation's own or that of an alias: the best
    class among the claims cited there, which the operation's `class` may lower.

    When nothing is cited, it is the operation's class, or else `invented`.
    """
    cited = next((alias.claims for alias in part.aliases if alias.route == route), part.claims)
    grades = [claims[claim].grade for claim in cited if claim in claims]
    best = min(grades, key=PROVENANCES.index, default=part.grade or "invented")
    return max(best, part.grade or best, key=PROVENANCES.index)


def _mentions(data: Any, annotation: Any, path: Path) -> Iterator[tuple[Path, str]]:
    kind = next((each for each in members(annotation) if suits(each, data)), None)
    if kind is None:
        return
    for key, part in data.items() if isinstance(data, dict) else enumerate(data):
        if key in _SCHEMAS and kind in (ApiFile, OperationModel):
            named = part.items() if key == "schemas" and isinstance(part, dict) else [("", part)]
            for name, schema in named:
                where = (*path, key, name) if name else (*path, key)
                yield from (((*where, *inner), claim) for inner, claim in claims_in(schema))
        elif is_model(kind) and key in _CITING and isinstance(part, list):
            yield from (((*path, key, index), claim) for index, claim in enumerate(part) if isinstance(claim, str))
        else:
            yield from _mentions(part, below(kind, key), (*path, key))


def _operation(path: Path) -> str | None:
    return str(path[1]) if path[0] == "operations" and len(path) > 3 else None


def _in_words(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
