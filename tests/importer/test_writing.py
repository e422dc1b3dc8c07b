"""The text of an imported file: read again, it is what was written; and people can read it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.importer.writing import WIDTH, Comment, yaml_text
from emulator.language.document.reader import parse

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cn", "Co"])
    | st.sampled_from(":#{}[],'\"\\ -?&*!|>%@`\n\t~")
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=40)
@given(st.dictionaries(TEXTS, TREES, max_size=4))
def test_whatever_is_written_is_read_again(tree: dict[str, Any]) -> None:
    assert (parse(yaml_text(tree), "it").data or {}) == tree


def test_short_parts_stand_in_one_line_and_long_ones_in_a_block() -> None:
    tree = {
        "route": "GET /pets/{id}",
        "short": {"$ref": "#/schemas/Pet", "list": [1, "no", None, "b c"]},
        "long": [{"name": "x" * 100, "more": [["y" * 60, "z" * 60]]}, 7],
        "empty": {},
    }
    assert yaml_text(tree) == (
        "route: GET /pets/{id}\n"
        'short: {$ref: "#/schemas/Pet", list: [1, "no", null, b c]}\n'
        "long:\n"
        f"  - name: {'x' * 100}\n"
        "    more:\n"
        f"      - - {'y' * 60}\n"
        f"        - {'z' * 60}\n"
        "  - 7\n"
        "empty: {}\n"
    )
    assert max(map(len, yaml_text(tree).splitlines())) < WIDTH


def test_comments_stand_before_the_key_that_follows() -> None:
    tree = {Comment("\nfirst\nsecond"): None, "a": [{Comment("of an item"): None, "b": 1}]}
    assert yaml_text(tree) == "\n# first\n# second\na:\n  # of an item\n  - {b: 1}\n"
