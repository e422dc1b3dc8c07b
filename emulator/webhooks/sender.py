"""Tell somebody that a job has ended: send it, try again on the clock, and record each try.

Waits between tries are seconds of the clock; the time limit of a call is in real seconds, for a socket knows no other.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from emulator.clock import Clock, Timer
from emulator.errors import EmulatorError
from emulator.language.document.diagnostics import did_you_mean
from emulator.webhooks import address
from emulator.webhooks.address import AddressError, Lookup
from emulator.webhooks.client import CallOutcome, SecretError, WebhookClient
from emulator.webhooks.message import (
    ALWAYS,
    DeliveryAttempt,
    DeliveryState,
    Message,
    MessageFault,
    SenderState,
    attempt_of,
)

_GONE = 410


class UnknownWebhook(EmulatorError):
    """No message of this id was sent, or it was forgotten."""


class Sender:
    """Sends the webhooks of one world. `public`: also to addresses outside this machine and private networks.

    It keeps the last `most` attempts and messages, and takes on no more than `most` deliveries at a time.
    """

    def __init__(
        self, clock: Clock, *, public: bool = False, most: int = 1_000, lookup: Lookup = address.lookup
    ) -> None:
        self._clock = clock
        self._caller = WebhookClient(public, lookup)
        self._most = most
        self._attempts: deque[DeliveryAttempt] = deque(maxlen=most)
        self._courses: OrderedDict[str, DeliveryState] = OrderedDict()
        self._held: dict[str, int] = {}  # ids of messages that are to be overtaken, and by how many more
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[str, Timer] = {}
        self._news = asyncio.Event()

    def deliver(
        self,
        id: str,
        url: str,
        secret: str,
        body: bytes,
        retries: Sequence[float] = (),
        timeout: float = 15.0,
        faults: Sequence[MessageFault] = (),
    ) -> None:
        """Send `body` (JSON) at once, and after each wait in `retries` again, until a 2xx or a 410 is answered.

        `id` names the message, the same on every try. Nothing is raised for what goes wrong: see `attempts`.
        """
        delivery = Message(id, url, secret, body, tuple(retries), timeout, tuple(fault.name for fault in faults))
        for fault in faults:
            delivery = fault.send(delivery)
        self._take_on(DeliveryState(delivery))

    def redeliver(self, id: str) -> None:
        """Send a message again at once, with the same id, nothing wrong, and all its retries before it.

        Raises UnknownWebhook, which names the nearest one.
        """
        course = self._courses.get(id)
        if course is None:
            raise UnknownWebhook(f"no webhook {id!r} was sent; {did_you_mean(id, self._courses)}")
        self._stop(id)
        self._take_on(DeliveryState(course.delivery.clean(), course.tries))

    def attempts(self, id: str | None = None) -> list[DeliveryAttempt]:
        """What was tried, the oldest first: for one message, or for all."""
        return [attempt for attempt in self._attempts if id in (None, attempt.id)]

    async def wait(self, count: int = 1, timeout: float = 5.0, *, delivered: bool = False) -> list[DeliveryAttempt]:
        """The attempts, as soon as there are so many; with `delivered`, those to which the receiver said yes.

        `timeout` is in real seconds. Raises TimeoutError when it is over.
        """
        async with asyncio.timeout(timeout):
            while len(found := [each for each in self._attempts if each.delivered or not delivered]) < count:
                await self._news.wait()
        return found

    def clear(self) -> None:
        """Forget the attempts and the messages, and give up what is under way."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        for gone in (self._timers, self._attempts, self._courses, self._held):
            gone.clear()

    async def close(self) -> None:
        """Give up what is under way and close the connections."""
        self.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._caller.close()

    def dump(self) -> dict[str, Any]:
        """Everything as JSON-able data that `load` takes; a try that is under way is one that is due."""
        now = self._clock.now()
        courses = [replace(each, due=now, trying=False) if each.trying else each for each in self._courses.values()]
        return dict(msgspec.to_builtins(SenderState(list(self._attempts), courses)))

    def load(self, data: Any) -> None:
        """Be as when `data` was dumped, and go on from there. Raises msgspec.ValidationError for other data."""
        past = msgspec.convert(data, SenderState)
        self.clear()
        self._attempts.extend(past.attempts)
        for course in past.courses:
            self._courses[course.delivery.id] = course
            if course.due is not None:
                self._begin_at(course, course.due)

    def _take_on(self, course: DeliveryState) -> None:
        delivery = course.delivery
        self._courses[delivery.id] = course
        self._courses.move_to_end(delivery.id)
        if len(self._courses) > self._most:
            self._forget()
        self._pass(course)
        if len(self._tasks) + len(self._timers) >= self._most:
            outcome = CallOutcome(error=f"{self._most} webhooks are under way; this one is not sent")
            self._record(course, self._clock.now(), outcome)
        elif delivery.overtaken_by and not self._held:  # two that wait for each other would both come late, in order
            self._held[delivery.id] = delivery.overtaken_by
            self._begin_at(course, self._clock.now() + delivery.within)
        elif delivery.wait:
            self._begin_at(course, self._clock.now() + delivery.wait)
        else:
            self._begin(course)

    def _begin_at(self, course: DeliveryState, due: float) -> None:
        course.due = due
        self._timers[course.delivery.id] = self._clock.call_at(due, partial(self._begin, course))

    def _begin(self, course: DeliveryState) -> None:
        self._stop(course.delivery.id)
        course.due, course.trying = None, True
        # Busy from here and not from the task's first step, or a moving clock would pass before the task has begun.
        work = ExitStack()
        work.enter_context(self._clock.busy())
        task = asyncio.get_running_loop().create_task(self._try(course))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())

    def _stop(self, id: str) -> None:
        """Wait no longer with a message; a try that is under way goes on."""
        self._held.pop(id, None)
        if id in self._timers:
            self._timers.pop(id).cancel()

    async def _try(self, course: DeliveryState) -> None:
        loop, delivery = asyncio.get_running_loop(), course.delivery
        course.tries += 1
        at, begun, outcome = self._clock.now(), loop.time(), CallOutcome()
        try:
            if course.tries <= delivery.lost:
                outcome.error, outcome.final = "dropped: nothing was sent", delivery.lost == ALWAYS
            else:
                outcome.headers, outcome.body = delivery.signed(course.tries, at)
                async with asyncio.timeout(delivery.timeout):
                    await self._caller.call(delivery.url, outcome)
        except TimeoutError:
            outcome.error = f"no answer within {delivery.timeout:g} s"
        except (AddressError, SecretError) as error:
            outcome.error, outcome.final, outcome.headers = str(error), True, {}
        except Exception as error:  # whatever a stranger's server does to the client, it is a try that failed
            outcome.error = f"{type(error).__name__}: {error}"
        outcome.took, course.trying = loop.time() - begun, False
        current = self._courses.get(delivery.id) is course  # and not sent anew or forgotten in the meantime
        self._record(course, at, outcome, self._next(course, outcome) if current else None)
        passed, course.passed = course.passed, []
        for held in self._held.keys() & passed:
            self._begin(self._courses[held])

    def _next(self, course: DeliveryState, outcome: CallOutcome) -> float | None:
        """When the message is sent again, None when it is not."""
        delivery, now = course.delivery, self._clock.now()
        if outcome.status is not None and 200 <= outcome.status < 300:
            course.copied += 1
            return now + delivery.apart if course.copied <= delivery.copies else None
        if outcome.status == _GONE or outcome.final or course.retried >= len(delivery.retries):
            return None
        course.retried += 1
        return now + delivery.retries[course.retried - 1]

    def _record(self, course: DeliveryState, at: float, outcome: CallOutcome, next_at: float | None = None) -> None:
        self._attempts.append(attempt_of(course, at, outcome, next_at))
        self._news.set()
        self._news = asyncio.Event()
        if next_at is not None:
            self._begin_at(course, next_at)

    def _pass(self, course: DeliveryState) -> None:
        """A message goes before those that are held; the one that it is the last to pass has its turn after it."""
        for held in self._held:
            self._held[held] -= 1
            if self._held[held] == 0:
                course.passed.append(held)

    def _forget(self) -> None:
        """Drop the oldest message that is not under way; the one that has just come is not yet."""
        idle = (id for id, course in self._courses.items() if not course.trying and course.due is None)
        del self._courses[next(idle)]
