"""What a webhook's sender works with: a message on its way, how each try is signed, and what came of the tries."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from emulator.webhooks.client import CallOutcome, sign

KEEP_BODY = 65_536
ALWAYS = 2**31  # more tries than any schedule has
OTHER_SECRET = base64.b64encode(b"not the secret you know").decode()


class Message(Struct, frozen=True):
    """One message: where it goes, what it says, and the waits in seconds before it is tried again.

    What follows `timeout` is set by faults. `wait`: seconds before the first try. `copies`: how often it is sent again
    although the receiver said yes, `apart` seconds apart. `overtaken_by`: so many later messages go first, unless they
    take longer than `within` seconds. `lost`: the first tries that never leave; `lost` ALWAYS means none does. `forged`
    is how the signatures of the first `forgeries` tries are wrong, `older` by how many seconds the timestamps of the
    first `dated` tries are.
    """

    id: str
    url: str
    secret: str
    body: bytes
    retries: tuple[float, ...] = ()
    timeout: float = 15.0
    faults: tuple[str, ...] = ()
    wait: float = 0.0
    copies: int = 0
    apart: float = 0.0
    overtaken_by: int = 0
    within: float = 0.0
    lost: int = 0
    forged: str | None = None
    forgeries: int = 0
    older: float = 0.0
    dated: int = 0

    def signed(self, number: int, at: float) -> tuple[dict[str, str], bytes]:
        """The headers and the body of a try. Raises SecretError."""
        at -= self.older if number <= self.dated else 0.0
        headers = sign(self.id, at, self.secret, self.body)
        if self.forged is None or number > self.forgeries:
            return headers, self.body
        return FORGERIES[self.forged](self, at, headers)

    def clean(self) -> Message:
        """The same message with nothing wrong."""
        return Message(self.id, self.url, self.secret, self.body, self.retries, self.timeout)


class MessageFault(Protocol):
    """A fault that goes with a webhook."""

    @property
    def name(self) -> str: ...

    def send(self, delivery: Message) -> Message:
        """The message as it is sent with the fault."""


class DeliveryAttempt(Struct, frozen=True):
    """One try, counted from 1. `at` and `next_at` are on the clock; `took` is in real seconds.

    `status` None: no answer, and `error` says why. `headers` are those sent, none when nothing was sent. `body`,
    `reply_headers` and `reply_body` are kept up to 64, 8 and 4 KiB. `next_at` is when it is sent again, None when it is
    not. `faults` are the names of those that went with the message.
    """

    id: str
    number: int
    at: float
    url: str
    headers: dict[str, str]
    body: bytes
    status: int | None
    error: str | None
    reply_headers: dict[str, str]
    reply_body: bytes
    took: float
    next_at: float | None = None
    faults: tuple[str, ...] = ()

    @property
    def delivered(self) -> bool:
        """The receiver said yes."""
        return self.status is not None and 200 <= self.status < 300


class DeliveryState(Struct, frozen=True):
    """How far a message has come: tries made, retries and copies used up, and how often it was sent again by hand.

    `passed` are ids of messages that were held back and go after this one's next try.
    """

    message: Message
    tries: int = 0
    retried: int = 0
    copied: int = 0
    redelivered: int = 0
    passed: tuple[str, ...] = ()


def attempt_of(state: DeliveryState, at: float, outcome: CallOutcome, next_at: float | None) -> DeliveryAttempt:
    """The record of the try that was made last."""
    message = state.message
    return DeliveryAttempt(
        message.id,
        max(1, state.tries),
        at,
        message.url,
        outcome.headers,
        (outcome.body or message.body)[:KEEP_BODY],
        outcome.status,
        outcome.error,
        outcome.reply_headers,
        outcome.reply_body,
        outcome.took,
        next_at,
        message.faults,
    )


Signed = tuple[dict[str, str], bytes]


def _other_secret(delivery: Message, at: float, headers: dict[str, str]) -> Signed:
    return sign(delivery.id, at, OTHER_SECRET, delivery.body), delivery.body


def _changed_body(delivery: Message, at: float, headers: dict[str, str]) -> Signed:
    # Not only a space, which who parses the body before verifying it would not notice.
    body = delivery.body
    return headers, b'{"changed":true,' + body[1:] if body.startswith(b'{"') else body + b" "


def _missing(delivery: Message, at: float, headers: dict[str, str]) -> Signed:
    return {name: value for name, value in headers.items() if name != "webhook-signature"}, delivery.body


def _malformed(delivery: Message, at: float, headers: dict[str, str]) -> Signed:
    return {**headers, "webhook-signature": headers["webhook-signature"].partition(",")[2]}, delivery.body


FORGERIES: Mapping[str, Callable[[Message, float, dict[str, str]], Signed]] = {
    "other_secret": _other_secret,
    "changed_body": _changed_body,
    "missing": _missing,
    "malformed": _malformed,
}
