"""JSONPath queries that are recognised at load are those that the library accepts."""

from __future__ import annotations

import jsonpath
import pytest

from emulator.language.expressions.runtime import MISSING
from emulator.playbook.paths import Query

STEPS = [
    ".model",
    "..pin",
    ".*",
    "..*",
    "[*]",
    "[0]",
    "[-1]",
    "[999999999999999]",
    "['a name']",
    "['']",
    "[?@.type]",
    "[?@.a.b == 'x']",
    '[?@.type!="it\'s"]',
    "[?@.n >= -15]",
    "[?@.n<0]",
    "[?@.on == true]",
    "[?@.off != null]",
    ".and",
    ".true",
    ".in",
]


@pytest.mark.parametrize("step", STEPS)
def test_the_usual_queries_are_recognised_without_the_library(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in STEPS:
        jsonpath.compile(f"${step}{other}")
    monkeypatch.setattr(jsonpath, "compile", lambda query: pytest.fail(f"compiled {query}"))
    for other in STEPS:
        Query(f"${step}{other}").require()


@pytest.mark.parametrize(
    "query", ["$.", "$.a[", "$[01]", "$[-0]", "$['a]", "$[?@.a === 1]", "$[?@.a == b c]", "model]", "$.a b"]
)
def test_what_the_library_refuses_is_refused_at_load(query: str) -> None:
    with pytest.raises(ValueError, match="is not a JSONPath"):
        Query(query).require()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("$.a[*].n", [1, 2]),
        ("$.a[?@.n > 1].n", 2),
        ("$.a[0, 1].n", [1, 2]),
        ("$.b", MISSING),
    ],
)
def test_a_query_finds_nothing_one_thing_or_a_list(query: str, found: object) -> None:
    asked = Query(query)
    asked.require()
    assert asked({"body": {"a": [{"n": 1}, {"n": 2}]}}) == found
