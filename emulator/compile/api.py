"""Compiling one API: from its checked file and a scenario's changes to an `Api` of the playbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path as FilePath
from typing import Any

from emulator.compile.data import DataCompiler, keys_as_records
from emulator.compile.fixtures import Fixtures
from emulator.compile.jobs import JobCompiler
from emulator.compile.operation import OperationCompiler, ScenarioRule
from emulator.compile.overrides import Overrides
from emulator.compile.rule import Definitions, RuleCompiler
from emulator.compile.templates import Compiler, Group, Path
from emulator.compile.when import REQUEST_NAMES
from emulator.errors import ConfigError, Diagnostic, Location
from emulator.generate.answers import CannedAnswers
from emulator.generate.canned import CannedReply
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.expressions.template import Template
from emulator.language.schema.api import ClientModel, CollectionModel, ErrorKindModel, TierModel
from emulator.language.schema.provenance import PROVENANCES
from emulator.language.schema.scenario import ApiFile, OverrideModel
from emulator.playbook import access
from emulator.playbook import model as plan
from emulator.playbook.apis import Api as ApiPlan
from emulator.playbook.headers import ADDED
from emulator.playbook.json_schema import Schema
from emulator.playbook.limits import KINDS, AtOnce, Limit, TierPlan, budget_limits, parse_limit, require_budget
from emulator.playbook.operators import same
from emulator.playbook.parameters import unknown_classes
from emulator.playbook.provenance import unknown_claims
from emulator.playbook.routes import PARAMETER

# The kinds of error that the engine raises, as an API has them that says nothing else of them.
ENGINE_ERRORS: Mapping[str, ErrorKindModel] = {
    "invalid": ErrorKindModel(status=400),
    "unauthenticated": ErrorKindModel(status=401),
    "unknown_key": ErrorKindModel(status=401),
    "revoked": ErrorKindModel(status=401),
    "payment_required": ErrorKindModel(status=402),
    "forbidden": ErrorKindModel(status=403),
    "not_found": ErrorKindModel(status=404),
    "method_not_allowed": ErrorKindModel(status=405, headers={"Allow": "{{ error.allow }}"}),
    "too_large": ErrorKindModel(status=413),
    "media_type": ErrorKindModel(status=415),
    "rate_limited": ErrorKindModel(status=429, headers={"Retry-After": "{{ error.retry_after | default(none) }}"}),
    "no_rule": ErrorKindModel(status=501),
    "internal": ErrorKindModel(status=500),
}


WINDOWS = "windows"  # a switch of this name is the kind of all limits that don't say one


class ApiCompiler:
    """Compiles one API; diagnostics are collected, so that one load tells them all.

    The file is `checked` if its operations are known to be right: they may be compiled when they are first used.
    """

    def __init__(
        self, file: ApiFile, compiler: Compiler, changes: Overrides, fixtures: Fixtures, checked: bool = False
    ) -> None:
        self.checked = checked
        override = changes.override
        self.file = changed(file, override)
        self.known_collections = file.collections
        self.compiler = compiler
        self.diagnostics = compiler.diagnostics
        self.changes = changes
        self.override = override
        self.data = DataCompiler(compiler, fixtures)
        self.keys = {**file.keys, **override.keys}
        self.tiers = {**file.tiers, **{name: tier.over(file.tiers.get(name)) for name, tier in override.tiers.items()}}
        self.unknown_keys = file.unknown_keys if override.unknown_keys is None else override.unknown_keys
        self.added_headers = ADDED.union(name.lower().encode() for name in self.file.limit_headers)

    def compile(self, scenario: Sequence[ScenarioRule], canned: CannedAnswers) -> ApiPlan:
        """The API with the rules and the answers of scenarios before its own."""
        file, compiler = self.file, self.compiler
        self._require()
        collections = {name: self._collection(name, part) for name, part in file.collections.items()}
        collections["keys"] = keys_as_records(self.keys)
        known = self._definitions(collections)
        jobs = JobCompiler(compiler, file.operations, RuleCompiler(compiler, known))
        kinds = {
            name: jobs.job(name, kind, self.override.jobs.get(name, {}), self._place)
            for name, kind in file.jobs.items()
        }
        switches = self._switches()
        operations = OperationCompiler(file, compiler, known, scenario)
        return ApiPlan(
            name=file.api,
            title=file.title,
            version=file.version,
            hosts=tuple(file.hosts),
            base=file.base,
            document=compiler.document,
            claims={id: plan.ClaimPlan(claim.grade, claim.says, claim.inferred) for id, claim in file.claims.items()},
            file=file.model_copy(update={"unknown_keys": self.unknown_keys}),
            credentials=tuple(
                access.CredentialPlan(each.header, each.scheme, each.collection, tuple(each.claims), each.grade)
                for each in file.auth
            ),
            keys={name: access.KeyPlan(**key.model_dump()) for name, key in self.keys.items()},
            unknown=self._unknown(),
            limits_per=file.limits_per,
            example=None if file.example is None else access.ExamplePlan(**file.example.model_dump()),
            client=self._client(),
            tiers=self._tiers(switches.get(WINDOWS)),
            switches=switches,
            limit_headers=compiler.headers(*self._lines(file.limit_headers, ("limit_headers",))),
            refused=compiler.trees(file.refused, ("refused",)),
            errors={name: self._error(name, kind) for name, kind in file.errors.kinds.items()},
            collections=collections,
            statistics=self._statistics(),
            answers=self._answers(canned),
            jobs=kinds,
            operations=operations.operations(deferred=self.checked),
            units=self.units,
        )

    def try_rule(self, entry: ScenarioRule) -> list[Diagnostic]:
        """Returns what would be wrong with a scenario's rule if it were for an operation of this API."""
        found = self.diagnostics.found
        known = len(found)
        collections = {**self.file.collections, "keys": None}
        rules = RuleCompiler(entry.compiler, self._definitions(collections))
        self.diagnostics.attempt(rules.rule, entry.rule, entry.path, {}, ())
        wrong = found[known:]
        del found[known:]
        return wrong

    def _definitions(self, collections: Mapping[str, Any]) -> Definitions:
        file = self.file
        return Definitions(
            file.errors.kinds,
            collections,
            file.jobs,
            file.claims,
            self.error_headers,
            self.data.fixtures.attached,
            self.added_headers,
        )

    def _tier(self, name: str, tier: TierModel, windows: Any = None) -> TierPlan:
        limits: list[Limit] = []
        for counter, text in tier.limits.items():
            where: Path = ("tiers", name, "limits", counter)
            try:
                limit = parse_limit(counter, text, windows if windows in KINDS else KINDS[0])
            except ConfigError as error:
                self.diagnostics.add(self._place(where), str(error))
                continue
            if limit is not None:
                limits.append(limit)
                if isinstance(limit.pace, AtOnce) and (of := limit.pace.of):
                    self.diagnostics.require_known(of, self.file.jobs, "kind of job", self._place(where, "of"))
        self._require_budget(tier.budget, limits, lambda unit: self._place(("tiers", name, "budget", unit)))
        return TierPlan.of(name, (*limits, *budget_limits(tier.budget)), tier.data, tuple(tier.claims))

    def _require_budget(
        self, budget: Mapping[str, float], limits: Sequence[Limit], place: Callable[[str], Location]
    ) -> None:
        """Reports budgets in units that nothing is charged in, or that are counted already."""
        for unit in budget:
            try:
                require_budget(unit, self.units, limits)
            except ConfigError as error:
                self.diagnostics.add(place(unit), str(error))

    @cached_property
    def units(self) -> frozenset[str]:
        """What its operations cost, by name; what they start is no unit."""
        costs = [self.file.cost, *((part.cost or {}) | part.settle for part in self.file.operations.values())]
        return frozenset(name for cost in costs for name in cost) - self.file.jobs.keys()

    def _tiers(self, windows: Any) -> dict[str, TierPlan]:
        tiers = {name: self._tier(name, tier, windows) for name, tier in self.tiers.items()}
        for name, key in self.keys.items():
            if key.tier in tiers:
                place = partial(self._place, ("keys", name), "budget")
                self._require_budget(key.budget, tiers[key.tier].limits, place)
        return tiers

    def _spot(self, path: Path, *part: str) -> tuple[Compiler, Path]:
        """Where a part of the API stands: in the scenario that changed what is at `path`, or in the API's own file."""
        source = self.changes.source(path)
        if source is None:
            return self.compiler, (*path, *part)
        return Compiler(source[0], self.compiler.language, self.diagnostics), (*source[1], *part)

    def _place(self, path: Path, *part: str) -> Location:
        compiler, where = self._spot(path, *part)
        return compiler.place(where)

    def _collection(self, name: str, part: CollectionModel) -> plan.CollectionPlan:
        """A collection of the API, with what scenarios add; or one that a scenario brings."""
        path: Path = ("collections", name)
        if isinstance(self.override.collections.get(name), CollectionModel):
            compiler, where = self._spot(path)
            return self.data.beside(compiler).collection(name, part, where, [])
        return self.data.collection(name, part, path, self._added(name))

    def _added(self, collection: str) -> list[tuple[Any, Location]]:
        added: list[tuple[Any, Location]] = []
        records = self.override.collections.get(collection, [])
        for at, record in enumerate(records if isinstance(records, list) else ()):
            compiler, path = self._spot(("collections", collection, at))
            added += self.data.beside(compiler).added(record, path)
        return added

    def _answers(self, canned: CannedAnswers) -> dict[str, plan.AnswerPlan]:
        given = self.file.answers.items()
        return {name: self.data.answer(name, answer, self._canned(name), canned) for name, answer in given}

    def _canned(self, answer: str) -> list[CannedReply]:
        """The canned replies that scenarios add to an answer, those of the last scenario first."""
        added: dict[FilePath, list[CannedReply]] = {}
        for at, file in enumerate(self.override.canned.get(answer, [])):
            compiler, path = self._spot(("canned", answer, at))
            data = self.data.beside(compiler)
            added.setdefault(compiler.document.path, []).extend(data.canned([file], path[:-1]))
        return [reply for replies in reversed(added.values()) for reply in replies]

    def _statistics(self) -> tuple[plan.Seed, ...]:
        source = self.override.statistics or self.file.statistics
        compiler, path = self._spot(("statistics",))
        return self.data.beside(compiler).statistics(source, path) if source else ()

    def _require(self) -> None:
        """Reports what is missing and names that stand for nothing."""
        file, place, require_known = self.file, self.compiler.place, self.diagnostics.require_known
        for name, key in self.keys.items():
            require_known(key.tier, self.tiers, "tier", self._place(("keys", name), "tier"))
        if not isinstance(self.unknown_keys, str):
            require_known(self.unknown_keys.tier, self.tiers, "tier", self._place(("unknown_keys",), "tier"))
        self._refuse_idle_tiers()
        for name in self.override.jobs:
            require_known(name, file.jobs, "kind of job", self._place(("jobs", name)))
        for name, records in self.override.collections.items():
            where = self._place(("collections", name))
            if isinstance(records, list):
                require_known(name, file.collections, "collection", where, "a new one is {records: […]}")
            elif name in self.known_collections:
                self.diagnostics.add(where, f"{self.file.api} has a collection {name!r}; add records to it with a list")
        for name in self.override.canned:
            require_known(name, file.answers, "answer", self._place(("canned", name)))
        for at, credential in enumerate(file.auth):
            known = ("keys", *file.collections)
            require_known(credential.collection, known, "collection", place(("auth", at, "collection")))
        for name in file.collections:
            if name == "keys" or name in REQUEST_NAMES:
                self.diagnostics.add(self._place(("collections", name)), f"the name {name!r} is taken; choose another")
        self._require_example()
        self._require_schemas()
        self._require_classes()
        self.diagnostics.found.extend(unknown_claims(self.compiler.document, file.claims))

    def _require_schemas(self) -> None:
        """Reports each of the API's own schemas that is none: those that refer to it are right all the same."""
        for name, schema in () if self.checked else self.file.schemas.items():
            try:
                Schema(schema, self.file.schemas)
            except Exception as error:  # the validator's own errors have no common root
                self.diagnostics.add(self.compiler.place(("schemas", name)), f"not a JSON Schema: {error}")

    def _require_classes(self) -> None:
        """Reports each `class` in a schema that is none."""
        schemas: dict[Path, Any] = {("schemas", name): schema for name, schema in self.file.schemas.items()}
        for name, part in self.file.operations.items():
            schemas[("operations", name, "request")] = part.request
            schemas[("operations", name, "query")] = part.query
        for where, schema in schemas.items():
            for path, value in unknown_classes(schema):
                self.diagnostics.require_known(value, PROVENANCES, "class", self.compiler.place((*where, *path)))

    def _refuse_idle_tiers(self) -> None:
        """A scenario may add a tier for keys of its own; one that the API doesn't know and nobody is on is a slip."""
        used: set[Any] = {key.tier for key in self.keys.values()}
        added = [each for each in self.override.collections.values() if isinstance(each, list)]
        used |= {record.get("tier") for records in added for record in records}
        if not isinstance(self.unknown_keys, str):
            used.add(self.unknown_keys.tier)
        for name in self.override.tiers:
            if name not in self.file.tiers and name not in used:
                text = f"unknown tier {name!r}, and no key is on it; {did_you_mean(name, self.file.tiers)}"
                self.diagnostics.add(self._place(("tiers", name)), text)

    def _require_example(self) -> None:
        example, place = self.file.example, self.compiler.place
        if example is None:
            return
        operation = self.file.operations.get(example.operation)
        if operation is None:
            known = self.file.operations
            self.diagnostics.require_known(example.operation, known, "operation", place(("example", "operation")))
            return
        wanted = [found[1] for found in PARAMETER.finditer(operation.route)]
        for name in wanted:
            if name not in example.path:
                self.diagnostics.add(place(("example", "path")), f"the path parameter {name!r} is missing")
        for name in example.path:
            self.diagnostics.require_known(name, wanted, "path parameter", place(("example", "path", name)))

    def _client(self) -> access.ClientPlan:
        part, compiler = self.file.client or ClientModel(), self.compiler
        if part.key is not None:
            self.diagnostics.require_known(part.key, self.keys, "key", compiler.place(("client", "key")))
        environment = compiler.trees(part.environment, ("client", "environment"))
        return access.ClientPlan(
            part.key, environment, compiler.trees(part.spent, ("client", "spent")), tuple(part.modules)
        )

    def _unknown(self) -> access.UnknownPlan | None:
        if isinstance(self.unknown_keys, str):
            return None
        compiler, path = self._spot(("unknown_keys",), "workspace")
        workspace = self.diagnostics.attempt(compiler.tree, self.unknown_keys.workspace, path)
        return access.UnknownPlan(self.unknown_keys.tier, workspace, self.unknown_keys.data)

    def _switches(self) -> dict[str, Any]:
        values = {name: switch.default for name, switch in self.file.switches.items()}
        for name, switch in self.file.switches.items():
            self._require_choice(name, switch.default, self.compiler.place(("switches", name, "default")))
        for name, value in self.override.switches.items():
            place = self._place(("switches", name))
            self.diagnostics.require_known(name, values, "switch", place)
            if name in values:
                self._require_choice(name, value, place)
            values[name] = value
        return values

    def _require_choice(self, name: str, value: Any, place: Location) -> None:
        choices = self.file.switches[name].choices
        if not any(same(value, choice) for choice in choices):
            text = f"switch {name!r} can't be {value!r}; {did_you_mean(str(value), map(str, choices))}"
            self.diagnostics.add(place, text)

    def _error(self, name: str, kind: ErrorKindModel) -> plan.ErrorPlan:
        path: Path = ("errors", "kinds", name)
        if "status" in kind.data:
            compiler, where = self._spot((*path, "data"), "status")
            compiler.status(kind.data["status"], where)
        own = "body" in kind.model_fields_set
        body = kind.body if own else self.file.errors.shape
        body_compiler, body_path = self._spot((*path, "body") if own else ("errors", "shape"))
        status_compiler, status_path = self._spot((*path, "status"))
        if kind.status is None:
            self.diagnostics.add(self._place(path), f"{name!r} is a new kind of error; it needs a `status`")
        return plan.ErrorPlan(
            kind=name,
            place=self._place(path),
            status=500 if kind.status is None else status_compiler.status(kind.status, status_path),
            type=self._optional(kind.type, (*path, "type")),
            message=self._optional(kind.message, (*path, "message")),
            headers=self.compiler.headers(*self.error_headers(name), added=self.added_headers),
            body=self.diagnostics.attempt(body_compiler.tree, body, body_path),
            data=kind.data,
            retry=kind.retry,
            claims=(*kind.claims, *(() if own else self.file.errors.claims)),
        )

    def _optional(self, tree: Any, path: Path) -> Template | None:
        compiler, where = self._spot(path)
        return compiler.optional(tree, where)

    def error_headers(self, kind: str) -> tuple[Group, ...]:
        """The header lines of a kind of error, group by group."""
        file, path = self.file, ("errors", "kinds", kind)
        return (
            (file.headers, ("headers",), self.compiler),
            ({"Content-Type": "application/json"}, path, self.compiler),
            *self._lines(file.errors.headers, ("errors", "headers")),
            *self._lines(file.errors.kinds[kind].headers, (*path, "headers")),
        )

    def _lines(self, lines: Mapping[str, Any], path: Path) -> Iterator[Group]:
        """Header lines, each with the place of the file that it comes from."""
        for name, tree in lines.items():
            compiler, where = self._spot((*path, name))
            yield {name: tree}, where[:-1], compiler


def changed(file: ApiFile, override: OverrideModel) -> ApiFile:
    """The file with the errors that the engine needs, and with what scenarios change of it or bring."""
    errors = file.errors.model_copy(update={"kinds": {**ENGINE_ERRORS, **file.errors.kinds}})
    if override.errors is not None:
        errors = override.errors.over(errors)
    brought = {name: part for name, part in override.collections.items() if isinstance(part, CollectionModel)}
    changes = {
        "errors": errors,
        "limit_headers": {**file.limit_headers, **override.limit_headers},
        "collections": {**brought, **file.collections},
        "unknown_fields": override.unknown_fields or file.unknown_fields,
    }
    return file.model_copy(update=changes)
