"""Faults of webhooks: they go with the job that will be told of, and are part of its record."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

from msgspec.structs import asdict, replace

from emulator.faults.base import Family, Fault, Positive, Seconds, choice, count
from emulator.jobs.job import Job
from emulator.webhooks.message import ALWAYS, FORGERIES, Message

MOST = 1_000


class WebhookFault(Fault, frozen=True):
    """What goes wrong with the message that tells of a job's end."""

    family: ClassVar[Family] = "webhook"

    def start(self, job: Job) -> Job:
        """The job with the fault in its record, for when it ends."""
        return replace(job, faults=(*job.faults, (self.name, asdict(self))))

    @abstractmethod
    def send(self, delivery: Message) -> Message:
        """The message as it is sent with the fault."""


class Duplicate(WebhookFault, frozen=True):
    """The webhook arrives again, `copies` times, `apart` from each other, though the receiver said yes."""

    name: ClassVar[str] = "duplicate"
    copies: Annotated[int, count(1, MOST)] = 1
    apart: Seconds = 0.0

    def send(self, delivery: Message) -> Message:
        """The message, to be sent again."""
        return replace(delivery, copies=self.copies, apart=self.apart)


class Reorder(WebhookFault, frozen=True):
    """The webhook arrives after the next `by` messages, or `within` a time if they do not come."""

    name: ClassVar[str] = "reorder"
    by: Annotated[int, count(1, MOST)] = 1
    within: Seconds = 60.0

    def send(self, delivery: Message) -> Message:
        """The message, to be overtaken."""
        return replace(delivery, overtaken_by=self.by, within=self.within)


class Drop(WebhookFault, frozen=True):
    """The webhook never arrives; with `tries`, only its first tries are lost."""

    name: ClassVar[str] = "drop"
    tries: Positive | None = None

    def send(self, delivery: Message) -> Message:
        """The message, whose tries get lost."""
        return replace(delivery, lost=self.tries or ALWAYS)


class Delay(WebhookFault, frozen=True):
    """The webhook is first tried `by` so much later."""

    name: ClassVar[str] = "delay"
    by: Seconds = 30.0

    def send(self, delivery: Message) -> Message:
        """The message, to be sent later."""
        return replace(delivery, wait=self.by)


class BadSignature(WebhookFault, frozen=True):
    """The webhook's signature is wrong, or only that of its first `tries`; `how` says what is wrong with it."""

    name: ClassVar[str] = "bad_signature"
    how: Annotated[str, choice(*FORGERIES)] = "other_secret"
    tries: Positive | None = None

    def send(self, delivery: Message) -> Message:
        """The message, to be signed wrongly."""
        return replace(delivery, forged=self.how, forgeries=self.tries or ALWAYS)


class OldTimestamp(WebhookFault, frozen=True):
    """The webhook's timestamp is `by` so much too old, and signed like that; or that of its first `tries`."""

    name: ClassVar[str] = "old_timestamp"
    by: Seconds = 600.0
    tries: Positive | None = None

    def send(self, delivery: Message) -> Message:
        """The message, to be dated back."""
        return replace(delivery, older=self.by, dated=self.tries or ALWAYS)


def webhook_faults(job: Job) -> list[WebhookFault]:
    """Those that the job was started with."""
    known = {fault.name: fault for fault in WEBHOOK_FAULTS}
    return [known[name](**fields) for name, fields in job.faults if name in known]


WEBHOOK_FAULTS: tuple[type[WebhookFault], ...] = (Duplicate, Reorder, Drop, Delay, BadSignature, OldTimestamp)
