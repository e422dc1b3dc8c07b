"""Compiles a kind of job: its timelines, how its rows are worked and shown, and what is done at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from emulator.compile.rule import RuleCompiler
from emulator.compile.templates import Compiler, Path
from emulator.errors import ConfigError, Location
from emulator.language.document.durations import Duration, parse_age
from emulator.language.schema.api import JobKindModel, PolledModel, RowModel, StepModel, WebhookModel
from emulator.playbook import model as plan
from emulator.playbook.matching import Matcher
from emulator.playbook.timeline import Timeline

ROW_STATES = ("succeeded", "errored", "cancelled")
WEBHOOK_TREES = ("url", "secret", "body")
PlaceOf = Callable[[Path], Location]
PlaceOfState = Callable[[str], Location]


class JobCompiler:
    """Compiles kinds of job; `operations` are those that rows and polls may name, `rules` compiles their steps."""

    def __init__(self, compiler: Compiler, operations: Iterable[str], rules: RuleCompiler) -> None:
        self.compiler = compiler
        self.rules = rules
        self.diagnostics = compiler.diagnostics
        self.operations = operations

    def job(self, name: str, kind: JobKindModel, changed: Mapping[str, str], place_of: PlaceOf) -> plan.JobPlan:
        """A kind of job, with the states of its timeline that a scenario changes, at the places that it gives."""
        path: Path = ("jobs", name)
        for state in changed:
            self.diagnostics.require_known(state, kind.timeline, f"state of {name!r}", place_of((*path, state)))
        place = place_of(path)

        def of_timeline(state: str) -> Location:
            own = self.compiler.place((*path, "timeline", state))
            return place_of((*path, state)) if state in changed else own

        def of_cancelling(state: str) -> Location:
            return self.compiler.place((*path, "cancel", state))

        return plan.JobPlan(
            kind=name,
            timeline=self._timeline(kind, {**kind.timeline, **changed}, place, of_timeline),
            cancel=self._timeline(kind, kind.cancel, place, of_cancelling) if kind.cancel else None,
            rows=None if kind.rows is None else self._rows(kind.rows, (*path, "rows")),
            webhook=None if kind.webhook is None else self._webhook(kind.webhook, (*path, "webhook")),
            most=kind.most,
            failed=kind.failed,
            polled=None if kind.polled is None else self._polled(kind.polled, (*path, "polled")),
            steps=self._steps(kind.do, (*path, "do")),
            claims=tuple(kind.claims),
        )

    def _steps(self, steps: Sequence[StepModel], path: Path) -> tuple[plan.StepPlan, ...]:
        for at, step in enumerate(steps):
            if step.start is not None or step.cancel is not None:
                place = self.compiler.place((*path, at))
                self.diagnostics.add(place, "at its end a job changes records only: put, update, append or remove")
        return self.rules.steps(steps, path)

    def _timeline(self, kind: JobKindModel, states: Mapping[str, str], place: Location, at: PlaceOfState) -> Timeline:
        begins = {}
        for state, text in states.items():
            begins[state] = begin = self.diagnostics.attempt(parse_age, text, at(state)) or Duration(0.0)
            if kind.polled is None and (begin.polls or begin.polls_each):
                self.diagnostics.add(at(state), f"{text!r}: no operation polls this kind of job; expected a duration")
        try:
            return Timeline.parse(begins)
        except ConfigError as error:
            self.diagnostics.add(place, str(error))
            return Timeline(tuple(begins), tuple(begins.values()))

    def _rows(self, rows: RowModel, path: Path) -> plan.RowPlan:
        self.diagnostics.require_known(
            rows.operation, self.operations, "operation", self.compiler.place((*path, "operation"))
        )
        trees = {
            name: self.diagnostics.attempt(self.compiler.tree, getattr(rows, name), (*path, name))
            for name in ROW_STATES
        }
        return plan.RowPlan(operation=rows.operation, **trees)

    def _polled(self, polled: PolledModel, path: Path) -> plan.PolledPlan:
        self.diagnostics.require_known(polled.by, self.operations, "operation", self.compiler.place((*path, "by")))
        until = self.diagnostics.attempt(self.compiler.when.compile, polled.until, (*path, "until")) or Matcher()
        for counter, _ in until.counters:
            place = self.compiler.document.place((*path, "until", counter), key=True)
            self.diagnostics.add(place, f"`{counter}` counts what a rule answers; `until` speaks of the answer's body")
        return plan.PolledPlan(polled.by, until)

    def _webhook(self, webhook: WebhookModel, path: Path) -> plan.WebhookPlan:
        trees = {
            name: self.diagnostics.attempt(self.compiler.tree, getattr(webhook, name), (*path, name))
            for name in WEBHOOK_TREES
        }
        retries = tuple(
            self.compiler.duration(text, (*path, "retries", at)).seconds() for at, text in enumerate(webhook.retries)
        )
        timeout = self.compiler.duration(webhook.timeout, (*path, "timeout")).seconds()
        return plan.WebhookPlan(retries=retries, timeout=timeout, **trees)
