"""An API made ready to be served: what is worked out once per playbook and shared by all worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from emulator.errors import Complaint, ConfigError, DocumentError
from emulator.scenario.compile.complaints import Complaints
from emulator.scenario.expression import Language
from emulator.scenario.plans import LatencyPlan
from emulator.scenario.playbook import Api, Playbook
from emulator.serving.canned import CannedReply, load_canned
from emulator.serving.job import Kind
from emulator.serving.limit import Limit, parse
from emulator.serving.usage import SeedFile, SeedRow


class Served:
    """One API: limits by tier, canned replies by answer, kinds of job, the headers that identify a caller."""

    def __init__(
        self, api: Api, latency: LatencyPlan, language: Language, shared: dict[Path, list[CannedReply]]
    ) -> None:
        """Raises DocumentError with every complaint."""
        complaints = Complaints()
        self.api = api
        self.latency = latency
        self.credentials = [
            (each.header.lower().encode(), each.scheme and each.scheme.lower(), each.collection)
            for each in api.file.auth
        ]
        self.limits = {name: self._limits(name, complaints) for name in api.tiers}
        self.canned = {name: self._canned(name, language, shared, complaints) for name in api.answers}
        self.kinds = {name: kind for name in api.jobs for kind in [self._kind(name, complaints)] if kind is not None}
        self.statistics = self._statistics(complaints)
        complaints.raise_any()

    def _limits(self, tier: str, complaints: Complaints) -> tuple[Limit, ...]:
        limits = []
        plan = self.api.tiers[tier]
        for name, text in plan.limits.items():
            try:
                limit = parse(name, text)
                limits.extend([limit] if limit is not None else [])
            except ConfigError as error:
                complaints.add(plan.places[name], str(error))
        return tuple(limits)

    def _canned(
        self, answer: str, language: Language, shared: dict[Path, list[CannedReply]], complaints: Complaints
    ) -> Sequence[CannedReply]:
        replies: list[CannedReply] = []
        for document in self.api.answers[answer].canned:
            with complaints.catching():
                if document.path not in shared:
                    shared[document.path] = load_canned(document, language)
                replies.extend(shared[document.path])
        return replies

    def _kind(self, name: str, complaints: Complaints) -> Kind | None:
        try:
            return Kind.of(self.api.jobs[name])
        except ConfigError as error:
            complaints.add(self.api.jobs[name].place, str(error))
            return None

    def _statistics(self, complaints: Complaints) -> list[SeedRow]:
        with complaints.catching():
            try:
                return SeedFile.model_validate({"usage": list(self.api.statistics)}).usage
            except ValueError as error:
                raise DocumentError([Complaint(self.api.document.place(("statistics",)), str(error))]) from error
        return []


def serve(playbook: Playbook, language: Language) -> Mapping[str, Served]:
    """Every API of a playbook, made ready. Raises DocumentError with all complaints of all APIs."""
    complaints = Complaints()
    served = {}
    shared: dict[Path, list[CannedReply]] = {}  # APIs have files of canned replies in common
    for name, api in playbook.apis.items():
        with complaints.catching():
            served[name] = Served(api, playbook.latency, language, shared)
    complaints.raise_any()
    return served
