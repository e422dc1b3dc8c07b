"""Jinja's tree of an expression becomes a piece that can be evaluated; what is constant is computed here, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from msgspec import Struct, field

from emulator.language.expressions import combine, quick
from emulator.language.expressions.absent import ABSENT
from emulator.language.expressions.combine import Piece, constant
from emulator.language.expressions.operate import BINARY, COMPARE
from emulator.language.expressions.quick import Quick
from emulator.language.expressions.reference import Evaluate, item, part, reference
from emulator.language.expressions.vocabulary import Vocabulary, named

_LENIENT: Final = frozenset(("eq", "ne", "in", "notin"))


class Compiler(Struct, frozen=True):
    """Compiles one expression; every method raises jinja2.TemplateSyntaxError for what can't be understood.

    `roots` fills with the names that it looks up in the scope.
    """

    words: Vocabulary
    source: str
    roots: set[str] = field(default_factory=set)

    def piece(self, node: nodes.Node) -> Piece:
        """What a node of the tree evaluates to."""
        match node:
            case nodes.Const(value=value):
                return constant(value, self.name(node))
            case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                return self._reference(node)
            case nodes.Call():
                return self._call(node)
            case nodes.Filter():
                return self._filter(node)
            case nodes.Test():
                return self._test(node)
            case nodes.Compare():
                return self._compare(node)
            case nodes.BinExpr() | nodes.UnaryExpr() | nodes.CondExpr() | nodes.Concat():
                return self._operation(node)
            case nodes.Tuple() | nodes.List() | nodes.Dict():
                return self._literal(node)
        raise self._wrong(node, f"a scenario's expression has no {type(node).__name__.lower()}")

    def _wrong(self, node: nodes.Node, message: str) -> TemplateSyntaxError:
        return TemplateSyntaxError(message, node.lineno)

    def name(self, node: nodes.Node) -> str:
        """What a complaint calls the node: itself when it is short to say, else the whole expression."""
        return named(node) or self.source

    def _folded(self, node: nodes.Node, evaluate: Evaluate, parts: Iterable[Piece], way: Quick | None = None) -> Piece:
        """The piece, computed already when all its parts are constant."""
        if not all(piece.constant for piece in parts):
            return Piece(evaluate, self.name(node), quick=way)
        try:
            value = evaluate({})
        except Exception as error:
            raise self._wrong(node, f"can't be computed: {error}") from error
        return Piece(evaluate, self.name(node)) if value is ABSENT else constant(value, self.name(node))

    def _reference(self, node: nodes.Name | nodes.Getattr | nodes.Getitem) -> Piece:
        keys: list[str | int] = []
        base: nodes.Node = node
        while True:
            match base:
                case nodes.Getattr(node=below, attr=attr):
                    keys.append(attr)
                case nodes.Getitem(node=below, arg=nodes.Const(value=str() | int() as key)):
                    keys.append(key)
                case _:
                    break
            base = below
        if isinstance(base, nodes.Name):
            keys.reverse()
            self.roots.add(base.name)
            way = quick.looked_up(base.name, keys)
            return Piece(reference(base.name, tuple(keys)), self.name(node), quick=way)
        return self._item(node)

    def _item(self, node: nodes.Name | nodes.Getattr | nodes.Getitem) -> Piece:
        assert not isinstance(node, nodes.Name)
        base = self.piece(node.node)
        if isinstance(node, nodes.Getattr):
            key = constant(node.attr, node.attr)
        elif isinstance(node.arg, nodes.Slice):
            ends = (node.arg.start, node.arg.stop, node.arg.step)
            bounds = [constant(None, "none") if end is None else self.piece(end) for end in ends]
            return self._folded(node, part(base.evaluate, [bound.evaluate for bound in bounds]), [base, *bounds])
        else:
            key = self.piece(node.arg)
        way = quick.joined("%[%]", base.quick, key.quick)
        return self._folded(node, item(base.evaluate, key.evaluate), [base, key], way)

    def _call(self, node: nodes.Call) -> Piece:
        if not isinstance(node.node, nodes.Name):
            raise self._wrong(node, f"`{self.name(node.node)}` is not a function")
        function = self.words.find(node, "function", node.node.name)
        args, kwargs = self._arguments(node)
        return Piece(
            combine.asked(function, [combine.needed(arg) for arg in args], combine.all_needed(kwargs)),
            self.name(node),
            quick=None if kwargs else quick.called(function, [arg.quick for arg in args], context=True),
        )

    def _filter(self, node: nodes.Filter) -> Piece:
        found = self.words.find(node, "filter", node.name)
        if node.node is None:
            raise self._wrong(node, f"nothing to filter with '{node.name}'")
        value = self.piece(node.node)
        args, kwargs = self._arguments(node)
        if node.name in ("default", "d"):
            return self._default(node, value, args, kwargs)
        call = combine.called(found, [combine.needed(arg) for arg in (value, *args)], combine.all_needed(kwargs))
        way = None if kwargs else quick.called(found, [arg.quick for arg in (value, *args)], context=False)
        if node.name not in self.words.pure:
            return Piece(call, self.name(node), quick=way)
        return self._folded(node, call, [value, *args, *kwargs.values()], way)

    def _default(self, node: nodes.Filter, value: Piece, args: Sequence[Piece], kwargs: Mapping[str, Piece]) -> Piece:
        given = dict(zip(("default_value", "boolean"), args, strict=False)) | dict(kwargs)
        other = given.pop("default_value", constant("", "default"))
        falsy = given.pop("boolean", constant(False, "boolean"))
        if given or not falsy.constant or len(args) > 2:
            raise self._wrong(node, "default takes a value, and true to replace what is false too")
        return self._folded(node, combine.default(value, other, bool(falsy.value)), [value, other])

    def _test(self, node: nodes.Test) -> Piece:
        test = self.words.find(node, "test", node.name)
        value = self.piece(node.node)
        args, kwargs = self._arguments(node)
        if kwargs:
            raise self._wrong(node, f"test '{node.name}' takes no named arguments")
        if node.name in ("defined", "undefined") and not args:
            return Piece(combine.presence(value.evaluate, node.name == "defined"), self.name(node))
        return self._folded(node, combine.tested(test, value, [arg.evaluate for arg in args]), [value, *args])

    def _arguments(self, node: nodes.Call | nodes.Filter | nodes.Test) -> tuple[list[Piece], dict[str, Piece]]:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise self._wrong(node, "arguments can't be spread with * or **")
        kwargs = {pair.key: self.piece(pair.value) for pair in node.kwargs if isinstance(pair, nodes.Keyword)}
        return [self.piece(arg) for arg in node.args], kwargs

    def _compare(self, node: nodes.Compare) -> Piece:
        first = self.piece(node.expr)
        steps = [(operand.op, self.piece(operand.expr)) for operand in node.ops]
        op, second = steps[0]
        if len(steps) > 1:
            evaluate = combine.chain(first, [(COMPARE[op], op in _LENIENT, piece) for op, piece in steps])
        elif op == "eq":
            evaluate = combine.equal(first, second)
        elif op in _LENIENT:
            evaluate = combine.lenient(COMPARE[op], first, second)
        else:
            evaluate = combine.binary(COMPARE[op], first, second)
        way = quick.compared(first.quick, [(op, piece.quick) for op, piece in steps])
        return self._folded(node, evaluate, [first, *(piece for _, piece in steps)], way)

    def _operation(self, node: nodes.Expr) -> Piece:
        match node:
            case nodes.And() | nodes.Or():
                left, right = self.piece(node.left), self.piece(node.right)
                both, form = (
                    (combine.both, "(% and %)") if isinstance(node, nodes.And) else (combine.either, "(% or %)")
                )
                way = quick.joined(form, left.quick, right.quick)
                return self._folded(node, both(left.evaluate, right.evaluate), [left, right], way)
            case nodes.BinExpr():
                left, right = self.piece(node.left), self.piece(node.right)
                operate = BINARY[node.operator or ""]
                way = quick.operated(operate, left.quick, right.quick)
                return self._folded(node, combine.binary(operate, left, right), [left, right], way)
            case nodes.UnaryExpr():
                only = self.piece(node.node)
                evaluate = only.evaluate if isinstance(node, nodes.Not) else combine.needed(only)
                way = quick.joined("(not %)", only.quick) if isinstance(node, nodes.Not) else None
                return self._folded(node, combine.UNARY[node.operator or ""](evaluate), [only], way)
            case nodes.Concat():
                pieces = [self.piece(part) for part in node.nodes]
                return self._folded(node, combine.concatenate(pieces), pieces)
        assert isinstance(node, nodes.CondExpr)
        test, then = self.piece(node.test), self.piece(node.expr1)
        other = self.piece(node.expr2) if node.expr2 else Piece(lambda context: ABSENT, self.source)
        way = quick.joined("(% if % else %)", then.quick, test.quick, other.quick)
        chosen = combine.choice(test.evaluate, then.evaluate, other.evaluate)
        return self._folded(node, chosen, [test, then, other], way)

    def _literal(self, node: nodes.Tuple | nodes.List | nodes.Dict) -> Piece:
        if isinstance(node, nodes.Dict):
            pairs = [(self.piece(pair.key), self.piece(pair.value)) for pair in node.items]
            members = [(combine.needed(key), combine.needed(value)) for key, value in pairs]
            known = [piece for pair in pairs for piece in pair]
            return self._folded(node, lambda context: {key(context): value(context) for key, value in members}, known)
        pieces = [self.piece(found) for found in node.items]
        items = [combine.needed(piece) for piece in pieces]
        if isinstance(node, nodes.Tuple):
            return self._folded(node, lambda context: tuple([found(context) for found in items]), pieces)
        return self._folded(node, lambda context: [found(context) for found in items], pieces)
