"""Scenarios with many rules, none of which matches the request that is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

OPERATION = "messages.create"


def scenario(folder: Path, kind: str, count: int) -> Path:
    """Write a scenario with so many rules of one kind, `equality` or `text`, and give its path."""
    conditions = {"equality": _equality, "text": _text}[kind]
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


def _text(number: int) -> dict[str, Any]:
    path = "body.messages.0.content"
    return {
        path: {"matches": rf"\bquestion (number )?{number}\b"} if number % 2 else {"contains": f"question {number}"}
    }
