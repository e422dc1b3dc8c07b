"""The nodes that give what the request asks for: lists, `$each`, `$if` and `$merge`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.errors import EmulatorError, Location, TemplateError
from emulator.language.expressions.absent import ABSENT
from emulator.language.expressions.assemble import Hole, Member, Part, assemble, members
from emulator.language.expressions.encode import failure
from emulator.language.expressions.operate import MOST_OUTPUT, listed
from emulator.language.expressions.quick import Quick, joined, named
from emulator.language.expressions.tree import Node, Scope


class Items:
    """A list; the items of an `$each` in it become its own."""

    optional = False

    def __init__(self, nodes: Sequence[Node], place: Location) -> None:
        self.place = place
        self.nodes = nodes

    def value(self, context: Scope) -> list[Any]:
        found: list[Any] = []
        for node in self.nodes:
            value = node.value(context)
            if isinstance(node, Each):
                found.extend(value)
            elif value is not ABSENT:
                found.append(value)
        return found

    maybe = value

    def parts(self) -> list[Part]:
        return [b"[", *members([self._member(node) for node in self.nodes]), b"]"]

    def quick(self) -> Quick | None:
        ways = [None if node.optional or isinstance(node, Each) else node.quick() for node in self.nodes]
        return joined("[" + ", ".join("%" for _ in ways) + "]", *ways)

    def _member(self, node: Node) -> Member:
        if isinstance(node, Each):
            return Member(b"", [node.spliced()], optional=True, place=node.place)
        return Member(b"", node.parts(), node.optional, node.place)


class Each:
    """`$each`: one value for each item of a list, which is bound to a name, and its number to `index`."""

    optional = False

    def __init__(self, source: Node, name: str, test: Node | None, body: Node, place: Location) -> None:
        self.place = place
        self.source = source
        self.name = name
        self.test = test
        self.body = body
        self.write = assemble(body.parts())

    def value(self, context: Scope) -> list[Any]:
        return [found for found in self._results(context, self.body.value) if found is not ABSENT]

    maybe = value

    def parts(self) -> list[Part]:
        return [b"[", self.spliced(), b"]"]

    def quick(self) -> None:
        return None

    def spliced(self) -> Hole:
        """The JSON of the items without the brackets."""

        def write(context: Scope) -> bytes:
            return b",".join([data for data in self._results(context, self.write) if data])

        return Hole(write, self.place, "$each", ready=True)

    def _results(self, context: Scope, use: Callable[[Scope], Any]) -> list[Any]:
        names = context if isinstance(context, dict) else dict(context)
        before = {name: names.get(name, ABSENT) for name in (self.name, "index")}  # `get` makes no lazy name
        bind, wanted = self.name, None if self.test is None else self.test.maybe
        found: list[Any] = []
        size = 0
        try:
            for index, item in enumerate(self._items(context)):
                names["index"] = index
                names[bind] = item
                if wanted is None or wanted(names):
                    result = use(names)
                    found.append(result)
                    if result.__class__ is bytes:
                        size += len(result)
                        if size > MOST_OUTPUT:
                            raise TemplateError(self.place, f"$each gives more than {MOST_OUTPUT:,} bytes")
        finally:
            _restore(names, before)
        return found

    def _items(self, context: Scope) -> list[Any]:
        try:
            return listed(self.source.value(context))
        except EmulatorError:
            raise
        except Exception as error:
            raise failure(error, self.source.place, "$each") from error


def _restore(names: dict[str, Any], before: Mapping[str, Any]) -> None:
    for name, value in before.items():
        if value is ABSENT:
            names.pop(name, None)
        else:
            names[name] = value


class Choice:
    """`$if`: `then` or `else`; without `else` it is left out when the condition is false."""

    def __init__(self, test: Node, then: Node, other: Node | None, place: Location) -> None:
        self.place = place
        self.test = test
        self.then = then
        self.other = other
        self.optional = other is None or then.optional or other.optional

    def value(self, context: Scope) -> Any:
        if self.test.maybe(context):
            return self.then.value(context)
        return ABSENT if self.other is None else self.other.value(context)

    maybe = value

    def parts(self) -> list[Part]:
        test, then = self.test.maybe, assemble(self.then.parts())
        other = assemble([] if self.other is None else self.other.parts())
        return [Hole(lambda context: then(context) if test(context) else other(context), self.place, "$if", ready=True)]

    def quick(self) -> Quick | None:
        if self.other is None or self.optional:
            return None
        return joined("(% if %(s) else %)", self.then.quick(), named(self.test.maybe), self.other.quick())


class Merge:
    """`$merge`: several mappings in one, a later one's keys winning."""

    optional = False

    def __init__(self, nodes: Sequence[Node], place: Location) -> None:
        self.place = place
        self.nodes = nodes

    def value(self, context: Scope) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for node in self.nodes:
            found = node.value(context)
            if found is ABSENT:
                continue
            if not isinstance(found, Mapping):
                raise TemplateError(node.place, f"expected a mapping to merge, found {type(found).__name__}")
            merged.update(found)
        return merged

    maybe = value

    def parts(self) -> list[Part]:
        return [Hole(self.value, self.place, "$merge")]

    def quick(self) -> None:
        return None
