"""An expression of a scenario, in Jinja's syntax, becomes a Python closure when the scenario is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, Final, NoReturn

from jinja2 import TemplateSyntaxError, nodes
from msgspec.structs import replace

from emulator.errors import Diagnostic, DocumentError, EmulatorError, Location, TemplateError
from emulator.language.expressions.absent import ABSENT, Absent
from emulator.language.expressions.combine import Piece, concatenate, constant
from emulator.language.expressions.encode import failure
from emulator.language.expressions.filters import tests_of
from emulator.language.expressions.operate import numbers
from emulator.language.expressions.program import Sandbox, compile_program
from emulator.language.expressions.reference import Evaluate
from emulator.language.expressions.syntax import Compiler
from emulator.language.expressions.vocabulary import Vocabulary

__all__ = ["ABSENT", "Absent", "Condition", "Evaluate", "Language", "guarded", "present"]

Condition = Callable[[Mapping[str, Any]], bool]
Function = Callable[..., Any]
_NOTHING: Final[Mapping[str, Function]] = MappingProxyType({})
# Jinja makes every line end \n before it reads; text of a scenario keeps its own.
_RETURN: Final = "\ufdd0"
_REFERENCE: Final = re.compile(
    r"(?<!\{)\{\{ ((?!(?:and|else|false|if|in|is|none|not|or|true)\b)[a-z_]\w*(?:\.[a-z_]\w*)*) \}\}"
)
_MOST_PIECES: Final = 10_000


class Language:
    """What the expressions of a playbook may use.

    Functions are called as f(scope, *args, **kwargs), filters as f(value, *args, **kwargs); Jinja's filters and tests,
    and `range`, come with it.
    """

    def __init__(
        self, functions: Mapping[str, Function] = _NOTHING, filters: Mapping[str, Function] = _NOTHING
    ) -> None:
        known = {"range": numbers, **functions}
        self._sandbox = Sandbox(known, filters)
        pure = frozenset(self._sandbox.table) - frozenset(filters)
        self._pieces: dict[str, Piece] = {}  # the same few expressions stand in many places, and reading one is slow
        self._words = Vocabulary(known, self._sandbox.table, tests_of(self._sandbox), pure)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a language is not pickled; whoever unpickles a playbook says which one it is written in")

    def expression(self, source: str, place: Location) -> Evaluate:
        """`body.model == 'x'`, in braces or not; gives ABSENT for what is not there.

        Raises DocumentError for what can't be understood; the closure raises TemplateError, both with the place.
        """
        return guarded(self._single(source, place), place)

    def condition(self, source: str, place: Location) -> Condition:
        """Whether the expression is true: what `when` asks. Raises as `expression` does."""
        piece = self._single(source, place)
        evaluate = guarded(piece, place)
        return lambda context: bool(evaluate(context))

    def scalar(self, source: str, place: Location) -> Piece:
        """Any text of a scenario: as it is, one `{{ expression }}` with its type, text with expressions in it, or a
        whole template with statements. One line end after a single expression is the YAML block's, and does not count.
        """
        if "{{" not in source and "{%" not in source and "{#" not in source:
            return constant(source, source)
        piece = self._pieces.get(source)
        if piece is None:
            compile = self._program if "{%" in source else self._text
            piece = self._understood(lambda: compile(source), place)
            if len(self._pieces) < _MOST_PIECES:
                self._pieces[source] = piece
        return piece

    def _single(self, source: str, place: Location) -> Piece:
        braced = source if source.lstrip().startswith("{{") else "{{ " + source + "\n}}"
        return self._understood(lambda: self._only(braced), place)

    def _only(self, braced: str) -> Piece:
        found = self._parse(braced.strip())
        if len(found) != 1 or isinstance(found[0], nodes.TemplateData):
            raise TemplateSyntaxError("expected exactly one expression", 1)
        return self._compiler(braced).piece(found[0])

    def _text(self, source: str) -> Piece:
        found = self._parse(source.replace("\r", _RETURN))
        compiler = self._compiler(source)
        if len(found) == 2 and isinstance(found[1], nodes.TemplateData) and found[1].data == "\n":
            del found[1]
        if len(found) == 1 and not isinstance(found[0], nodes.TemplateData):
            return replace(compiler.piece(found[0]), roots=frozenset(compiler.roots))
        pieces = [
            constant(node.data.replace(_RETURN, "\r"), "text")
            if isinstance(node, nodes.TemplateData)
            else compiler.piece(node)
            for node in found
        ]
        evaluate = concatenate(pieces)
        if all(piece.constant for piece in pieces):
            return constant(evaluate({}), source)
        return Piece(evaluate, source.strip(), roots=frozenset(compiler.roots))

    def _program(self, source: str) -> Piece:
        program, roots = compile_program(self._sandbox, self._words, source)
        return Piece(program, source.strip(), roots=roots)

    def _parse(self, source: str) -> list[nodes.Node]:
        """The text and the expressions in a source that has no statements."""
        return _plainly(source) or [
            part for output in self._sandbox.parse(source).body for part in output.iter_child_nodes()
        ]

    def _compiler(self, source: str) -> Compiler:
        inner = source.strip()
        if inner.startswith("{{") and inner.endswith("}}") and inner.count("{{") == 1:
            inner = inner[2:-2].strip()
        return Compiler(self._words, inner)

    def _understood(self, compile: Callable[[], Piece], place: Location) -> Piece:
        try:
            return compile()
        except TemplateSyntaxError as error:
            raise DocumentError([Diagnostic(place, f"{error.message}")]) from error
        except RecursionError as error:
            raise DocumentError([Diagnostic(place, "the expression is nested too deeply")]) from error


def _plainly(source: str) -> list[nodes.Node]:
    """What Jinja's parser would give for text with plain references in it, much sooner; nothing for all else."""
    parts = _REFERENCE.split(source)
    if any(brace in text for text in parts[::2] for brace in ("{{", "{%", "{#")):
        return []
    found: list[nodes.Node] = []
    for text, dotted in zip_longest(parts[::2], parts[1::2], fillvalue=""):
        if text:
            found.append(nodes.TemplateData(text))
        if dotted:
            root, *fields = dotted.split(".")
            node: nodes.Expr = nodes.Name(root, "load")
            for field in fields:
                node = nodes.Getattr(node, field, "load")
            found.append(node)
    return found


def guarded(piece: Piece, place: Location) -> Evaluate:
    """The piece's closure, ABSENT allowed; whatever goes wrong in it is a TemplateError with the place."""
    evaluate = piece.evaluate

    def guard(context: Mapping[str, Any]) -> Any:
        try:
            return evaluate(context)
        except EmulatorError:
            raise
        except Exception as error:
            raise failure(error, place, piece.name) from error

    return evaluate if piece.constant else guard


def present(piece: Piece, place: Location) -> Evaluate:
    """As `guarded`; an absent value is a TemplateError too."""
    evaluate, name = piece.evaluate, piece.name

    def guard(context: Mapping[str, Any]) -> Any:
        try:
            found = evaluate(context)
        except EmulatorError:
            raise
        except Exception as error:
            raise failure(error, place, name) from error
        if found is ABSENT:
            raise TemplateError(place, f"`{name}` is absent")
        return found

    return guard
