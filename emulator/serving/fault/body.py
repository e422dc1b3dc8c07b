"""Faults on the body of a plain answer, which arrives whole and is wrong."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from emulator.exchange import Reply
from emulator.serving.fault.fault import Family, Fault
from emulator.serving.scope import Scope


class MalformedJson(Fault, frozen=True):
    """The body arrives whole, with the right length, and is no JSON: its last character is missing."""

    name: ClassVar[str] = "malformed_json"
    family: ClassVar[Family] = "body"

    def spoil(self, reply: Reply, scope: Scope, chance: Random) -> Reply:
        """Take the last character; what has only one, such as `1`, would still be JSON or nothing."""
        body = reply.body.rstrip()
        reply.body = body[:-1] if body[-1:] in (b"}", b"]", b'"') else body and body + b"}"
        return reply


BODY_FAULTS: tuple[type[Fault], ...] = (MalformedJson,)
