"""Provenance: names what a reply rests on, from what was decided on its request; only when the request asks for it.

`route` is who knows of the route. Every claim is named with its own class. What is a guess without a claim is named by
what it is: a field (`body.top`), a record (`models/m1`), or the place of a rule or check (`shop.yaml:12`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Literal
from urllib.parse import quote

from emulator.engine.authenticate import credential_of
from emulator.engine.context import Context
from emulator.engine.errors import Refusal
from emulator.errors import Location
from emulator.http.exchange import Decided
from emulator.http.headers import Header
from emulator.http.reply import Reply
from emulator.language.schema.provenance import PROVENANCES, Provenance
from emulator.playbook.apis import Api, Operation
from emulator.playbook.json_schema import Schema
from emulator.playbook.limits import TierPlan
from emulator.playbook.model import CheckPlan, ClaimPlan, Rule
from emulator.playbook.provenance import grade_of_route
from emulator.playbook.routes import path_pattern
from emulator.store.tokens import KEYS

HEADER = b"x-emulator-provenance"
MAX_TEXT = 1_000_000  # bytes of a reply that are searched for the ids of records
MAX_VALUES = 10_000  # values of a request, likewise
MAX_RECORDS = 50  # of a collection that are named one by one
STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"')


def provenance_of(
    context: Context,
    rule: Rule | None,
    reply: Reply,
    decided: Decided | None,
    tier: TierPlan | None,
    unknown_key: bool = False,
) -> Basis:
    """Returns what a reply rests on, from what the journal has of its exchange.

    `context` has no caller and none of what was computed for the reply; `tier` is the plan whose limits were asked,
    and `unknown_key` says that the API knew the caller's key no better than any other.
    """
    basis = Basis(context.service.api.claims)
    operation = context.operation
    if operation is not None:
        _add_operation(basis, context, operation)
    if rule is not None and operation is not None:
        _add_rule(basis, rule, operation)
    if decided is not None:
        _add_refusal(basis, decided)
    elif operation is not None:
        _add_reply(basis, context, operation, rule)
    api = context.service.api
    if unknown_key:
        _add_part(basis, api, "unknown_keys")
    _add_part(basis, api, "headers")
    if tier is not None and tier.limits and _shows_limits(api):
        _add_tier(basis, tier)
        _add_part(basis, api, "limit_headers")
    undecided = decided is not None and rule is None and not isinstance(decided.part, CheckPlan)
    _add_records(basis, context, reply, [] if undecided else _asked(context))
    return basis


def provenance_line(context: Context, rule: Rule | None, refusal: Refusal | None, reply: Reply) -> Header:
    """Returns `route documented; documented D-ROUTE; invented D-SHAPE body.top models/m1`."""
    basis = Basis(context.service.api.claims)
    operation = context.operation
    if operation is not None:
        _add_operation(basis, context, operation)
    if rule is not None and operation is not None:
        _add_rule(basis, rule, operation)
    if refusal is not None:
        _add_refusal(basis, refusal.decided)
    elif operation is not None:
        _add_reply(basis, context, operation, rule)
    _add_headers(basis, context)
    undecided = refusal is not None and rule is None and not isinstance(refusal.error.decided_by, CheckPlan)
    _add_records(basis, context, reply, [] if undecided else _asked(context))
    return (b"X-Emulator-Provenance", str(basis).encode("ascii"))


class Basis:
    """What something rests on: claims, each with its own class, and parts that no claim is about."""

    def __init__(self, claims: Mapping[str, ClaimPlan]) -> None:
        self._claims = claims
        self._names: dict[Provenance, dict[str, None]] = {grade: {} for grade in PROVENANCES}
        self.route: Provenance | None = None

    def cite(self, claims: Iterable[str]) -> None:
        """Adds claims; one that the API does not know is left out."""
        for id in claims:
            if id in self._claims:
                self._names[self._claims[id].grade].setdefault(id)

    def name(self, part: str | Location, grade: Provenance) -> None:
        """Adds a part that no claim is about."""
        text = f"{PurePath(part.file).name}:{part.line}" if isinstance(part, Location) else part
        self._names[grade].setdefault(quote(text, safe="/:*.~-_"))

    def mark(self, claims: Iterable[str], grade: Provenance | None, part: str | Location) -> None:
        """Adds the claims of a part and, when it has a class of its own, the part."""
        self.cite(claims)
        if grade is not None:
            self.name(part, grade)

    @property
    def names(self) -> Mapping[Provenance, Iterable[str]]:
        """The claims and the parts by their class."""
        return self._names

    def __str__(self) -> str:
        named = [f"{grade} {' '.join(names)}" for grade, names in self._names.items() if names]
        return "; ".join(([f"route {self.route}"] if self.route else []) + named)


def _add_operation(basis: Basis, context: Context, operation: Operation) -> None:
    """Adds the route, the credential and the limits of the caller's plan."""
    api = context.service.api
    part = api.file.operations[operation.name]
    alias = next((each for each in part.aliases if _leads(api, each.route, context.request.path)), None)
    if alias is not None and not _leads(api, part.route, context.request.path):
        basis.route = grade_of_route(api.claims, part, alias.route)
        basis.cite(alias.claims)
    else:
        basis.route = grade_of_route(api.claims, part, part.route)
    basis.cite(operation.claims)
    if operation.auth and (credential := credential_of(context)) is not None:
        basis.mark(credential.claims, credential.grade, credential.header)
        caller = context.caller if credential.collection == KEYS else None
        if caller is not None and caller.key not in context.service.records[KEYS]:
            _add_part(basis, api, "unknown_keys")


def _leads(api: Api, route: str, path: str) -> bool:
    return path_pattern(api.file.base + route.partition(" ")[2]).fullmatch(path) is not None


def _add_part(basis: Basis, api: Api, name: Literal["headers", "limit_headers", "unknown_keys"]) -> None:
    """Adds what the API's `provenance` says of a part that has no place for claims."""
    part = api.file.provenance.get(name)
    if part is not None:
        basis.mark(part.claims, part.grade, name)


def _add_rule(basis: Basis, rule: Rule, operation: Operation) -> None:
    """Adds a rule; one that a scenario has made up, and that cites nothing, is no better than invented."""
    added = rule.place.file != operation.place.file and not rule.claims
    basis.mark(rule.claims, rule.grade or ("invented" if added else None), rule.place)
    if rule.reply is not None and rule.reply.grade is not None:
        basis.name(rule.reply.place, rule.reply.grade)


def _add_refusal(basis: Basis, decided: Decided) -> None:
    """Adds the part that has refused the request, and how the API says so."""
    decider, param = decided.part, decided.param
    if isinstance(decider, CheckPlan):
        basis.mark(decider.claims, decider.grade, decider.place)
    elif isinstance(decider, Schema):
        basis.cite(decider.marks.at((param or "").split(".")))
    elif isinstance(decider, TierPlan):
        _add_tier(basis, decider)
    basis.cite(decided.claims)


def _add_tier(basis: Basis, tier: TierPlan) -> None:
    """Adds a plan; one that cites nothing, as when a scenario has changed its limits, is no better than invented, and
    nor is a budget: no document says how one runs out."""
    basis.mark(tier.claims, None if tier.claims else "invented", f"tiers/{tier.name}")
    if tier.spends:
        basis.name("budget", "invented")


def _add_reply(basis: Basis, context: Context, operation: Operation, rule: Rule | None) -> None:
    """Adds the fields of the request, what was generated, and the jobs that are started or shown."""
    api = context.service.api
    for name, schema in (("body", operation.request), ("query", operation.query)):
        if schema is not None and name in context:
            for each in schema.marks.used(context[name], name):
                basis.mark(each.claims, each.grade, each.name)
            for unknown in schema.unknown(context[name]) if operation.unknown_fields != "ignore" else ():
                basis.name(f"{name}.{unknown}", "invented")
    if operation.answer is not None and ("answer" in context or "prompt" in context):
        basis.cite(api.answers[operation.answer].claims)
    kinds = [step.target for step in rule.steps if step.verb == "start"] if rule is not None else []
    for kind in dict.fromkeys([*kinds, *_jobs_shown(context)]):
        if kind in api.jobs:
            basis.cite(api.jobs[kind].claims)


def _jobs_shown(context: Context) -> Iterator[str]:
    """Yields the kinds of the jobs that the request's names stand for, alone or in a page."""
    for value in list(context.values()):
        parts = value.get("items") if isinstance(value, dict) else None
        for each in (value, *(parts if isinstance(parts, list) else ())):
            if isinstance(each, dict) and {"kind", "planned", "rows"} <= each.keys():
                yield str(each["kind"])


def _add_headers(basis: Basis, context: Context) -> None:
    """Adds the headers of every reply, and the limit headers with the plan that they are about."""
    api = context.service.api
    _add_part(basis, api, "headers")
    if _shows_limits(api) and context.caller is not None and context.allowance is not None and context.allowance.limits:
        _add_tier(basis, context.caller.plan)
        _add_part(basis, api, "limit_headers")


def _shows_limits(api: Api) -> bool:
    return bool(api.limit_headers.computed or api.limit_headers.fixed)


def _asked(context: Context) -> list[Any]:
    """Returns what the request says, which the records were looked up by."""
    return [context.request.params, context.get("query"), context.get("body")]


def _add_records(basis: Basis, context: Context, reply: Reply, asked: list[Any]) -> None:
    """Adds the records, of those that are known from the start, whose ids stand in the reply or in what was asked.

    One that is documented is named by its claims.
    """
    known = context.service.api.cited_records
    if not known:
        return
    text = reply.body if reply.frames is None else b"".join(frame.data for frame in reply.frames)
    found = {each.decode(errors="replace") for each in STRING.findall(text[:MAX_TEXT])}
    found.update(_texts(asked))
    records = [each for id in known if id in found for each in known[id]]
    many = {name for name, count in Counter(each.collection for each in records).items() if count > MAX_RECORDS}
    for each in records:
        name = f"{each.collection}/{'*' if each.collection in many else each.id}"
        basis.mark(each.claims, None if each.claims and each.grade == "documented" else each.grade, name)


def _texts(asked: list[Any]) -> Iterator[str]:
    """Yields the texts in what was asked, as far as MAX_VALUES values go."""
    values, seen = [*asked], 0
    while values and seen < MAX_VALUES:
        value = values.pop()
        seen += 1
        if isinstance(value, str):
            yield value
        elif isinstance(value, (dict, list)):
            values.extend(value.values() if isinstance(value, dict) else value)
