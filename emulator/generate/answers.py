"""Canned answers of scenarios and of worlds: what is said to a prompt, found in one look-up however many there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from emulator.errors import Location, TemplateError
from emulator.generate.canned import compile_pattern
from emulator.generate.sentences import SplitText
from emulator.language.expressions.template import Template
from emulator.playbook.text_index import TextIndex, TextWant, wanted_by

if TYPE_CHECKING:
    import regex

MAX_READ = 100_000  # characters of a prompt that are compared
_TIMEOUT = 0.1  # seconds for one pattern
_EDGES = " .!?…\"'"
_QUOTES = str.maketrans("“”„‘’", '"""\'\'')
IGNORE_CASE = "(?i)"


class CannedAnswer(Struct, frozen=True, dict=True):
    """One answer: to which prompts (`prompts` and `contains` are folded), in which operations, and what it says.

    Without `prompts`, `contains` and `pattern` it answers every prompt. `fixed` is there when `text` depends on
    nothing. `id` is what it is called: where it stands, or the name that a world gave it.
    """

    id: str
    place: Location
    text: Template
    json: Template | None = None
    fixed: SplitText | None = None
    prompts: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    pattern: str | None = None
    on: re.Pattern[str] | None = None

    def concerns(self, api: str, operation: str) -> bool:
        """Whether `on` names an operation: `messages.create`, `messages.*`, `api/messages.*`."""
        return self.on is None or bool(self.on.match(operation) or self.on.match(f"{api}/{operation}"))

    @cached_property
    def _search(self) -> regex.Pattern[str]:
        return compile_pattern(self.pattern or "")

    def search(self, text: str) -> regex.Match[str] | None:
        """Looks for the pattern in a text on one line. Raises TemplateError when that takes longer than 0.1 s."""
        try:
            return self._search.search(text, timeout=_TIMEOUT)
        except TimeoutError:
            raise TemplateError(self.place, f"`matches` took longer than {_TIMEOUT} s on this prompt") from None


class WorldAnswer(Struct, frozen=True):
    """One answer: its id, and the entry in the words of a scenario."""

    id: str
    entry: dict[str, Any]


class AnswerList(Struct, frozen=True):
    """The answers added to a world, the newest first: one value, and another object whenever something changes."""

    added: tuple[WorldAnswer, ...] = ()


class AnswerMatch(NamedTuple):
    """An answer, and the match of its pattern if it has one."""

    answer: CannedAnswer
    match: regex.Match[str] | None


def on_one_line(text: str) -> str:
    """Returns a text as it is compared: on one line, with straight quotes."""
    text = " ".join(text[:MAX_READ].split())
    return text if text.isascii() else text.translate(_QUOTES)


def whole(line: str) -> str:
    """Returns a line as whole prompts are compared: without case and punctuation at the ends."""
    return line.strip(_EDGES).casefold()


class CannedAnswers:
    """Canned answers in order; the first that fits a prompt is given."""

    def __init__(self, answers: Sequence[CannedAnswer] = ()) -> None:
        self.answers = tuple(answers)
        self._prompts: dict[str, list[int]] = {}
        self._always: list[int] = []
        wants: list[tuple[int, TextWant]] = []
        for position, answer in enumerate(self.answers):
            for prompt in answer.prompts:
                self._prompts.setdefault(prompt, []).append(position)
            if answer.prompts:
                continue
            found = _wants(answer)
            wants += [(position, want) for want in found]
            if not found:
                self._always.append(position)
        self._texts = TextIndex(wants) if wants else None

    def __bool__(self) -> bool:
        return bool(self.answers)

    def find(self, prompt: str, api: str, operation: str) -> AnswerMatch | None:
        """Returns the answer to a prompt in an operation, if it has one. Raises TemplateError for a slow pattern."""
        line = on_one_line(prompt)
        folded = line.casefold()
        exact = self._prompts.get(whole(line), ())
        positions = {*exact, *self._always}
        if self._texts is not None:
            positions.update(self._texts.positions(folded))
        for position in sorted(positions):
            answer = self.answers[position]
            if not answer.concerns(api, operation):
                continue
            if answer.pattern is not None:
                match = answer.search(line)
                if match is not None:
                    return AnswerMatch(answer, match)
            elif not answer.contains or any(text in folded for text in answer.contains):
                return AnswerMatch(answer, None)
        return None


def _wants(answer: CannedAnswer) -> list[TextWant]:
    """The texts of which a prompt must have those of one; none when that can't be added."""
    if answer.pattern is None:
        return [TextWant((text,)) for text in answer.contains]
    folded = answer.pattern if answer.pattern.startswith(IGNORE_CASE) else IGNORE_CASE + answer.pattern
    want = wanted_by({"matches": folded})
    return [] if want is None else [want]
