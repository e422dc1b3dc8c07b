"""Header lines: those known at load as bytes, and those that each answer computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

from msgspec import Struct

from emulator.errors import TemplateError
from emulator.http import Header
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
    def lines(self) -> Callable[[Mapping[str, Any]], list[Header]]:
        """The lines for a context. A computed one that is null or missing is left out.

        Raises TemplateError for a value that can't stand in a header (RFC 9110 section 5.5).
        """
        return generate(copy(self).write)

    def write(self, writer: Writer) -> str:
        """Writes the code of the lines."""
        lines, write = writer.assign(f"[*{writer.bind(self.fixed)}]"), writer.bind(header_value)
        for name, template in self.computed:
            value = template.node.maybe(writer)
            plain = f"{value}.__class__ is str and {value}.isascii() and {value}.isprintable()"
            other = f"{write}({value}, {name!r}, {writer.bind(template.node.locate)})"
            written = f"b'%d' % {value} if {value}.__class__ is int else {value}.encode() if {plain} else {other}"
            writer.line(f"if {value} is not None and {value} is not MISSING: {lines}.append(({name!r}, {written}))")
        return lines


def header_value(value: Any, name: bytes, locate: Locate) -> bytes:
    """A value as it stands in a header line; raises TemplateError for what can't stand there."""
    if value.__class__ is int:
        return b"%d" % value
    text = value if value.__class__ is str else str(value)
    if not (text.isascii() and text.isprintable()):
        raise TemplateError(locate(), f"the header {name.decode()} can't hold {text[:80]!r}")
    return bytes(text, "ascii")
