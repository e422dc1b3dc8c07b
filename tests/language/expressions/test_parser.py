"""The parser of expressions: reads what Jinja's own parser reads, most of it sooner."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, TemplateSyntaxError
from jinja2.parser import Parser

from emulator.language.expressions import parser
from emulator.language.expressions.parser import parse, parse_as_jinja

ENVIRONMENT = Environment(keep_trailing_newline=True)
WORDS = [
    *("x", "y.z", "x[0]", "x[1:]", "'text'", '"~"', "'@'", "'a'\"b\"", "7", "1.5", ".5", "1.", "1_0", "0x1f", "true"),
    *("False", "none", "defined", "mapping", "upper", "round(2)", "f(x,k=1)", "|", "~", "is", "not", "in", "and", "or"),
    *("if", "else", "(", ")", "[", "]", "{", "}", ":", ",", ".", "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<="),
    *(">", "=", "@", "&", "^", "#", "\\", "lambda", "for", "*x", "**x", "{{", "}}", "'"),
]


def outcome(read: Any, source: str) -> Any:
    """What is read, as text that tells 1 from True; or the word that nothing can be."""
    try:
        return repr(read(ENVIRONMENT, source))
    except TemplateSyntaxError as error:
        return error.message


@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), gap=st.sampled_from(["", " ", "  "]))
@example(words=["x", "+", "y.z", "|", "round(2)"], gap=" ")
@example(words=["x", "is", "defined", "if", "y.z", "else", "7"], gap=" ")
@example(words=["x", "|", "(", "upper", ")"], gap=" ")
@example(words=["x", "is", "(", "defined", ")"], gap=" ")
@example(words=["x", "~", "7", "*", "7"], gap=" ")
@example(words=["(", "x", "~", "7", ")", "~", "7"], gap=" ")
@example(words=["-", "x"], gap="")
@settings(max_examples=5 * settings().max_examples)
def test_python_s_parser_reads_nothing_differently(words: list[str], gap: str) -> None:
    inside = gap.join(words)
    for source in (f"{{{{ {inside} }}}}", f"{{{{{inside}}}}}", f"text {{{{ {inside} }}}} and {{{{ x }}}}\n"):
        assert outcome(parse, source) == outcome(parse_as_jinja, source)


OPERANDS = st.sampled_from(
    ["x", "y.z", "x[0]", "'text'", "7", "1.5", "none", "true", "[x, 7]", "{'k': x}", "f(x, k=1)"]
)
COMBINED = [
    "{} or {}",
    "{} and {}",
    "not {}",
    "{} + {}",
    "{} - {}",
    "{} * {}",
    "{} // {}",
    "{} ~ {}",
    "{} == {}",
    "{} in {}",
    "{} not in {}",
    "{} is defined",
    "{} is not mapping",
    "{} | default({})",
    "{} | upper",
    "-{}",
    "{} if {} else {}",
    "({})",
    "{}[{}]",
    "f({}, k={})",
    "{}[{}:]",
    "[{}, {}]",
    "({}).name",
]


@given(
    st.recursive(
        OPERANDS,
        lambda inner: st.tuples(st.sampled_from(COMBINED), inner, inner, inner).map(
            lambda drawn: str(drawn[0]).format(*drawn[1:])
        ),
        max_leaves=12,
    )
)
@settings(max_examples=5 * settings().max_examples)
def test_precedence_is_jinja_s(expression: str) -> None:
    source = f"{{{{ {expression} }}}}"
    assert outcome(parse, source) == outcome(parse_as_jinja, source)


def test_every_expression_of_the_scenarios_but_a_few_is_read_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    class Noted(Parser):
        def __init__(self, environment: Environment, source: str) -> None:
            read.append(source)
            super().__init__(environment, source)

    monkeypatch.setattr(parser, "Parser", Noted)
    expressions = ["{{ a.b or 'c' }}", "{{ a | default(1) }}", "x {{ a ~ 'b' }}", "{{ a is none }}", "{{ not a[-1:] }}"]
    for source in expressions:
        parse(ENVIRONMENT, source)
    assert read == []
    parse(ENVIRONMENT, "{{ a + b | upper }}")
    assert read == ["{{ a + b | upper }}"]


@pytest.mark.parametrize("depth", [50, 20_000])
def test_what_is_nested_too_deeply_is_refused_and_nothing_worse(depth: int) -> None:
    source = "{{ " + "(" * depth + "x" + ")" * depth + " }}"
    if depth == 50:
        assert repr(parse(ENVIRONMENT, source)) == "[Name(name='x', ctx='load')]"
    else:
        with pytest.raises(RecursionError):
            parse(ENVIRONMENT, source)


@pytest.mark.parametrize("text", ["a\r\nb", "a\r\n{{ x }}\rb\n", "a\r{{ x + y | upper }}\n"])
def test_line_ends_are_kept(text: str) -> None:
    kept = [part for part in parse(ENVIRONMENT, text) if isinstance(part, str)]
    assert "".join(kept) == re.sub(r"\{\{.*\}\}", "", text)
