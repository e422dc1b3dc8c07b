"""Fields that no document speaks of: what was sent and ignored is told, once for each operation and set of fields."""

from __future__ import annotations

import pytest

from emulator.playbook.unknown_fields import IGNORED
from emulator.verdict.judge import judge
from tests.verdict.conftest import PLAYBOOK, Seen


def send(seen: Seen, at: float, hint: str | None, operation: str = "messages.create", **more: object) -> None:
    lines = [] if hint is None else [(b"X-Emulator-Hint", hint.encode())]
    seen.add(at, operation=operation, reply_headers=lines, rule="aiexport.yaml:1:1", **more)  # type: ignore[arg-type]


@pytest.mark.finding("B8")
def test_ignored_fields_are_told_once_for_each_operation_and_set_of_fields(seen: Seen) -> None:
    for at, (hint, operation) in enumerate(
        [
            (f"{IGNORED}tools", "messages.create"),
            (f"{IGNORED}tools", "messages.create"),
            (f"{IGNORED}tools, top_p", "messages.create"),
            (f"{IGNORED}tools", "messages.stream"),
        ]
    ):
        send(seen, 60 * at, hint, operation)
    found = [each for each in judge(seen.exchanges, PLAYBOOK).findings if each.rule == "undocumented_fields"]
    assert [(each.operation, each.found, each.exchanges, each.severity) for each in found] == [
        ("messages.create", "tools", (1, 2), "warning"),
        ("messages.create", "tools, top_p", (3,), "warning"),
        ("messages.stream", "tools", (4,), "warning"),
    ]


@pytest.mark.finding("B8")
def test_other_hints_and_apis_that_take_any_field_are_no_finding(seen: Seen) -> None:
    send(seen, 0, None)
    send(seen, 60, "unknown path; did you mean POST /v2/messages?")
    send(seen, 120, None, api="aixplain", operation="assets.execute")
    verdict = judge(seen.exchanges, PLAYBOOK)
    assert "undocumented_fields" not in {each.rule for each in verdict.findings}
    assert verdict.checked["undocumented_fields"] == 2
