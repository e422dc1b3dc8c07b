"""Content negotiation: which of two kinds of body a client likes better (RFC 9110 section 12.5.1)."""

from __future__ import annotations

import re

WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def prefers(accept: str, kind: str, other: str) -> bool:
    """Whether the value of `Accept` names `kind`, and likes it no less than `other`, which is sent by default.

    Both are media types in lower case. A range such as `*/*` speaks for the default only; a parameter other than the
    weight makes no difference, and a weight that is none counts as 1.
    """
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        weight = next((each[2:].strip() for each in parameters if each.startswith("q=")), "1")
        weights[name] = float(weight) if WEIGHT.fullmatch(weight) else 1.0
    family = f"{other.partition('/')[0]}/*"
    default = next((weights[name] for name in (other, family, "*/*") if name in weights), 0.0)
    return weights.get(kind, 0.0) > 0 and weights[kind] >= default
