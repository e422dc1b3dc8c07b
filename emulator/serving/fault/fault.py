"""What a fault is: one way in which something goes wrong, its parameters the fields of a small frozen class."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, ClassVar, Literal

from msgspec import Struct

from emulator.errors import ApiError
from emulator.exchange import Reply

if TYPE_CHECKING:
    from emulator.serving.scope import Scope

Family = Literal["answer", "body", "stream", "wire", "job", "webhook", "token"]
References = Mapping[str, Literal["error", "state"]]
OF_ANSWERS: frozenset[Family] = frozenset(("answer", "body", "wire", "token"))
OF_STREAMS: frozenset[Family] = frozenset(("answer", "stream", "wire", "token"))
OF_REQUESTS = OF_ANSWERS | OF_STREAMS
ON = {
    "answer": "answers and streams",
    "body": "answers",
    "stream": "streams",
    "wire": "answers and streams",
    "job": "jobs",
    "webhook": "webhooks",
    "token": "tokens",
}


class Fault(Struct, frozen=True):
    """One way in which something goes wrong.

    The first line of a fault's docstring is what is told about it, its fields are what an author may set, each
    annotated with the Parameter that reads it (`events: Count`). The first field may be given alone: `cut_after: 3`.
    Those that play on one request do so in the order of their `turn`, whatever the order they are written in.
    `refers` tells which fields name something of the API, and what: an `error`, or a `state` of its jobs.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    turn: ClassVar[int] = 0
    refuses: ClassVar[bool] = False
    refers: ClassVar[References] = {}

    def refusal(self, scope: Scope) -> ApiError | None:
        """What the request is refused with before it changes anything; None when the fault lets it be answered."""
        return None

    def spoil(self, reply: Reply, scope: Scope, chance: Random) -> Reply:
        """Change what is answered, or how it will be sent; `chance` is the exchange's own."""
        return reply


def about(fault: type[Fault]) -> str:
    """What a fault does, in a sentence."""
    return (fault.__doc__ or "").partition("\n")[0]
