"""The answers that were added to a world while it runs: a view of its backend. The newest goes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.compile.answers import compile_answer
from emulator.engine.functions import LANGUAGE
from emulator.errors import ConfigError, DocumentError, Location
from emulator.generate.answers import AnswerList, AnswerMatch, CannedAnswer, CannedAnswers, WorldAnswer
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import Document
from emulator.language.schema.scenario import CannedAnswerModel
from emulator.language.schema.validate import validate
from emulator.store.backend import Backend

COLLECTION = "answers"
ALL = "all"
MAX_ANSWERS = 10_000


NOTHING = AnswerList()


class WorldAnswers:
    """The answers of one world, beside those of its scenarios. `lists` is empty, and so false, where there is none."""

    def __init__(self, store: Backend) -> None:
        self._records = store.records
        self._counters = store.counters
        self.lists = store.records.sized(COLLECTION)
        self._compiled: dict[str, tuple[WorldAnswer, CannedAnswer]] = {}
        self._index: tuple[AnswerList, CannedAnswers] = NOTHING, CannedAnswers()

    @property
    def added(self) -> Sequence[WorldAnswer]:
        """All answers, the newest first."""
        return self._list().added

    def find(self, prompt: str, api: str, operation: str) -> AnswerMatch | None:
        """Returns what is said to a prompt in an operation. Raises TemplateError when a pattern takes too long."""
        known = self._list()
        if not known.added:
            return None
        if self._index[0] is not known:
            self._index = known, self._compile_all(known)
        return self._index[1].find(prompt, api, operation)

    def add(self, entry: Mapping[str, Any]) -> WorldAnswer:
        """Adds an answer, in the words of a scenario, before all others. Raises ConfigError, adding nothing, when it is
        invalid or there are too many."""
        _read(WorldAnswer("", dict(entry)))
        known = self._list()
        if len(known.added) >= MAX_ANSWERS:
            raise ConfigError(f"{MAX_ANSWERS:,} answers were added already; remove some first")
        added = WorldAnswer(f"answer_{self._counters.increment(COLLECTION)}", dict(entry))
        self._records.put(COLLECTION, ALL, AnswerList((added, *known.added)))
        return added

    def remove(self, id: str) -> WorldAnswer:
        """Removes an answer. Raises ConfigError when there is none of this id."""
        known = {added.id: added for added in self.added}
        if id not in known:
            raise ConfigError(f"no answer {id!r}; {did_you_mean(id, known)}")
        left = tuple(added for added in known.values() if added.id != id)
        if left:
            self._records.put(COLLECTION, ALL, AnswerList(left))
        else:
            self.clear()
        return known[id]

    def clear(self) -> None:
        """Removes all answers."""
        self._records.clear(COLLECTION)
        self._compiled.clear()

    def check(self) -> None:
        """Raises ConfigError when an answer that was loaded is none."""
        self._compile_all(self._list())

    def _list(self) -> AnswerList:
        found: AnswerList | None = self._records.get(COLLECTION, ALL)
        return NOTHING if found is None else found

    def _compile_all(self, known: AnswerList) -> CannedAnswers:
        """Compiles those that are new; the others are kept as long as they are the same objects."""
        compiled = {}
        for added in known.added:
            before = self._compiled.get(added.id)
            compiled[added.id] = before if before is not None and before[0] is added else (added, _read(added))
        self._compiled = compiled
        return CannedAnswers([answer for _, answer in compiled.values()])


def _read(added: WorldAnswer) -> CannedAnswer:
    def place_of(path: tuple[str | int, ...]) -> Location:
        return Location(".".join(map(str, path)) or added.id)

    try:
        entry = validate(Document("", added.entry, None, Path()), CannedAnswerModel)
        return compile_answer(entry, LANGUAGE, place_of, (), added.id)
    except DocumentError as error:
        first = error.diagnostics[0]
        raise ConfigError(": ".join(part for part in (first.place.file, first.message) if part)) from error
