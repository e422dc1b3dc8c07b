"""The nodes that give what the request asks for: lists, `$each`, `$if` and `$merge`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.errors import EmulatorError, Place, TemplateError
from emulator.scenario.absent import ABSENT
from emulator.scenario.assemble import Hole, Member, Part, assemble, members
from emulator.scenario.encode import failure
from emulator.scenario.operate import MOST_OUTPUT, listed
from emulator.scenario.quick import Quick, joined, named
from emulator.scenario.tree import Node, Scope


class Items:
    """A list; the items of an `$each` in it become its own."""

    optional = False

    def __init__(self, nodes: Sequence[Node], place: Place) -> None:
        self.place = place
        self.nodes = nodes

    def value(self, scope: Scope) -> list[Any]:
        found: list[Any] = []
        for node in self.nodes:
            value = node.value(scope)
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

    def __init__(self, source: Node, name: str, test: Node | None, body: Node, place: Place) -> None:
        self.place = place
        self.source = source
        self.name = name
        self.test = test
        self.body = body
        self.write = assemble(body.parts())

    def value(self, scope: Scope) -> list[Any]:
        return [found for found in self._results(scope, self.body.value) if found is not ABSENT]

    maybe = value

    def parts(self) -> list[Part]:
        return [b"[", self.spliced(), b"]"]

    def quick(self) -> None:
        return None

    def spliced(self) -> Hole:
        """The JSON of the items without the brackets."""

        def write(scope: Scope) -> bytes:
            return b",".join([data for data in self._results(scope, self.write) if data])

        return Hole(write, self.place, "$each", ready=True)

    def _results(self, scope: Scope, use: Callable[[Scope], Any]) -> list[Any]:
        names = scope if isinstance(scope, dict) else dict(scope)
        before = {name: names.get(name, ABSENT) for name in (self.name, "index")}  # `get` makes no lazy name
        bind, wanted = self.name, None if self.test is None else self.test.maybe
        found: list[Any] = []
        size = 0
        try:
            for index, item in enumerate(self._items(scope)):
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

    def _items(self, scope: Scope) -> list[Any]:
        try:
            return listed(self.source.value(scope))
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

    def __init__(self, test: Node, then: Node, other: Node | None, place: Place) -> None:
        self.place = place
        self.test = test
        self.then = then
        self.other = other
        self.optional = other is None or then.optional or other.optional

    def value(self, scope: Scope) -> Any:
        if self.test.maybe(scope):
            return self.then.value(scope)
        return ABSENT if self.other is None else self.other.value(scope)

    maybe = value

    def parts(self) -> list[Part]:
        test, then = self.test.maybe, assemble(self.then.parts())
        other = assemble([] if self.other is None else self.other.parts())
        return [Hole(lambda scope: then(scope) if test(scope) else other(scope), self.place, "$if", ready=True)]

    def quick(self) -> Quick | None:
        if self.other is None or self.optional:
            return None
        return joined("(% if %(s) else %)", self.then.quick(), named(self.test.maybe), self.other.quick())


class Merge:
    """`$merge`: several mappings in one, a later one's keys winning."""

    optional = False

    def __init__(self, nodes: Sequence[Node], place: Place) -> None:
        self.place = place
        self.nodes = nodes

    def value(self, scope: Scope) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for node in self.nodes:
            found = node.value(scope)
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
