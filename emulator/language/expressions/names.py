"""The names that may stand in an expression, and what errors call its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from jinja2 import TemplateSyntaxError, nodes
from msgspec import Struct

from emulator.language.document.diagnostics import did_you_mean

Function = Callable[..., Any]


class Names(Struct, frozen=True):
    """What may be called in an expression; `pure` are the filters that may be computed at load."""

    functions: Mapping[str, Function]
    filters: Mapping[str, Function]
    tests: Mapping[str, Function]
    pure: frozenset[str]

    def find(self, node: nodes.Node, kind: Literal["function", "filter", "test"], name: str) -> Function:
        """What a name stands for; raises jinja2.TemplateSyntaxError for an unknown one."""
        tables = {"function": self.functions, "filter": self.filters, "test": self.tests}
        if name in tables[kind]:
            return tables[kind][name]
        raise TemplateSyntaxError(f"unknown {kind} {name!r}; {did_you_mean(name, tables[kind])}", node.lineno)


def describe(node: nodes.Node | None) -> str | None:
    """`body.items[0]`, `job(…)`, `body.text | upper`; None for what takes longer to say."""
    match node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(node=base, attr=attr):
            return _after(describe(base), f".{attr}")
        case nodes.Getitem(node=base, arg=nodes.Const(value=key)):
            return _after(describe(base), f"[{key!r}]")
        case nodes.Getitem(node=base, arg=nodes.Name() | nodes.Getattr() | nodes.Getitem() as key):
            return _after(describe(base), f"[{describe(key)}]")
        case nodes.Call(node=nodes.Name(name=name), args=args):
            return f"{name}(…)" if args else f"{name}()"
        case nodes.Filter(node=base, name=name):
            return _after(describe(base), f" | {name}")
    return None


def _after(base: str | None, rest: str) -> str | None:
    return None if base is None else base + rest
