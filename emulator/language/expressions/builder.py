"""A YAML tree becomes a tree of nodes: scalars with their expressions compiled, forms, mappings and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.expressions import Language
from emulator.language.expressions.json import encode, failure
from emulator.language.expressions.runtime import Locate
from emulator.language.expressions.tree import Choice, Each, Entries, Fixed, Items, Keyed, Merge, Node, Scalar

Path = tuple[str | int, ...]
_FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "$each": ("$each", "as", "$if", "value"),
    "$if": ("$if", "then", "else"),
    "$merge": ("$merge",),
    "$literal": ("$literal",),
}


class TreeBuilder:
    """Builds nodes; what is wrong is collected in `diagnostics`, and stands as null in the tree meanwhile."""

    def __init__(self, language: Language, place_of: Callable[[Path], Location]) -> None:
        self.language = language
        self.place_of = place_of
        self.diagnostics: list[Diagnostic] = []

    def build(self, tree: Any, path: Path) -> Node:
        """The node of the tree that stands at a path of the document."""
        if isinstance(tree, str):
            return self._scalar(tree, path)
        if isinstance(tree, list):
            nodes = [self.build(found, (*path, index)) for index, found in enumerate(tree)]
            if all(isinstance(node, Fixed) for node in nodes):
                return self._fixed([node.constant for node in nodes if isinstance(node, Fixed)], path)
            return Items(self._locate(path), nodes)
        if isinstance(tree, dict):
            return self._mapping(tree, path)
        return self._fixed(tree, path)

    def _report(self, path: Path, message: str) -> Node:
        self.diagnostics.append(Diagnostic(self.place_of(path), message))
        return Fixed(self._locate(path), None, b"null")

    def _locate(self, path: Path) -> Locate:
        return partial(self.place_of, path)

    def _fixed(self, constant: Any, path: Path) -> Node:
        try:
            return Fixed(self._locate(path), constant, encode(constant))
        except (TypeError, ValueError) as error:
            return self._report(path, failure(error, self._locate(path), str(constant)).message)

    def _scalar(self, source: str, path: Path) -> Node:
        try:
            parsed = self.language.scalar(source, self._locate(path))
        except DocumentError as error:
            self.diagnostics.extend(error.diagnostics)
            return Fixed(self._locate(path), None, b"null")
        return self._fixed(parsed.value, path) if parsed.constant else Scalar(self._locate(path), parsed)

    def _mapping(self, tree: Mapping[Any, Any], path: Path) -> Node:
        form = next((form for form in _FORMS if form in tree), None)
        if form is not None:
            return self._form(form, tree, path)
        keys = [key if isinstance(key, str) else encode({key: 0})[2:-4].decode() for key in tree]
        for key in keys:
            if key.startswith("$"):
                self._report((*path, key), f"unknown form {key!r}; {did_you_mean(key, _FORMS)}")
        nodes = [self.build(found, (*path, key)) for key, found in tree.items()]
        if any("{{" in key or "{%" in key for key in keys):
            pairs = [(self._scalar(key, path), node) for key, node in zip(keys, nodes, strict=True)]
            return Keyed(self._locate(path), pairs)
        if all(isinstance(node, Fixed) for node in nodes):
            values = [node.constant for node in nodes if isinstance(node, Fixed)]
            return self._fixed(dict(zip(keys, values, strict=True)), path)
        return Entries(self._locate(path), list(zip(keys, nodes, strict=True)))

    def _form(self, form: str, tree: Mapping[Any, Any], path: Path) -> Node:
        for key in tree:
            if key not in _FORMS[form]:
                hint = did_you_mean(str(key), _FORMS[form])
                return self._report((*path, key), f"unknown key {key!r} beside {form!r}; {hint}")
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
            return self._report((*path, "$merge"), "expected a list of mappings")
        nodes: Sequence[Node] = [self.build(found, (*path, "$merge", at)) for at, found in enumerate(trees)]
        return Merge(self._locate(path), nodes)

    def _each(self, tree: Mapping[str, Any], path: Path) -> Node:
        source = self.build(tree["$each"], (*path, "$each"))
        if isinstance(source, Fixed) and not isinstance(source.constant, list):
            return self._report((*path, "$each"), "expected a list, or an expression in {{ }} that gives one")
        name = tree.get("as", "item")
        if not isinstance(name, str) or not name.isidentifier() or name == "index":
            return self._report((*path, "as"), f"expected a name for the item, found {name!r}")
        test = self._condition(tree, path) if "$if" in tree else None
        body = self.build(tree.get("value", f"{{{{ {name} }}}}"), (*path, "value"))
        return Each(self._locate(path), source, name, test, body)

    def _choice(self, tree: Mapping[str, Any], path: Path) -> Node:
        if "then" not in tree:
            return self._report(path, "`$if` needs a `then`")
        then = self.build(tree["then"], (*path, "then"))
        other = self.build(tree["else"], (*path, "else")) if "else" in tree else None
        return Choice(self._locate(path), self._condition(tree, path), then, other)

    def _condition(self, tree: Mapping[str, Any], path: Path) -> Node:
        test = self.build(tree["$if"], (*path, "$if"))
        if isinstance(test, Fixed) and isinstance(test.constant, str):
            return self._report((*path, "$if"), f"expected an expression in {{{{ }}}}, found {test.constant!r}")
        return test
