"""Ids: the same for the same place in the same world, in any process, and shaped as they were asked for."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.store.ids import hex_id, uuid_id

PLACES = st.tuples(st.text(), st.integers(0) | st.text(st.characters(blacklist_characters="\n")), st.integers(1))


@pytest.mark.parametrize("length", [1, 8, 23, 24, 64, 128])
def test_an_id_has_as_many_digits_as_were_asked_for(length: int) -> None:
    made = {hex_id(f"{seed}/default", 1, 1, length) for seed in range(50)}
    assert {len(id) for id in made} == {length}
    assert set("".join(made)) <= set("0123456789abcdef")


def test_every_part_of_the_place_makes_another_id() -> None:
    places: list[tuple[str, int | str, int]] = [
        ("0/default", 1, 1),
        ("1/default", 1, 1),
        ("0/default", 2, 1),
        ("0/default", 1, 2),
        ("0/default", "1/1", 1),
    ]
    assert len({hex_id(*place) for place in places}) == len({uuid_id(*place) for place in places}) == len(places)


@given(PLACES)
def test_a_uuid_is_one_of_version_4(place: tuple[str, int | str, int]) -> None:
    made = uuid_id(*place)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made)
    assert made == uuid_id(*place)


def test_another_process_makes_the_same_ids() -> None:
    code = "from emulator.store.ids import *; print(hex_id('0/default', 7, 2), uuid_id('0/default', 'a/b/ended', 1))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [hex_id("0/default", 7, 2), uuid_id("0/default", "a/b/ended", 1)]
