"""The journal as a test asks it: what was sent to a world, and what was answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from emulator.store.views import ExchangeView
from emulator.testing.asynchronous import twin
from emulator.testing.client import DEFAULT, Client, RemoteSequence

HINT = "send a key from `emulator.key(tier)`, or the header in `emulator.headers`"
SHOWN = 10  # exchanges that a message lists
PAGE = 1_000  # exchanges that are fetched at once


class RecordedReply(Struct, frozen=True):
    """What was answered; `events_sent` and `bytes_sent` are what was handed to the socket."""

    status: int
    headers: httpx.Headers
    body: Any
    events_sent: int
    bytes_sent: int


class Recorded(ExchangeView, frozen=True):
    """One request and its answer, `reply`. Bodies are JSON or text, `key` is masked, `at` and `took` are in seconds of
    the world's clock; `outcome` says how much of the answer the client took."""

    headers: httpx.Headers
    reply_headers: httpx.Headers
    faults: tuple[str, ...] = ()
    near_misses: tuple[Mapping[str, Any], ...] = ()

    @property
    def reply(self) -> RecordedReply:
        """What was answered."""
        return RecordedReply(self.status, self.reply_headers, self.reply_body, self.events_sent, self.bytes_sent)

    def __str__(self) -> str:
        return f"#{self.number} {self.method} {self.path} → {self.status} ({self.operation or 'no operation'})"


class Exchanges(RemoteSequence[Recorded]):
    """The exchanges of a world that match, the oldest first; each look asks the server anew."""

    def __init__(self, client: Client, when: Mapping[str, Any]) -> None:
        super().__init__(client)
        self._when = dict(when)

    def all(self) -> list[Recorded]:
        """All of them. Raises ControlError for an operation that there is not, and what can't be asked; DroppedError
        when the journal has dropped older ones."""
        return super().all()

    @property
    def first(self) -> Recorded:
        """The oldest. Raises IndexError, which says what came instead, when there is none; DroppedError when the
        journal has dropped older ones."""
        return self[0]

    def wait(self, count: int = 1, timeout: float | str = "5s") -> list[Recorded]:
        """Wait, in real time, until there are so many. Raises AssertionError when they do not come."""
        body = {"count": count, "when": _conditions(self._when), "timeout": timeout}
        try:
            return _recorded(self._waited("/exchanges/wait", body))
        except AssertionError as error:
            _, total, dropped = Exchanges(self._client, {})._newest(1)
            if total or dropped:
                raise
            raise AssertionError(f"{error}\n{self._elsewhere()}") from None

    wait_async = twin(wait)

    def clear(self) -> None:
        """Forget all exchanges of the world, also those that do not match."""
        self._client.delete("/exchanges")

    def _newest(self, count: int | None = None, since: int = 0) -> tuple[list[Recorded], int, int]:
        answer = self._ask(last=count, limit=PAGE, after=since)
        found, total = _recorded(answer), answer["total"]
        while answer["exchanges"] and len(found) < (total if count is None else min(count, total)):
            answer = self._ask(after=answer["next"], limit=PAGE)
            found += _recorded(answer)
        return found, total, answer["dropped"]

    def _ask(self, **page: int | None) -> Any:
        """Asks for some of the exchanges. Raises ControlError."""
        if _is_plain(self._when):  # the control API knows the operations, and says so when there is none of this name
            return self._client.get("/exchanges", **self._when, **page)
        chosen = {name: value for name, value in page.items() if value is not None}
        return self._client.post("/exchanges/query", {"when": _conditions(self._when), **chosen})

    def _lost(self, dropped: int) -> str:
        return (
            f"the journal of this world has dropped {dropped} older exchanges, so not all that came is known;"
            " give it more room with journal_entries and journal_bytes, or clear it before"
        )

    def __repr__(self) -> str:
        _, total, dropped = self._newest(1)
        lost = f", {dropped} older ones dropped" if dropped else ""
        return f"<{total} exchanges{lost}{''.join(f' {name}={value!r}' for name, value in self._when.items())}>"

    def _missing(self, count: int) -> str:
        return f"{count} requests match; {self._instead()}"

    def _instead(self) -> str:
        """What the world's journal holds, for whoever looked for something else."""
        found, _, _ = Exchanges(self._client, {})._newest(SHOWN)
        if not found:
            return f"the journal of this world is empty: {self._elsewhere()}"
        lines = "".join(f"\n  {each}" for each in found)
        return f"the last in the journal of this world:{lines}"

    def _elsewhere(self) -> str:
        """Says what came to the default world, for whoever finds nothing in this one."""
        default = Exchanges(self._client.of(DEFAULT), {})
        found, total, _ = ([], 0, 0) if self._client.world == DEFAULT else default._newest(1)
        if not found:
            return "does the client use its base URL, and its key or header?"
        key = f"with the key {found[0].key}" if found[0].key else "without a key"
        return f"{total} came to the world {DEFAULT}, the last one ({found[0]}) {key}; {HINT}"


def _is_plain(when: Mapping[str, Any]) -> bool:
    """Whether only things that can be looked up are asked for."""
    names = [name for name in when.values() if isinstance(name, int) or (isinstance(name, str) and "*" not in name)]
    return set(when) <= {"operation", "api", "status"} and len(names) == len(when)


def _conditions(when: Mapping[str, Any]) -> dict[str, Any]:
    """The question as the control API takes it; `messages.*` means what it means for a rule's `on`."""
    operation = when.get("operation")
    if not isinstance(operation, str) or "*" not in operation:
        return dict(when)
    return {**when, "operation": {"matches": "^" + ".*".join(map(re.escape, operation.split("*"))) + "$"}}


def _recorded(answer: Any) -> list[Recorded]:
    return msgspec.convert(answer["exchanges"], list[Recorded], dec_hook=_lines)


def _lines(kind: type, value: Any) -> Any:
    """Header lines that are found whatever the case of their names."""
    return httpx.Headers(value)
