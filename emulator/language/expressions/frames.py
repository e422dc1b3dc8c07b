"""The frames of a stream's events: known bytes around values, one frame or one for each item of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

from msgspec import Struct

from emulator.language.expressions.template import Template, calls
from emulator.language.expressions.tree import Part, Scalar, flatten, join
from emulator.language.expressions.writer import Writer, generate

Encode = Callable[[Any], bytes]
FramePart = bytes | tuple[Template, Encode | None]
Known = bytes | Scalar


class Frames(Struct, frozen=True, dict=True):
    """What one event of a stream writes: known bytes and values, each as JSON or as the function beside it has it.

    With `each` it writes a frame for every item of a list, which is bound to the name `bind`; those for which `when`
    does not hold are left out.
    """

    parts: Sequence[FramePart]
    each: Template | None = None
    bind: str = ""
    when: Template | None = None

    @cached_property
    def single(self) -> Callable[[Mapping[str, Any]], list[bytes]]:
        """The frames for a context, one by one."""
        return generate(copy(self)._write)

    def _write(self, writer: Writer) -> str:
        result = writer.assign("[]")
        if self.each is None:
            self._write_frame(writer, result)
        else:
            self._write_loop(writer, self.each.node.value(writer), result)
        return result

    def write_whole(self, writer: Writer) -> tuple[list[Part], str]:
        """Writes the code of the frames in one piece: its parts, and the source of how many frames they are."""
        if self.each is None and self.when is None:
            return self._parts(writer), "1"
        around = None if writer.checked else self._around_item()
        if self.each is None or around is None:
            frames = self._write(writer)
            return [f"b''.join({frames})"], f"len({frames})"
        items, data, count, before, after = self.each.node.value(writer), *(writer.new() for _ in range(4))
        writer.line(f"{data} = None")
        with writer.block(f"if {items}:"):
            start, end = (join(_encoded(parts, writer), writer) for parts in around)
            encoded = f"encode_texts({items}, b'\"' + {end} + {start} + b'\"')"
            writer.line(f"{before}, {data}, {after} = {start}, {encoded}, {end}")
        with writer.block(f"if {data} is not None:"):
            writer.line(f"s[{self.bind!r}], {count} = {items}[-1], len({items})")
        with writer.block("else:"):
            frames = writer.assign("[]")
            self._write_loop(writer, items, frames)
            writer.line(f"{before}, {data}, {after}, {count} = b'', b''.join({frames}), b'', len({frames})")
        writer.forget(self.bind)
        return [before, data, after], count

    def _write_loop(self, writer: Writer, items: str, result: str) -> None:
        assert self.each is not None
        writer.at(self.each.node.locate, "$each")
        item = writer.assign("MISSING")

        def write(writer: Writer) -> str:
            with writer.block(f"for {item} in {writer.metered(items)}:", **{self.bind: item}):
                self._write_frame(writer, result)
            writer.line(f"if {item} is not MISSING: s[{self.bind!r}] = {item}")  # what comes later sees the last one
            return result

        writer.loop(write)
        writer.forget(self.bind)

    def _write_frame(self, writer: Writer, result: str) -> None:
        if self.when is None:
            writer.line(f"{result}.append({self._join(writer)})")
            return
        with writer.block(f"if {self.when.node.test(writer)}:"):
            writer.line(f"{result}.append({self._join(writer)})")

    def _join(self, writer: Writer) -> str:
        return join(self._parts(writer), writer)

    def _parts(self, writer: Writer) -> list[Part]:
        data: list[Part] = []
        for part in self.parts:
            if isinstance(part, bytes):
                data.append(part)
            elif part[1] is None:
                data += part[0].parts(writer)
            else:
                data.append(writer.assign(f"{writer.bind(part[1])}({part[0].node.value(writer)})"))
        return data

    def _around_item(self) -> tuple[Sequence[Known], Sequence[Known]] | None:
        """What stands before and after the item, if it is the same in each frame and the item a JSON value in it."""
        flat: list[Known | None] = []
        for part in self.parts:
            flat += [part] if isinstance(part, bytes) else [None] if part[1] else flatten(part[0].node)
        at = next((at for at, part in enumerate(flat) if isinstance(part, Scalar) and part.is_name(self.bind)), None)
        if self.when is not None or at is None:
            return None
        before, after = ([part for part in parts if part is not None] for parts in (flat[:at], flat[at + 1 :]))
        same = len(before) + 1 + len(after) == len(flat) and all(map(self._is_same, (*before, *after)))
        return (before, after) if same else None

    def _is_same(self, part: Known) -> bool:
        """Whether it is the same in each frame."""
        return isinstance(part, bytes) or not (self.bind in part.parsed.names or part.parsed.program or calls(part))


def _encoded(parts: Sequence[Known], writer: Writer) -> list[Part]:
    return [each for part in parts for each in ([part] if isinstance(part, bytes) else part.json(writer))]


def write_all(events: Sequence[Frames], writer: Writer) -> tuple[str, str]:
    """Writes the code of the frames of these events in one piece: the sources of the bytes and of their number."""
    parts: list[Part] = []
    counts: list[str] = []
    for frames in events:
        with writer.measured():
            data, count = frames.write_whole(writer)
        parts += data
        counts.append(count)
    known = counts.count("1")
    return join(parts, writer), " + ".join([str(known), *(count for count in counts if count != "1")])
