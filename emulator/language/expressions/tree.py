"""The nodes of a template's tree. Each writes the code of its value, and of its JSON as bytes.

Every scalar is evaluated by a statement of its own, and the statements stand in the order of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from jinja2 import nodes
from msgspec import Struct

from emulator.language.expressions.codegen import Parsed
from emulator.language.expressions.runtime import MAX_OUTPUT, Locate
from emulator.language.expressions.writer import Evaluate, Writer

_REFERENCES = (nodes.Name, nodes.Getattr, nodes.Getitem)
MANY_VALUES = 8  # of a mapping: from here on encoding it in one piece is sooner done than value by value
Part = bytes | str  # of JSON: bytes that are known, or the source of bytes that are not


class Node(Struct):
    """One node of the tree."""

    locate: Locate

    @property
    def optional(self) -> bool:
        """Whether it may be left out: its value is then MISSING, and its JSON empty."""
        return False

    def value(self, writer: Writer) -> str:
        """The source of the value, which is MISSING only if the node is left out."""
        raise NotImplementedError

    def maybe(self, writer: Writer) -> str:
        """The same, but the value of a single expression may be MISSING too."""
        return self.value(writer)

    def test(self, writer: Writer) -> str:
        """The same, of which only the truth is asked."""
        return self.maybe(writer)

    def json(self, writer: Writer) -> list[Part]:
        """The JSON of the value."""
        raise NotImplementedError


class Fixed(Node):
    """What is known at load, with its JSON."""

    constant: Any
    data: bytes

    @property
    def is_scalar(self) -> bool:
        """Whether it is neither a mapping nor a list."""
        return self.constant is None or isinstance(self.constant, bool | int | float | str)

    def function(self, name: str) -> Evaluate:
        """The function that gives the value or the JSON; nothing has to be generated for it."""
        constant, data = self.constant, self.data
        if name == "json":
            return lambda context: data
        return (lambda context: constant) if self.is_scalar else lambda context: orjson.loads(data)

    def value(self, writer: Writer) -> str:
        return writer.constant(self.constant).source if self.is_scalar else f"loads({self.data!r})"

    def json(self, writer: Writer) -> list[Part]:
        return [self.data]


class Scalar(Node):
    """One expression, or text with expressions in it."""

    parsed: Parsed

    def is_name(self, name: str) -> bool:
        """Whether it is nothing but a name."""
        (first, *more) = self.parsed.parts or (None,)
        return isinstance(first, nodes.Name) and first.name == name and not more

    def value(self, writer: Writer) -> str:
        writer.at(self.locate, self.parsed.name)
        it = writer.variable(writer.needed(self.parsed.write(writer, need=True), self.parsed.name).source)
        if len(self.parsed.parts) != 1 or not isinstance(self.parsed.parts[0], _REFERENCES):
            writer.keep(it)
        return it

    def maybe(self, writer: Writer) -> str:
        writer.at(self.locate, self.parsed.name)
        return writer.variable(self.parsed.write(writer).source)

    def test(self, writer: Writer) -> str:
        writer.at(self.locate, self.parsed.name)
        return writer.variable(self.parsed.write(writer, lenient=True).source)

    def ready(self, writer: Writer) -> str:
        """The same for an encoder, which refuses what is MISSING."""
        writer.at(self.locate, self.parsed.name)
        return writer.variable(self.parsed.write(writer, need=True).source)

    def json(self, writer: Writer) -> list[Part]:
        writer.at(self.locate, self.parsed.name)
        code = self.parsed.write(writer, need=True)
        if code.text:
            return [writer.assign(f"dumps({code.source})")]
        it = writer.assign(code.source)
        writer.line(f"{it} = dumps({it}) if {it}.__class__ is str or {it}.__class__ is int else encode({it})")
        return [it]


class Entries(Node):
    """A mapping whose keys are all fixed."""

    entries: Sequence[tuple[str, Node]]

    def value(self, writer: Writer) -> str:
        values = [(key, node.value(writer), node.optional) for key, node in self.entries]
        it = writer.assign(f"{{{', '.join(f'{key!r}: {value}' for key, value, _ in values)}}}")
        for key, value, optional in values:
            if optional:
                writer.line(f"if {value} is MISSING: del {it}[{key!r}]")
        return it

    def json(self, writer: Writer) -> list[Part]:
        if (whole := _in_one(self, writer)) is not None:
            return [whole]
        members = [(orjson.dumps(key) + b":", node) for key, node in self.entries]
        return [b"{", *_members(members, writer), b"}"]


class Keyed(Node):
    """A mapping with keys that are templates; of two keys that turn out alike, the later counts."""

    entries: Sequence[tuple[Node, Node]]

    def value(self, writer: Writer) -> str:
        values = [(key.value(writer), node.value(writer), node.optional) for key, node in self.entries]
        it = writer.assign("{}")
        for key, value, optional in values:
            writer.line(f"{f'if {value} is not MISSING: ' * optional}{it}[text({key})] = {value}")
        return it

    def json(self, writer: Writer) -> list[Part]:
        return _encoded(self, "the mapping", writer)


class Items(Node):
    """A list; the items of an `$each` in it become its own."""

    nodes: Sequence[Node]

    def value(self, writer: Writer) -> str:
        values = [f"{'*' * isinstance(node, Each)}{node.value(writer)}" for node in self.nodes]
        it = writer.assign(f"[{', '.join(values)}]")
        if any(node.optional for node in self.nodes):
            writer.line(f"{it} = [each for each in {it} if each is not MISSING]")
        return it

    def json(self, writer: Writer) -> list[Part]:
        members = [(b"", Spliced(node.locate, node) if isinstance(node, Each) else node) for node in self.nodes]
        return [b"[", *_members(members, writer), b"]"]


class Each(Node):
    """`$each`: one value for each item of a list, which is bound to a name, and its number to `index`."""

    source: Node
    name: str
    when: Node | None
    body: Node

    def value(self, writer: Writer) -> str:
        return writer.loop(self._value)

    def _value(self, writer: Writer) -> str:
        result, size = writer.assign("[]"), writer.assign("0")
        with self._loop(writer):
            it = writer.assign(self.body.value(writer))
            writer.line(f"{size} += len({it}) if {it}.__class__ is str else 1")
            self._limit(writer, size)
            writer.line(f"{f'if {it} is not MISSING: ' * self.body.optional}{result}.append({it})")
        return result

    def json(self, writer: Writer) -> list[Part]:
        return [b"[", self.items(writer), b"]"]

    def items(self, writer: Writer) -> str:
        """The JSON of the items, without the brackets."""
        return writer.loop(self._items)

    def _items(self, writer: Writer) -> str:
        result, size = writer.assign("[]"), writer.assign("0")
        with self._loop(writer):
            it = join(self.body.json(writer), writer)
            writer.line(f"{size} += len({it})")
            self._limit(writer, size)
            writer.line(f"{f'if {it}: ' * self.body.optional}{result}.append({it})")
        return f"b','.join({result})"

    def _limit(self, writer: Writer, size: str) -> None:
        message = f"$each gives more than {MAX_OUTPUT:,} bytes"
        writer.line(f"if {size} > {MAX_OUTPUT}: fail({writer.bind(self.locate)}, {message!r})")

    @contextmanager
    def _loop(self, writer: Writer) -> Iterator[None]:
        source = self.source.value(writer)
        writer.at(self.source.locate, "$each")
        index, item, items = writer.new(), writer.new(), writer.metered(f"listed({source})")
        with writer.block(f"for {index}, {item} in enumerate({items}):", **{self.name: item, "index": index}):
            if self.when is not None:
                writer.line(f"if not {self.when.test(writer)}: continue")
            yield


class Spliced(Node):
    """The items of an `$each` in a list, which may be none."""

    each: Each

    @property
    def optional(self) -> bool:
        return True

    def json(self, writer: Writer) -> list[Part]:
        return [self.each.items(writer)]


class Choice(Node):
    """`$if`: `then` or `else`; without `else` it is left out when the condition is false."""

    when: Node
    then: Node
    other: Node | None

    @property
    def optional(self) -> bool:
        return self.other is None or self.then.optional or self.other.optional

    def value(self, writer: Writer) -> str:
        test, it = self.when.test(writer), writer.new()
        with writer.block(f"if {test}:"):
            writer.line(f"{it} = {self.then.value(writer)}")
        with writer.block("else:"):
            writer.line(f"{it} = {self.other.value(writer) if self.other else 'MISSING'}")
        return it

    def json(self, writer: Writer) -> list[Part]:
        test, it = self.when.test(writer), writer.new()
        with writer.block(f"if {test}:"):
            writer.line(f"{it} = {join(self.then.json(writer), writer)}")
        with writer.block("else:"):
            writer.line(f"{it} = {join(self.other.json(writer) if self.other else [b''], writer)}")
        return [it]


class Merge(Node):
    """`$merge`: several mappings in one, a later one's keys winning."""

    nodes: Sequence[Node]

    def value(self, writer: Writer) -> str:
        merged = writer.assign("{}")
        for node in self.nodes:
            writer.line(f"merge({merged}, {node.value(writer)}, {writer.bind(node.locate)})")
        return merged

    def json(self, writer: Writer) -> list[Part]:
        return _encoded(self, "$merge", writer)


def flatten(node: Node) -> list[bytes | Scalar | None]:
    """The JSON of a node as bytes and scalars, with None for what is more than that."""
    if isinstance(node, Fixed):
        return [node.data]
    if isinstance(node, Entries):
        members, ends = [(orjson.dumps(key) + b":", each) for key, each in node.entries], (b"{", b"}")
    elif isinstance(node, Items):
        members, ends = [(b"", each) for each in node.nodes], (b"[", b"]")
    else:
        return [node if isinstance(node, Scalar) else None]
    flat: list[bytes | Scalar | None] = [ends[0]]
    for at, (key, each) in enumerate(members):
        flat += [b"," * (at > 0) + key, *flatten(each)]
    return [*flat, ends[1]]


def _in_one(node: Entries, writer: Writer) -> str | None:
    """The source of the JSON of a mapping that is encoded in one piece, which is sooner done when it has many values.

    None for one that is encoded part by part: because values in it may be left out, or are few.
    """
    flat = flatten(node)
    if writer.checked or None in flat or sum(isinstance(part, Scalar) for part in flat) < MANY_VALUES:
        return None
    nulls = sum(part.count(b"null") for part in flat if isinstance(part, bytes))
    return writer.assign(f"encode_whole({_display(node, writer)}, {nulls})")


def _display(node: Node, writer: Writer) -> str:
    """The source of a value of mappings, lists and scalars, in which JSON that is known stands as it is."""
    if isinstance(node, Entries):
        return f"{{{', '.join(f'{key!r}: {_display(each, writer)}' for key, each in node.entries)}}}"
    if isinstance(node, Items):
        return f"[{', '.join(_display(each, writer) for each in node.nodes)}]"
    if isinstance(node, Fixed) and not node.is_scalar:
        return writer.bind(orjson.Fragment(node.data))
    return node.ready(writer) if isinstance(node, Scalar) else node.value(writer)


def join(parts: Sequence[Part], writer: Writer) -> str:
    """The source of the bytes that all parts are together."""
    merged: list[Part] = []
    for part in parts:
        if merged and isinstance(part, bytes) and isinstance(merged[-1], bytes):
            merged[-1] += part
        else:
            merged.append(part)
    sources = [repr(part) if isinstance(part, bytes) else part for part in merged or [b""]]
    if len(sources) == 1:
        return sources[0]
    return writer.assign(" + ".join(sources) if len(sources) <= 3 else f"b''.join(({', '.join(sources)}))")


def _encoded(node: Node, name: str, writer: Writer) -> list[Part]:
    value = node.value(writer)
    writer.at(node.locate, name)
    return [writer.assign(f"encode({value})")]


def _members(entries: Sequence[tuple[bytes, Node]], writer: Writer) -> Iterator[Part]:
    """The entries of an object, each with its key before it, or of a list; an optional one brings its own comma."""
    first = next((at for at, (_, node) in enumerate(entries) if not node.optional), len(entries))
    optional = []
    for at, (key, node) in enumerate(entries):
        before, after = b"," * (at > first) + key, b"," * (at < first < len(entries))
        if not node.optional:
            yield before
            yield from node.json(writer)
            continue
        it = writer.assign(join(node.json(writer), writer))
        if before or after:
            writer.line(f"if {it}: {it} = {before!r} + {it} + {after!r}")
        optional.append(it)
        if first < len(entries):
            yield it
    if first == len(entries):
        yield writer.assign(f"b','.join([each for each in ({''.join(f'{it}, ' for it in optional)}) if each])")
