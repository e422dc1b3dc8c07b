"""The playbook: every API and scenario compiled, ready to be asked; immutable, so a reload swaps it whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from emulator.errors import Place
from emulator.scenario.checks import Checks
from emulator.scenario.claims import Citation
from emulator.scenario.document import Document
from emulator.scenario.headers import Headers
from emulator.scenario.model import ApiFile
from emulator.scenario.parts import Claim, Key
from emulator.scenario.plans import (
    AnswerPlan,
    CollectionPlan,
    ErrorPlan,
    JobPlan,
    LatencyPlan,
    Maker,
    TierPlan,
    UsagePlan,
)
from emulator.scenario.routes import Router
from emulator.scenario.rulebook import RuleBook
from emulator.scenario.schema import Schema
from emulator.scenario.template import Template


class Operation(Struct, frozen=True):
    """One operation, compiled."""

    name: str
    api: str
    method: str
    path: str
    host: str | None
    summary: str
    place: Place
    claims: tuple[str, ...]
    auth: bool
    accept: frozenset[str]
    request: Schema | None
    query: Schema | None
    answer: str | None
    checks: Checks
    cost: Mapping[str, int | Template]
    settle: Mapping[str, Template]
    usage: UsagePlan | None
    redact: frozenset[str]
    errors: Mapping[str, str]
    makers: Mapping[str, Maker]
    rules: RuleBook


class Api(Struct, frozen=True):
    """One emulated service, compiled. `file` is what its YAML says, with the scenario's changes made."""

    name: str
    file: ApiFile
    document: Document
    keys: Mapping[str, Key]
    workspace_of_unknown: Template | None
    tiers: Mapping[str, TierPlan]
    switches: Mapping[str, Any]
    limit_headers: Headers
    errors: Mapping[str, ErrorPlan]
    collections: Mapping[str, CollectionPlan]
    statistics: tuple[Mapping[str, Any], ...]
    answers: Mapping[str, AnswerPlan]
    jobs: Mapping[str, JobPlan]
    operations: Mapping[str, Operation]
    citations: tuple[Citation, ...]
    files: tuple[Path, ...]

    @property
    def claims(self) -> Mapping[str, Claim]:
        return self.file.claims


class Playbook(Struct, frozen=True):
    """Everything that is served, and the files it was read from."""

    apis: Mapping[str, Api]
    router: Router
    latency: LatencyPlan
    scenarios: tuple[str, ...]
    files: tuple[Path, ...]

    def operation(self, api: str, name: str) -> Operation:
        return self.apis[api].operations[name]
