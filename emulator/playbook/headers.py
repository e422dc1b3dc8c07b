"""Header lines: those known at load as bytes, and those that each answer computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

from msgspec import Struct

from emulator.errors import TemplateError
from emulator.http.headers import Header, read_lines, write_lines
from emulator.language.expressions.runtime import Locate
from emulator.language.expressions.template import Template
from emulator.language.expressions.writer import Writer, generate

# Headers that the engine adds to finished replies, in lower case; an API's limit headers come beside them.
ADDED = frozenset(
    (
        *(b"date", b"x-emulator-error", b"x-emulator-hint", b"x-emulator-provenance"),
        *(b"access-control-allow-origin", b"access-control-expose-headers"),
    )
)


class Headers(Struct, frozen=True, dict=True):
    """Header lines in order. `stated` are those names (in lower case) that the engine would add later but must not,
    because these headers have the line, or say with null that there is none."""

    fixed: Sequence[Header] = ()
    computed: Sequence[tuple[bytes, Template]] = ()
    stated: frozenset[bytes] = frozenset()

    @cached_property
    def text(self) -> Callable[[Mapping[str, Any]], str]:
        """The lines for a context, as they are sent. A computed one that is null or missing is left out.

        Raises TemplateError for a value that can't stand in a header (RFC 9110 section 5.5).
        """
        return generate(copy(self).write)

    def lines(self, context: Mapping[str, Any]) -> list[Header]:
        """Returns the lines for a context one by one."""
        return read_lines(self.text(context))

    def write(self, writer: Writer) -> str:
        """Writes the code of the text of the lines."""
        fixed = repr(write_lines(self.fixed))
        if not self.computed or writer.checked:
            return self._line_by_line(fixed, self.computed, writer)
        lines = [(name, template, writer.variable(template.node.maybe(writer))) for name, template in self.computed]
        text = writer.new()
        # Nearly always each value is a number or plain text, and then all lines are one text, made at once.
        whole = " ".join(f"{_name(name)} f'{{{value}}}\\r\\n'" for name, _, value in lines)
        writer.line(f"if {' and '.join(f'({_plain(value)})' for *_, value in lines)}: {text} = {fixed} {whole}")
        with writer.block("else:"):
            writer.line(f"{text} = {fixed}")
            for name, template, value in lines:
                self._add_line(text, name, template, value, writer)
        return text

    def _line_by_line(self, fixed: str, computed: Sequence[tuple[bytes, Template]], writer: Writer) -> str:
        text = writer.assign(fixed)
        for name, template in computed:
            self._add_line(text, name, template, writer.variable(template.node.maybe(writer)), writer)
        return text

    @staticmethod
    def _add_line(text: str, name: bytes, template: Template, value: str, writer: Writer) -> None:
        shown = writer.bind(name.decode("latin-1"))
        other = f"{writer.bind(header_value)}({value}, {shown}, {writer.bind(template.node.locate)})"
        line = f"{_name(name)} f'{{{value} if {_plain(value)} else {other}}}\\r\\n'"
        writer.line(f"if {value} is not None and {value} is not MISSING: {text} += {line}")


def _name(name: bytes) -> str:
    return repr(f"{name.decode('latin-1')}: ")


def _plain(value: str) -> str:
    """The source of whether a value can stand in a header line as it is."""
    return f"{value}.__class__ is int or {value}.__class__ is str and {value}.isascii() and {value}.isprintable()"


def header_value(value: Any, name: str, locate: Locate) -> str:
    """A value as it stands in a header line; raises TemplateError for what can't stand there."""
    text = value if value.__class__ is str else str(value)
    if not (text.isascii() and text.isprintable()):
        raise TemplateError(locate(), f"the header {name} can't hold {text[:80]!r}")
    return text
