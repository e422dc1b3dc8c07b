"""A YAML tree with expressions in it becomes a template: checked at load, it gives a value, or JSON, for a context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from emulator.errors import DocumentError, Location
from emulator.language.expressions import Language
from emulator.language.expressions.builder import Path, TreeBuilder
from emulator.language.expressions.tree import Fixed, Node, join
from emulator.language.expressions.writer import Evaluate, Writer, generate

LEFT_OUT = "`$if` is false and there is no `else`"
Write = Callable[[Mapping[str, Any]], bytes]


class Source(Struct, frozen=True):
    """What a template is compiled from: a tree, which stands at a path of a document."""

    tree: Any
    language: Language
    place_of: Callable[[Path], Location]
    path: Path

    def compile(self) -> Node:
        """Raises DocumentError with everything wrong in the tree."""
        builder = TreeBuilder(self.language, self.place_of)
        node = builder.build(self.tree, self.path)
        if builder.diagnostics:
            raise DocumentError(builder.diagnostics)
        return node


class Template:
    """One compiled tree.

    `value(context)` is plain Python; `json(context)` its JSON; `maybe(context)` the value, or MISSING when the tree is
    a single expression whose value is missing. They raise TemplateError with the location of the scalar that failed. A
    tree that is an `$if` without `else` gives MISSING when it is false; it has no JSON then.

    Each of the three functions is generated when it is first asked for, because most templates of a playbook are never
    asked. For the same reason a template that comes out of a pickle, where its source alone is kept, is read when it
    is first used.
    """

    __slots__ = ("_node", "_source", "constant", "json", "maybe", "value")

    value: Evaluate
    maybe: Evaluate
    json: Write

    def __init__(self, source: Source, constant: bool, node: Node | None = None) -> None:
        self._source = source
        self._node = node
        self.constant = constant

    def __getattr__(self, name: str) -> Evaluate:
        """Generates one of the three functions."""
        if name not in ("value", "maybe", "json"):
            raise AttributeError(name)
        node = self.node
        if isinstance(node, Fixed):
            function = node.function(name)
        else:
            write = {"value": node.value, "maybe": node.maybe, "json": self.whole}[name]
            function = generate(write)
        setattr(self, name, function)
        return function

    def __reduce__(self) -> tuple[type[Template], tuple[Source, bool]]:
        return Template, (self._source, self.constant)

    @property
    def node(self) -> Node:
        """The tree."""
        if self._node is None:
            self._node = self._source.compile()
        return self._node

    @property
    def place(self) -> Location:
        """Where it stands."""
        return self._source.place_of(self._source.path)

    def true(self, context: Mapping[str, Any]) -> bool:
        """Whether the value is true; a missing one is false."""
        return bool(self.maybe(context))

    def whole(self, writer: Writer) -> str:
        data = join(self.node.json(writer), writer)
        if self.node.optional:
            writer.line(f"if not {data}: fail({writer.bind(self.node.locate)}, {LEFT_OUT!r})")
        return data


def compile_tree(tree: Any, language: Language, place_of: Callable[[Path], Location], path: Path = ()) -> Template:
    """Compile the tree that stands at a path of a document; raises DocumentError with everything wrong in it."""
    source = Source(tree, language, place_of, path)
    node = source.compile()
    return Template(source, isinstance(node, Fixed), node)
