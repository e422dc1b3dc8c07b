"""Editors say of each key what docs/scenarios.md says: parts of API files."""

from __future__ import annotations

import pytest

from emulator.language.schema import api
from emulator.language.schema.api_keys import API_KEYS
from tests.describe import described, described_parts

PARTS = described_parts(api.__name__)


@pytest.mark.finding("F9")
def test_every_part_is_described() -> None:
    assert sorted(API_KEYS) == sorted(part.__name__ for part in PARTS)


@pytest.mark.finding("F9")
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_a_key_is_described_as_the_page_does(part: type[api.Model]) -> None:
    assert API_KEYS[part.__name__] == described(part), "run `python -m tests.describe`"
