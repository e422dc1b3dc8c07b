"""Webhook faults: they travel with the job whose end the webhook reports, and are part of its record."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

from msgspec.structs import asdict, replace

from emulator.faults.base import Family, Fault, Positive, Seconds, choice, count
from emulator.jobs.job import Job
from emulator.webhooks.message import ALWAYS, FORGERIES, Message

MAX_COPIES = 1_000


class WebhookFault(Fault, frozen=True):
    """A fault of the webhook that reports the end of a job."""

    family: ClassVar[Family] = "webhook"

    def start(self, job: Job) -> Job:
        """Returns the job with the fault in its record, for when it ends."""
        return replace(job, faults=(*job.faults, (self.name, asdict(self))))

    @abstractmethod
    def send(self, message: Message) -> Message:
        """Returns the message as it is sent with the fault."""


class Duplicate(WebhookFault, frozen=True):
    """The webhook arrives again, `copies` times, `apart` from each other, even if the receiver accepted it."""

    name: ClassVar[str] = "duplicate"
    copies: Annotated[int, count(1, MAX_COPIES)] = 1
    apart: Seconds = 0.0

    def send(self, message: Message) -> Message:
        """Returns the message, to be sent several times."""
        return replace(message, copies=self.copies, apart=self.apart)


class Reorder(WebhookFault, frozen=True):
    """The webhook arrives after the next `by` messages, or `within` a time if those do not come."""

    name: ClassVar[str] = "reorder"
    by: Annotated[int, count(1, MAX_COPIES)] = 1
    within: Seconds = 60.0

    def send(self, message: Message) -> Message:
        """Returns the message, to be overtaken by others."""
        return replace(message, overtaken_by=self.by, within=self.within)


class Drop(WebhookFault, frozen=True):
    """The webhook never arrives; with `tries`, only its first tries are lost."""

    name: ClassVar[str] = "drop"
    tries: Positive | None = None

    def send(self, message: Message) -> Message:
        """Returns the message, whose tries are lost."""
        return replace(message, lost=self.tries or ALWAYS)


class Delay(WebhookFault, frozen=True):
    """The first try of the webhook is delayed `by` a time."""

    name: ClassVar[str] = "delay"
    by: Seconds = 30.0

    def send(self, message: Message) -> Message:
        """Returns the message, to be sent later."""
        return replace(message, wait=self.by)


class BadSignature(WebhookFault, frozen=True):
    """The webhook's signature is wrong, or only that of its first `tries`; `how` says in which way."""

    name: ClassVar[str] = "bad_signature"
    how: Annotated[str, choice(*FORGERIES)] = "other_secret"
    tries: Positive | None = None

    def send(self, message: Message) -> Message:
        """Returns the message, to be signed wrongly."""
        return replace(message, forged=self.how, forgeries=self.tries or ALWAYS)


class OldTimestamp(WebhookFault, frozen=True):
    """The webhook's timestamp is too old `by` a time, and signed that way; or only that of its first `tries`."""

    name: ClassVar[str] = "old_timestamp"
    by: Seconds = 600.0
    tries: Positive | None = None

    def send(self, message: Message) -> Message:
        """Returns the message, to be backdated."""
        return replace(message, older=self.by, dated=self.tries or ALWAYS)


def webhook_faults(job: Job) -> list[WebhookFault]:
    """Returns the webhook faults that the job was started with."""
    known = {fault.name: fault for fault in WEBHOOK_FAULTS}
    return [known[name](**fields) for name, fields in job.faults if name in known]


WEBHOOK_FAULTS: tuple[type[WebhookFault], ...] = (Duplicate, Reorder, Drop, Delay, BadSignature, OldTimestamp)
