"""Compiling one operation: its schemas, checks, costs and rules, a scenario's rules before its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from emulator.compile.rule import ANSWER_KEYS, Definitions, RuleCompiler
from emulator.compile.templates import Compiler, Group, Path
from emulator.compile.when import CALLER_FIELDS, REQUEST_NAMES, FieldNames
from emulator.errors import DocumentError
from emulator.language.expressions.template import Template
from emulator.language.schema.api import TakenModel
from emulator.language.schema.scenario import ApiFile, CheckModel, OperationModel, RuleModel, UsageModel
from emulator.playbook import model as plan
from emulator.playbook.apis import Operation as OperationPlan
from emulator.playbook.json_schema import Schema
from emulator.playbook.matching import Matcher
from emulator.playbook.routes import PARAMETER
from emulator.playbook.rules import Checks, RuleSet


def names_operation(pattern: str, api: str, operation: str) -> bool:
    """Whether `messages.create`, `messages.*` or `api/messages.*` names an operation."""
    return fnmatchcase(operation, pattern) or fnmatchcase(f"{api}/{operation}", pattern)


def patterns(on: Sequence[str] | str | None, path: Path) -> list[tuple[str, Path]]:
    """Returns what `on`, which stands at a path, names, and where; nothing when it is left out."""
    if isinstance(on, str):
        return [(on, path)]
    return [(pattern, (*path, at)) for at, pattern in enumerate(on or ())]


def answers(rule: RuleModel) -> bool:
    """Whether a rule answers and leaves the reply to an API's own rules."""
    return any(ANSWER_KEYS & reply.model_fields_set for reply in rule.each_reply)


def only_answers(rule: RuleModel) -> bool:
    """Whether a rule does nothing but that, so that it is for operations only that say something generated."""
    return answers(rule) and not rule.fault and all(ANSWER_KEYS & reply.model_fields_set for reply in rule.each_reply)


class ScenarioRule(Struct, frozen=True):
    """A scenario's rule, with the compiler of the document it stands in."""

    rule: RuleModel
    path: Path
    compiler: Compiler

    def patterns(self) -> list[tuple[str, Path]]:
        """What `on` names, and where; nothing when the rule is for every operation."""
        return patterns(self.rule.on, (*self.path, "on"))

    def fits(self, pattern: str, api: str, operation: str) -> bool:
        """Whether `messages.create`, `messages.*` or `api/messages.*` names this operation."""
        return names_operation(pattern, api, operation)

    def concerns(self, api: str, operation: str) -> bool:
        """Whether its `on` names this operation."""
        return self.rule.on is None or any(self.fits(pattern, api, operation) for pattern, _ in self.patterns())


def names_of(file: ApiFile, part: OperationModel) -> FieldNames:
    """What `when` may speak of in an operation."""
    routes = [part.route, *(alias.route for alias in part.aliases)]
    parameters = [found[1] for route in routes for found in PARAMETER.finditer(route)]
    roots = (*REQUEST_NAMES, "keys", *file.collections, *part.let)
    return FieldNames(roots, {"path": parameters, "switches": list(file.switches), "caller": CALLER_FIELDS})


class DeferredOperations(Mapping[str, OperationPlan]):
    """The operations of an API whose file is known to be right, each compiled when it is first used.

    Using one raises DocumentError if it is wrong after all.
    """

    def __init__(self, compiler: OperationCompiler, made: Mapping[str, OperationPlan]) -> None:
        self._compiler = compiler
        self._made = dict(made)

    def __getitem__(self, name: str) -> OperationPlan:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._compile(name)
        return made

    def _compile(self, name: str) -> OperationPlan:
        found = self._compiler.diagnostics.found
        known = len(found)
        made = self._compiler.operation(name, self._compiler.file.operations[name])
        if len(found) > known:
            raise DocumentError(found[known:])
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._compiler.file.operations

    def __iter__(self) -> Iterator[str]:
        return iter(self._compiler.file.operations)

    def __len__(self) -> int:
        return len(self._compiler.file.operations)


class OperationCompiler:
    """Compiles the operations of one API."""

    def __init__(self, file: ApiFile, compiler: Compiler, known: Definitions, scenario: Sequence[ScenarioRule]) -> None:
        self.file = file
        self.compiler = compiler
        self.diagnostics = compiler.diagnostics
        self.known = known
        self.scenario = scenario

    def operations(self, deferred: bool) -> Mapping[str, OperationPlan]:
        """Every operation. If `deferred`, those that no scenario's rule concerns are compiled when they are first used,
        since only a scenario could be wrong."""
        now = {
            name: self.operation(name, part)
            for name, part in self.file.operations.items()
            if not deferred or any(entry.concerns(self.file.api, name) for entry in self.scenario)
        }
        return DeferredOperations(self, now) if deferred else now

    def operation(self, name: str, part: OperationModel) -> OperationPlan:
        compiler, file = self.compiler, self.file
        path: Path = ("operations", name)
        method, _, tail = part.route.partition(" ")
        lets = compiler.trees(part.let, (*path, "let"))
        if part.answer is not None:
            self.diagnostics.require_known(part.answer, file.answers, "answer", compiler.place((*path, "answer")))
        for kind, other in part.errors.items():
            for each, key in ((kind, True), (other, False)):
                place = compiler.document.place((*path, "errors", kind), key=key)
                self.diagnostics.require_known(each, file.errors.kinds, "error", place)
        self._require_host(part, path)
        self._require_tried(part, path)
        names = names_of(file, part)
        rules = self._rules(name, part, lets, names)
        return OperationPlan(
            name=name,
            api=file.api,
            method=method,
            path=file.base + tail,
            host=part.host,
            summary=part.summary,
            place=compiler.document.place(path, key=True),
            grade=part.grade,
            claims=tuple(part.claims),
            auth=part.auth and bool(file.auth),
            accept=frozenset(part.accept),
            max_body=part.max_body or file.max_body,
            request=self._schema(part.request, (*path, "request")),
            query=self._schema(part.query, (*path, "query")),
            answer=part.answer,
            checks=Checks(
                [self._check(check, (*path, "checks", at), names) for at, check in enumerate(part.checks)], lets
            ),
            cost=self._cost(part, path),
            settle=compiler.trees(part.settle, (*path, "settle")),
            usage=None if part.usage is None else self._usage(part.usage, (*path, "usage")),
            redact=frozenset(part.redact),
            errors=part.errors,
            lets=lets,
            rules=rules,
            unknown_fields=file.unknown_fields,
            starts=frozenset(step.target for rule in rules.rules for step in rule.steps if step.verb == "start"),
        )

    def _require_tried(self, part: OperationModel, path: Path) -> None:
        """Reports examples that name what is not there."""
        for at, call in enumerate(part.examples):
            where = (*path, "examples", at)
            for claim_at, claim in enumerate(call.tries):
                place = self.compiler.place((*where, "tries", claim_at))
                self.diagnostics.require_known(claim, self.file.claims, "claim", place)
            for name, value in call.path.items():
                if not isinstance(value, str):
                    self._require_taken(value, (*where, "path", name))
            self.compiler.optional(call.body, (*where, "body"))

    def _require_taken(self, taken: TakenModel, path: Path) -> None:
        place = self.compiler.place((*path, "from"))
        self.diagnostics.require_known(taken.operation, self.file.operations, "operation", place)
        known = self.file.operations.get(taken.operation)
        if known is not None and taken.example > max(1, len(known.examples)):
            text = f"{taken.operation} has no example {taken.example}"
            self.diagnostics.add(self.compiler.place((*path, "example")), text)

    def _require_host(self, part: OperationModel, path: Path) -> None:
        for host, where in [
            (part.host, (*path, "host")),
            *((alias.host, (*path, "aliases", at, "host")) for at, alias in enumerate(part.aliases)),
        ]:
            if host is not None:
                self.diagnostics.require_known(host, self.file.hosts, "host", self.compiler.place(where))

    def _rules(self, name: str, part: OperationModel, lets: Mapping[str, Template], names: FieldNames) -> RuleSet:
        path: Path = ("operations", name)
        headers: tuple[Group, ...] = (
            (self.file.headers, ("headers",), self.compiler),
            (part.headers, (*path, "headers"), self.compiler),
        )
        rules = [
            RuleCompiler(entry.compiler, self.known, None, part.errors, part.answer is not None).rule(
                entry.rule, entry.path, lets, headers
            )
            for entry in self.scenario
            if entry.concerns(self.file.api, name) and (part.answer is not None or not only_answers(entry.rule))
        ]
        before = len(rules)
        own = RuleCompiler(self.compiler, self.known, names, part.errors)
        for at, rule in enumerate(part.rules):
            if rule.on is not None:
                self.diagnostics.add(self.compiler.place((*path, "rules", at, "on")), "`on` is for a scenario's rules")
            if answers(rule):
                text = "only a scenario's rules leave the reply to others; an API's own say {{ answer.text }}"
                self.diagnostics.add(self.compiler.place((*path, "rules", at, "reply")), text)
        rules += [own.rule(rule, (*path, "rules", at), lets, headers) for at, rule in enumerate(part.rules)]
        return RuleSet(rules, before)

    def _cost(self, part: OperationModel, path: Path) -> dict[str, int | Template]:
        cost, where = (self.file.cost, ("cost",)) if part.cost is None else (part.cost, (*path, "cost"))
        fixed = {counter: amount for counter, amount in cost.items() if isinstance(amount, int)}
        return {**fixed, **self.compiler.trees({name: each for name, each in cost.items() if name not in fixed}, where)}

    def _check(self, check: CheckModel, path: Path, names: FieldNames) -> plan.CheckPlan:
        compiler = self.compiler
        self.diagnostics.require_known(check.error, self.known.errors, "error", compiler.place((*path, "error")))
        return plan.CheckPlan(
            place=compiler.place(path),
            matcher=self.diagnostics.attempt(compiler.when.compile, check.when, (*path, "when"), names) or Matcher(),
            error=check.error,
            message=compiler.optional(check.message, (*path, "message")),
            param=compiler.optional(check.param, (*path, "param")),
            claims=tuple(check.claims),
            grade=check.grade,
        )

    def _usage(self, usage: UsageModel, path: Path) -> plan.UsagePlan:
        compiler = self.compiler
        return plan.UsagePlan(
            asset=self.diagnostics.attempt(compiler.tree, usage.asset, (*path, "asset")),
            tokens=self.diagnostics.attempt(compiler.tree, usage.tokens, (*path, "tokens")),
            latency_ms=compiler.optional(usage.latency_ms, (*path, "latency_ms")),
            ok=compiler.optional(usage.ok, (*path, "ok")),
        )

    def _schema(self, schema: Mapping[str, Any] | None, path: Path) -> Schema | None:
        if schema is None:
            return None
        try:
            return Schema(schema, self.file.schemas)
        except Exception as error:  # the validator's own errors have no common root
            self.diagnostics.add(self.compiler.place(path), f"not a JSON Schema: {error}")
            return None
