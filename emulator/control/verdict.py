"""The verdict: what the client of a world did that the real service would not forgive."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from emulator.control.entry import Call, Entry
from emulator.verdict.bounds import Bounds
from emulator.verdict.finding import Finding
from emulator.verdict.judge import judge


class VerdictQuery(Bounds, frozen=True, forbid_unknown_fields=True):
    """The rules that are not asked, and the bounds of the others."""

    ignore: Annotated[str, Meta(description="rules that are not asked, separated by commas")] = ""


class VerdictView(Struct, frozen=True):
    """`checked` counts the cases that each rule could judge; `exchanges` those that were looked at, `dropped` older
    ones that the journal had forgotten; `text` is all of it for a person."""

    ok: bool
    findings: tuple[Finding, ...]
    checked: dict[str, int]
    exchanges: int
    dropped: int
    text: str


def verdict(call: Call, query: VerdictQuery) -> VerdictView:
    """What was found in the exchanges of this world."""
    journal = call.world.journal
    ignored = [name.strip() for name in query.ignore.split(",") if name.strip()]
    judged = judge(list(journal), call.room.playbook, query, journal.dropped, ignored)
    return msgspec.convert(judged.as_json(), VerdictView)


ROUTES = (Entry("GET", "/verdict", verdict),)
