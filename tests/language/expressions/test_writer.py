"""Generated code: FAST and CHECKED code agree, and CHECKED code runs only when FAST code fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import DocumentError, EmulatorError, Location, TemplateError
from emulator.language.expressions import Language
from emulator.language.expressions.runtime import MISSING, LenientContext
from emulator.language.expressions.template import Template, compile_tree, writers
from emulator.language.expressions.writer import Evaluate, Writer, generate

PARTS = ("value", "maybe", "json")


class Records:
    """Like a collection: iteration gives records, and an unknown key gives MISSING."""

    def __iter__(self) -> Iterator[Any]:
        return iter([{"id": "a"}, {"id": "b"}])

    def __getitem__(self, key: Any) -> Any:
        return {"id": key} if key in ("a", "b") else MISSING


CALLS: list[str] = []


def called(context: Mapping[str, Any], name: Any = "x", length: Any = 3) -> str:
    CALLS.append(f"{name}")
    return f"{name}_{length}"


LANGUAGE = Language(
    {
        "called": called,
        "job": lambda context, id=None: {"status": "done"} if id else MISSING,
        "ready": lambda context: orjson.Fragment(b'{"a": null}'),
        "half": lambda context: "\ud800",
    },
    {"shout": lambda value, mark="!": value.upper() + mark},
)
CONTEXT: Mapping[str, Any] = {
    "body": {"model": "m", "n": 3, "xs": [1, "x", 3], "deep": {"a": {"b": [5]}}, "none": None, "rows": [{"a": 1}, {}]},
    "models": Records(),
    "item": "outer",
    "nothing": MISSING,
    "s": "text",
}


def compiled(tree: Any) -> Template:
    return compile_tree(tree, LANGUAGE, lambda path: Location("/".join(map(str, path)), 1, 1))


def checked(template: Template, part: str) -> Evaluate:
    """CHECKED code alone."""
    writer = Writer(checked=True)
    write = {"value": template.node.value, "maybe": template.node.maybe, "json": template.whole}[part]
    return writer.function(write(writer))


def outcome(evaluate: Callable[[Any], Any]) -> str:
    try:
        # An object without a repr of its own shows where it is in memory, and each evaluation makes its own.
        return re.sub(r" at 0x[0-9a-f]+", "", repr(evaluate(dict(CONTEXT)))).replace("\\x", "")
    except EmulatorError as error:
        return f"{type(error).__name__} {error}"


PLAIN = ["body.model", "body.n", "body.xs", "body.none", "body.rows", "item", "index", "x", "s", "nothing.x", "nowhere"]
DEEP = ["body.deep.a.b", "models.a", "models['zz'].id", "nowhere.at", "body.nope.x", "body.xs[0]", "body.xs[9]", "s[0]"]
COMPUTED = ["body.xs[body.n - 1]", "body[s]", "body[body.nope]", "body.xs[1:]", "body.nope[1:]", "body.rows[0].a"]
NAMES = st.sampled_from([*PLAIN, *DEEP, *COMPUTED])
SCALAR = ["0", "2", "-3", "2.5", "'x'", "'%s'", "true", "false", "none"]
CONSTANTS = st.sampled_from([*SCALAR, "[]", "[1, 'x']", "{'a': 1}", "[body.n]", "[body.nope]"])
INFIX = ["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "~", "and", "or", "in", "not in"]
FILTERS = ["upper", "length", "default(7)", "d('q', true)", "d(nowhere)", "list", "first", "shout(mark='?')", "join"]
TESTS = ["defined", "undefined", "none", "string", "odd", "mapping", "divisibleby 2", "in [1]"]
EXPRESSIONS = st.recursive(
    NAMES | CONSTANTS,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(INFIX), part).map(lambda found: "({} {} {})".format(*found)),
        st.tuples(part, part, part).map(lambda found: "({} < {} <= {})".format(*found)),
        st.tuples(part, part, part).map(lambda found: "({} == {} in {})".format(*found)),
        st.tuples(part, part, part).map(lambda found: "({} if {} else {})".format(*found)),
        st.tuples(part, part).map(lambda found: "({} if {})".format(*found)),
        part.map(lambda found: f"(not {found})"),
        part.map(lambda found: f"(- {found})"),
        st.tuples(part, st.sampled_from(FILTERS)).map(lambda found: "({} | {})".format(*found)),
        st.tuples(part, st.sampled_from(TESTS)).map(lambda found: "({} is {})".format(*found)),
        st.tuples(part, part).map(lambda found: "called({}, length={})".format(*found)),
        part.map(lambda found: f"job({found}).status"),
        st.sampled_from(["job()", "ready()", "half()"]),
        st.tuples(part, part).map(lambda found: "({})[{}]".format(*found)),
        st.tuples(part, part).map(lambda found: "[{}, {}]".format(*found)),
        st.tuples(part, part).map(lambda found: "{{'k': {}, {}: 1}}".format(*found)),
    ),
    max_leaves=6,
)
SCALARS = st.one_of(
    EXPRESSIONS.map(lambda found: f"{{{{ {found} }}}}"),
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda found: "a {{{{ {} }}}}-{{{{ {} }}}}".format(*found)),
    EXPRESSIONS.map(lambda found: f"{{% if {found} %}}y{{{{ item }}}}{{% endif %}}"),
)
KEYS = st.sampled_from(["a", "b", "{{ body.model }}", "{{ body.nope }}"])
LISTS = st.sampled_from(
    ["{{ body.xs }}", "{{ [] }}", [1, "{{ body.n }}"], "{{ body.nope }}", "{{ models }}", "{{ s }}"]
)
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS | SCALARS | st.sampled_from([None, True, 1.5, "text", [], {"a": 2}]),
    lambda tree: st.one_of(
        st.lists(tree, max_size=3),
        st.dictionaries(KEYS, tree, max_size=3),
        st.fixed_dictionaries({"$if": SCALARS | st.booleans(), "then": tree}, optional={"else": tree}),
        st.fixed_dictionaries(
            {"$each": LISTS | SCALARS, "value": tree},
            optional={"as": st.sampled_from(["x", "item", "s"]), "$if": SCALARS},
        ),
        st.fixed_dictionaries({"$merge": st.lists(tree, max_size=3)}),
    ),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(TREES)
def test_fast_and_checked_code_give_the_same_value_or_the_same_error(tree: Any) -> None:
    try:
        template = compiled(tree)
    except DocumentError:
        return
    for part in PARTS:
        assert outcome(getattr(template, part)) == outcome(checked(template, part))


@pytest.mark.parametrize(
    "tree",
    [
        {"a": "{{ called(body.n) }}", "b": {"$if": "{{ body.nope }}", "then": 1}, "c": "{{ nowhere | default(2) }}"},
        {"a": "{{ called(body.n) }}", "b": "{{ nowhere.at is defined or nothing == 1 or 'x' in body.nope }}"},
        {"a": "{{ called(body.n) }}", "b": "{{ body.xs[9] | default(models.zz.id | default(job().status or 1)) }}"},
        ["{{ called(body.n) }}", {"$each": "{{ body.rows }}", "$if": "{{ item.a }}", "value": "x{{ item.a }}"}],
    ],
)
@pytest.mark.parametrize("part", PARTS)
def test_what_may_be_missing_is_not_evaluated_twice(tree: Any, part: str) -> None:
    CALLS.clear()
    getattr(compiled(tree), part)(LenientContext(CONTEXT))
    assert CALLS == ["3"]


def test_checked_code_is_generated_once_and_only_when_fast_code_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    function = Writer.function

    def noted(writer: Writer, *args: Any) -> Evaluate:
        modes.append(writer.checked)
        return function(writer, *args)

    monkeypatch.setattr(Writer, "function", noted)
    template = compiled("{{ body.n }}")
    assert modes == []
    for _ in range(2):
        assert template.value(CONTEXT) == 3
    assert modes == [False]
    for _ in range(2):
        with pytest.raises(TemplateError, match=r"`body\.n` is absent"):
            template.value({"body": {}})
    assert modes == [False, True]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (" + ".join(["body.n"] * 60), 180),
        ("not " * 80 + "body.n", True),
        ("-" * 80 + "body.n", 3),
        (" or ".join(["body.none"] * 60) + " or body.n", 3),
        ("body" + ".nope" * 300 + " | default(1)", 1),
        ("'x' if body.none else " * 40 + "body.n", 3),
        ("[" * 30 + "body.n" + "][0]" * 30, 3),
        ("body.xs[" * 20 + "0" + "]" * 20 + " | default(1)", 1),
    ],
)
def test_an_expression_may_be_nested_more_deeply_than_python_allows_brackets(source: str, value: Any) -> None:
    template = compiled(f"{{{{ {source} }}}}")
    for part in ("value", "maybe"):
        assert getattr(template, part)(CONTEXT) == value
        assert checked(template, part)(CONTEXT) == value


@pytest.mark.parametrize("depth", [14, 15, 16, 40])
def test_loops_may_be_nested_more_deeply_than_python_allows(depth: int) -> None:
    tree: Any = "{{ item + body.n }}"
    expected: Any = 4
    for _ in range(depth):
        tree, expected = {"$each": [1], "value": tree}, [expected]
    template = compiled(tree)
    assert template.value(CONTEXT) == expected
    assert template.json(CONTEXT) == orjson.dumps(expected)
    for write in (template.value, template.json):
        with pytest.raises(TemplateError) as caught:
            write({"body": {}})
        assert caught.value.message == "`body.n` is absent"
        assert caught.value.place.file == "/".join(["value"] * depth)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("expression", ["'x'[2.5]", "('x' is string)[0]", "[1, 2][1.5]"])
def test_what_python_warns_of_in_generated_code_is_the_templates_own_failure(expression: str, part: str) -> None:
    template = compiled(f"{{{{ {expression} }}}}")
    found = outcome(getattr(template, part))
    assert found == outcome(checked(template, part))
    assert "SyntaxError" not in found


class Lazy(dict[str, Any]):
    """A context that computes a name when it is first asked for, as that of a request does."""

    def __init__(self, lets: Mapping[str, Template], **names: Any) -> None:
        super().__init__(**names)
        self._lets = lets
        self.computed: list[str] = []

    def __missing__(self, name: str) -> Any:
        self.computed.append(name)
        value = self[name] = self._lets[name].maybe(self)
        return value


def with_lets(source: str, **lets: str) -> tuple[Evaluate, dict[str, Template]]:
    """The code of an expression into which the values of names are written, and these as templates."""
    templates = {name: compiled(let) for name, let in lets.items()}
    return generate(compiled(source).node.maybe, writers(templates)), templates


def test_the_names_of_a_let_are_computed_in_place_and_kept_for_others() -> None:
    code, lets = with_lets("{{ more + more }}", once="{{ body.n + 1 }}", more="{{ once * 2 }}")
    context = Lazy(lets, body={"n": 3})
    assert (code(context), context["once"], context["more"]) == (16, 4, 8)
    assert context.computed == [], "neither of them was looked for through the context"


def test_a_name_that_is_known_already_is_not_computed_again() -> None:
    code, lets = with_lets("{{ once }}", once="{{ body.n + 1 }}")
    assert code(Lazy(lets, body={"n": 3}, once=7)) == 7


@pytest.mark.parametrize("source", ["{{ 1 if body.n else bad }}", "{{ body.n or bad }}", "{{ body.n | default(bad) }}"])
def test_a_name_in_a_part_that_is_not_evaluated_is_not_computed(source: str) -> None:
    code, lets = with_lets(source, bad="{{ 1 // (body.n - body.n) }}")
    context = Lazy(lets, body={"n": 1})
    assert code(context) == 1
    assert "bad" not in context


def test_a_let_that_calls_a_function_is_computed_once_by_the_context() -> None:
    CALLS.clear()
    code, lets = with_lets("{{ made ~ made }}", made="{{ called('once') }}")
    context = Lazy(lets)
    assert (code(context), CALLS, context.computed) == ("once_3once_3", ["once"], ["made"])


def test_a_missing_name_of_a_let_is_missing_in_the_code_too() -> None:
    code, lets = with_lets("{{ there is defined }}", there="{{ body.nowhere }}")
    assert code(Lazy(lets, body={})) is False


@pytest.mark.parametrize("value", [0, 7, -(2**40), 2**70, 1.5, True, "ab", None], ids=lambda value: repr(value)[:12])
def test_a_product_is_the_same_whichever_way_it_is_computed(value: Any) -> None:
    template = compiled("{{ a * b }}")
    for other in (3, 0.5, False) if isinstance(value, str) else (3, 2**33, 0.5, False):
        try:
            expected = value * other
        except TypeError:
            with pytest.raises(TemplateError):
                template.value({"a": value, "b": other})
        else:
            assert template.value({"a": value, "b": other}) == expected


def test_a_mapping_of_many_values_is_encoded_as_it_is_value_by_value() -> None:
    few, many = "{{ a }}", ["{{ a }}", "{{ b }}", None, "null", {"x": ["{{ c }}", 1.0]}, "{{ d }}"]
    context = {"a": 1, "b": "é\n", "c": {"y": None}, "d": orjson.Fragment(b"[2]")}
    assert compiled({"few": few}).json(context) == b'{"few":1}'
    whole = compiled({"many": many, "e": "{{ a }}"}).json(context)
    assert whole == '{"many":[1,"é\\n",null,"null",{"x":[{"y":null},1.0]},[2]],"e":1}'.encode()
    for bad, message in ((float("nan"), "not a number"), (MISSING, "absent"), ({1, 2}, "`"), (2**70, "`")):
        with pytest.raises(TemplateError, match=message):
            compiled({"many": many, "e": "{{ a }}"}).json({**context, "b": bad})
