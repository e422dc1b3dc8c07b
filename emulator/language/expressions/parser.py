"""Parser: text with `{{ expression }}` in it becomes a list of texts and Jinja nodes.

Jinja's grammar is the reference. Its parser is slow, and most expressions mean the same in Python's grammar, so
Python's own parser reads those; what the two grammars might read differently is `Unlike` and goes to Jinja's parser.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, Final

from jinja2 import Environment, nodes
from jinja2.parser import Parser

Part = str | nodes.Node

_EXPRESSION: Final = re.compile(r"\{\{(.*?)\}\}")
# Jinja makes every line end \n before it reads; text of a scenario keeps its own.
_RETURN: Final = "\ufdd0"
# Escapes and comments; @, which stands for ~ meanwhile; braces, which may close too early; and `is`, whose operand may
# be what follows it.
_UNLIKE: Final = re.compile(r"[\\#@]|\{\{|\{%|\bis\s+(?:not\s+)?\w+\s+(?:if|in|not)\b")
_FLOAT: Final = re.compile(r"\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?")
_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "none": None}
_COMPARISONS: Final[Mapping[type[ast.cmpop], str]] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "lteq",
    ast.Gt: "gt",
    ast.GtE: "gteq",
    ast.In: "in",
    ast.NotIn: "notin",
}
_ARITHMETIC: Final[Mapping[type[ast.operator], type[nodes.BinExpr]]] = {
    ast.Add: nodes.Add,
    ast.Sub: nodes.Sub,
    ast.Mult: nodes.Mul,
    ast.Div: nodes.Div,
    ast.FloorDiv: nodes.FloorDiv,
    ast.Mod: nodes.Mod,
}
_PRIMARY: Final = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.Dict)


def parse(environment: Environment, source: str) -> list[Part]:
    """Returns the texts and the expressions of a source that has no statements.

    Raises jinja2.TemplateSyntaxError and RecursionError.
    """
    try:
        return _parse_as_python(source)
    except (Unlike, SyntaxError, ValueError, MemoryError):
        return parse_as_jinja(environment, source)


def parse_as_jinja(environment: Environment, source: str) -> list[Part]:
    """Returns what `parse` does, read by Jinja's own parser."""
    outputs = Parser(environment, source.replace("\r", _RETURN)).subparse()
    found = [part for output in outputs for part in output.iter_child_nodes()]
    return [part.data.replace(_RETURN, "\r") if isinstance(part, nodes.TemplateData) else part for part in found]


class Unlike(Exception):
    """Text that may mean something else in Python than in Jinja."""


def _parse_as_python(source: str) -> list[Part]:
    found: list[Part] = []
    for at, part in enumerate(_EXPRESSION.split(source)):
        if at % 2:
            found.append(_expression(part.strip(" ")))
        elif part:
            if "{{" in part or "{%" in part or "{#" in part:
                raise Unlike
            found.append(part)
    return found


def _expression(source: str) -> nodes.Expr:
    plain = source and source.isascii() and source.isprintable()
    # A sign at either end would be Jinja's whitespace control.
    if not plain or source[0] in "+-" or source[-1] in "+-" or _UNLIKE.search(source):
        raise Unlike
    text = source.replace("~", "@")
    found: nodes.Expr = _Conversion(text).convert(ast.parse(text, mode="eval").body)
    return found


class _Conversion:
    """Makes Jinja's nodes of Python's, for one expression. In its text @ stands for ~."""

    def __init__(self, text: str) -> None:
        self._text = text

    def convert(self, node: ast.expr) -> Any:
        make = _NODES.get(type(node))
        if make is None:
            raise Unlike
        return make(self, node)

    def all(self, found: list[ast.expr]) -> list[Any]:
        return [self.convert(each) for each in found]

    def is_enclosed(self, node: ast.expr) -> bool:
        """Whether the node stands in parentheses of its own."""
        return self._text[node.end_col_offset :].lstrip()[:1] == ")" and not isinstance(node, _PRIMARY)

    def name(self, node: ast.Name) -> nodes.Expr:
        return nodes.Const(_WORDS[node.id]) if node.id in _WORDS else nodes.Name(node.id, "load")

    def constant(self, node: ast.Constant) -> nodes.Expr:
        text, value = self._text[node.col_offset : node.end_col_offset], node.value
        if isinstance(value, str) and text[0] == text[-1] and text.count(text[0]) == 2:  # one literal, without a prefix
            return nodes.Const(value.replace("@", "~"))
        if value is None or isinstance(value, int) or (isinstance(value, float) and _FLOAT.fullmatch(text)):
            return nodes.Const(value)
        raise Unlike

    def attribute(self, node: ast.Attribute) -> nodes.Expr:
        return nodes.Getattr(self.convert(node.value), node.attr, "load")

    def subscript(self, node: ast.Subscript) -> nodes.Expr:
        if isinstance(node.slice, ast.Tuple):
            raise Unlike
        return nodes.Getitem(self.convert(node.value), self.convert(node.slice), "load")

    def slice(self, node: ast.Slice) -> nodes.Expr:
        return nodes.Slice(*(each and self.convert(each) for each in (node.lower, node.upper, node.step)))

    def call(self, node: ast.Call) -> nodes.Expr:
        return nodes.Call(self.convert(node.func), *self.arguments(node))

    def arguments(self, node: ast.expr) -> tuple[list[nodes.Expr], list[nodes.Keyword], None, None]:
        """Returns the arguments of a call; of anything else, none."""
        if not isinstance(node, ast.Call):
            return [], [], None, None
        named = [nodes.Keyword(each.arg or "", self.convert(each.value)) for each in node.keywords]
        if any(not each.key for each in named):
            raise Unlike
        return self.all(node.args), named, None, None

    def array(self, node: ast.List) -> nodes.Expr:
        return nodes.List(self.all(node.elts))

    def mapping(self, node: ast.Dict) -> nodes.Expr:
        if None in node.keys:
            raise Unlike
        pairs = zip(node.keys, node.values, strict=True)
        return nodes.Dict([nodes.Pair(self.convert(key), self.convert(value)) for key, value in pairs if key])

    def conditional(self, node: ast.IfExp) -> nodes.Expr:
        return nodes.CondExpr(self.convert(node.test), self.convert(node.body), self.convert(node.orelse))

    def boolean(self, node: ast.BoolOp) -> nodes.Expr:
        kind = nodes.And if isinstance(node.op, ast.And) else nodes.Or
        left, *others = self.all(node.values)
        found: nodes.Expr = reduce(kind, others, left)
        return found

    def unary(self, node: ast.UnaryOp) -> nodes.Expr:
        if isinstance(node.op, ast.Not):
            return nodes.Not(self.convert(node.operand))
        if isinstance(node.op, ast.USub):
            return nodes.Neg(self.convert(node.operand))
        raise Unlike

    def binary(self, node: ast.BinOp) -> nodes.Expr:
        if isinstance(node.op, ast.BitOr):
            return self.filter(node)
        if isinstance(node.op, ast.MatMult):
            return nodes.Concat(self.texts(node))
        kind = _ARITHMETIC.get(type(node.op))
        if kind is None or (self.is_concat(node.left) and not isinstance(node.op, ast.Add | ast.Sub)):
            raise Unlike
        return kind(self.convert(node.left), self.convert(node.right))

    def is_concat(self, node: ast.expr) -> bool:
        """Whether these are texts to join, without parentheses around them."""
        return isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult) and not self.is_enclosed(node)

    def texts(self, node: ast.BinOp) -> list[nodes.Expr]:
        """Returns what `a ~ b ~ c` joins."""
        left = self.texts(node.left) if self.is_concat(node.left) else [self.convert(node.left)]  # type: ignore[arg-type]
        return [*left, self.convert(node.right)]

    def filter(self, node: ast.BinOp) -> nodes.Expr:
        """A filter binds to what stands right before it, which `|` in Python does only here."""
        if not self.is_operand(node.left):
            raise Unlike
        word = self.word(node.left, node.right)
        return nodes.Filter(self.convert(node.left), word, *self.arguments(node.right))

    def is_operand(self, node: ast.expr) -> bool:
        """Whether a filter or a test after the node applies to all of it in Jinja too."""
        filtered = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
        return filtered or isinstance(node, _PRIMARY) or self.is_enclosed(node)

    def word(self, left: ast.expr, node: ast.expr) -> str:
        """Returns the name of a filter or a test that is applied to what stands left of it."""
        called = node.func if isinstance(node, ast.Call) else node
        if not isinstance(called, ast.Name) or "(" in self._text[left.end_col_offset : called.col_offset]:
            raise Unlike
        return called.id

    def comparison(self, node: ast.Compare) -> nodes.Expr:
        if any(isinstance(each, ast.Is | ast.IsNot) for each in node.ops):
            return self.test(node)
        operands = zip(node.ops, node.comparators, strict=True)
        return nodes.Compare(
            self.convert(node.left),
            [nodes.Operand(_COMPARISONS[type(kind)], self.convert(other)) for kind, other in operands],
        )

    def test(self, node: ast.Compare) -> nodes.Expr:
        if len(node.ops) > 1 or not self.is_operand(node.left):
            raise Unlike
        other = node.comparators[0]
        found = nodes.Test(self.convert(node.left), self.word(node.left, other), *self.arguments(other))
        return nodes.Not(found) if isinstance(node.ops[0], ast.IsNot) else found


_NODES: Final[Mapping[type[ast.expr], Callable[[_Conversion, Any], nodes.Expr]]] = {
    ast.Name: _Conversion.name,
    ast.Constant: _Conversion.constant,
    ast.Attribute: _Conversion.attribute,
    ast.Subscript: _Conversion.subscript,
    ast.Slice: _Conversion.slice,
    ast.Call: _Conversion.call,
    ast.List: _Conversion.array,
    ast.Dict: _Conversion.mapping,
    ast.IfExp: _Conversion.conditional,
    ast.BoolOp: _Conversion.boolean,
    ast.UnaryOp: _Conversion.unary,
    ast.BinOp: _Conversion.binary,
    ast.Compare: _Conversion.comparison,
}
