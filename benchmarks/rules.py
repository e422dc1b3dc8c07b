"""Scenarios with many rules, none of which matches the request that is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

OPERATION = "messages.create"


def scenario(folder: Path, kind: str, count: int) -> Path:
    """Writes a scenario with so many rules of one kind, `equality`, `contains` or `matches`, and returns its path."""
    conditions = {"equality": _equality, "contains": _contains, "matches": _matches}[kind]
    body = {
        "scenario": f"{kind}-{count}",
        "about": f"{count} rules on one operation.",
        "extends": "default",
        "rules": [
            {"on": OPERATION, "when": conditions(number), "reply": {"status": 200, "body": {"rule": number}}}
            for number in range(count)
        ],
    }
    path = folder / f"{kind}-{count}.yaml"
    path.write_text(yaml.safe_dump(body, sort_keys=False))
    return path


def _equality(number: int) -> dict[str, Any]:
    return {"body.messages.0.content": f"Question number {number}", "body.max_tokens": 1024}


def _contains(number: int) -> dict[str, Any]:
    return {"body.messages.0.content": {"contains": f"question {number}"}}


def _matches(number: int) -> dict[str, Any]:
    return {"body.messages.0.content": {"matches": rf"\bquestion (number )?{number}\b"}}
