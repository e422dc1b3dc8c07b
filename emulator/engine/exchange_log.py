"""The exchange log: the one place that opens, fills and finishes exchanges.

open → (fill → enter) → finish. An exchange enters the journal before its delivery begins, or when it ends if that takes
no time, and is finished exactly once. Between the two, only delivery writes to it: what was sent, and the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from emulator.engine.context import Context
from emulator.engine.errors import Refusal
from emulator.engine.faulting import note_use
from emulator.engine.state import EXCHANGES, WorldState
from emulator.faults import Fault
from emulator.http.exchange import Exchange
from emulator.http.reply import Reply
from emulator.http.request import Request
from emulator.playbook.model import Rule
from emulator.store.limits import release
from emulator.store.masking import Masker


class ExchangeLog:
    """Opens, fills and finishes the exchanges of one world, and adds them to its journal, masked."""

    def __init__(self, state: WorldState, masker: Masker) -> None:
        self._store = state.store
        self._masker = masker
        self._clock = state.clock
        self._seeded = state.seeded
        self._number = state.store.counters.number

    def open(self, request: Request, at: float, real: float) -> Exchange:
        """Opens the exchange of a request that came `at` that time, `real` by the steady clock; it gets a number."""
        exchange = Exchange(self._number(EXCHANGES), at, request.method, request.path, request.query)
        lines, masker = request.lines, self._masker
        exchange.headers = masker.mask_head(lines) if lines.__class__ is tuple else masker.mask_headers(lines)
        exchange.head_size, exchange.peer = request.size, request.peer
        exchange.real = real
        return exchange

    def fill(
        self,
        exchange: Exchange,
        context: Context,
        rule: Rule | None,
        faults: Sequence[Fault],
        refusal: Refusal | None,
        reply: Reply,
    ) -> None:
        """Fills in what was decided and what is sent. `context` says who asked; without an operation nobody was."""
        operation, caller = context.operation, context.caller
        if operation is not None:
            exchange.api, exchange.operation = operation.api, operation.name
            exchange.rule = "" if rule is None else context.answered or rule.id
            if context.answered and rule is not None:
                note_use(rule.id, context)
            exchange.body, exchange.secrets = context.request.raw, operation.redact
            if caller is not None:
                exchange.caller, exchange.workspace = caller.masked, caller.workspace
        if refusal is not None:
            exchange.error, exchange.near_misses = refusal.message, refusal.near_misses
            exchange.decided = refusal.decided
        if context.allowance is not None:
            exchange.allowance = context.allowance
            exchange.plan = None if caller is None else caller.plan
        if reply.schedule is not None:
            exchange.schedule = reply.schedule
        if faults or context.set_off:
            exchange.faults = tuple(dict.fromkeys((*(each.name for each in faults), *context.set_off)))
            for plan in context.planned:
                if plan.fault in faults or plan.fault.name in context.set_off:
                    note_use(str(plan.place), context)
        if context.used:
            exchange.used = context.used
        exchange.status, exchange.reply_head, exchange.reply_lines = reply.status, reply.head, reply.lines
        if reply.events:
            exchange.events = reply.planned or reply.events
        exchange.reply_body = reply.body if reply.frames is None else b"".join(frame.data for frame in reply.frames)
        if operation is not None and self._seeded.all:
            named = context.request.params.values()
            exchange.seeded = self._seeded.named(operation.api, named, exchange.body, exchange.reply_body)

    def enter(self, exchange: Exchange) -> None:
        """Adds an exchange to the journal, its secrets masked, while its reply is still on the way.

        Its reply begins now, by the clock of the unit of work: whoever sees it in the journal may move the clock before
        this process has begun to deliver.
        """
        exchange.begun = self._clock.now()
        if exchange.secrets:
            self._masker.mask_exchange(exchange, exchange.secrets)
        self._store.journal.add(exchange)

    def enter_ended(self, exchange: Exchange) -> None:
        """Adds an exchange to the journal, in a unit of work, whose reply leaves whole when that is committed."""
        self._time(exchange)
        self._store.on_commit(partial(self._time, exchange))  # this process knows better then how long it took
        self.enter(exchange)

    def finish(self, exchange: Exchange) -> None:
        """Ends an exchange, and adds it to the journal unless it is there already."""
        clock = self._clock
        exchange.took = clock.now() - exchange.at
        if clock.speed != 1.0:
            exchange.real_took = clock.real() - exchange.real
        if exchange.held:
            self._store.journal.finish(exchange)
        else:
            if exchange.secrets:
                self._masker.mask_exchange(exchange, exchange.secrets)
            self._store.journal.add(exchange)
        if exchange.allowance is not None and exchange.allowance.holder:
            release(self._store, exchange.allowance)

    def release(self, exchange: Exchange) -> None:
        """Gives back what is charged to an exchange as long as it is under way."""
        if exchange.allowance is not None and exchange.allowance.holder:
            release(self._store, exchange.allowance)

    def _time(self, exchange: Exchange) -> None:
        """Notes how long it took until now."""
        clock = self._clock
        exchange.took = clock.now() - exchange.at
        if clock.speed != 1.0:
            exchange.real_took = clock.real() - exchange.real
