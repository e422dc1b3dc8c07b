"""A YAML tree with expressions in it becomes a template: compiled at load, it gives a value, or JSON, for a scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct
from orjson import dumps

from emulator.errors import DocumentError, Location, TemplateError
from emulator.language.expressions.assemble import Write, assemble, quick_pieces
from emulator.language.expressions.encode import check_finite
from emulator.language.expressions.expression import Language
from emulator.language.expressions.quick import Quick, compile_quick, joined, literal, named, there
from emulator.language.expressions.reference import Evaluate
from emulator.language.expressions.tree import Fixed, Node, Scalar
from emulator.language.expressions.tree_builder import Path, TreeBuilder

_FEW: Final = 3  # holes up to which joining bytes is faster than encoding the whole value


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
        if builder.complaints:
            raise DocumentError(builder.complaints)
        return node


class Template:
    """One compiled tree.

    `value(scope)` is plain Python; `json(scope)` its JSON; `maybe(scope)` the value, or ABSENT when the tree is a
    single expression whose value is absent. They raise TemplateError with the place of the scalar that failed. A tree
    that is an `$if` without `else` gives ABSENT when it is false; it has no JSON then.

    `way` is the quick way to a single expression's value. Each of the three functions is put together when it is first
    asked for and then stands in its own place, because most templates of a playbook are never asked: call it as
    `template.value(scope)` rather than keep it. For the same reason a template that comes out of a pickle, where its
    source alone is kept, is compiled when it is first used.
    """

    __slots__ = ("_found", "_source", "constant", "json", "maybe", "place", "value")

    def __init__(self, source: Source, place: Location, constant: bool, node: Node | None = None) -> None:
        self._source = source
        self._found = node
        self.place = place
        self.constant = constant
        self.value: Evaluate = self._later("value", _value)
        self.maybe: Evaluate = self._later("maybe", _maybe)
        self.json: Write = self._later("json", _json)

    def __reduce__(self) -> tuple[type[Template], tuple[Source, Location, bool]]:
        return Template, (self._source, self.place, self.constant)

    @property
    def way(self) -> Quick | None:
        node = self._node
        if isinstance(node, Scalar):
            return node.piece.quick
        return literal(node.constant) if isinstance(node, Fixed) else None

    @property
    def _node(self) -> Node:
        if self._found is None:
            self._found = self._source.compile()
        return self._found

    def true(self, context: Mapping[str, Any]) -> bool:
        """Whether the value is true; what is absent is false."""
        return bool(self.maybe(context))

    def framed(self, before: bytes, after: bytes) -> Write:
        """A function that writes the JSON between some bytes."""
        if self._node.optional:
            return lambda context: before + self.json(context) + after
        parts = [before, *self._node.parts(), after]
        return compile_quick(quick_pieces(parts, dumped, _FEW), assemble(parts))

    def _later(self, name: str, make: Callable[[Node], Evaluate]) -> Evaluate:
        def first(context: Mapping[str, Any]) -> Any:
            function = make(self._node)
            setattr(self, name, function)
            return function(context)

        return first


def _value(node: Node) -> Evaluate:
    if not isinstance(node, Scalar):
        return node.value
    return compile_quick(joined("%(%)", named(there), node.piece.quick), node.value)


def _maybe(node: Node) -> Evaluate:
    return compile_quick(node.piece.quick, node.maybe) if isinstance(node, Scalar) else node.maybe


def _json(node: Node) -> Write:
    write = assemble(node.parts())
    if isinstance(node, Fixed):
        return write
    if node.optional:
        return _whole(write, node.place)
    few = quick_pieces(node.parts(), dumped, _FEW)
    if few is not None:
        return compile_quick(few, write)
    way = node.quick()
    return write if way is None else compile_quick(joined("%(%)", named(dumped), way), write)


def dumped(value: Any) -> bytes:
    """JSON of a value of plain parts; TypeError for others, ValueError when a null was a NaN."""
    data = dumps(value)
    if b"null" in data:
        check_finite(value)
    return data


def _whole(write: Write, place: Location) -> Write:
    def json(context: Mapping[str, Any]) -> bytes:
        data = write(context)
        if not data:
            raise TemplateError(place, "`$if` is false and there is no `else`")
        return data

    return json


def compile_tree(tree: Any, language: Language, place_of: Callable[[Path], Location], path: Path = ()) -> Template:
    """Compile the tree that stands at a path of a document; raises DocumentError with everything wrong in it."""
    source = Source(tree, language, place_of, path)
    node = source.compile()
    return Template(source, node.place, isinstance(node, Fixed), node)
