"""Judging: every rule is asked, and what they found is put together, with how much there was to judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from emulator.errors import ConfigError
from emulator.http.exchange import Exchange
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.apis import Playbook
from emulator.verdict.calls import called_what_no_api_has, undocumented_fields
from emulator.verdict.finding import Finding, Thresholds
from emulator.verdict.history import History
from emulator.verdict.polling import batch_sent_twice, ignored_a_cancel, never_stopped_polling, polled_too_fast
from emulator.verdict.retries import (
    no_back_off,
    repeated_what_was_done,
    retried_too_early,
    retried_what_must_not_be_retried,
    retry_storm,
)
from emulator.verdict.streams import truncated_stream_taken_as_whole
from emulator.verdict.tokens import model_forbidden_by_plan, token_refreshed_on_every_call, token_refreshed_too_late

Rule = Callable[[History], Iterator[Finding | None]]  # yields a finding, or None, for each case that it could judge

RULES: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        retried_too_early,
        retried_what_must_not_be_retried,
        repeated_what_was_done,
        no_back_off,
        retry_storm,
        truncated_stream_taken_as_whole,
        polled_too_fast,
        never_stopped_polling,
        ignored_a_cancel,
        token_refreshed_too_late,
        token_refreshed_on_every_call,
        batch_sent_twice,
        model_forbidden_by_plan,
        undocumented_fields,
        called_what_no_api_has,
    )
}


class Verdict(Struct, frozen=True):
    """What was found; `checked` counts the cases that each rule could judge, `exchanges` those that were looked at.

    `dropped` are older exchanges that the journal had forgotten: what happened in them was not looked at.
    """

    ok: bool
    findings: tuple[Finding, ...]
    checked: Mapping[str, int]
    exchanges: int
    dropped: int = 0

    def text(self) -> str:
        """The verdict for a person: a headline, and a line for each finding."""
        count = len(self.findings)
        summary = "no findings" if self.ok else f"{count} finding{'' if count == 1 else 's'}"
        lines = [
            f"Verdict on the client: {summary} in {self.exchanges:,} exchange{'' if self.exchanges == 1 else 's'}."
        ]
        lines += [f"  {each.severity}: {each}" for each in self.findings]
        if self.dropped:
            lines.append(f"  {self.dropped:,} older exchanges were not looked at: the journal had dropped them.")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {**msgspec.to_builtins(self), "text": self.text()}


def judge(
    exchanges: Iterable[Exchange],
    playbook: Playbook,
    thresholds: Thresholds | None = None,
    dropped: int = 0,
    ignore: Iterable[str] = (),
) -> Verdict:
    """The verdict on whoever made these exchanges: those of one world, with credentials masked as a journal has them.

    Times are the world's. `ignore` names rules that are not asked; raises ConfigError for one that is not known.
    """
    ignored = set(ignore)
    for name in ignored - set(RULES):
        raise ConfigError(f"unknown rule {name!r}; {did_you_mean(name, RULES)}")
    history = History.of(exchanges, playbook, thresholds or Thresholds())
    results = {name: list(rule(history)) for name, rule in RULES.items() if name not in ignored}
    findings = [each for outcomes in results.values() for each in outcomes if each is not None]
    findings.sort(key=lambda each: each.exchanges)
    checked = {name: len(outcomes) for name, outcomes in results.items()}
    return Verdict(not findings, tuple(findings), checked, len(history.exchanges), dropped)
