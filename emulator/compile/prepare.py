"""Making an API of a playbook ready to be served: its limits, texts, jobs and seeds, each complaint placed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emulator.compile.canned import load_canned
from emulator.compile.data import SENTENCES, seeds
from emulator.errors import ConfigError, Diagnostic, DocumentError
from emulator.generate.canned import CannedReply
from emulator.generate.text import TextSources
from emulator.jobs.job import Kind
from emulator.language.document.diagnostics import Diagnostics
from emulator.language.document.reader import read
from emulator.language.expressions import Language
from emulator.paths import fixtures
from emulator.playbook import Api, Playbook
from emulator.playbook.model import AnswerPlan, LatencyPlan
from emulator.playbook.service import Served
from emulator.store.limits import Limit, parse
from emulator.store.usage import Seed


class Preparer:
    """Prepares APIs; complaints are collected, so that one load tells them all."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.complaints = Diagnostics()
        self._canned: dict[Path, list[CannedReply]] = {}  # APIs have files of canned replies in common
        self._sentences = read(fixtures() / SENTENCES).data

    def served(self, api: Api, latency: LatencyPlan) -> Served:
        kinds = {name: self._kind(api, name) for name in api.jobs}
        return Served(
            api=api,
            latency=latency,
            credentials=[
                (each.header.lower().encode(), each.scheme and each.scheme.lower(), each.collection)
                for each in api.credentials
            ],
            limits={name: self._limits(api, name) for name in api.tiers},
            texts={name: self._texts(plan) for name, plan in api.answers.items()},
            kinds={name: kind for name, kind in kinds.items() if kind is not None},
            statistics=self._statistics(api),
        )

    def _limits(self, api: Api, tier: str) -> tuple[Limit, ...]:
        limits = []
        plan = api.tiers[tier]
        for name, text in plan.limits.items():
            try:
                limit = parse(name, text)
                limits.extend([limit] if limit is not None else [])
            except ConfigError as error:
                self.complaints.add(plan.places[name], str(error))
        return tuple(limits)

    def _texts(self, plan: AnswerPlan) -> TextSources:
        replies: list[CannedReply] = []
        for document in plan.canned:
            with self.complaints.catching():
                if document.path not in self._canned:
                    self._canned[document.path] = load_canned(document, self.language)
                replies.extend(self._canned[document.path])
        return TextSources.of(replies, self._sentences)

    def _kind(self, api: Api, name: str) -> Kind | None:
        try:
            return Kind.of(api.jobs[name])
        except ConfigError as error:
            self.complaints.add(api.jobs[name].place, str(error))
            return None

    def _statistics(self, api: Api) -> list[Seed]:
        with self.complaints.catching():
            try:
                return seeds(api.statistics)
            except ValueError as error:
                raise DocumentError([Diagnostic(api.statistics_at, str(error))]) from error
        return []


def prepare(playbook: Playbook, language: Language) -> Mapping[str, Served]:
    """Every API of a playbook, made ready. Raises DocumentError with all complaints of all APIs."""
    preparer = Preparer(language)
    served = {name: preparer.served(api, playbook.latency) for name, api in playbook.apis.items()}
    preparer.complaints.raise_any()
    return served
