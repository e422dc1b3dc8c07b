"""A YAML tree with expressions in it becomes a template: checked at load, it gives a value, or JSON, for a context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from emulator.errors import DocumentError, Location
from emulator.language.expressions import Language
from emulator.language.expressions.builder import Path, TreeBuilder
from emulator.language.expressions.runtime import Locate
from emulator.language.expressions.tree import Fixed, Node, Part, join
from emulator.language.expressions.writer import Evaluate, Write, Writer, generate

LEFT_OUT = "`$if` is false and there is no `else`"
Encode = Callable[[Mapping[str, Any]], bytes]


class Template:
    """One compiled tree.

    `value(context)` is plain Python; `json(context)` its JSON; `maybe(context)` the value, or MISSING when the tree is
    a single expression whose value is missing. They raise TemplateError with the location of the scalar that failed. A
    tree that is an `$if` without `else` gives MISSING when it is false; it has no JSON then.

    Each of the three functions is generated when it is first asked for, because most templates of a playbook are never
    asked.
    """

    __slots__ = ("_locate", "constant", "json", "maybe", "node", "value")

    value: Evaluate
    maybe: Evaluate
    json: Encode

    def __init__(self, node: Node, locate: Locate) -> None:
        self.node = node
        self.constant = isinstance(node, Fixed)
        self._locate = locate

    def __getattr__(self, name: str) -> Evaluate:
        """Generates one of the three functions."""
        if name not in ("value", "maybe", "json"):
            raise AttributeError(name)
        node = self.node
        if isinstance(node, Fixed):
            function = node.function(name)
        else:
            whole = Template(node, self._locate).whole  # see `generate`
            function = generate({"value": node.value, "maybe": node.maybe, "json": whole}[name])
        setattr(self, name, function)
        return function

    @property
    def place(self) -> Location:
        """Where it stands."""
        return self._locate()

    def true(self, context: Mapping[str, Any]) -> bool:
        """Whether the value is true; a missing one is false."""
        return bool(self.maybe(context))

    def whole(self, writer: Writer) -> str:
        """The source of its JSON."""
        return join(self.parts(writer), writer)

    def parts(self, writer: Writer) -> list[Part]:
        """The JSON in parts, to be joined with others."""
        parts = self.node.json(writer)
        if not self.node.optional:
            return parts
        data = join(parts, writer)
        writer.line(f"if not {data}: fail({writer.bind(self.node.locate)}, {LEFT_OUT!r})")
        return [data]


NO_LETS: Mapping[str, Template] = MappingProxyType({})


def writers(lets: Mapping[str, Template]) -> dict[str, Write]:
    """What writes the values of these names in the code of another template; those that call functions are left out,
    because they are evaluated when they are first asked for, and only then."""
    return {name: template.node.maybe for name, template in lets.items() if not calls(template.node)}


def calls(node: Node) -> bool:
    """Whether the value calls a function of the language."""
    writer = Writer(checked=True)
    node.maybe(writer)
    return writer.calls


def compile_tree(tree: Any, language: Language, place_of: Callable[[Path], Location], path: Path = ()) -> Template:
    """Compile the tree that stands at a path of a document; raises DocumentError with everything wrong in it."""
    builder = TreeBuilder(language, place_of)
    node = builder.build(tree, path)
    if builder.diagnostics:
        raise DocumentError(builder.diagnostics)
    return Template(node, partial(place_of, path))
