"""The playbook: every API and scenario compiled, with its operations; immutable, so a reload swaps it whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from emulator.errors import Location
from emulator.language.document.reader import Document
from emulator.language.expressions.template import Template
from emulator.language.schema.provenance import Provenance
from emulator.playbook.access import ClientPlan, CredentialPlan, ExamplePlan, KeyPlan, UnknownPlan
from emulator.playbook.expectations import Expectation, ListedRule
from emulator.playbook.headers import Headers
from emulator.playbook.json_schema import Schema
from emulator.playbook.limits import TierPlan, require_budget
from emulator.playbook.model import (
    AnswerPlan,
    CitedRecord,
    ClaimPlan,
    CollectionPlan,
    ErrorPlan,
    JobPlan,
    LatencyPlan,
    Seed,
    UsagePlan,
)
from emulator.playbook.provenance import ClaimReference, cited
from emulator.playbook.routes import Router
from emulator.playbook.rules import Checks, RuleSet
from emulator.playbook.unknown_fields import UnknownFields

if TYPE_CHECKING:
    from emulator.language.schema.scenario import ApiFile


class Operation(Struct, frozen=True):
    """One operation, compiled."""

    name: str
    api: str
    method: str
    path: str
    host: str | None
    summary: str
    place: Location
    grade: Provenance | None
    claims: tuple[str, ...]
    auth: bool
    accept: frozenset[str]
    max_body: int
    request: Schema | None
    query: Schema | None
    answer: str | None
    checks: Checks
    cost: Mapping[str, int | Template]
    settle: Mapping[str, Template]
    usage: UsagePlan | None
    redact: frozenset[str]
    errors: Mapping[str, str]
    lets: Mapping[str, Template]
    rules: RuleSet
    unknown_fields: UnknownFields = "ignore"
    starts: frozenset[str] = frozenset()  # kinds of job


class Api(Struct, frozen=True, dict=True):
    """One emulated service, compiled. `hosts` are the real one's, `base` is what its paths begin with; `limits_per`
    says whose the counters are, the `workspace`'s or the `key`'s; `unknown` is None when unknown keys are refused.

    `file` is what its YAML says, with the scenario's changes made.
    """

    name: str
    title: str
    version: str
    hosts: tuple[str, ...]
    base: str
    document: Document
    claims: Mapping[str, ClaimPlan]
    file: ApiFile
    credentials: tuple[CredentialPlan, ...]
    keys: Mapping[str, KeyPlan]
    unknown: UnknownPlan | None
    limits_per: str
    example: ExamplePlan | None
    client: ClientPlan
    tiers: Mapping[str, TierPlan]
    switches: Mapping[str, Any]
    limit_headers: Headers
    refused: Mapping[str, Template]
    errors: Mapping[str, ErrorPlan]
    collections: Mapping[str, CollectionPlan]
    statistics: tuple[Seed, ...]
    answers: Mapping[str, AnswerPlan]
    jobs: Mapping[str, JobPlan]
    operations: Mapping[str, Operation]
    units: frozenset[str] = frozenset()  # what budgets may be of: what its operations cost

    def plan_of(self, key: str, record: Mapping[str, Any]) -> TierPlan:
        """Returns the plan that the record of a key names, with the budget of the key's own."""
        tier, budget = self.tiers[record["tier"]], record.get("budget")
        return tier.with_budget(budget, f"{self.name}/{key}") if budget else tier

    @property
    def has_budgets(self) -> bool:
        """Whether a key that is known from the start has a budget, or a plan."""
        return any(tier.spends for tier in self.tiers.values()) or any(key.budget for key in self.keys.values())

    def require_budget(self, tier: str, budget: Mapping[str, Any] | None, cure: str = "") -> None:
        """Raises ConfigError for a budget that no key of a tier can have; see `limits.require_budget`."""
        for unit in budget or ():
            require_budget(unit, self.units, self.tiers[tier].limits, cure)

    @cached_property
    def credential_headers(self) -> tuple[tuple[bytes, str | None, str], ...]:
        """Where requests carry credentials: name in lower case, scheme in lower case or None, and the collection."""
        return tuple(
            (each.header.lower().encode(), each.scheme and each.scheme.lower(), each.collection)
            for each in self.credentials
        )

    @cached_property
    def cited_records(self) -> Mapping[str, Sequence[CitedRecord]]:
        """The records known from the start that rest on something, by their ids; collected on demand, likewise."""
        found: dict[str, list[CitedRecord]] = {}
        for collection in self.collections.values():
            for record in collection.cited():
                found.setdefault(record.id, []).append(record)
        return found

    @cached_property
    def citations(self) -> tuple[ClaimReference, ...]:
        """Every mention of a claim in its YAML; collected on demand, since only reports need them."""
        return tuple(cited(self.document))


class Playbook(Struct, frozen=True):
    """Everything that is served, and the files it was read from."""

    apis: Mapping[str, Api]
    router: Router
    latency: LatencyPlan
    scenarios: tuple[str, ...]
    files: tuple[Path, ...]
    listed: tuple[ListedRule, ...] = ()  # the rules of scenarios, the first that is asked first, and their answers
    expectations: tuple[Expectation, ...] = ()

    def operation(self, api: str, name: str) -> Operation:
        return self.apis[api].operations[name]
