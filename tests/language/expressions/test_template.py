from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from weakref import ref

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import DocumentError, Location, TemplateError
from emulator.language.expressions import Language
from emulator.language.expressions.runtime import MISSING
from emulator.language.expressions.template import Template, compile_tree


class Records:
    """Like a collection: iteration gives records, a key gives one."""

    def __iter__(self) -> Iterator[Any]:
        return iter([{"id": "a"}, {"id": "b"}])

    def __getitem__(self, key: str) -> Any:
        return {"id": key} if key in ("a", "b") else MISSING


class View(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        return {"status": "done"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["status"])

    def __len__(self) -> int:
        return 1


LANGUAGE = Language(
    {
        "new_id": lambda scope, prefix: f"{prefix}_x",
        "job": lambda scope, id=None: View() if id else MISSING,
        "ready": lambda scope: orjson.Fragment(b'{"a": null}'),
        "some": lambda scope: {1, 2},
        "half": lambda scope: "\ud800",
        "raw": lambda scope: b"raw",
    }
)


def scope() -> dict[str, Any]:
    body = {"model": "m", "n": 3, "xs": [1, 2, 3], "deep": {"a": 1}, "none": None, "rows": [{"a": 1}, {}]}
    odd = {"big": 2**64, "nan": math.nan, "inf": math.inf}
    return {"body": body, "odd": odd, "models": Records(), "item": "outer"}


def compiled(tree: Any) -> Template:
    return compile_tree(tree, LANGUAGE, lambda path: Location("/".join(map(str, path)), 1, 1))


def each(value: Any = "{{ item }}", **more: Any) -> dict[str, Any]:
    return {
        "$each": "{{ body.xs }}",
        "value": value,
        **{f"${key}" if key == "if" else key: v for key, v in more.items()},
    }


ABSENT_IF: dict[str, Any] = {"$if": "{{ body.nope }}", "then": 1}
PRESENT_IF: dict[str, Any] = {"$if": "{{ body.n }}", "then": "{{ body.n }}"}


@pytest.mark.parametrize(
    ("tree", "value"),
    [
        ("text", "text"),
        (None, None),
        ([], []),
        ({}, {}),
        ({"a": [1, {"b": None}], "c": 1.5}, {"a": [1, {"b": None}], "c": 1.5}),
        ({200: True, None: {1.5: "x"}, False: 0}, {"200": True, "null": {"1.5": "x"}, "false": 0}),
        ("{{ 1 + 1 }}", 2),
        ("{{ 1 }}{{ 2 }}", "12"),
        ({"$literal": {"a": ["{{ x }}", {"$if": 1}]}}, {"a": ["{{ x }}", {"$if": 1}]}),
        ("{# nothing #}a", "a"),
        ("a }} { b", "a }} { b"),
    ],
)
def test_a_tree_without_questions_is_constant(tree: Any, value: Any) -> None:
    template = compiled(tree)
    assert template.constant
    assert template.value({}) == value
    assert template.json({}) == orjson.dumps(value)
    assert template.json({}) is template.json({})


def test_a_constant_value_cannot_be_changed_by_who_takes_it() -> None:
    template = compiled({"a": [1], "b": {}})
    template.value({})["a"].append(2)
    assert template.value({}) == {"a": [1], "b": {}}


@pytest.mark.parametrize(
    ("tree", "value"),
    [
        ("{{ body.model }}", "m"),
        ("{{ body.xs }}", [1, 2, 3]),
        ("{{ body.none }}", None),
        ("{{ body.n }}\n", 3),
        ("{{ body.n }}\n\n", "3\n\n"),
        (" {{ body.n }}", " 3"),
        ("{{ body.model }}-{{ body.n }}", "m-3"),
        ("{{{ 'a': body.n }}}", {"a": 3}),
        ("{ {{ body.n }} }}", "{ 3 }}"),
        ("a\r\n{{ body.n | abs }}\r\n", "a\r\n3\r\n"),
        ("a\r\n{{ body.n }}\r\n", "a\r\n3\r\n"),
        ("{{ true }}", True),
        ({"id": "{{ new_id('msg') }}", "list": [1, "{{ body.n }}"], "z": {}}, {"id": "msg_x", "list": [1, 3], "z": {}}),
        ({"{{ body.model }}": "{{ body.n }}", "k": 1}, {"m": 3, "k": 1}),
        ({"{{ body.n }}": ABSENT_IF, "k": 1}, {"k": 1}),
        ({"a": ABSENT_IF}, {}),
        ({"a": ABSENT_IF, "b": PRESENT_IF, "c": ABSENT_IF, "d": PRESENT_IF}, {"b": 3, "d": 3}),
        (
            {"a": PRESENT_IF, "b": ABSENT_IF, "c": 1, "d": PRESENT_IF, "e": "{{ body.n }}"},
            {"a": 3, "c": 1, "d": 3, "e": 3},
        ),
        ({"a": {**ABSENT_IF, "else": ["{{ body.n }}"]}, "b": {"$if": True, "then": 1}}, {"a": [3], "b": 1}),
        ({"a": {"$if": "{{ body.n }}", "then": ABSENT_IF, "else": 1}, "b": 1}, {"b": 1}),
        ([ABSENT_IF, PRESENT_IF, 1, ABSENT_IF], [3, 1]),
        (each(), [1, 2, 3]),
        ({"$each": "{{ body.xs }}", "$if": "{{ item > 1 }}"}, [2, 3]),
        (
            {"a": each({"v": "{{ x }}", "i": "{{ index }}"}, **{"as": "x"})},
            {"a": [{"v": x, "i": x - 1} for x in (1, 2, 3)]},
        ),
        ([0, each(), each(**{"if": "{{ item == 9 }}"}), 4, each("x")], [0, 1, 2, 3, 4, "x", "x", "x"]),
        ([each(ABSENT_IF), each(**{"if": "{{ false }}"})], []),
        ({"$each": [1, "{{ body.n }}"], "value": "{{ item * 2 }}"}, [2, 6]),
        ({"$each": "{{ models }}", "value": "{{ item.id }}"}, ["a", "b"]),
        ({"$each": "{{ body.deep | items }}", "value": "{{ item[0] ~ item[1] }}"}, ["a1"]),
        (
            each(each("{{ item ~ x ~ index }}"), **{"as": "x"}),
            [[f"{i}{x}{i - 1}" for i in (1, 2, 3)] for x in (1, 2, 3)],
        ),
        ({"$merge": ["{{ body.deep }}", {"b": "{{ body.n }}", "a": 2}, ABSENT_IF]}, {"a": 2, "b": 3}),
        ({"$merge": [{"a": 1}, {"b": 2}]}, {"a": 1, "b": 2}),
        ("{% for x in body.xs %}{{ x }}{{ ',' if not loop.last }}{% endfor %}", "1,2,3"),
        ("{% if body.nope.at %}a{% elif body.n %}{{ new_id('b') }}{% endif %}", "b_x"),
        ("{% if body.nope == none or 1 in body.nope or job() %}a{% else %}b{% endif %}", "b"),
        ("{% set ns = namespace(n=0) %}{% for x in body.xs %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}\n", "6\n"),
        ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(range(3) | join) }}", "<012>"),
        ("{% set job = 1 %}{{ job }}{{ job is defined }}{{ models['a'].id }}{{ models.z is defined }}", "1TrueaFalse"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ],
)
def test_a_tree_gives_the_same_as_value_and_as_json(tree: Any, value: Any) -> None:
    template = compiled(tree)
    names = scope()
    assert template.value(names) == value
    assert template.json(names) == orjson.dumps(value)
    assert template.maybe(names) == value
    assert template.true(names) is bool(value)
    assert names.keys() == scope().keys()
    assert names["item"] == "outer"


def test_json_takes_ready_json_and_what_looks_like_a_mapping_or_a_list() -> None:
    tree = {
        "a": "{{ ready() }}",
        "b": "{{ job(1) }}",
        "c": "{{ models }}",
        "d": "{{ {1: (body.n,)} }}",
        "e": "x{{ ready() }}",
    }
    assert compiled(tree).json(scope()) == (
        b'{"a":{"a": null},"b":{"status":"done"},"c":[{"id":"a"},{"id":"b"}],"d":{"1":[3]},"e":"x{\\"a\\": null}"}'
    )


@pytest.mark.parametrize(
    ("tree", "place", "message"),
    [
        ("{{ body.nope }}", "", "`body.nope` is absent"),
        ("a {{ body.nope }}", "", "`body.nope` is absent"),
        ({"a": ["x", "{{ body.foo.bar }}"]}, "a/1", "`body.foo.bar` is absent"),
        ({"a": "{{ 'a' if body.nope }}"}, "a", "`'a' if body.nope` is absent"),
        ({"a": "{{ body.n / 0 }}"}, "a", "`body.n / 0`: division by zero"),
        ({"a": {"$if": "{{ body.nope > 1 }}", "then": 1}}, "a/$if", "`body.nope` is absent"),
        ({"a": {"$if": "{{ body.n }}", "then": "{{ body.nope }}"}}, "a/then", "`body.nope` is absent"),
        ([each("{{ item.x }}")], "0/value", "`item.x` is absent"),
        (each(**{"if": "{{ item / 0 }}"}), "$if", "`item / 0`: division by zero"),
        ({"$each": "{{ body.nope }}"}, "$each", "`body.nope` is absent"),
        ({"$each": "{{ body.n }}"}, "$each", "`$each`: 'int' object is not iterable"),
        ({"$each": "{{ body.model }}"}, "$each", "`$each`: expected a list, found a text"),
        ({"$each": "{{ body.deep }}"}, "$each", "`$each`: expected a list, found a mapping"),
        ({"a": {"$merge": [{}, "{{ body.n }}"]}}, "a/$merge/1", "expected a mapping to merge, found int"),
        ({"{{ body.nope }}": 1}, "", "`body.nope` is absent"),
        ("{% if 1 %}{{ body.nope }}{% endif %}", "", "`nope` is absent"),
        ("{% if 1 %}{{ nope.a }}{% endif %}", "", "`nope` is absent"),
        ("{% if 1 %}{{ new_id(body.nope) }}{% endif %}", "", "`nope` is absent"),
    ],
)
def test_what_fails_names_the_expression_and_the_place(tree: Any, place: str, message: str) -> None:
    for render in (compiled(tree).value, compiled(tree).json):
        names = scope()
        with pytest.raises(TemplateError) as caught:
            render(names)
        assert (caught.value.place.file, caught.value.message) == (place, message)
        assert names["item"] == "outer"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ half() }}", "`half()`: the text holds half a character (a lone surrogate)"),
        ("{{ [half()] }}", "`[half()]`: the text holds half a character (a lone surrogate)"),
        ("{{ some() }}", "`some()`: Type is not JSON serializable: set"),
        ("{{ raw() }}", "`raw()`: Type is not JSON serializable: bytes"),
        ("{{ odd.big }}", "`odd.big`: Integer exceeds 64-bit range"),
        ("{{ odd.nan }}", "`odd.nan`: nan is not a number that JSON knows"),
        ("{{ odd }}", "`odd`: Integer exceeds 64-bit range"),
        ("{{ [none, [{'a': (1, odd.inf)}]] }}", "`[none, [{'a': (1, odd.inf)}]]`: inf is not a number that JSON knows"),
        ("{{ body.n * 1e308 }}", "`body.n * 1e308`: inf is not a number that JSON knows"),
        ("{{ body.rows | map(attribute='a') | list }}", "`a` is absent"),
        ("{{ (body.rows | map(attribute='a') | list) }} ", None),
    ],
)
def test_what_json_cannot_say_is_an_error(source: str, message: str | None) -> None:
    for tree, place in ((source, ""), ({"a": source}, "a")):
        if message is None:
            assert compiled(tree).json(scope())
            continue
        with pytest.raises(TemplateError) as caught:
            compiled(tree).json(scope())
        assert (caught.value.place.file, caught.value.message) == (place, message)


def test_a_tree_that_is_left_out_has_an_absent_value_and_no_json() -> None:
    template = compiled(ABSENT_IF)
    assert template.value(scope()) is MISSING
    assert not template.true(scope())
    with pytest.raises(TemplateError, match="`\\$if` is false and there is no `else`"):
        template.json(scope())
    assert compiled({"$if": "{{ body.n }}", "then": 1}).json(scope()) == b"1"


def test_maybe_gives_absent_where_value_refuses() -> None:
    template = compiled("{{ models['z'].id }}")
    assert template.maybe(scope()) is MISSING
    assert not template.true(scope())


@pytest.mark.parametrize(
    ("tree", "complaints"),
    [
        ("{{ 1 + }}", [("", "a value is missing at the end of the expression")]),
        (
            {"a": "{{ nope() }}", "b": ["{{ a. }}"]},
            [("a", "unknown function 'nope'"), ("b/0", "expected a name after the '.'")],
        ),
        ({"a": math.nan}, [("a", "nan is not a number that JSON knows")]),
        ({"a": "{{ 1e308 * 10 }}"}, [("a", "inf is not a number that JSON knows")]),
        ({"$esch": 1}, [("$esch", "unknown form '$esch'")]),
        ({"$each": "{{ a }}", "vale": 1}, [("vale", "did you mean 'value'?")]),
        ({"$each": "abc"}, [("$each", "expected a list, or an expression in {{ }} that gives one")]),
        ({"$each": "{{ a }}", "as": "a b"}, [("as", "expected a name for the item, found 'a b'")]),
        ({"$each": "{{ a }}", "as": "index"}, [("as", "expected a name for the item, found 'index'")]),
        ({"$if": "body.n", "then": 1}, [("$if", "expected an expression in {{ }}, found 'body.n'")]),
        ({"$if": "{{ body.n }}"}, [("", "`$if` needs a `then`")]),
        ({"$merge": {"a": 1}}, [("$merge", "expected a list of mappings")]),
        ({"$merge": [], "a": 1}, [("a", "unknown key 'a' beside '$merge'")]),
        ({"{{ a. }}": 1}, [("", "expected a name after the '.'")]),
        ("{% if %}{% endif %}", [("", "the expression is empty")]),
        ("{% if 1 %}", [("", "is never closed")]),
        ("{% if 1 %}{{ a | uper }}{% endif %}", [("", "unknown filter 'uper'; did you mean 'upper'?")]),
        ("{% if a is od %}{% endif %}", [("", "unknown test 'od'")]),
        ("{% if 1 %}{{ nope() }}{% endif %}", [("", "unknown function 'nope'")]),
        ("{% include 'a' %}", [("", "a scenario can't include templates")]),
        ("{% block a %}{% endblock %}", [("", "a scenario can't block templates")]),
    ],
)
def test_everything_wrong_in_a_tree_is_told_at_once(tree: Any, complaints: list[tuple[str, str]]) -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(tree)
    found = [(complaint.place.file, complaint.message) for complaint in caught.value.diagnostics]
    assert len(found) == len(complaints)
    for (place, message), (expected_place, expected) in zip(found, complaints, strict=True):
        assert place == expected_place
        assert expected in message


@pytest.mark.parametrize(
    "source",
    [
        "{% if 1 %}{{ ''.__class__.__mro__ }}{% endif %}",
        "{% if 1 %}{{ new_id.__globals__ }}{% endif %}",
        "{% if 1 %}{{ [].append(1) }}{% endif %}",
        "{% if 1 %}{{ '%99999d' % 1 }}{% endif %}",
        "{% if 1 %}{{ 'a' * 10000000 }}{% endif %}",
        "{% if 1 %}{{ 10 ** 100000 }}{% endif %}",
        "{% if 1 %}{{ range(1000000) }}{% endif %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{{ 'a' * 1000 }}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
)
def test_a_program_stays_in_its_sandbox(source: str) -> None:
    with pytest.raises(TemplateError):
        compiled(source).value(scope())


def test_each_gives_no_more_than_an_answer_holds() -> None:
    names = {"long": "a" * 1_000_000, "xs": list(range(100))}
    with pytest.raises(TemplateError, match="more than 33,554,432 bytes"):
        compiled({"$each": "{{ xs }}", "value": "{{ long }}"}).json(names)
    with pytest.raises(TemplateError, match="more than 100,000 items"):
        compiled({"$each": "{{ xs }}"}).json({"xs": range(100_001)})
    with pytest.raises(TemplateError, match="longer than 33,554,432 characters"):
        compiled("{{ long }}" * 40).json(names)


def test_a_scope_that_cannot_be_written_to_can_be_read() -> None:
    from types import MappingProxyType

    assert compiled(each("{{ item + body.n }}")).value(MappingProxyType(scope())) == [4, 5, 6]


def test_a_name_that_asks_for_itself_is_told_as_nested_too_deeply() -> None:
    template = compiled("{{ again }}")

    class Endless(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            return template.value(self)

    with pytest.raises(TemplateError, match="nested too deeply"):
        template.value(Endless())


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="{"), max_size=5)
    | st.sampled_from(
        ["{{ body.n }}", "{{ body.xs }}", "x{{ body.model }}", "{{ body.none }}", "{{ item }}", "{{ n }}"]
    )
)
KEYS = st.text(st.characters(codec="utf-8", exclude_characters="{$"), max_size=3)
CONDITIONS = st.sampled_from(["{{ body.n }}", "{{ body.nope }}", "{{ item == 2 }}", True, False])
TREES = st.recursive(
    LEAVES,
    lambda tree: (
        st.lists(tree, max_size=4)
        | st.dictionaries(KEYS, tree, max_size=4)
        | st.fixed_dictionaries({"$if": CONDITIONS, "then": tree}, optional={"else": tree})
        | st.fixed_dictionaries(
            {"$each": st.sampled_from(["{{ body.xs }}", "{{ [] }}", [1, "{{ body.n }}"]]), "value": tree},
            optional={"as": st.sampled_from(["n", "x", "item"]), "$if": CONDITIONS},
        )
        | st.fixed_dictionaries({"$literal": tree})
        | st.fixed_dictionaries({"$merge": st.lists(st.dictionaries(KEYS, tree, max_size=3), max_size=3)})
    ),
    max_leaves=12,
)


@given(TREES)
def test_json_is_always_the_json_of_the_value(tree: Any) -> None:
    template = compiled([tree])
    names = {**scope(), "n": 0}
    value = template.value(names)
    assert template.json(names) == orjson.dumps(value)
    assert names == {**scope(), "n": 0, "models": names["models"], "odd": names["odd"]}


@pytest.mark.finding("I2")
def test_an_expression_is_read_once_and_forgotten_with_the_last_template_that_has_it() -> None:
    language = Language()

    def place(path: Any = ()) -> Location:
        return Location("some.yaml", 1, 1)

    first = compile_tree({"a": "{{ name | upper }}!"}, language, place)
    second = compile_tree(["{{ name | upper }}!"], language, place)
    parsed = ref(language.scalar("{{ name | upper }}!", place))
    assert (first.value({"name": "x"}), second.value({"name": "y"})) == ({"a": "X!"}, ["Y!"])
    assert parsed() is language.scalar("{{ name | upper }}!", place)
    del first
    assert parsed() is not None
    del second
    assert parsed() is None
