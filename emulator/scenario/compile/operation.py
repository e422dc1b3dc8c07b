"""Compiling one operation: its schemas, checks, costs and rules, a scenario's rules before its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from emulator.scenario import plans as plan
from emulator.scenario.compile.compiler import Compiler, Group, Path
from emulator.scenario.compile.rule import Known, RuleCompiler
from emulator.scenario.model import ApiFile, Check, Operation, Rule, Usage
from emulator.scenario.playbook import Operation as OperationPlan
from emulator.scenario.rulebook import RuleBook
from emulator.scenario.schema import Schema
from emulator.scenario.template import Template


@dataclass(frozen=True, slots=True)
class ScenarioRule:
    """A scenario's rule, with the compiler of the document it stands in."""

    rule: Rule
    path: Path
    compiler: Compiler

    def concerns(self, api: str, operation: str) -> bool:
        """Whether its `on` names this operation, as `messages.create`, `messages.*` or `api/messages.*`."""
        patterns = [self.rule.on] if isinstance(self.rule.on, str) else self.rule.on
        if patterns is None:
            return True
        return any(fnmatchcase(operation, each) or fnmatchcase(f"{api}/{operation}", each) for each in patterns)


class OperationCompiler:
    """Compiles the operations of one API."""

    def __init__(self, file: ApiFile, compiler: Compiler, known: Known, scenario: Sequence[ScenarioRule]) -> None:
        self.file = file
        self.compiler = compiler
        self.complaints = compiler.complaints
        self.known = known
        self.scenario = scenario

    def operation(self, name: str, part: Operation) -> OperationPlan:
        compiler, file = self.compiler, self.file
        path: Path = ("operations", name)
        method, _, tail = part.route.partition(" ")
        makers = compiler.makers(part.let, (*path, "let"))
        if part.answer is not None:
            self.complaints.require_known(part.answer, file.answers, "answer", compiler.place((*path, "answer")))
        for kind in part.errors.values():
            self.complaints.require_known(kind, file.errors.kinds, "error", compiler.place((*path, "errors")))
        return OperationPlan(
            name=name,
            api=file.api,
            method=method,
            path=file.base + tail,
            host=part.host,
            summary=part.summary,
            place=compiler.document.place(path, key=True),
            claims=tuple(part.claims),
            auth=part.auth,
            accept=frozenset(part.accept),
            request=self._schema(part.request, (*path, "request")),
            query=self._schema(part.query, (*path, "query")),
            answer=part.answer,
            checks=tuple(self._check(check, (*path, "checks", at)) for at, check in enumerate(part.checks)),
            cost=self._cost(part, path),
            settle=compiler.trees(part.settle, (*path, "settle")),
            usage=None if part.usage is None else self._usage(part.usage, (*path, "usage")),
            redact=frozenset(part.redact),
            errors=part.errors,
            makers=makers,
            rules=self._rules(name, part, makers),
        )

    def _rules(self, name: str, part: Operation, makers: Mapping[str, plan.Maker]) -> RuleBook:
        path: Path = ("operations", name)
        headers: tuple[Group, ...] = (
            (self.file.headers, ("headers",), self.compiler),
            (part.headers, (*path, "headers"), self.compiler),
        )
        rules = [
            RuleCompiler(entry.compiler, self.known).rule(entry.rule, entry.path, makers, headers)
            for entry in self.scenario
            if entry.concerns(self.file.api, name)
        ]
        own = RuleCompiler(self.compiler, self.known)
        rules += [own.rule(rule, (*path, "rules", at), makers, headers) for at, rule in enumerate(part.rules)]
        return RuleBook(rules)

    def _cost(self, part: Operation, path: Path) -> dict[str, int | Template]:
        cost, where = (self.file.cost, ("cost",)) if part.cost is None else (part.cost, (*path, "cost"))
        fixed = {counter: amount for counter, amount in cost.items() if isinstance(amount, int)}
        return {**fixed, **self.compiler.trees({name: each for name, each in cost.items() if name not in fixed}, where)}

    def _check(self, check: Check, path: Path) -> plan.CheckPlan:
        compiler = self.compiler
        self.complaints.require_known(check.error, self.known.errors, "error", compiler.place((*path, "error")))
        return plan.CheckPlan(
            place=compiler.place(path),
            matcher=self.complaints.attempt(compiler.when.compile, check.when, (*path, "when")),
            error=check.error,
            message=compiler.optional(check.message, (*path, "message")),
            param=compiler.optional(check.param, (*path, "param")),
        )

    def _usage(self, usage: Usage, path: Path) -> plan.UsagePlan:
        compiler = self.compiler
        return plan.UsagePlan(
            asset=self.complaints.attempt(compiler.tree, usage.asset, (*path, "asset")),
            tokens=self.complaints.attempt(compiler.tree, usage.tokens, (*path, "tokens")),
            latency_ms=compiler.optional(usage.latency_ms, (*path, "latency_ms")),
        )

    def _schema(self, schema: Mapping[str, Any] | None, path: Path) -> Schema | None:
        if schema is None:
            return None
        try:
            return Schema(schema, self.file.schemas)
        except Exception as error:  # the validator's own errors have no common root
            self.complaints.add(self.compiler.place(path), f"not a JSON Schema: {error}")
            return None
