"""The meter, and that no template escapes it: whatever a template says, it ends soon and builds no more than fits."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.errors import DocumentError, Location, TemplateError
from emulator.language.expressions import Language
from emulator.language.expressions.meter import FREE, MAX_SECONDS, MAX_STEPS, Meter, collected, over
from emulator.language.expressions.template import compile_tree

LANGUAGE = Language()
START = "{% set n = namespace(s='ab', l=[1], d={}) %}{% for i in range(100000) %}"
LOOP, END = "{% for i in range(100000) %}", "{% endfor %}"
LONG = "('x' * 1000000)"
LINES = r"('x\n' * 500000)"
MANY: dict[str, Any] = {"$each": "{{ range(100000) }}"}
FEW: dict[str, Any] = {"$each": "{{ range(64) }}"}


class Hands:
    """A clock that moves by so many seconds whenever it is read."""

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds = 0.0, seconds

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def test_steps_are_counted_and_end() -> None:
    meter = Meter(Hands(0.0))
    meter.add(MAX_STEPS)
    with pytest.raises(ValueError, match="the template takes more than 1,000,000 steps"):
        meter.add(1 + FREE)


def test_what_is_read_and_built_counts_by_its_size() -> None:
    meter = Meter(Hands(0.0))
    assert meter.of("x" * 1280) == "x" * 1280
    assert meter.of(5) == 5
    assert (meter.of([0] * 128), meter.steps) == ([0] * 128, 11 + 1 + 2)
    meter.keep("x" * 127)
    meter.keep("x" * 1280)
    assert meter.steps == 14 + 10


def test_time_ends_too_and_is_looked_at_every_so_often() -> None:
    hands = Hands(MAX_SECONDS / 10)
    meter = Meter(hands)
    with pytest.raises(ValueError, match="the template takes more than 1 s"):
        for _ in meter.over(range(MAX_STEPS)):
            pass
    assert meter.steps == pytest.approx(10 * FREE, abs=3 * FREE)
    assert hands.now == pytest.approx(MAX_SECONDS, abs=MAX_SECONDS / 5)


def test_a_short_list_is_not_metered_and_a_long_one_is() -> None:
    short, long = [0] * FREE, [0] * (FREE + 1)
    assert over(short) is short
    assert over(long) is not long
    assert list(over(long)) == long


def test_what_an_iterator_gives_is_bounded_in_number_and_size() -> None:
    assert collected(iter("abc")) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="100,000 items"):
        collected(iter(range(100_001)))
    with pytest.raises(ValueError, match="33,554,432 characters"):
        collected("x" * 1_000_000 for _ in range(40))


HOSTILE: list[Any] = [
    f"{START}{{% set n.s = n.s ~ n.s %}}{END}",
    f"{START}{{% set n.s = n.s + n.s %}}{END}",
    f"{START}{{% set n.s = n.s * 2 %}}{END}",
    f"{START}{{% set n.l = n.l + n.l %}}{END}",
    f"{START}{{% set n.s = '%s%s' % (n.s, n.s) %}}{END}",
    f"{START}{{% set n.s = '%s%s' | format(n.s, n.s) %}}{END}",
    f"{START}{{% set n.s = [n.s, n.s] | join %}}{END}",
    f"{START}{{% set n.s = n.s | replace('a', 'aa') %}}{END}",
    f"{START}{{% set n.s %}}{{{{ n.s }}}}{{{{ n.s }}}}{{% endset %}}{END}",
    f"{{% macro f(s) %}}{{{{ s }}}}{{{{ s }}}}{{% endmacro %}}{START}{{% set n.s = f(n.s) %}}{END}",
    f"{LOOP}{LOOP}{LOOP}{END}{END}{END}",
    f"{LOOP}{LOOP}{{{{ 1 }}}}{END}{END}",
    "{% for i in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    f"{{% set b = {LONG} %}}{LOOP}{{{{ b }}}}{END}",
    f"{{% set b = {LONG} %}}{LOOP}{{% if b ~ 'x' == b ~ 'y' %}}{{% endif %}}{END}",
    f"{{% set b = {LONG} %}}{LOOP}{{% set c = [b] | tojson | length %}}{END}",
    f"{{% set b %}}{LOOP}{{{{ 'x' * 1000000 }}}}{END}{{% endset %}}",
    f"{{% filter upper %}}{LOOP}{{{{ 'x' * 1000000 }}}}{END}{{% endfilter %}}",
    f"{{{{ {LONG} | list | length }}}}",
    f"{{{{ [{LONG}] * 100000 }}}}",
    f"{{{{ {LONG} * 2 }}}}",
    f"{{{{ {LINES} | indent(100000) | length }}}}",
    f"{{{{ {LINES} | indent('y' * 100000) | length }}}}",
    f"{{{{ {LINES} | wordwrap(1, wrapstring='y' * 1000000) | length }}}}",
    f"{{{{ {LINES} | wordwrap(1, true, 'y' * 1000000) | length }}}}",
    f"{{{{ ('%s' * 100000) | format({LONG}) }}}}",
    f"{{{{ ('%(a)s' * 100000) % {{'a': {LONG}}} }}}}",
    f"{{{{ (['x'] * 100000) | join({LONG}) }}}}",
    f"{{{{ range(3) | batch(100000, {LONG}) | list }}}}",
    f"{{{{ range(3) | slice(100000, {LONG}) | list }}}}",
    "{{ range(100000) | map('center', 100000) | list | length }}",
    "{{ range(100000) | map('replace', '1', 'x' * 100000) | list | length }}",
    "{{ [[1], [2]] | sum(start=[]) }}",
    {**MANY, "value": {**MANY, "value": {**MANY, "value": 1}}},
    {**MANY, "value": {**MANY, "$if": "{{ false and x }}", "value": 1}},
    {**FEW, "value": {**FEW, "value": {**FEW, "value": {**FEW, "$if": "{{ false and x }}", "value": 1}}}},
    {**MANY, "value": "{{ 'x' * 1000000 }}"},
    {**MANY, "value": {"a": "{{ 'x' * 1000000 }}"}},
]


def evaluate(tree: Any, form: str) -> None:
    """Compiles a tree and evaluates it, as a value or as JSON."""
    template = compile_tree(tree, LANGUAGE, lambda path: Location("some.yaml", 1, 1))
    getattr(template, form)({})


@pytest.mark.bound("work of a template")
@pytest.mark.finding("I3")
@pytest.mark.parametrize(
    ("form", "tree"),
    [("value", tree) for tree in HOSTILE] + [("json", tree) for tree in HOSTILE if isinstance(tree, dict)],
    ids=lambda each: str(each)[-60:],
)
def test_every_template_ends_and_builds_no_more_than_fits(form: str, tree: Any) -> None:
    message = "it is evaluated"
    try:
        evaluate(tree, form)
    except (TemplateError, DocumentError) as error:  # `pytest.raises` would keep all that was built, up to 250 MB
        message = str(error)
    assert "some.yaml:1:1" in message


@pytest.mark.slow
@pytest.mark.finding("I3")
@pytest.mark.parametrize(
    "tree",
    [
        f"{START}{{% set n.l = [n.l, n.l] %}}{END}{{{{ n.l }}}}",
        f"{START}{{% set n.d = {{'a': n.d, 'b': n.d}} %}}{END}{{{{ n.d | tojson }}}}",
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        f"{{% set b = {LONG} %}}{LOOP}{{% set c = b | title %}}{END}",
    ],
    ids=["lists", "mappings", "macros", "filters"],
)
def test_what_takes_long_in_few_steps_ends_too(tree: str) -> None:
    with pytest.raises(TemplateError, match=r"the template takes more than|the value would be longer"):
        compile_tree(tree, LANGUAGE, lambda path: Location("some.yaml", 1, 1)).value({})


def test_templates_of_usual_size_are_as_before() -> None:
    tree = {
        "rows": {
            "$each": "{{ range(20000) }}",
            "$if": "{{ item % 1000 == 0 }}",
            "value": {"n": "{{ item + 1 }}", "text": "row {{ item }}"},
        },
        "pairs": {"$each": "{{ range(100) }}", "value": {"$each": "{{ range(100) }}", "as": "other", "value": 1}},
        "text": "{% for i in range(9000) %}{% if loop.last %}{{ i }} of {{ loop.length }}{% endif %}{% endfor %}",
        "list": "{% for a, b in [(1, 2), (3, 4)] %}{{ a ~ b }}{{ [a, b] }}{{ {'a': b} }};{% endfor %}",
        "wrapped": "{{ 'one two' | wordwrap(3) | indent(2) }}",
        "joined": "{{ range(3) | map('string') | join('-') }} {{ [1, 2] | sum }} {{ '%s-%s' | format(1, 2) }}",
    }
    value = compile_tree(tree, LANGUAGE, lambda path: Location("some.yaml", 1, 1)).value({})
    assert value["rows"][:2] == [{"n": 1, "text": "row 0"}, {"n": 1001, "text": "row 1000"}]
    assert sum(map(sum, value["pairs"])) == 10_000
    assert value["text"] == "8999 of 9000"
    assert value["list"] == "12[1, 2]{'a': 2};34[3, 4]{'a': 4};"
    assert (value["wrapped"], value["joined"]) == ("one\n  two", "0-1-2 3 1-2")
