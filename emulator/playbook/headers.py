"""Header lines: those known at load as bytes, and those that each answer computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.errors import TemplateError
from emulator.http import Header
from emulator.language.expressions.absent import ABSENT
from emulator.language.expressions.quick import Quick, Unusual, compile_quick, joined, named
from emulator.language.expressions.template import Template


class Headers:
    """Header lines in order; call `lines(scope)` rather than keep it.

    A computed line that is null or absent is left out; TemplateError for a value that can't stand in a header
    (RFC 9110 section 5.5).
    """

    def __init__(self, fixed: Sequence[Header] = (), computed: Sequence[tuple[bytes, Template]] = ()) -> None:
        self.fixed = tuple(fixed)
        self.computed = tuple(computed)
        self.lines: Callable[[Mapping[str, Any]], list[Header]] = self._prepare

    def __reduce__(self) -> tuple[type[Headers], tuple[Sequence[Header], Sequence[tuple[bytes, Template]]]]:
        return Headers, (self.fixed, self.computed)

    def _prepare(self, context: Mapping[str, Any]) -> list[Header]:
        self.lines = compile_quick(self._quick(), self._careful)
        lines: list[Header] = self.lines(context)
        return lines

    def _careful(self, context: Mapping[str, Any]) -> list[Header]:
        lines = list(self.fixed)
        for name, template in self.computed:
            value = template.maybe(context)
            if value is None or value is ABSENT:
                continue
            text = str(value)
            if not (text.isascii() and text.isprintable()):
                raise TemplateError(template.place, f"the header {name.decode()} can't hold {text[:80]!r}")
            lines.append((name, text.encode()))
        return lines

    def _quick(self) -> Quick | None:
        form = ", ".join(["*%", *("(%, %(%))" for _ in self.computed)])
        parts: list[Quick | None] = [named(self.fixed)]
        for name, template in self.computed:
            parts += [named(name), named(written), template.way]
        return joined(f"[{form}]", *parts)


def written(value: Any) -> bytes:
    """A value as it stands in a header line, unless there is something to say against it."""
    text = value if value.__class__ is str else str(value)
    if value is None or not (text.isascii() and text.isprintable()):
        raise Unusual
    return text.encode()
