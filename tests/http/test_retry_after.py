"""Retry-After: whole seconds, rounded up."""

from __future__ import annotations

import pytest

from emulator.http.retry_after import delay_seconds


@pytest.mark.parametrize(("wait", "said"), [(0.0, 0), (0.001, 1), (1.0, 1), (1.2, 2), (59.999, 60)])
def test_a_wait_is_rounded_up_so_that_no_client_comes_too_early(wait: float, said: int) -> None:
    assert delay_seconds(wait) == said


@pytest.mark.parametrize(("wait", "said"), [(-3.0, 1), (0.0, 1), (0.2, 1), (1.5, 2)])
def test_it_is_no_less_than_the_least_even_when_the_time_has_passed(wait: float, said: int) -> None:
    assert delay_seconds(wait, least=1) == said
