"""A YAML tree with expressions in it becomes a template: compiled at load, it gives a value, or JSON, for a scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from orjson import dumps

from emulator.errors import Complaint, DocumentError, Place, TemplateError
from emulator.scenario.assemble import Write, assemble, quick_pieces
from emulator.scenario.encode import check_finite, encode, failure
from emulator.scenario.expression import Language
from emulator.scenario.forms import Choice, Each, Items, Merge
from emulator.scenario.quick import compile_quick, joined, literal, named, there
from emulator.scenario.reference import Evaluate
from emulator.scenario.suggest import did_you_mean
from emulator.scenario.tree import Entries, Fixed, Keyed, Node, Scalar

Path = tuple[str | int, ...]
_FEW: Final = 3  # holes up to which joining bytes is faster than encoding the whole value
_FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "$each": ("$each", "as", "$if", "value"),
    "$if": ("$if", "then", "else"),
    "$merge": ("$merge",),
    "$literal": ("$literal",),
}


class Template:
    """One compiled tree.

    `value(scope)` is plain Python; `json(scope)` its JSON; `maybe(scope)` the value, or ABSENT when the tree is a
    single expression whose value is absent. They raise TemplateError with the place of the scalar that failed. A tree
    that is an `$if` without `else` gives ABSENT when it is false; it has no JSON then.

    `way` is the quick way to a single expression's value. Each of the three functions is put together when it is first
    asked for and then stands in its own place, because most templates of a playbook are never asked: call it as
    `template.value(scope)` rather than keep it.
    """

    __slots__ = ("_node", "constant", "json", "maybe", "place", "value", "way")

    def __init__(self, node: Node) -> None:
        self._node = node
        self.place = node.place
        self.constant = isinstance(node, Fixed)
        self.way = (
            node.piece.quick
            if isinstance(node, Scalar)
            else literal(node.constant)
            if isinstance(node, Fixed)
            else None
        )
        self.value: Evaluate = self._later("value", lambda: _value(node))
        self.maybe: Evaluate = self._later("maybe", lambda: _maybe(node))
        self.json: Write = self._later("json", lambda: _json(node))

    def true(self, scope: Mapping[str, Any]) -> bool:
        """Whether the value is true; what is absent is false."""
        return bool(self.maybe(scope))

    def framed(self, before: bytes, after: bytes) -> Write:
        """A function that writes the JSON between some bytes."""
        if self._node.optional:
            return lambda scope: before + self.json(scope) + after
        parts = [before, *self._node.parts(), after]
        return compile_quick(quick_pieces(parts, dumped, _FEW), assemble(parts))

    def _later(self, name: str, make: Callable[[], Evaluate]) -> Evaluate:
        def first(scope: Mapping[str, Any]) -> Any:
            function = make()
            setattr(self, name, function)
            return function(scope)

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


def _whole(write: Write, place: Place) -> Write:
    def json(scope: Mapping[str, Any]) -> bytes:
        data = write(scope)
        if not data:
            raise TemplateError(place, "`$if` is false and there is no `else`")
        return data

    return json


def compile_tree(tree: Any, language: Language, place_of: Callable[[Path], Place], path: Path = ()) -> Template:
    """Compile the tree that stands at a path of a document; raises DocumentError with everything wrong in it."""
    builder = _Builder(language, place_of)
    node = builder.build(tree, path)
    if builder.complaints:
        raise DocumentError(builder.complaints)
    return Template(node)


class _Builder:
    def __init__(self, language: Language, place_of: Callable[[Path], Place]) -> None:
        self.language = language
        self.place_of = place_of
        self.complaints: list[Complaint] = []

    def build(self, tree: Any, path: Path) -> Node:
        if isinstance(tree, str):
            return self._scalar(tree, path)
        if isinstance(tree, list):
            nodes = [self.build(found, (*path, index)) for index, found in enumerate(tree)]
            if all(isinstance(node, Fixed) for node in nodes):
                return self._fixed([node.constant for node in nodes if isinstance(node, Fixed)], path)
            return Items(nodes, self.place_of(path))
        if isinstance(tree, dict):
            return self._mapping(tree, path)
        return self._fixed(tree, path)

    def _complain(self, path: Path, message: str) -> Node:
        self.complaints.append(Complaint(self.place_of(path), message))
        return Fixed(None, self.place_of(path))

    def _fixed(self, constant: Any, path: Path) -> Node:
        place = self.place_of(path)
        try:
            return Fixed(constant, place)
        except (TypeError, ValueError) as error:
            return self._complain(path, failure(error, place, str(constant)).message)

    def _scalar(self, source: str, path: Path) -> Node:
        place = self.place_of(path)
        try:
            piece = self.language.scalar(source, place)
        except DocumentError as error:
            self.complaints.extend(error.complaints)
            return Fixed(None, place)
        return self._fixed(piece.value, path) if piece.constant else Scalar(piece, place)

    def _mapping(self, tree: Mapping[Any, Any], path: Path) -> Node:
        form = next((form for form in _FORMS if form in tree), None)
        if form is not None:
            return self._form(form, tree, path)
        keys = [key if isinstance(key, str) else encode({key: 0})[2:-4].decode() for key in tree]
        for key in keys:
            if key.startswith("$"):
                self._complain((*path, key), f"unknown form {key!r}; {did_you_mean(key, _FORMS)}")
        nodes = [self.build(found, (*path, key)) for key, found in tree.items()]
        if any("{{" in key or "{%" in key for key in keys):
            pairs = [(self._scalar(key, path), node) for key, node in zip(keys, nodes, strict=True)]
            return Keyed(pairs, self.place_of(path))
        if all(isinstance(node, Fixed) for node in nodes):
            values = [node.constant for node in nodes if isinstance(node, Fixed)]
            return self._fixed(dict(zip(keys, values, strict=True)), path)
        return Entries(list(zip(keys, nodes, strict=True)), self.place_of(path))

    def _form(self, form: str, tree: Mapping[Any, Any], path: Path) -> Node:
        for key in tree:
            if key not in _FORMS[form]:
                hint = did_you_mean(str(key), _FORMS[form])
                return self._complain((*path, key), f"unknown key {key!r} beside {form!r}; {hint}")
        match form:
            case "$literal":
                return self._fixed(tree["$literal"], (*path, "$literal"))
            case "$merge":
                return self._merge(tree["$merge"], path)
            case "$each":
                return self._each(tree, path)
        return self._choice(tree, path)

    def _merge(self, trees: Any, path: Path) -> Node:
        if not isinstance(trees, list):
            return self._complain((*path, "$merge"), "expected a list of mappings")
        nodes: Sequence[Node] = [self.build(found, (*path, "$merge", at)) for at, found in enumerate(trees)]
        return Merge(nodes, self.place_of(path))

    def _each(self, tree: Mapping[str, Any], path: Path) -> Node:
        source = self.build(tree["$each"], (*path, "$each"))
        if isinstance(source, Fixed) and not isinstance(source.constant, list):
            return self._complain((*path, "$each"), "expected a list, or an expression in {{ }} that gives one")
        name = tree.get("as", "item")
        if not isinstance(name, str) or not name.isidentifier() or name == "index":
            return self._complain((*path, "as"), f"expected a name for the item, found {name!r}")
        test = self._condition(tree, path) if "$if" in tree else None
        body = self.build(tree.get("value", f"{{{{ {name} }}}}"), (*path, "value"))
        return Each(source, name, test, body, self.place_of(path))

    def _choice(self, tree: Mapping[str, Any], path: Path) -> Node:
        if "then" not in tree:
            return self._complain(path, "`$if` needs a `then`")
        then = self.build(tree["then"], (*path, "then"))
        other = self.build(tree["else"], (*path, "else")) if "else" in tree else None
        return Choice(self._condition(tree, path), then, other, self.place_of(path))

    def _condition(self, tree: Mapping[str, Any], path: Path) -> Node:
        test = self.build(tree["$if"], (*path, "$if"))
        if isinstance(test, Fixed) and isinstance(test.constant, str):
            return self._complain((*path, "$if"), f"expected an expression in {{{{ }}}}, found {test.constant!r}")
        return test
