"""Ids: the same for the same place in the same world, in any process, and shaped as they were asked for."""

from __future__ import annotations

import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from emulator.store.ids import DIGITS, hex_digits, uuid_of

PLACES = st.tuples(
    st.text(st.characters(codec="utf-8")),
    st.integers(0) | st.text(st.characters(codec="utf-8", exclude_characters="\n")),
    st.integers(1),
)


@given(PLACES)
def test_a_block_has_its_number_of_lower_case_digits(place: tuple[str, int | str, int]) -> None:
    assert re.fullmatch(rf"[0-9a-f]{{{DIGITS}}}", hex_digits(*place))


def test_every_part_of_the_place_makes_another_id() -> None:
    places: list[tuple[str, int | str, int]] = [
        ("0/default", 1, 1),
        ("1/default", 1, 1),
        ("0/default", 2, 1),
        ("0/default", 1, 2),
        ("0/default", "1/1", 1),
    ]
    assert len({hex_digits(*place)[:24] for place in places}) == len(places)


@given(st.text("0123456789abcdef", min_size=32, max_size=32))
def test_a_uuid_is_one_of_version_4(digits: str) -> None:
    made = uuid_of(digits)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made)
    assert made == uuid_of(digits)


def test_another_process_makes_the_same_ids() -> None:
    code = "from emulator.store.ids import *; print(hex_digits('0/default', 7, 2))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [hex_digits("0/default", 7, 2)]
