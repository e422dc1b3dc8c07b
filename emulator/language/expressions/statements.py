"""A scalar with statements (`{% for … %}`) is a whole Jinja template, run in Jinja's sandbox; it gives text.

Each run has a meter: turns of loops, calls, and what operators and filters read and build are steps. What Jinja would
do unseen, such as `~` or a list in brackets, is written as a call of a function that meters it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing, pass_context
from jinja2.visitor import NodeTransformer

from emulator.language.expressions.codegen import Program
from emulator.language.expressions.filters import Function, filters_of, tests_of
from emulator.language.expressions.meter import Meter
from emulator.language.expressions.names import Names
from emulator.language.expressions.runtime import (
    BINARY,
    MAX_OUTPUT,
    MISSING,
    Missing,
    MissingError,
    concatenate,
    find,
    lookup,
    text,
    weigh,
)

_CALLED: Final = "called__"
_METERED: Final = "metered__"
_MADE_BY_JINJA: Final = frozenset(("caller", "kwargs", "loop", "namespace", "varargs"))


class _Names(Context):
    """Names come from the scope itself, which may compute them when asked; nothing is copied."""

    meter: Meter

    def resolve_or_missing(self, key: str) -> Any:
        if key.startswith(_METERED):
            return _OPERATIONS[key](self.meter)
        if key in self.vars:
            return self.vars[key]
        if key.startswith(_CALLED):
            return partial(self.environment.functions[key.removeprefix(_CALLED)], self.parent)  # type: ignore[attr-defined]
        found = find(self.parent, key)
        return self.environment.globals.get(key, missing) if found is MISSING else found


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja as scenarios know it: fields are mapping look-ups, operators are bounded, absent things are absent."""

    intercepted_binops = frozenset(BINARY)
    context_class = _Names
    concat = staticmethod(lambda parts: concatenate(list(parts)))  # of what a macro or a block has written

    def __init__(self, functions: Mapping[str, Function], filters: Mapping[str, Function]) -> None:
        super().__init__(undefined=Missing, keep_trailing_newline=True, optimized=False, cache_size=0, finalize=text)
        self.functions = {name: partial(_checked, found) for name, found in functions.items()}
        self.table: dict[str, Function] = {**filters_of(self), **filters}
        self.filters = {name: _metered(found) for name, found in self.table.items()}
        self.tests = tests_of(self)
        self.globals = {"namespace": Namespace}
        self.binop_table = dict(BINARY)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        meter: Meter = __context.meter  # type: ignore[attr-defined]
        meter.add(1)
        if isinstance(__obj, LoopContext):  # a loop that is recursive calls itself
            args = tuple(map(meter.over, args))
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        meter: Meter = context.meter  # type: ignore[attr-defined]
        return meter.of(super().call_binop(context, operator, left, right))

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext | Macro | Namespace):
            return super().getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj
        found = lookup(obj, argument)
        return self.undefined(name=str(argument)) if found is MISSING else found


class _Meter(NodeTransformer):
    """Writes loops, `~` and literals as calls that meter them."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        self.generic_visit(node)
        node.iter = _call("over", node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:
        self.generic_visit(node)
        return _call("concatenate", *node.iter_child_nodes())

    def visit_literal(self, node: nodes.Expr) -> nodes.Expr:
        self.generic_visit(node)
        return node if getattr(node, "ctx", "load") != "load" else _call("literal", node)

    visit_List = visit_Dict = visit_Tuple = visit_literal


def _call(operation: str, *args: nodes.Node) -> nodes.Call:
    return nodes.Call(nodes.Name(_METERED + operation, "load"), list(args), [], None, None)


def _concatenate(meter: Meter) -> Function:
    return lambda *parts: meter.of(concatenate([text(part) for part in parts]))


def _literal(meter: Meter) -> Function:
    def literal(value: Any) -> Any:
        meter.of(value, weigh(value, MAX_OUTPUT))
        return value

    return literal


_OPERATIONS: Final[Mapping[str, Callable[[Meter], Function]]] = {
    f"{_METERED}over": lambda meter: meter.over,
    f"{_METERED}concatenate": _concatenate,
    f"{_METERED}literal": _literal,
}


def _metered(found: Function) -> Function:
    """A filter whose input and output count as steps, where it is called by a template with statements."""

    @pass_context
    def metered(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        meter: Meter | None = getattr(context, "meter", None)
        if meter is None:
            return found(value, *args, **kwargs)
        return meter.of(found(meter.of(value), *args, **kwargs))

    return metered


def _checked(found: Function, scope: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
    for value in (*args, *kwargs.values()):
        if isinstance(value, Undefined):
            raise MissingError(value._undefined_message)
    return found(scope, *args, **kwargs)


def compile_program(sandbox: Sandbox, words: Names, source: str) -> tuple[Program, frozenset[str]]:
    """The template as a function of the context and of names that hide those in it, and the names that it looks up.

    Raises jinja2.TemplateSyntaxError for what can't be understood.
    """
    tree = sandbox.parse(source)
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)):
        raise TemplateSyntaxError(f"a scenario can't {type(node).__name__.lower()} templates", node.lineno)
    roots = _check_words(tree, words)
    template = sandbox.from_string(_Meter().visit(tree))

    def run(context: Mapping[str, Any], names: Mapping[str, Any]) -> str:
        size = 0
        chunks = []
        variables = template.new_context(context, shared=True)  # type: ignore[arg-type]
        variables.meter = Meter()  # type: ignore[attr-defined]
        variables.vars.update(names)
        for chunk in template.root_render_func(variables):
            size += len(chunk)
            if size > MAX_OUTPUT:
                raise ValueError(f"the text is longer than {MAX_OUTPUT:,} characters")
            chunks.append(chunk)
        return "".join(chunks)

    return run, roots


def _check_words(tree: nodes.Template, words: Names) -> frozenset[str]:
    """Jinja finds unknown words only when it comes to them; a call is marked as one, for `job` is also a value.

    Gives the names that are neither called nor made in the template itself.
    """
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    own |= {macro.name for macro in tree.find_all(nodes.Macro)} | _MADE_BY_JINJA
    for found in tree.find_all((nodes.Filter, nodes.Test)):
        words.find(found, "filter" if isinstance(found, nodes.Filter) else "test", found.name)
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name not in own:
            words.find(call, "function", call.node.name)
            call.node.name = _CALLED + call.node.name
    looked_up = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"} - own
    return frozenset(name for name in looked_up if not name.startswith(_CALLED))
