"""Types of expressions are told as far as their text tells, and no further."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.openapi.types import type_of

LETS: dict[str, Any] = {"name": "n-{{ path.id }}", "most": 3, "loop": "{{ loop }}", "again": "{{ most }}"}


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("{{ new_id('msg') }}", "string"),
        ("{{ iso(now) }}", "string"),
        ("{{ digest(body, 8) }}", "string"),
        ("{{ tokens(body.text) }}", "integer"),
        ("{{ answer.text }}", "string"),
        ("{{ answer.total_tokens }}", "integer"),
        ("{{ limits.requests.remaining }}", "integer"),
        ("{{ body.items | length }}", "integer"),
        ("{{ cost | fixed(9) }}", "string"),
        ("{{ path.id }}", "string"),
        ("{{ 'a' ~ body.b }}", "string"),
        ("a {{ body.b }}", "string"),
        ("{{ body.b == 1 }}", "boolean"),
        ("{{ 1 if body.b else 2 }}", "integer"),
        ("{{ 1 if body.b else 2.5 }}", "number"),
        ("{{ name }}", "string"),
        ("{{ again }}", "integer"),
    ],
)
def test_what_the_text_tells_is_told(source: str, wanted: str) -> None:
    assert type_of(source, LETS) == {"type": wanted}


@pytest.mark.parametrize(
    "source",
    [
        "{{ body.b }}",
        "{{ 1 if body.b else 'a' }}",
        "{{ job(path.id) }}",
        "{{ page(seen, 1) }}",
        "{{ unknown(1) }}",
        "{{ loop }}",
        "{% if body.b %}1{% endif %}",
        "{{ no expression",
    ],
)
def test_what_may_be_anything_is_left_open(source: str) -> None:
    assert type_of(source, LETS) == {}
