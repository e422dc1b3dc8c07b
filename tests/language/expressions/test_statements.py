"""Scalars with statements: which names they see, and that they leave none behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from emulator.errors import Location, TemplateError
from emulator.language.expressions import Language
from emulator.language.expressions.template import compile_tree


class Lazy(dict[str, Any]):
    """Makes a name when it is first asked for."""

    def __missing__(self, name: str) -> Any:
        if name != "made":
            raise KeyError(name)
        self[name] = "now"
        return "now"


def host(context: Mapping[str, Any]) -> str:
    return f"{context['host']}{type(context).__name__}"


LANGUAGE = Language({"host": host})


def value(tree: Any, context: Mapping[str, Any]) -> Any:
    return compile_tree(tree, LANGUAGE, lambda path: Location("/".join(map(str, path)), 1, 1)).value(context)


def test_the_names_of_an_each_hide_those_of_the_context() -> None:
    context = Lazy(host="h", item="outer", xs=["a", "b"])
    program = "{% for n in [1] %}{{ index }}{{ item }}{{ host() }}{{ made }}{% endfor %}"
    assert value({"$each": "{{ xs }}", "value": program}, context) == ["0ahLazynow", "1bhLazynow"]
    assert context == {"host": "h", "item": "outer", "xs": ["a", "b"], "made": "now"}


def test_what_a_program_sets_is_its_own() -> None:
    context = {"host": "h", "x": 1}
    assert value("{% set x = 2 %}{{ x }}{{ host() }}", context) == "2hdict"
    assert context == {"host": "h", "x": 1}


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("{% if item.a %}{% else %}{{ item.a }}{% endif %}", "`a` is absent"),
        ("{% for x in item %}{{ x }}{% endfor %}", "'int' object is not iterable"),
    ],
)
def test_what_fails_has_the_location_of_the_program(program: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        value({"$each": "{{ xs }}", "value": program}, {"xs": [1, 2]})
    assert caught.value.place.file == "value"
    assert message in caught.value.message
