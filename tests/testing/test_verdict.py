"""The verdict as a test reads it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator
from emulator.testing.verdict import Finding


@pytest.fixture
def hasty(emulator: Emulator, http: httpx.Client, hello: dict[str, Any]) -> Emulator:
    """A world to which a client came that did not wait as it was told."""
    emulator.fail("messages.create", status=503, times=1, retry_after="30s")
    for _ in range(2):
        http.post("/messages", json=hello)
    return emulator


def test_a_client_that_does_not_wait_is_found_out(hasty: Emulator) -> None:
    verdict = hasty.verdict
    assert not verdict.ok
    (finding,) = verdict.of("retried_too_early")
    assert (finding.operation, finding.exchanges) == ("messages.create", (1, 2))
    assert verdict.checked["retried_too_early"] == 1
    assert str(finding) in verdict.text
    assert repr(verdict) == f"<{verdict.text}>"


def test_rules_can_be_left_out_and_bounds_set(hasty: Emulator) -> None:
    assert hasty.judge(ignore=["retried_too_early"]).ok
    assert hasty.judge(slack=60).ok
    with pytest.raises(ControlError, match="did you mean 'retried_too_early'"):
        hasty.judge(ignore=["retried_too_erly"])


def test_a_finding_reads_as_a_sentence() -> None:
    finding = Finding("retried_too_early", "It did not wait.", wanted="30 s", found="1 s", count=3, exchanges=(1, 2))
    assert str(finding) == "retried_too_early: It did not wait. (expected 30 s; found 1 s; exchanges 1, 2, …)"
