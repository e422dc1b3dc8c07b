"""Finds what the templates of a document refer to: `{{ caller.plan.title }}` is caller → plan → title, at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes
from msgspec import Struct

from emulator.errors import Location

Path = tuple[str | int, ...]
Steps = tuple[str | int, ...]
_ENVIRONMENT = Environment()  # parses only; which filters and tests there are does not matter
_ASKING = ("defined", "undefined", "none")  # tests that may be asked of what is missing


class Reference(Struct, frozen=True):
    """A field that an expression reads. `guarded`: the expression copes when there is none."""

    steps: Steps
    guarded: bool
    place: Location

    def __str__(self) -> str:
        return ".".join(map(str, self.steps))


def references(
    tree: Any, place_of: Callable[[Path], Location], path: Path = (), guarded: frozenset[Steps] = frozenset()
) -> Iterator[Reference]:
    """Yields the references of every template in a tree that stands at a path.

    A field that a condition asks for, beside it in an `$if` or among `guarded`, counts as guarded. Names that a
    `$each` binds are left out, and so is `$literal`.
    """
    if isinstance(tree, str):
        for steps, asked in _fields(tree):
            yield Reference(steps, asked or steps in guarded, place_of(path))
    elif isinstance(tree, list):
        for at, each in enumerate(tree):
            yield from references(each, place_of, (*path, at), guarded)
    elif isinstance(tree, dict) and "$literal" not in tree:
        inner = guarded | {steps for steps, _ in _fields(tree.get("$if"))}
        own = {str(tree.get("as", "item")), "index"} if "$each" in tree else set()
        for key, each in tree.items():
            found = references(each, place_of, (*path, key), inner)
            yield from (ref for ref in found if key == "$each" or ref.steps[0] not in own)


def asked_in(when: Any) -> frozenset[Steps]:
    """Returns the fields that a `when` asks for, which its rule may then rely on."""
    if isinstance(when, str):
        return frozenset(steps for steps, _ in _fields(when))
    if not isinstance(when, dict):
        return frozenset()
    asked = {tuple(str(key).split(".")) for key in when}
    return frozenset(asked | {steps for steps, _ in _fields(when.get("expr"))})


def _fields(text: Any) -> Sequence[tuple[Steps, bool]]:
    """The fields in a text's expressions, each with whether they are asked for; what can't be parsed has none."""
    return _parsed(text) if isinstance(text, str) and ("{{" in text or "{%" in text) else ()


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> Sequence[tuple[Steps, bool]]:
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError:
        return ()
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    found = [(steps, asked) for steps, asked in _visit(tree, False) if steps[0] not in own]
    guarded = {steps for steps, asked in found if asked}
    return [(steps, steps in guarded) for steps, _ in found]


def _visit(node: nodes.Node, asked: bool) -> Iterator[tuple[Steps, bool]]:
    if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        yield from _chain(node, asked)
    elif isinstance(node, nodes.Filter) and node.name in ("default", "d"):
        yield from _children(node, lambda child: child is node.node)
    elif isinstance(node, nodes.Test):
        yield from _children(node, lambda child: child is node.node and node.name in _ASKING)
    elif isinstance(node, nodes.Or):
        yield from _children(node, lambda child: asked or child is node.left)
    elif isinstance(node, nodes.And | nodes.Not):
        yield from _children(node, lambda child: True)
    elif isinstance(node, nodes.CondExpr | nodes.If):
        yield from _children(node, lambda child: asked or child is node.test)
    elif isinstance(node, nodes.Call):
        yield from _children(node, lambda child: False, skip=node.node)
    else:
        yield from _children(node, lambda child: False)


def _children(
    node: nodes.Node, asked: Callable[[nodes.Node], bool], skip: nodes.Node | None = None
) -> Iterator[tuple[Steps, bool]]:
    for child in node.iter_child_nodes():
        if child is not skip:
            yield from _visit(child, asked(child))


def _chain(node: nodes.Node, asked: bool) -> Iterator[tuple[Steps, bool]]:
    """The field that `a.b['c'][0]` reads; what stands in brackets and is no constant ends it."""
    steps: list[str | int] = []
    while not isinstance(node, nodes.Name):
        if isinstance(node, nodes.Getattr):
            steps.append(node.attr)
        elif isinstance(node, nodes.Getitem):
            if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
                steps.append(node.arg.value)
            else:
                yield from _visit(node.arg, False)
                steps.clear()
                asked = True  # of what is computed, nothing is known
        else:
            yield from _visit(node, asked)
            return
        node = node.node
    yield (node.name, *reversed(steps)), asked
