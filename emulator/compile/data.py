"""Compiling what an API knows from the start: its fixtures, its collections of records, its canned replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from pydantic import Field, model_validator

from emulator.compile.templates import Compiler, Path
from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import Document, read
from emulator.language.schema.api import AnswerModel, CollectionModel, KeyModel, Model
from emulator.paths import fixtures
from emulator.playbook import model as plan
from emulator.store.usage import DAYS, Seed

MOST_KEYS = 10_000
SENTENCES = "sentences.yaml"  # the fixture of what simulated replies are made of
Placed = tuple[Any, Location]


class DataCompiler:
    """Reads fixtures below `fixtures`, or beside the document that names them."""

    def __init__(self, compiler: Compiler, fixtures: FilePath, files: list[FilePath] | None = None) -> None:
        self.compiler = compiler
        self.complaints = compiler.complaints
        self.fixtures = fixtures
        self.files: list[FilePath] = [] if files is None else files

    def beside(self, compiler: Compiler) -> DataCompiler:
        """The same for another document, which may name fixtures too."""
        return DataCompiler(compiler, self.fixtures, self.files)

    def collection(self, name: str, part: CollectionModel, more: Sequence[Placed]) -> plan.CollectionPlan:
        """A collection with its fixture's records, its own, and those that scenarios add; a later one replaces an
        earlier one of the same id."""
        path = ("collections", name)
        own = [(record, self.compiler.place((*path, "records", at))) for at, record in enumerate(part.records)]
        keyed: dict[str, Any] = {}
        for record, place in [*self.seed(part.source, (*path, "from")), *own, *more]:
            if not isinstance(record, dict) or record.get(part.key) is None:
                self.complaints.add(place, f"a record of {name!r} has no field {part.key!r}: {str(record)[:80]}")
            else:
                keyed[str(record[part.key])] = record
        return plan.CollectionPlan(name, part.key, keyed, part.most)

    def added(self, record: Mapping[str, Any], path: Path) -> list[Placed]:
        """What a scenario adds to a collection: the record, or for `{$from: FILE}` those of the fixture."""
        place = self.compiler.place(path)
        if "$from" not in record:
            return [(record, place)]
        if len(record) == 1 and isinstance(record["$from"], str):
            return self.seed(record["$from"], (*path, "$from"))
        self.complaints.add(place, "`$from` names a fixture and stands alone: {$from: FILE}")
        return []

    def seed(self, source: str | None, path: Path) -> list[Placed]:
        """The records of a fixture, each with its place; none without a fixture."""
        document = None if source is None else self._list(source, path)
        return [] if document is None else [(each, document.place((at,))) for at, each in enumerate(document.data)]

    def fixture(self, source: str, path: Path) -> Sequence[Any]:
        """The records of a fixture; what is wrong with it is complained of."""
        document = self._list(source, path)
        return () if document is None else list(document.data)

    def _list(self, source: str, path: Path) -> Document | None:
        document: Document | None = self.complaints.attempt(self._document, source, path)
        if document is None or isinstance(document.data, list):
            return document
        self.complaints.add(document.place(()), "a fixture is a list of records")
        return None

    def _document(self, source: str, path: Path) -> Document:
        folders = (self.fixtures, self.compiler.document.path.absolute().parent)
        for folder in folders:
            file = (folder / source).resolve()
            if file.is_file() and file.is_relative_to(folder.resolve()):
                self.files.append(file)
                return read(file)
        known = sorted(file.relative_to(self.fixtures).as_posix() for file in self.fixtures.rglob("*.yaml"))
        text = f"no fixture {source!r} below {self.fixtures.name}/ or beside this file; {did_you_mean(source, known)}"
        raise DocumentError([Diagnostic(self.compiler.place(path), text)])

    def answer(self, name: str, answer: AnswerModel, canned: Sequence[Document]) -> plan.AnswerPlan:
        """An answer, with files of canned replies that go before its own."""
        compiler, path = self.compiler, ("answers", name)
        self.files.append(fixtures() / SENTENCES)
        return plan.AnswerPlan(
            name=name,
            messages=self.complaints.attempt(compiler.tree, answer.messages, (*path, "messages")),
            text=compiler.optional(answer.text, (*path, "text")),
            system=compiler.optional(answer.system, (*path, "system")),
            max_tokens=compiler.optional(answer.max_tokens, (*path, "max_tokens")),
            json_object=self.complaints.attempt(compiler.tree, answer.json_object, (*path, "json")),
            canned=(*canned, *self.documents(answer.canned, (*path, "canned"))),
            stop=compiler.optional(answer.stop, (*path, "stop")),
        )

    def documents(self, files: Sequence[str], path: Path) -> list[Document]:
        """The fixtures that a list at this path names; what is wrong with them is complained of."""
        found = [self.complaints.attempt(self._document, file, (*path, at)) for at, file in enumerate(files)]
        return [document for document in found if document is not None]


def keys_as_records(keys: Mapping[str, KeyModel]) -> plan.CollectionPlan:
    """The keys as records of the collection `keys`, to which a world may add others."""
    records = {name: {"id": name, **key.model_dump()} for name, key in keys.items()}
    return plan.CollectionPlan("keys", "id", records, MOST_KEYS)


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


class SeedFile(Model):
    """A fixture of usage."""

    usage: list[SeedRow]


def seeds(rows: Sequence[Any]) -> list[Seed]:
    """The rows of a fixture. Raises pydantic's ValidationError, which is a ValueError, for one that is no SeedRow."""
    return [Seed(**row.model_dump()) for row in SeedFile.model_validate({"usage": list(rows)}).usage]
