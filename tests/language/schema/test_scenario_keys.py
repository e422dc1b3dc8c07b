"""Editors say of each key what docs/scenarios.md says: scenarios, rules and operations."""

from __future__ import annotations

import pytest

from emulator.language.schema import scenario
from emulator.language.schema.api import Model
from emulator.language.schema.scenario_keys import SCENARIO_KEYS
from tests.describe import described, described_parts

PARTS = described_parts(scenario.__name__)


@pytest.mark.finding("F9")
def test_every_part_is_described() -> None:
    assert sorted(SCENARIO_KEYS) == sorted(part.__name__ for part in PARTS)


@pytest.mark.finding("F9")
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_a_key_is_described_as_the_page_does(part: type[Model]) -> None:
    assert SCENARIO_KEYS[part.__name__] == described(part), "run `python -m tests.describe`"
