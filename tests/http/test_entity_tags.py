"""Entity tags: a client that has the body already is told so, however it lists what it has."""

from __future__ import annotations

import pytest

from emulator.http.entity_tags import is_known, tag_of

TAG = tag_of(b"body")


def test_a_tag_is_strong_and_of_the_whole_body() -> None:
    assert TAG.startswith(b'"')
    assert TAG.endswith(b'"')
    assert tag_of(b"body") == TAG
    assert tag_of(b"body ") != TAG


@pytest.mark.parametrize(
    "field",
    [TAG, b"W/" + TAG, b'"a", ' + TAG, b'"a,b",W/' + TAG + b',"c"', b"*", b" * "],
)
def test_what_a_client_has_is_found_in_a_list_even_as_a_weak_tag(field: bytes) -> None:
    assert is_known(field, TAG)


@pytest.mark.parametrize("field", [b"", b'"a"', TAG.strip(b'"'), b'"*"', TAG[:-2] + b'"', b'"x' + TAG[1:]])
def test_another_tag_is_not_known(field: bytes) -> None:
    assert not is_known(field, TAG)
