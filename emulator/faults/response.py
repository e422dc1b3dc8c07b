"""Response faults: an error status, a delay, and a malformed body."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Annotated, Any, ClassVar

from msgspec.structs import force_setattr

from emulator.errors import ApiError
from emulator.faults.base import (
    Family,
    Fault,
    FaultContext,
    Parameter,
    References,
    Seconds,
    Spread,
    Text,
    choice,
    count,
    drawn,
)
from emulator.faults.pages import GATEWAY, PAGES, replace_by_page
from emulator.http.reply import Reply
from emulator.language.document.durations import LatencyDistribution
from emulator.store.limits import delay_seconds

UNAVAILABLE = 503
Uniform = Annotated[LatencyDistribution, Parameter("two durations: [100ms, 300ms]", partial(drawn, "uniform"))]
Lognormal = Annotated[LatencyDistribution, Parameter("{p50: 340ms, sigma: 0.4, most: 5s}", partial(drawn, "lognormal"))]


class Status(Fault, frozen=True):
    """The request fails with this status, in the API's own error shape; it costs nothing, and only statistics count it.

    `error` names one of the API's errors, whose own status it has unless a `status` is given; by default, the first
    error with that status gives the shape. With neither, the status is 503.
    With a `page`, a proxy in front of the API replies instead, in HTML; `gateway` is one of the others by chance.
    """

    name: ClassVar[str] = "status"
    family: ClassVar[Family] = "answer"
    refuses: ClassVar[bool] = True
    refers: ClassVar[References] = {"error": "error"}
    status: Annotated[int, count(400, 599)] | None = None
    message: Text | None = None
    error: Text | None = None
    retry_after: Seconds | None = None
    page: Annotated[str, choice(GATEWAY, *PAGES)] | None = None

    def __post_init__(self) -> None:
        if self.page is not None and (self.message is not None or self.error is not None):
            raise ValueError("the page of a proxy has neither the `message` nor the `error` of the API; leave them out")
        if self.status is None and self.error is None:
            force_setattr(self, "status", UNAVAILABLE)

    def refusal(self, context: FaultContext) -> ApiError:
        """Returns the API's own error of this status."""
        errors = context.api.errors
        if self.error is not None and self.error in errors:
            kind = self.error
            values: dict[str, Any] = {} if self.status is None else {"status": self.status}
        else:
            status = self.status or UNAVAILABLE
            kind = next((kind for kind, plan in errors.items() if plan.status == status), "internal")
            values = {"status": status}
        if self.message is not None:
            values["message"] = self.message
        if self.retry_after is not None:
            values["retry_after"] = delay_seconds(self.retry_after)
        return ApiError(kind, "This error is a requested fault.", **values)

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Puts a proxy's page in place of the error, and sets Retry-After, which takes precedence over the error's."""
        if self.page is not None and reply.status == self.status:
            reply = replace_by_page(reply, self.page, chance)
        if self.retry_after is not None:
            others = [line for line in reply.headers if line[0].lower() != b"retry-after"]
            reply.headers = [*others, (b"Retry-After", b"%d" % delay_seconds(self.retry_after))]
        return reply


class Latency(Fault, frozen=True):
    """The response starts later: after `2s`, or a delay drawn from `uniform` or `lognormal`, plus up to `jitter`."""

    name: ClassVar[str] = "latency"
    family: ClassVar[Family] = "answer"
    delay: Spread | None = None
    uniform: Uniform | None = None
    lognormal: Lognormal | None = None
    jitter: Seconds = 0.0

    def __post_init__(self) -> None:
        if not any((self.delay, self.uniform, self.lognormal, self.jitter)):
            raise ValueError("expected a latency, such as '340ms', or one of: uniform, lognormal, jitter")

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Adds what is drawn to the delay that the reply has anyway."""
        for each in (self.delay, self.uniform, self.lognormal):
            if each is not None:
                reply.delay += each.draw(chance)
        if self.jitter:
            reply.delay += self.jitter * chance.random()
        return reply


ANSWER_FAULTS: tuple[type[Fault], ...] = (Status, Latency)


class MalformedJson(Fault, frozen=True):
    """The body arrives whole, with the right length, but is invalid JSON: its last character is missing."""

    name: ClassVar[str] = "malformed_json"
    family: ClassVar[Family] = "body"

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Removes the last character, or adds one where the rest, such as `1`, would still be JSON or empty."""
        body = reply.body.rstrip()
        reply.body = body[:-1] if body[-1:] in (b"}", b"]", b'"') else body and body + b"}"
        return reply


BODY_FAULTS: tuple[type[Fault], ...] = (MalformedJson,)
