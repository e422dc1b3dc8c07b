"""Python code is generated from Jinja's tree of an expression, FAST or CHECKED as the writer has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from jinja2 import TemplateSyntaxError, nodes
from msgspec import Struct, field

from emulator.language.expressions.names import Function, Names, describe
from emulator.language.expressions.runtime import BINARY, COMPARE, MISSING, text, weigh
from emulator.language.expressions.writer import Code, Writer

SMALL: Final = 2**64  # whole numbers below it fit wherever a number may stand
Program = Callable[[Mapping[str, Any], Mapping[str, Any]], str]

# FAST operators but for sums and products. Those that have no function of ours raise if a side is missing.
_BINARY: Final[Mapping[str, str]] = {
    "-": "({} - {})",
    "/": "({} / {})",
    "//": "({} // {})",
    "%": "modulo({}, {})",
    "**": "power({}, {})",
}
_COMPARE: Final[Mapping[str, str]] = {"lt": "({} < {})", "lteq": "({} <= {})", "gt": "({} > {})", "gteq": "({} >= {})"}
# These know what to do with missing values, in either mode.
_LENIENT: Final[Mapping[str, str]] = {
    "eq": "({} == {})",
    "ne": "({} != {})",
    "in": "within({}, {})",
    "notin": "(not within({}, {}))",
}
# FAST code that may raise when the left side is missing.
_WITHIN: Final[Mapping[str, str]] = {"in": "({} in {})", "notin": "({} not in {})"}


_MAX_KNOWN: Final = 10_000  # characters of a value that is computed at load and written into the code


class Parsed(Struct, frozen=True, weakref=True):
    """One scalar of a scenario, read and checked: literal text and expressions, one after the other, or a `program`.

    Errors call it by its `name`, and any part that has no short name by its `source`. `names` are those it looks up in
    the context. `known` has the values of nodes that are computed at load, by the node's id; a scalar that is
    `constant` as a whole has its `value`.
    """

    words: Names
    source: str
    name: str
    parts: Sequence[str | nodes.Node] = ()
    names: frozenset[str] = frozenset()
    known: Mapping[int, Any] = field(default_factory=dict)
    program: Program | None = None
    constant: bool = False
    value: Any = None

    def write(self, writer: Writer, need: bool = False, lenient: bool = False) -> Code:
        """The code of the value; only a single expression can be MISSING. The rest is as in `Expression`."""
        if self.constant:
            return writer.constant(self.value)
        if self.program is not None:
            names = ", ".join(f"{name!r}: {local}" for name, local in writer.locals.items())
            return Code(f"{writer.bind(self.program)}(s, {{{names}}})", present=True, text=True)
        expression = Expression(self.words, self.source, writer, dict(self.known), lenient=lenient)
        if len(self.parts) == 1 and not isinstance(self.parts[0], str):
            return expression.write(self.parts[0], need)
        return expression.text(self.parts)


class Expression:
    """Writes the code of one expression. Every method raises jinja2.TemplateSyntaxError for what can't be understood.

    `names` fills with those that are looked up in the context. If it is to `fold`, which takes a CHECKED writer, what
    is constant is computed, and `known` fills with it. FAST code that is not `lenient` may raise for a missing value
    where it could go on, unless it calls functions, which should not be called twice.
    """

    def __init__(
        self,
        words: Names,
        source: str,
        writer: Writer,
        known: dict[int, Any],
        fold: bool = False,
        lenient: bool = False,
    ) -> None:
        self.words = words
        self.source = source
        self.writer = writer
        self.known = known
        self.fold = fold
        self.lenient = lenient
        self.names: set[str] = set()

    def write(self, node: nodes.Node, need: bool = False) -> Code:
        """The code of a node. With `need`, FAST code may always raise instead of giving MISSING."""
        if id(node) in self.known:
            return self.writer.constant(self.known[id(node)])
        match node:
            case nodes.Const(value=value):
                return self.writer.constant(value)
            case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                return self._reference(node, need)
            case nodes.Call():
                return self._call(node)
            case nodes.Filter():
                return self._filter(node)
            case nodes.Test():
                return self._test(node)
            case nodes.Compare():
                return self._compare(node)
            case nodes.And() | nodes.Or():
                return self._logic(node, need)
            case nodes.BinExpr():
                return self._binary(node)
            case nodes.UnaryExpr():
                return self._unary(node)
            case nodes.CondExpr():
                return self._choice(node, need)
            case nodes.Concat():
                return self.text(node.nodes)
            case nodes.Tuple() | nodes.List() | nodes.Dict():
                return self._literal(node)
        raise self._wrong(node, f"a scenario's expression has no {type(node).__name__.lower()}")

    def name(self, node: nodes.Node) -> str:
        """What errors call the node: itself when it is short to say, else the whole expression."""
        return describe(node) or self.source

    def text(self, parts: Sequence[str | nodes.Node]) -> Code:
        """The text of all parts, one after the other."""
        codes = [self.writer.constant(part) if isinstance(part, str) else self.write(part, need=True) for part in parts]
        if all(code.constant for code in codes):
            return self.writer.constant("".join(text(code.value) for code in codes))
        texts = "".join(f"{self._text(part, code)}, " for part, code in zip(parts, codes, strict=True))
        return self.writer.code(f"concatenate(({texts}))", *codes, present=True, text=True)

    def _text(self, part: str | nodes.Node, code: Code) -> str:
        if code.constant:
            return repr(text(code.value))
        if code.text:
            return code.source
        if self.writer.checked and not isinstance(part, str):
            return f"text({self.writer.needed(code, self.name(part)).source})"
        it = self.writer.new()
        return f"({it} if ({it} := {code.source}).__class__ is str else text({it}))"  # raises for MISSING

    def _wrong(self, node: nodes.Node, message: str) -> TemplateSyntaxError:
        return TemplateSyntaxError(message, node.lineno)

    def _code(
        self, node: nodes.Node, source: str, *parts: Code, present: bool = False, text: bool = False, pure: bool = True
    ) -> Code:
        """The code of a node that is made of these parts; its value, if they are constant and nothing else matters."""
        code = self.writer.code(source, *parts, present=present, text=text)
        if not self.fold or not pure or not all(part.constant for part in parts):
            return code
        try:
            value = self.writer.evaluate(code)
        except Exception as error:
            raise self._wrong(node, f"can't be computed: {error}") from error
        if value is MISSING or not _is_short(value):
            return code
        self.known[id(node)] = value
        return self.writer.constant(value)

    def _raises(self, need: bool) -> bool:
        """Whether code may raise instead of giving MISSING."""
        return not self.writer.checked and (need or not (self.lenient or self.writer.lenient))

    def _tolerant(self, node: nodes.Node) -> Code:
        """The code of a node that is often MISSING."""
        before, self.lenient = self.lenient, True
        code = self.write(node)
        self.lenient = before
        return code

    def _needed(self, node: nodes.Node) -> Code:
        return self.writer.needed(self.write(node, need=True), self.name(node))

    def _reference(self, node: nodes.Name | nodes.Getattr | nodes.Getitem, need: bool) -> Code:
        keys: list[str | int] = []
        base: nodes.Node = node
        while True:
            match base:
                case nodes.Getattr(node=below, attr=attr):
                    keys.insert(0, attr)
                case nodes.Getitem(node=below, arg=nodes.Const(value=str() | int() as key)):
                    keys.insert(0, key)
                case _:
                    break
            base = below
        if not isinstance(base, nodes.Name):
            return self._item(node, need)
        self.names.add(base.name)
        if not self._raises(need):
            return self.writer.path(base.name, keys)
        root = self.writer.name(base.name)
        return Code(root + "".join(f"[{key!r}]" for key in keys))

    def _item(self, node: nodes.Name | nodes.Getattr | nodes.Getitem, need: bool) -> Code:
        """What stands under a key below anything else than a name, or under a key that has to be computed."""
        assert not isinstance(node, nodes.Name)
        base = self.write(node.node, need)
        if isinstance(node, nodes.Getattr):
            return self._code(node, f"lookup({base.source}, {node.attr!r})", base)
        if isinstance(node.arg, nodes.Slice):
            ends = (node.arg.start, node.arg.stop, node.arg.step)
            bounds = [self.writer.constant(None) if end is None else self.write(end) for end in ends]
            part = f"slice({', '.join(bound.source for bound in bounds)})"
            return self._code(node, f"lookup({base.source}, {part})", base, *bounds)
        key = self.write(node.arg, need)
        if self._raises(need) and isinstance(node.node, nodes.Name | nodes.Getattr | nodes.Getitem):
            return self.writer.code(f"{base.source}[{key.source}]", base, key)
        it = self.writer.new()
        found = f"(MISSING if ({it} := {key.source}) is MISSING else lookup({base.source}, {it}))"
        return self._code(node, found, base, key)

    def _call(self, node: nodes.Call) -> Code:
        if not isinstance(node.node, nodes.Name):
            raise self._wrong(node, f"`{self.name(node.node)}` is not a function")
        function = self.words.find(node, "function", node.node.name)
        args = self._arguments(node)
        self.writer.calls = True
        return self._code(node, self._called(function, ["s"], args), *args.values(), pure=False)

    def _filter(self, node: nodes.Filter) -> Code:
        function = self.words.find(node, "filter", node.name)
        if node.node is None:
            raise self._wrong(node, f"nothing to filter with '{node.name}'")
        if node.name in ("default", "d"):
            return self._default(node, node.node)
        value = self._needed(node.node)
        args = self._arguments(node)
        source = self._called(function, [value.source], args)
        return self._code(node, source, value, *args.values(), pure=node.name in self.words.pure)

    def _called(self, function: Function, first: list[str], args: Mapping[str | int, Code]) -> str:
        given = [arg.source if isinstance(name, int) else f"{name}={arg.source}" for name, arg in args.items()]
        return f"{self.writer.bind(function)}({', '.join(first + given)})"

    def _arguments(self, node: nodes.Call | nodes.Filter | nodes.Test) -> dict[str | int, Code]:
        """The arguments by number or by name, none of them MISSING."""
        return {name: self._needed(value) for name, value in self._given(node).items()}

    def _given(self, node: nodes.Call | nodes.Filter | nodes.Test) -> dict[str | int, nodes.Node]:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise self._wrong(node, "arguments can't be spread with * or **")
        named: dict[str | int, nodes.Node] = {str(pair.key): pair.value for pair in node.kwargs}
        return {**dict(enumerate(node.args)), **named}

    def _default(self, node: nodes.Filter, subject: nodes.Node) -> Code:
        value = self._tolerant(subject)
        names: Mapping[str | int, str] = {0: "default_value", 1: "boolean"}
        with self.writer.maybe():
            given = {names.get(name, name): self.write(arg) for name, arg in self._given(node).items()}
        other = given.pop("default_value", None) or self.writer.constant("")
        falsy = given.pop("boolean", None) or self.writer.constant(False)
        if given or not falsy.constant:
            raise self._wrong(node, "default takes a value, and true to replace what is false too")
        it, test = self.writer.new(), "" if falsy.value else " is not MISSING"
        source = f"({it} if ({it} := {value.source}){test} else {other.source})"
        return self._code(node, source, value, other, present=other.present)

    def _test(self, node: nodes.Test) -> Code:
        test = self.words.find(node, "test", node.name)
        value = self._tolerant(node.node)
        args = {name: self.write(arg) for name, arg in self._given(node).items()}
        if node.kwargs:
            raise self._wrong(node, f"test '{node.name}' takes no named arguments")
        if node.name in ("defined", "undefined") and not args:
            there = "True" if value.constant else f"({value.source} is not MISSING)"
            source = there if node.name == "defined" else f"(not {there})"
            return self._code(node, source, value, present=True, pure=False)
        others = "".join(f", {arg.source}" for arg in args.values())
        if self.writer.checked:
            source = f"tested({self.name(node.node)!r}, {self.writer.bind(test)}, {value.source}{others})"
        else:
            source = f"bool({self.writer.bind(test)}({value.source}{others}))"
        return self._code(node, source, value, *args.values(), present=True)

    def _compare(self, node: nodes.Compare) -> Code:
        """`a < b <= c`: each value is evaluated once, and no further than needed."""
        ops = [operand.op for operand in node.ops]
        operands = [node.expr, *(operand.expr for operand in node.ops)]
        needs = [not any(op in _LENIENT for op in ops[max(0, at - 1) : at + 1]) for at in range(len(operands))]
        codes = [self.write(operand, need) for operand, need in zip(operands[:2], needs, strict=False)]
        with self.writer.maybe():
            codes += [self.write(operand, need) for operand, need in zip(operands[2:], needs[2:], strict=True)]
        tests = []
        left = codes[0].source
        for at, (op, right) in enumerate(zip(ops, codes[1:], strict=True)):
            again = self.writer.new() if at + 1 < len(ops) else ""
            source = f"({again} := {right.source})" if again else right.source
            if op in _WITHIN and self._raises(need=False):
                tests.append(
                    _WITHIN[op].format(self.writer.needed(Code(left, present=codes[at].present), "").source, source)
                )
            elif op in _LENIENT:
                tests.append(_LENIENT[op].format(left, source))
            else:
                tests.append(self._operated(COMPARE[op], _COMPARE[op], left, source, operands[at : at + 2]))
            left = again
        return self._code(node, f"({' and '.join(tests)})", *codes, present=True)

    def _sum(self, left: str, right: str) -> str:
        """The FAST code of a sum; that of two whole numbers, the commonest, is checked by nobody."""
        one, other = self.writer.new(), self.writer.new()
        whole = f"({one} := {left}).__class__ is ({other} := {right}).__class__ is int"
        return f"({one} + {other} if {whole} else add({one}, {other}))"

    def _product(self, left: str, right: str) -> str:
        """The FAST code of a product; one of two whole numbers that is small, the commonest, is checked by nobody."""
        one, other, product = self.writer.new(), self.writer.new(), self.writer.new()
        whole = f"({one} := {left}).__class__ is ({other} := {right}).__class__ is int"
        small = f"-{SMALL} < ({product} := {one} * {other}) < {SMALL}"
        return f"({product} if {whole} and {small} else multiply({one}, {other}))"

    def _operated(self, operate: Function, form: str, left: str, right: str, operands: Sequence[nodes.Node]) -> str:
        if not self.writer.checked:
            return form.format(left, right)
        names = ", ".join(repr(self.name(operand)) for operand in operands)
        return f"binary({self.writer.bind(operate)}, {left}, {right}, {names})"

    def _binary(self, node: nodes.BinExpr) -> Code:
        left, right = self.write(node.left, need=True), self.write(node.right, need=True)
        op, operands = node.operator or "", [node.left, node.right]
        if op in "+*" and not self.writer.checked:
            source = (self._sum if op == "+" else self._product)(left.source, right.source)
        else:
            source = self._operated(BINARY[op], _BINARY.get(op, ""), left.source, right.source, operands)
        return self._code(node, source, left, right, present=True)

    def _unary(self, node: nodes.UnaryExpr) -> Code:
        if isinstance(node, nodes.Not):
            only = self.write(node.node)
        else:
            only = self._needed(node.node) if self.writer.checked else self.write(node.node, need=True)
        return self._code(node, f"({node.operator} {only.source})", only, present=True)

    def _logic(self, node: nodes.And | nodes.Or, need: bool) -> Code:
        left = self.write(node.left)
        with self.writer.maybe():
            right = self.write(node.right, need)
        present = right.present and (left.present or isinstance(node, nodes.Or))
        return self._code(node, f"({left.source} {node.operator} {right.source})", left, right, present=present)

    def _choice(self, node: nodes.CondExpr, need: bool) -> Code:
        test = self.write(node.test)
        with self.writer.maybe():
            then = self.write(node.expr1, need)
            other = self.write(node.expr2, need) if node.expr2 else Code("MISSING")
        source = f"({then.source} if {test.source} else {other.source})"
        present, text = then.present and other.present, then.text and other.text
        return self._code(node, source, test, then, other, present=present, text=text)

    def _literal(self, node: nodes.Tuple | nodes.List | nodes.Dict) -> Code:
        if isinstance(node, nodes.Dict):
            parts = [self._needed(part) for pair in node.items for part in (pair.key, pair.value)]
            keys, values = parts[::2], parts[1::2]
            entries = ", ".join(f"{key.source}: {value.source}" for key, value in zip(keys, values, strict=True))
            return self._code(node, f"{{{entries}}}", *parts, present=True)
        parts = [self._needed(item) for item in node.items]
        items = "".join(f"{part.source}, " for part in parts)
        return self._code(node, f"({items})" if isinstance(node, nodes.Tuple) else f"[{items}]", *parts, present=True)


def _is_short(value: Any) -> bool:
    try:
        return weigh(value, _MAX_KNOWN) <= _MAX_KNOWN
    except ValueError:
        return False
