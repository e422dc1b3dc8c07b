"""Compiling what an API knows from the start: its fixtures, its collections of records, its canned replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from emulator.errors import DocumentError
from emulator.scenario import plans as plan
from emulator.scenario.compile.compiler import Compiler, Path
from emulator.scenario.document import Document, read
from emulator.scenario.parts import Answer, Collection, Key

MOST_KEYS = 10_000


class DataCompiler:
    """Reads fixtures below `fixtures`, or beside the document that names them."""

    def __init__(self, compiler: Compiler, fixtures: FilePath) -> None:
        self.compiler = compiler
        self.complaints = compiler.complaints
        self.fixtures = fixtures
        self.files: list[FilePath] = []

    def collection(self, name: str, part: Collection, more: Sequence[Any]) -> plan.CollectionPlan:
        path = ("collections", name)
        records = list(self.fixture(part.source, (*path, "from")) if part.source else ())
        records += [*part.records, *more]
        keyed: dict[str, Any] = {}
        for record in records:
            if not isinstance(record, dict) or part.key not in record:
                self.complaints.add(
                    self.compiler.place(path), f"a record of {name!r} has no field {part.key!r}: {str(record)[:80]}"
                )
                continue
            keyed[str(record[part.key])] = record
        return plan.CollectionPlan(name, part.key, keyed, part.most)

    def fixture(self, source: str, path: Path) -> Sequence[Any]:
        document = self.complaints.attempt(self._fixture_document, source, path)
        if document is None:
            return ()
        if not isinstance(document.data, list):
            self.complaints.add(document.place(()), "a fixture is a list of records")
            return ()
        return document.data

    def _fixture_document(self, source: str, path: Path) -> Document:
        place = self.compiler.place(path)
        for folder in (self.fixtures, FilePath(self.compiler.document.file).parent):
            file = (folder / source).resolve()
            if file.is_file() and file.is_relative_to(folder.resolve()):
                self.files.append(file)
                return read(file)
        self.complaints.add(place, f"no fixture {source!r} below {self.fixtures.name}/")
        raise DocumentError([])

    def answer(self, name: str, answer: Answer) -> plan.AnswerPlan:
        compiler, path = self.compiler, ("answers", name)
        canned = [
            self.complaints.attempt(self._fixture_document, file, (*path, "canned", at))
            for at, file in enumerate(answer.canned)
        ]
        return plan.AnswerPlan(
            name=name,
            messages=self.complaints.attempt(compiler.tree, answer.messages, (*path, "messages")),
            system=compiler.optional(answer.system, (*path, "system")),
            max_tokens=compiler.optional(answer.max_tokens, (*path, "max_tokens")),
            json_object=self.complaints.attempt(compiler.tree, answer.json_object, (*path, "json")),
            canned=tuple(document for document in canned if document is not None),
        )


def keys_as_records(keys: Mapping[str, Key]) -> plan.CollectionPlan:
    """The keys as records of the collection `keys`, to which a world may add others."""
    records = {name: {"id": name, **key.model_dump()} for name, key in keys.items()}
    return plan.CollectionPlan("keys", "id", records, MOST_KEYS)
