"""Compiling what an API knows from the start: its collections of records, its canned replies, its usage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, RootModel, model_validator

from emulator.compile.fixtures import Fixtures
from emulator.compile.templates import Compiler, Path
from emulator.errors import Location
from emulator.generate.answers import CannedAnswers
from emulator.generate.canned import CannedReply
from emulator.generate.text import TextSources
from emulator.language.document.reader import Document
from emulator.language.schema.api import AnswerModel, CollectionModel, KeyModel, Model
from emulator.language.schema.validate import validate
from emulator.playbook import model as plan
from emulator.playbook.model import Seed
from emulator.store.usage import DAYS

MAX_KEYS = 10_000
Placed = tuple[Any, Location]


class DataCompiler:
    """Compiles the data of one document, and of the fixtures that it names."""

    def __init__(self, compiler: Compiler, fixtures: Fixtures) -> None:
        self.compiler = compiler
        self.diagnostics = compiler.diagnostics
        self.fixtures = fixtures

    def beside(self, compiler: Compiler) -> DataCompiler:
        """The same for another document, which may name fixtures too."""
        return DataCompiler(compiler, self.fixtures)

    def collection(self, name: str, part: CollectionModel, path: Path, more: Sequence[Placed]) -> plan.CollectionPlan:
        """A collection, defined at a path, with its fixture's records, its own, and those that scenarios add; a later
        one replaces an earlier one of the same id."""
        own = [(record, self.compiler.place((*path, "records", at))) for at, record in enumerate(part.records)]
        keyed: dict[str, Any] = {}
        for record, place in [*self.seed(part.source, (*path, "from")), *own, *more]:
            if not isinstance(record, dict) or record.get(part.key) is None:
                self.diagnostics.add(place, f"a record of {name!r} has no field {part.key!r}: {str(record)[:80]}")
            else:
                keyed[str(record[part.key])] = record
        return plan.CollectionPlan(name, part.key, keyed, part.most, tuple(part.claims))

    def added(self, record: Mapping[str, Any], path: Path) -> list[Placed]:
        """What a scenario adds to a collection: the record, or for `{$from: FILE}` those of the fixture."""
        place = self.compiler.place(path)
        if "$from" not in record:
            return [(record, place)]
        if len(record) == 1 and isinstance(record["$from"], str):
            return self.seed(record["$from"], (*path, "$from"))
        self.diagnostics.add(place, "`$from` names a fixture and stands alone: {$from: FILE}")
        return []

    def seed(self, source: str | None, path: Path) -> list[Placed]:
        """The records of a fixture, each with its place; none without a fixture."""
        document = None if source is None else self._list(source, path)
        return [] if document is None else [(each, document.place((at,))) for at, each in enumerate(document.data)]

    def statistics(self, source: str, path: Path) -> tuple[Seed, ...]:
        """Reads a fixture of usage; what is invalid in it is reported at its place there."""
        document = self._list(source, path)
        file: SeedFile | None = None if document is None else self.diagnostics.attempt(validate, document, SeedFile)
        return () if file is None else tuple(file.seeds())

    def _list(self, source: str, path: Path) -> Document | None:
        document: Document | None = self.diagnostics.attempt(self._document, source, path)
        if document is None or isinstance(document.data, list):
            return document
        self.diagnostics.add(document.place(()), "a fixture is a list of records")
        return None

    def _document(self, source: str, path: Path) -> Document:
        return self.fixtures.find(source, self.compiler.document.path, self.compiler.place(path))

    def answer(
        self, name: str, answer: AnswerModel, canned: Sequence[CannedReply], given: CannedAnswers
    ) -> plan.AnswerPlan:
        """An answer, with canned replies that take precedence over its own, and what scenarios answer before those."""
        compiler, path = self.compiler, ("answers", name)
        replies = [*canned, *self.canned(answer.canned, (*path, "canned"))]
        return plan.AnswerPlan(
            name=name,
            messages=self.diagnostics.attempt(compiler.tree, answer.messages, (*path, "messages")),
            text=compiler.optional(answer.text, (*path, "text")),
            system=compiler.optional(answer.system, (*path, "system")),
            max_tokens=compiler.optional(answer.max_tokens, (*path, "max_tokens")),
            json_object=self.diagnostics.attempt(compiler.tree, answer.json_object, (*path, "json")),
            texts=TextSources.of(replies, self.fixtures.sentences),
            stop=compiler.optional(answer.stop, (*path, "stop")),
            claims=tuple(answer.claims),
            canned=given or None,
        )

    def canned(self, files: Sequence[str], path: Path) -> list[CannedReply]:
        """The canned replies of the fixtures that a list at this path names; invalid ones are reported."""
        replies: list[CannedReply] = []
        for at, file in enumerate(files):
            with self.diagnostics.catching():
                replies += self.fixtures.canned(self._document(file, (*path, at)))
        return replies


def keys_as_records(keys: Mapping[str, KeyModel]) -> plan.CollectionPlan:
    """The keys as records of the collection `keys`, to which a world may add others."""
    records = {name: {"id": name, **key.model_dump()} for name, key in keys.items()}
    return plan.CollectionPlan("keys", "id", records, MAX_KEYS)


class SeedRow(Model):
    """Usage that happened before the emulator started: one hour (UTC) of one key on a day counted back from today.

    `latency_ms` and `tokens` are means over all `requests`; today is left out, for its hours may still lie ahead.
    """

    asset: str
    key: str
    workspace: str = ""
    days_ago: int = Field(ge=1, le=DAYS)
    hour: int = Field(ge=0, le=23)
    requests: int = Field(ge=1)
    successful: int = Field(ge=0)
    latency_ms: float = Field(0.0, ge=0)
    tokens: float = Field(0.0, ge=0)

    @model_validator(mode="after")
    def _no_more_successes_than_requests(self) -> SeedRow:
        if self.successful > self.requests:
            raise ValueError(f"{self.successful} of {self.requests} requests were successful; expected at most all")
        return self


class SeedFile(RootModel[list[SeedRow]]):
    """A fixture of usage."""

    def seeds(self) -> list[Seed]:
        """Its rows as the ledger takes them."""
        return [Seed(**row.model_dump()) for row in self.root]
