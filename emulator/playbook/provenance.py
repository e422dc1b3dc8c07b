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
from emulator.language.schema.provenance import PROVENANCES, ClaimLike, Provenance, provenance_within
from emulator.language.schema.scenario import ApiFile, OperationModel
from emulator.language.schema.validate import below, is_model, members, suits
from emulator.playbook.model import ClaimPlan

_CITING = ("claims", "serves")


class ClaimReference(Struct, frozen=True):
    """One mention of a claim: where it stands, the operation it lies within, and the part that serves it, in words."""

    claim: str
    place: Location
    operation: str | None
    part: str


class CoverageRow(Struct, frozen=True):
    """One claim and everything that serves it."""

    claim: str
    grade: str
    says: str
    citations: tuple[ClaimReference, ...]

    @property
    def served(self) -> bool:
        """Whether anything serves it."""
        return bool(self.citations)


def cited(document: Document, model: type[BaseModel] = ApiFile) -> list[ClaimReference]:
    """Collect every item of every `claims:` and `serves:` list, in the order of the document.

    Only where the model has such a list: a body or a schema with a field called `claims` cites nothing.
    """
    return [
        ClaimReference(claim, document.place(path), _operation(path), _in_words(path[:-2] or path[:-1]))
        for path, claim in _mentions(document.data, model, ())
    ]


def coverage(claims: Mapping[str, ClaimPlan], citations: Iterable[ClaimReference]) -> list[CoverageRow]:
    """Give one row for each claim, in the order of the catalogue, those served by nothing included."""
    served: dict[str, list[ClaimReference]] = {claim: [] for claim in claims}
    for citation in citations:
        served.setdefault(citation.claim, []).append(citation)
    return [CoverageRow(name, claim.grade, claim.says, tuple(served[name])) for name, claim in claims.items()]


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
    class among the claims cited there, which the operation's `class` may lower; `invented` when nothing is cited."""
    cited = next((alias.claims for alias in part.aliases if alias.route == route), part.claims)
    grades = [provenance_within(part, claims[claim]) for claim in cited if claim in claims]
    return min(grades, key=PROVENANCES.index, default="invented")


def _mentions(data: Any, annotation: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    kind = next((each for each in members(annotation) if suits(each, data)), None)
    if kind is None:
        return
    for key, part in data.items() if isinstance(data, dict) else enumerate(data):
        if is_model(kind) and key in _CITING and isinstance(part, list):
            yield from (((*path, key, index), claim) for index, claim in enumerate(part) if isinstance(claim, str))
        else:
            yield from _mentions(part, below(kind, key), (*path, key))


def _operation(path: tuple[str | int, ...]) -> str | None:
    return str(path[1]) if path[0] == "operations" and len(path) > 3 else None


def _in_words(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
