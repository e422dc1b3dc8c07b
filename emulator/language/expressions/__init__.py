"""Templates: expressions in Jinja's syntax, in a tree of YAML, become Python functions of a context of names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from weakref import WeakValueDictionary

from jinja2 import TemplateSyntaxError

from emulator.errors import Diagnostic, DocumentError
from emulator.language.expressions.codegen import Expression, Parsed
from emulator.language.expressions.filters import tests_of
from emulator.language.expressions.names import Function, Names
from emulator.language.expressions.parser import Part, parse
from emulator.language.expressions.runtime import Locate, numbers
from emulator.language.expressions.statements import Sandbox, compile_program
from emulator.language.expressions.wording import plain_words
from emulator.language.expressions.writer import Writer

_NOTHING: Final[Mapping[str, Function]] = MappingProxyType({})


class Language:
    """What the expressions of a playbook may use.

    Functions are called as f(context, *args, **kwargs), filters as f(value, *args, **kwargs); Jinja's filters and
    tests, and `range`, come with it.
    """

    def __init__(
        self, functions: Mapping[str, Function] = _NOTHING, filters: Mapping[str, Function] = _NOTHING
    ) -> None:
        known = {"range": numbers, **functions}
        self._sandbox = Sandbox(known, filters)
        pure = frozenset(self._sandbox.table) - frozenset(filters)
        # The same few expressions stand in many places, and reading one is slow. They go with their playbooks.
        self._parsed: WeakValueDictionary[str, Parsed] = WeakValueDictionary()
        self.names = Names(known, self._sandbox.table, tests_of(self._sandbox), pure)

    def scalar(self, source: str, locate: Locate) -> Parsed:
        """Any text of a scenario: as it is, one `{{ expression }}` with its type, text with expressions in it, or a
        whole template with statements. One line end after a single expression is the YAML block's, and does not count.

        Raises DocumentError for what can't be understood.
        """
        if "{{" not in source and "{%" not in source and "{#" not in source:
            return Parsed(self.names, source, source, constant=True, value=source)
        parsed = self._parsed.get(source)
        if parsed is None:
            try:
                parsed = self._program(source) if "{%" in source else self._text(source)
            except TemplateSyntaxError as error:
                raise DocumentError([Diagnostic(locate(), plain_words(str(error.message)))]) from error
            except RecursionError as error:
                raise DocumentError([Diagnostic(locate(), "the expression is nested too deeply")]) from error
            self._parsed[source] = parsed
        return parsed

    def parts(self, source: str) -> list[Part]:
        """The texts and the Jinja nodes of a text without statements; raises TemplateSyntaxError and RecursionError."""
        found = parse(self._sandbox, source)
        return found[:1] if len(found) == 2 and found[1] == "\n" else found

    def _text(self, source: str) -> Parsed:
        whole = source.strip()
        inner = whole[2:-2].strip() if whole[:2] == "{{" and whole[-2:] == "}}" and whole.count("{{") == 1 else whole
        parts = self.parts(source)
        expression = Expression(self.names, inner, Writer(checked=True), {}, fold=True)
        single = parts[0] if len(parts) == 1 and not isinstance(parts[0], str) else None
        code = expression.text(parts) if single is None else expression.write(single)
        if code.constant:
            return Parsed(self.names, inner, whole, constant=True, value=code.value)
        name = whole if single is None else expression.name(single)
        return Parsed(self.names, inner, name, parts, frozenset(expression.names), expression.known)

    def _program(self, source: str) -> Parsed:
        program, names = compile_program(self._sandbox, self.names, source)
        return Parsed(self.names, source, source.strip(), names=names, program=program)
