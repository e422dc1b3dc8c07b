"""Sends webhooks: reports the end of a job, retries on the clock, and records each try.

A message waits for its next try in the backend's schedule, which does each at least once. Waits between tries are
seconds of the clock; the time limit of a call is in real seconds, for a socket knows no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from msgspec.structs import replace

from emulator.clock.turns import Turns
from emulator.errors import EmulatorError
from emulator.language.document.diagnostics import did_you_mean
from emulator.store.backend import Backend
from emulator.webhooks import address
from emulator.webhooks.address import AddressError, Lookup, Network
from emulator.webhooks.client import CallOutcome, SecretError, WebhookClient
from emulator.webhooks.message import ALWAYS, DeliveryAttempt, DeliveryState, Message, MessageFault, attempt_of

GONE = 410
WORK = "webhooks"  # kind of the schedule's work: a try, by the message's id
MESSAGES = "messages"
ATTEMPTS = "attempts"
Stamps: TypeAlias = Callable[[], float] | None  # the time that signs, in seconds since the epoch; None: the clock's
AttemptWatcher: TypeAlias = Callable[[DeliveryAttempt], None]
HELD = "held"  # ids of messages that are to be overtaken, and by how many more


class UnknownWebhook(EmulatorError):
    """No message with this id was sent, or it was forgotten."""


class Sender:
    """Sends the webhooks of one world: a view of the backend. `allowed` are networks that they may go to besides this
    machine and private ones; `stamps` is the time that signs, where it is not the clock's.

    It keeps the last `most` attempts and messages, and takes on no more than `most` deliveries at a time.
    """

    def __init__(
        self,
        store: Backend,
        *,
        allowed: Collection[Network] = (),
        most: int = 1_000,
        lookup: Lookup = address.lookup,
        stamps: Stamps = None,
    ) -> None:
        self._records = store.records
        self._counters = store.counters
        self._schedule = store.schedule
        self._on_commit = store.on_commit
        self._clock = store.clock
        self._client = WebhookClient(allowed, lookup)
        self._most = most
        self._stamp = stamps or store.clock.now
        self._watchers: list[AttemptWatcher] = []
        self._transact, self._insist = store.transact, store.insist
        self._schedule.handle(WORK, self._try, exclusive=True)

    @contextmanager
    def watched(self, watcher: AttemptWatcher) -> Iterator[None]:
        """Reports each attempt that this process makes, once it is recorded."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

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
        """Sends `body` (JSON) at once, and after each wait in `retries` again, until a 2xx or a 410 is answered.

        `id` names the message, the same on every try. Nothing is raised for what goes wrong: see `attempts`.
        """
        message = Message(id, url, secret, body, tuple(retries), timeout, tuple(fault.name for fault in faults))
        for fault in faults:
            message = fault.send(message)
        self._take_on(DeliveryState(message))

    def redeliver(self, id: str) -> None:
        """Sends a message again at once, with the same id, nothing wrong, and all its retries before it.

        Raises UnknownWebhook, which names the nearest one.
        """
        state = self._state(id)
        if state is None:
            known = [each for each, _ in self._records.items(MESSAGES)]
            raise UnknownWebhook(f"no webhook {id!r} was sent; {did_you_mean(id, known)}")
        self._records.delete(HELD, id)
        self._schedule.cancel(WORK, id)
        self._take_on(DeliveryState(state.message.clean(), state.tries, redelivered=state.redelivered + 1))

    def attempts(self, id: str | None = None) -> list[DeliveryAttempt]:
        """Returns the attempts, the oldest first: for one message, or for all."""
        return [attempt for _, attempt in self._records.items(ATTEMPTS) if id in (None, attempt.id)]

    @property
    def dropped(self) -> int:
        """How many older attempts there were that are not kept any more."""
        return self._counters.value(ATTEMPTS) - self._records.count(ATTEMPTS)

    async def wait(self, count: int = 1, timeout: float = 5.0, *, delivered: bool = False) -> list[DeliveryAttempt]:
        """The attempts, as soon as there are so many; with `delivered`, those to which the receiver said yes.

        `timeout` is in real seconds. Raises TimeoutError when it is over.
        """
        changed = asyncio.Event()
        with self._records.watch(ATTEMPTS, changed.set):
            async with asyncio.timeout(timeout):
                while len(found := [each for each in self.attempts() if each.delivered or not delivered]) < count:
                    changed.clear()
                    await changed.wait()
        return found

    def clear(self) -> None:
        """Forgets the attempts and the messages, and gives up what is under way."""
        self._on_commit(partial(self._schedule.clear, WORK))
        for collection in (MESSAGES, ATTEMPTS, HELD):
            self._records.clear(collection)
        self._counters.delete(ATTEMPTS)

    async def close(self) -> None:
        """Closes the connections and sends no more; the schedule is the backend's to close."""
        self._schedule.release(WORK, self._try)
        await self._client.close()

    def _state(self, id: str) -> DeliveryState | None:
        state: DeliveryState | None = self._records.get(MESSAGES, id)
        return state

    def _take_on(self, state: DeliveryState) -> None:
        message, now = state.message, self._clock.now()
        self._records.delete(MESSAGES, message.id)  # one that is sent again is the newest
        self._put(state)
        if self._records.count(MESSAGES) > self._most:
            self._forget()
        self._pass(state)
        if self._schedule.count(WORK) >= self._most:
            outcome = CallOutcome(error=f"{self._most} webhooks are under way; this one is not sent")
            self._record(state, now, outcome)
        elif message.overtaken_by and not self._records.count(HELD):
            # Two that wait for each other would both come late, in order.
            self._records.put(HELD, message.id, message.overtaken_by)
            self._schedule.add(WORK, message.id, now + message.within)
        else:
            self._schedule.add(WORK, message.id, now + message.wait)

    def _put(self, state: DeliveryState) -> None:
        self._records.put(MESSAGES, state.message.id, state, cap=self._most + 1)

    async def _try(self, id: str) -> None:
        """Makes a try that is due, and schedules the next one."""
        state = await self._transact(partial(self._begin, id))
        if state is not None:
            at, outcome = self._clock.now(), CallOutcome()
            await self._call(state, at, outcome)
            await self._insist(partial(self._end, id, state, at, outcome))

    def _begin(self, id: str) -> Turns[DeliveryState | None]:
        """Begins a try: a unit of work; returns how far the message is then, None when it was forgotten."""
        yield from ()
        self._records.delete(HELD, id)
        if (state := self._state(id)) is None:
            return None
        state = replace(state, tries=state.tries + 1)
        self._put(state)
        return state

    def _end(self, id: str, state: DeliveryState, at: float, outcome: CallOutcome) -> Turns[None]:
        """Notes what came of a try: a unit of work."""
        yield from ()
        current = self._state(id)
        passed, next_at = state.passed, None
        if current is not None and current.redelivered == state.redelivered:  # not sent anew or forgotten meanwhile
            passed = current.passed
            state, next_at = self._next(replace(current, passed=()), outcome)
            self._put(state)
        self._record(state, at, outcome, next_at)
        for held in passed:
            if self._records.delete(HELD, held):
                self._schedule.add(WORK, held, self._clock.now())

    async def _call(self, state: DeliveryState, at: float, outcome: CallOutcome) -> None:
        """Makes a call, and notes in `outcome` what came of it."""
        loop, message = asyncio.get_running_loop(), state.message
        begun = loop.time()
        try:
            if state.tries <= message.lost:
                outcome.error, outcome.final = "dropped: nothing was sent", message.lost == ALWAYS
            else:
                outcome.headers, outcome.body = message.signed(state.tries, self._stamp())
                async with asyncio.timeout(message.timeout):
                    await self._client.call(message.url, outcome)
        except TimeoutError:
            outcome.error = f"no answer within {message.timeout:g} s"
        except (AddressError, SecretError) as error:
            outcome.error, outcome.final, outcome.headers = str(error), True, {}
        except Exception as error:  # whatever a stranger's server does to the client, it is a try that failed
            outcome.error = f"{type(error).__name__}: {error}"
        outcome.took = loop.time() - begun

    def _next(self, state: DeliveryState, outcome: CallOutcome) -> tuple[DeliveryState, float | None]:
        """How far the message has come after a try, and when it is sent again, None when it is not."""
        message, now = state.message, self._clock.now()
        if outcome.status is not None and 200 <= outcome.status < 300:
            state = replace(state, copied=state.copied + 1)
            return state, now + message.apart if state.copied <= message.copies else None
        if outcome.status == GONE or outcome.final or state.retried >= len(message.retries):
            return state, None
        return replace(state, retried=state.retried + 1), now + message.retries[state.retried]

    def _record(self, state: DeliveryState, at: float, outcome: CallOutcome, next_at: float | None = None) -> None:
        if next_at is not None:
            self._schedule.add(WORK, state.message.id, next_at)
        number, attempt = self._counters.increment(ATTEMPTS), attempt_of(state, at, outcome, next_at)
        self._records.put(ATTEMPTS, str(number), attempt, cap=self._most)
        for watcher in tuple(self._watchers):
            self._on_commit(partial(watcher, attempt))

    def _pass(self, state: DeliveryState) -> None:
        """A message goes before those that are held; the one that it is the last to pass has its turn after it."""
        for held, more in self._records.items(HELD):
            self._records.put(HELD, held, more - 1)
            if more == 1:
                state = replace(state, passed=(*state.passed, held))
                self._put(state)

    def _forget(self) -> None:
        """Drops the oldest message that is not under way; the one that has just come is not yet."""
        under_way = {id for id, _ in self._schedule.items(WORK)}
        idle = (id for id, _ in self._records.items(MESSAGES) if id not in under_way)
        self._records.delete(MESSAGES, next(idle))
