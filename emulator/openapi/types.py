"""Infers the JSON type of what an expression gives, as far as its text tells."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from emulator.engine.functions import FILTERS, FUNCTIONS, LANGUAGE

Schema = dict[str, Any]
_NAMED: Mapping[str, str] = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
# What Jinja's own filters give that templates of replies use.
_FILTERS: Mapping[str, str] = {
    "length": "integer", "int": "integer", "join": "string", "lower": "string", "upper": "string", "trim": "string",
    "string": "string", "tojson": "string", "replace": "string", "float": "number", "round": "number", "sum": "number",
}  # fmt: skip
# What names have that every reply may use; see docs/templates.md.
_KNOWN: Mapping[tuple[str, str], str] = {
    ("answer", "text"): "string",
    ("answer", "input_tokens"): "integer",
    ("answer", "output_tokens"): "integer",
    ("answer", "total_tokens"): "integer",
    ("error", "message"): "string",
    ("error", "status"): "integer",
    ("job", "id"): "string",
    ("job", "status"): "string",
    ("request", "id"): "string",
}


def type_of(source: str, lets: Mapping[str, Any]) -> Schema:
    """Returns the schema of a scalar with expressions in it, `{}` for anything; `lets` are the names that its rule and
    its operation define, as YAML."""
    found = _of_text(source, lets, ())
    return {} if found is None else {"type": found}


def _of_text(source: str, lets: Mapping[str, Any], within: tuple[str, ...]) -> str | None:
    if "{%" in source:
        return None
    try:
        parts = LANGUAGE.parts(source)
    except (TemplateSyntaxError, RecursionError):  # compiling it says so
        return None
    return _type(parts[0], lets, within) if len(parts) == 1 and not isinstance(parts[0], str) else "string"


def _type(node: nodes.Node, lets: Mapping[str, Any], within: tuple[str, ...]) -> str | None:
    match node:
        case nodes.Const():
            return _NAMED.get(type(node.value).__name__)
        case nodes.Concat() | nodes.TemplateData():
            return "string"
        case nodes.Compare() | nodes.Not() | nodes.Test():
            return "boolean"
        case nodes.CondExpr(expr1=left, expr2=right) if right is not None:
            return _same(_type(left, lets, within), _type(right, lets, within))
        case nodes.Add() | nodes.Sub() | nodes.Mul():
            return _same(_type(node.left, lets, within), _type(node.right, lets, within))
        case nodes.Call(node=nodes.Name(name=name)):
            return _returned(FUNCTIONS.get(name))
        case nodes.Filter(name=name):
            return _FILTERS.get(name) or _returned(FILTERS.get(name))
        case nodes.Getattr(node=nodes.Name(name="path")):
            return "string"
        case nodes.Getattr(node=nodes.Getattr(node=nodes.Name(name="limits"))):
            return "integer"
        case nodes.Getattr(node=nodes.Name(name=owner), attr=attribute):
            return _KNOWN.get((owner, attribute))
        case nodes.Name(name=name) if name in lets and name not in within:
            return _of_let(lets[name], lets, (*within, name))
    return None


def _of_let(value: Any, lets: Mapping[str, Any], within: tuple[str, ...]) -> str | None:
    return _of_text(value, lets, within) if isinstance(value, str) else _NAMED.get(type(value).__name__)


def _same(left: str | None, right: str | None) -> str | None:
    return left if left == right else "number" if {left, right} == {"integer", "number"} else None


def _returned(function: Any) -> str | None:
    """What a function is annotated to return, if it is one type."""
    return None if function is None else _NAMED.get(str(inspect.signature(function).return_annotation))
