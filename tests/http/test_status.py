"""Status codes: their phrases, and which ones a template may give."""

from __future__ import annotations

import pytest

from emulator.errors import Location, TemplateError
from emulator.http.status import check_status, phrase

PLACE = Location("api.yaml", 3, 7)


def test_a_status_without_a_phrase_has_an_empty_one() -> None:
    assert (phrase(404), phrase(599)) == ("Not Found", "")


@pytest.mark.parametrize("status", [200, 404, 599])
def test_a_template_may_give_a_final_status(status: int) -> None:
    assert check_status(status, PLACE) == status


@pytest.mark.parametrize("status", [199, 600, True, "200", 200.0, None])
def test_any_other_is_an_error_at_its_place(status: object) -> None:
    with pytest.raises(TemplateError, match="is not a status; expected 200 to 599") as caught:
        check_status(status, PLACE)
    assert caught.value.place == PLACE
