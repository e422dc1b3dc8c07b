"""Compiles canned answers: entries of `answers` in scenarios, and those that a world is given while it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate
from typing import Any

from emulator.compile.names import NameChecker
from emulator.compile.operation import names_operation
from emulator.compile.when import REQUEST_NAMES
from emulator.errors import Location
from emulator.generate.answers import CannedAnswer, on_one_line, whole
from emulator.generate.canned import CONTEXT_NAMES, compile_pattern
from emulator.generate.sentences import SplitText
from emulator.generate.tokens import pieces
from emulator.language.document.diagnostics import Diagnostics, did_you_mean
from emulator.language.expressions import Language
from emulator.language.expressions.template import Template, compile_tree
from emulator.language.schema.scenario import CannedAnswerModel
from emulator.playbook.apis import Api

Path = tuple[str | int, ...]
CONDITIONS = ("prompt", "contains", "matches")
NAMES = tuple(dict.fromkeys((*CONTEXT_NAMES, *(name for name in REQUEST_NAMES if name != "answer"))))
# What no line has in which words stand one space apart: a line end, a tab, two spaces. Not read within what may mean
# anything else: classes, alternatives, and patterns that ignore spaces.
_BREAK = re.compile(r"(?:\\[nrtvf]|[\n\r\t\v\f]| {2})(?![*?{])")
_ANYTHING = re.compile(r"[\[|]|\(\?[a-z]*x|\\\\")


def compile_answer(
    entry: CannedAnswerModel, language: Language, place_of: Callable[[Path], Location], path: Path, id: str = ""
) -> CannedAnswer:
    """Compiles one entry, which stands at a path. Raises DocumentError with every diagnostic."""
    diagnostics = Diagnostics()
    compiled = _AnswerCompiler(entry, language, place_of, path, diagnostics).compile(id)
    diagnostics.raise_any()
    assert compiled is not None  # or there was a diagnostic
    return compiled


def idle_pattern(pattern: str, apis: Iterable[Api]) -> str | None:
    """Returns why a pattern of `on` stands for no operation that answers with generated text; None when it does."""
    operations = [(api.name, name, part.answer) for api in apis for name, part in api.file.operations.items()]
    named = [answer for api, name, answer in operations if names_operation(pattern, api, name)]
    known = [f"{api}/{name}" if "/" in pattern else name for api, name, answer in operations if answer]
    if not named:
        return f"no operation is called {pattern!r}; {did_you_mean(pattern, dict.fromkeys(known))}"
    if all(answer is None for answer in named):
        return f"{pattern} says nothing that is generated; {did_you_mean('', dict.fromkeys(known))}"
    return None


class _AnswerCompiler:
    def __init__(
        self,
        entry: CannedAnswerModel,
        language: Language,
        place_of: Callable[[Path], Location],
        path: Path,
        diagnostics: Diagnostics,
    ) -> None:
        self._entry = entry
        self._language = language
        self._place_of = place_of
        self._path = path
        self._diagnostics = diagnostics

    def compile(self, id: str) -> CannedAnswer | None:
        entry, place = self._entry, self._place_of(self._path)
        given = [name for name in CONDITIONS if getattr(entry, name) is not None]
        if len(given) > 1:
            wrong = f"an answer has at most one of {', '.join(CONDITIONS)}; found {' and '.join(given)}"
            self._diagnostics.add(place, wrong)
        text, json = self._tree("answer", entry.answer), self._tree("json", entry.json_answer)
        if entry.answer is None and entry.json_answer is None:
            self._diagnostics.add(place, "nothing is answered; expected `answer`, or `json`, or both")
        said = text if text is not None else json
        if said is None:
            return None
        return CannedAnswer(
            id or str(place),
            place,
            said,
            json,
            _split(said.value({})) if said.constant else None,
            self._texts("prompt", entry.prompt, whole),
            self._texts("contains", entry.contains, str.casefold),
            self._pattern(),
            self._on(),
        )

    def _tree(self, key: str, tree: Any) -> Template | None:
        if tree is None:
            return None
        checker = NameChecker(self._language, self._place_of)
        self._diagnostics.found.extend(checker.unknown(tree, (*self._path, key), NAMES))
        path = (*self._path, key)
        template: Template | None = self._diagnostics.attempt(compile_tree, tree, self._language, self._place_of, path)
        return template

    def _texts(self, key: str, given: Sequence[str] | str | None, fold: Callable[[str], str]) -> tuple[str, ...]:
        texts = [given] if isinstance(given, str) else list(given or ())
        folded = [fold(on_one_line(text)) for text in texts]
        for at, text in enumerate(folded):
            if not text:
                path = (*self._path, key) if isinstance(given, str) else (*self._path, key, at)
                self._diagnostics.add(self._place_of(path), f"{texts[at]!r} is in no prompt; expected some text")
        if given is not None and not texts:
            self._diagnostics.add(self._place_of((*self._path, key)), "an empty list; expected one text at least")
        return tuple(folded)

    def _pattern(self) -> str | None:
        pattern = self._entry.matches
        if pattern is None:
            return None
        try:
            compile_pattern(pattern)
        except ValueError as error:
            self._diagnostics.add(self._place_of((*self._path, "matches")), str(error))
        if _BREAK.search(pattern) and not _ANYTHING.search(pattern):
            text = "this is never found: a prompt is compared on one line, with one space between words; write \\s"
            self._diagnostics.add(self._place_of((*self._path, "matches")), text)
        return pattern

    def _on(self) -> re.Pattern[str] | None:
        on = self._entry.on
        if on is None:
            return None
        return re.compile("|".join(translate(each) for each in ([on] if isinstance(on, str) else on)))


def _split(value: Any) -> SplitText | None:
    """Splits what is said if it is text, which need not be done for each request then."""
    return SplitText(value, tuple(pieces(value))) if isinstance(value, str) else None
