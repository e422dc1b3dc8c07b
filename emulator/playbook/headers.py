"""Header lines: those known at load as bytes, and those that each answer computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

from msgspec import Struct

from emulator.errors import TemplateError
from emulator.http import Header, read_lines, write_lines
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
        text, write = writer.assign(repr(write_lines(self.fixed))), writer.bind(header_value)
        for name, template in self.computed:
            value, shown = writer.variable(template.node.maybe(writer)), name.decode("latin-1")
            plain = f"{value}.__class__ is str and {value}.isascii() and {value}.isprintable()"
            other = f"{write}({value}, {writer.bind(shown)}, {writer.bind(template.node.locate)})"
            written = f"{value} if {value}.__class__ is int or {plain} else {other}"
            line = f"{f'{shown}: '!r} f'{{{written}}}\\r\\n'"
            writer.line(f"if {value} is not None and {value} is not MISSING: {text} += {line}")
        return text


def header_value(value: Any, name: str, locate: Locate) -> str:
    """A value as it stands in a header line; raises TemplateError for what can't stand there."""
    text = value if value.__class__ is str else str(value)
    if not (text.isascii() and text.isprintable()):
        raise TemplateError(locate(), f"the header {name} can't hold {text[:80]!r}")
    return text
