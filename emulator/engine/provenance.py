"""Provenance: names the claims that a reply rests on, each with its class."""

from __future__ import annotations

from emulator.http import Header
from emulator.language.schema.provenance import provenance_within
from emulator.playbook import Api, Operation
from emulator.playbook.model import Rule

PROVENANCE_HEADER = b"x-emulator-provenance"


def provenance_line(api: Api, operation: Operation, rule: Rule | None) -> Header:
    """Returns `documented D-ROUTE; invented D-SHAPE`: the claims of the operation and of the rule that answered.

    The operation's own class, when it has one, is the best that any of them can be here.
    """
    ids = dict.fromkeys([*operation.claims, *(rule.claims if rule is not None else ())])
    by_grade: dict[str, list[str]] = {}
    for id in ids:
        by_grade.setdefault(provenance_within(operation, api.claims[id]), []).append(id)
    text = "; ".join(f"{grade} {' '.join(by_grade[grade])}" for grade in sorted(by_grade))
    return (b"X-Emulator-Provenance", (text or "invented").encode("ascii", "replace"))
