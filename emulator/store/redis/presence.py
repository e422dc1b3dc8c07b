"""Presence: which processes use a world, and in which era it is: the time since it was last reset or restored."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping
from secrets import token_hex
from typing import Any

import msgspec

from emulator.clock.system_time import steady
from emulator.store.redis.changes import Name, Tracker

LIFE = 5.0  # real seconds after which a process that is not heard of is taken to be dead


class Presence:
    """The part of a copy that holds the workers of a world, this one's `worker` included once it has `joined`.

    What a worker has under way carries its name. One that is not heard of for a while is taken to be dead: `left` are
    called with its name, here and everywhere; if it lives after all, it goes on under another name.
    """

    letter = "p"

    def __init__(self) -> None:
        self.worker = token_hex(8)
        self.joined = False
        self.workers: dict[str, Any] = {}
        self.left: list[Callable[[str], None]] = []
        self._now = steady()
        self._heard: dict[str, float] = {}  # when others were heard of that are not known yet
        self._gone: dict[str, float] = {}  # when others left, of which a last commit may still be heard

    def about(self) -> dict[str, Any]:
        """Returns what others may know of this worker."""
        return {"pid": os.getpid()}

    def join(self) -> None:
        """Notes that this worker's name is known to all."""
        self.joined = True
        self.workers[self.worker] = self.about()

    def renew(self) -> None:
        """Takes another name, after others have taken this worker to be dead."""
        before, self.worker, self.joined = self.worker, token_hex(8), False
        self.place((before,), None)

    def leave(self) -> None:
        """Forgets this worker, which has left: what is still committed here is another one's."""
        self.workers.pop(self.worker, None)
        self.worker, self.joined = token_hex(8), False

    def keep(self, living: Container[str]) -> None:
        """Forgets the workers that are not among these."""
        for worker in [*self.workers]:
            if worker not in living:
                self.place((worker,), None)

    def hear(self, worker: str) -> None:
        """Notes that a worker has committed something."""
        if worker not in self.workers and worker not in self._gone:
            self._heard[worker] = self._now()

    def others(self) -> list[str]:
        """Returns the other workers that may be there, those included that are known by what they commit alone."""
        self._heard = self._recent(self._heard)
        return [worker for worker in {**self.workers, **self._heard} if worker != self.worker]

    def is_there(self, worker: str) -> bool:
        """Whether a worker may still end what it has under way."""
        return worker == self.worker or worker in self.workers

    def _recent(self, moments: Mapping[str, float]) -> dict[str, float]:
        return {worker: at for worker, at in moments.items() if at > self._now() - LIFE}

    # ------------------------------------------------------------------ part

    def held(self, name: Name) -> Any:
        return self.workers.get(name[0])

    def place(self, name: Name, value: Any) -> None:
        self._heard.pop(name[0], None)
        if value is not None:
            self.workers[name[0]] = value
            return
        self._gone = {**self._recent(self._gone), name[0]: self._now()}
        if self.workers.pop(name[0], None) is not None:
            for callback in self.left:
                callback(name[0])

    def tidy(self) -> None:
        """Does nothing: workers have no order."""

    def encode(self, name: Name, value: Any) -> bytes:
        return msgspec.json.encode(value)

    def decode(self, name: Name, data: bytes) -> Any:
        return msgspec.json.decode(data)

    def everything(self) -> Iterable[Name]:
        return [(worker,) for worker in self.workers]


ERA = ("era",)


class Era:
    """The part of a copy that names the time since the world was last reset or restored.

    `begun` are called when another process has begun another one, once all that it changed is here.
    """

    letter = "e"

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._name: str | None = None
        self.begun: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Begins another one, in a unit of work."""
        self._tracker.touch(self, ERA)
        self._name = token_hex(8)

    def follow(self) -> None:
        """Has all done that follows when another process has begun one."""
        for callback in self.begun:
            callback()

    # ------------------------------------------------------------------ part

    def held(self, name: Name) -> str | None:
        return self._name

    def place(self, name: Name, value: str | None) -> None:
        self._name = value

    def tidy(self) -> None:
        """Does nothing: there is one value."""

    def encode(self, name: Name, value: str) -> bytes:
        return msgspec.json.encode(value)

    def decode(self, name: Name, data: bytes) -> str:
        return msgspec.json.decode(data, type=str)

    def everything(self) -> Iterable[Name]:
        return [] if self._name is None else [ERA]
