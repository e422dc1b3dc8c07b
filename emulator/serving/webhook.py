"""Tell somebody that a job has ended: send it, try again on the clock, and record each try.

Waits between tries are seconds of the clock; the time limit of a call is in real seconds, for a socket knows no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack

from msgspec import Struct

from emulator.clock import Clock, Timer
from emulator.serving import address
from emulator.serving.address import AddressError, Lookup
from emulator.serving.post import Caller, Outcome, SecretError, sign

KEEP_BODY = 65_536
_GONE = 410


class Attempt(Struct, frozen=True):
    """One try, counted from 1. `at` is on the clock; `took` is in real seconds.

    `status` None: no answer, and `error` says why. `headers` are those sent, none when the rules forbade to send.
    `body` and `answer` are kept up to 64 KiB and 4 KiB.
    """

    id: str
    number: int
    at: float
    url: str
    headers: dict[str, str]
    body: bytes
    status: int | None
    error: str | None
    answer: bytes
    took: float

    @property
    def delivered(self) -> bool:
        """The receiver said yes."""
        return self.status is not None and 200 <= self.status < 300


class _Delivery(Struct, frozen=True):
    id: str
    url: str
    secret: str
    body: bytes
    retries: tuple[float, ...]
    timeout: float


class Sender:
    """Sends the webhooks of one world. `public`: also to addresses outside this machine and private networks.

    It keeps the last `most` attempts, and takes on no more than `most` deliveries at a time.
    """

    def __init__(
        self, clock: Clock, *, public: bool = False, most: int = 1_000, lookup: Lookup = address.lookup
    ) -> None:
        self._clock = clock
        self._caller = Caller(public, lookup)
        self._most = most
        self._attempts: deque[Attempt] = deque(maxlen=most)
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[Timer] = set()

    def deliver(
        self, id: str, url: str, secret: str, body: bytes, retries: Sequence[float] = (), timeout: float = 15.0
    ) -> None:
        """Send `body` (JSON) at once, and after each wait in `retries` again, until a 2xx or a 410 is answered.

        `id` names the message, the same on every try. Nothing is raised for what goes wrong: see `attempts`.
        """
        delivery = _Delivery(id, url, secret, body, tuple(retries), timeout)
        if len(self._tasks) + len(self._timers) < self._most:
            self._begin(delivery, 1)
        else:
            outcome = Outcome(error=f"{self._most} webhooks are under way; this one is not sent")
            self._record(delivery, 1, self._clock.now(), outcome, took=0.0)

    def attempts(self, id: str | None = None) -> list[Attempt]:
        """What was tried, the oldest first: for one message, or for all."""
        return [attempt for attempt in self._attempts if id in (None, attempt.id)]

    def clear(self) -> None:
        """Forget the attempts and give up what is under way."""
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        self._timers.clear()
        self._attempts.clear()

    async def close(self) -> None:
        """Give up what is under way and close the connections."""
        self.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._caller.close()

    def _begin(self, delivery: _Delivery, number: int) -> None:
        # Busy from here and not from the task's first step, or a moving clock would pass before the task has begun.
        work = ExitStack()
        work.enter_context(self._clock.busy())
        task = asyncio.get_running_loop().create_task(self._try(delivery, number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())

    async def _try(self, delivery: _Delivery, number: int) -> None:
        loop = asyncio.get_running_loop()
        at, begun, outcome = self._clock.now(), loop.time(), Outcome()
        try:
            outcome.headers = sign(delivery.id, at, delivery.secret, delivery.body)
            async with asyncio.timeout(delivery.timeout):
                await self._caller.call(delivery.url, delivery.body, outcome)
        except TimeoutError:
            outcome.error = f"no answer within {delivery.timeout:g} s"
        except (AddressError, SecretError) as error:
            outcome.error, outcome.final, outcome.headers = str(error), True, {}
        except Exception as error:  # whatever a stranger's server does to the client, it is a try that failed
            outcome.error = f"{type(error).__name__}: {error}"
        attempt = self._record(delivery, number, at, outcome, loop.time() - begun)
        if not (attempt.delivered or attempt.status == _GONE or outcome.final or number > len(delivery.retries)):
            self._again(delivery, number)

    def _again(self, delivery: _Delivery, number: int) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            self._begin(delivery, number + 1)

        timer = self._clock.call_at(self._clock.now() + delivery.retries[number - 1], fire)
        self._timers.add(timer)

    def _record(self, delivery: _Delivery, number: int, at: float, outcome: Outcome, took: float) -> Attempt:
        attempt = Attempt(
            delivery.id,
            number,
            at,
            delivery.url,
            outcome.headers,
            delivery.body[:KEEP_BODY],
            outcome.status,
            outcome.error,
            outcome.answer,
            took,
        )
        self._attempts.append(attempt)
        return attempt
