"""Compiling one API: from its checked file and a scenario's changes to an `Api` of the playbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from emulator.scenario import plans as plan
from emulator.scenario.claims import cited, unknown
from emulator.scenario.compile.compiler import Compiler, Group, Path
from emulator.scenario.compile.data import DataCompiler, keys_as_records
from emulator.scenario.compile.job import JobCompiler
from emulator.scenario.compile.operation import OperationCompiler, ScenarioRule
from emulator.scenario.compile.rule import Known
from emulator.scenario.model import ApiFile, Override
from emulator.scenario.parts import ErrorKind
from emulator.scenario.playbook import Api as ApiPlan
from emulator.scenario.template import Template

ENGINE_ERRORS = (
    "invalid",
    "unauthenticated",
    "unknown_key",
    "revoked",
    "not_found",
    "method_not_allowed",
    "too_large",
    "media_type",
    "rate_limited",
    "no_rule",
    "internal",
)


@dataclass(frozen=True, slots=True)
class Tables:
    """What YAML may name and Python provides: faults, and where fixtures are."""

    faults: Mapping[str, Callable[..., Any]]
    fixtures: FilePath


class ApiCompiler:
    """Compiles one API; complaints are collected, so that one load tells them all."""

    def __init__(self, file: ApiFile, compiler: Compiler, override: Override, tables: Tables) -> None:
        self.file = file
        self.compiler = compiler
        self.complaints = compiler.complaints
        self.override = override
        self.faults = tables.faults
        self.data = DataCompiler(compiler, tables.fixtures)
        self.keys = {**file.keys, **override.keys}
        self.tiers = {**file.tiers, **override.tiers}
        self.unknown_keys = file.unknown_keys if override.unknown_keys is None else override.unknown_keys

    def compile(self, scenario: Sequence[ScenarioRule]) -> ApiPlan:
        file, compiler = self.file, self.compiler
        self._require()
        jobs = JobCompiler(compiler, file.operations)
        kinds = {name: jobs.job(name, kind, self.override.jobs.get(name, {})) for name, kind in file.jobs.items()}
        collections = {
            name: self.data.collection(name, part, self.override.collections.get(name, []))
            for name, part in file.collections.items()
        }
        collections["keys"] = keys_as_records(self.keys)
        known = Known(file.errors.kinds, collections, kinds, self.faults)
        operations = OperationCompiler(file, compiler, known, scenario)
        return ApiPlan(
            name=file.api,
            file=file.model_copy(update={"unknown_keys": self.unknown_keys}),
            document=compiler.document,
            keys=self.keys,
            workspace_of_unknown=self._workspace_of_unknown(),
            tiers={name: plan.TierPlan(name, tier.limits, tier.data) for name, tier in self.tiers.items()},
            switches=self._switches(),
            limit_headers=compiler.headers((file.limit_headers, ("limit_headers",), compiler)),
            errors={name: self._error(name, kind) for name, kind in file.errors.kinds.items()},
            collections=collections,
            statistics=tuple(self.data.fixture(file.statistics, ("statistics",)) if file.statistics else ()),
            answers={name: self.data.answer(name, answer) for name, answer in file.answers.items()},
            jobs=kinds,
            operations={name: operations.operation(name, part) for name, part in file.operations.items()},
            citations=tuple(cited(compiler.document.data, compiler.document)),
            files=tuple(self.data.files),
        )

    def _require(self) -> None:
        """Complain of what the engine needs and of names that stand for nothing."""
        place = self.compiler.place
        for kind in ENGINE_ERRORS:
            if kind not in self.file.errors.kinds:
                text = f"the kind of error {kind!r} is missing; the engine needs it"
                self.complaints.add(place(("errors", "kinds")), text)
        for name, key in self.keys.items():
            self.complaints.require_known(key.tier, self.tiers, "tier", place(("keys", name)))
        if not isinstance(self.unknown_keys, str):
            self.complaints.require_known(self.unknown_keys.tier, self.tiers, "tier", place(("unknown_keys",)))
        document = self.compiler.document
        self.complaints.found.extend(unknown(self.file.claims, cited(document.data, document)))

    def _workspace_of_unknown(self) -> Template | None:
        if isinstance(self.unknown_keys, str):
            return None
        return self.compiler.optional(self.unknown_keys.workspace, ("unknown_keys", "workspace"))

    def _switches(self) -> dict[str, Any]:
        values = {name: switch.default for name, switch in self.file.switches.items()}
        for name, value in self.override.switches.items():
            place = self.compiler.place(("switches", name))
            self.complaints.require_known(name, values, "switch", place)
            if name in values and value not in self.file.switches[name].choices:
                choices = ", ".join(map(repr, self.file.switches[name].choices))
                self.complaints.add(place, f"switch {name!r} can't be {value!r}; expected one of: {choices}")
            values[name] = value
        return values

    def _error(self, name: str, kind: ErrorKind) -> plan.ErrorPlan:
        compiler = self.compiler
        path: Path = ("errors", "kinds", name)
        groups: list[Group] = [
            (self.file.headers, ("headers",), compiler),
            ({"Content-Type": "application/json"}, path, compiler),
            (self.file.errors.headers, ("errors", "headers"), compiler),
            (kind.headers, (*path, "headers"), compiler),
        ]
        own = "body" in kind.model_fields_set
        body, where = (kind.body, (*path, "body")) if own else (self.file.errors.shape, ("errors", "shape"))
        return plan.ErrorPlan(
            kind=name,
            place=compiler.place(path),
            status=kind.status,
            type=kind.type,
            message=compiler.optional(kind.message, (*path, "message")),
            headers=compiler.headers(*groups),
            body=self.complaints.attempt(compiler.tree, body, where),
            data=kind.data,
        )
