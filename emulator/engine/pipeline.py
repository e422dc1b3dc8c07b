"""The pipeline: what happens to a request, from its bytes to the bytes of its answer, in the order it happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache, partial

from msgspec import Struct
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.dates import http_date
from emulator.engine.accounting import account, charge, refund, settle
from emulator.engine.admission import AdmissionQueue
from emulator.engine.authenticate import authenticate
from emulator.engine.body import ClientLeft, open_request, read
from emulator.engine.context import Context
from emulator.engine.deliver import FastPath, deliver, respond
from emulator.engine.errors import refuse
from emulator.engine.faulting import apply_faults, gather, refuse_by_fault
from emulator.engine.match import choose
from emulator.engine.provenance import ASKED_BY, provenance_line
from emulator.engine.respond import render
from emulator.engine.routing import route
from emulator.engine.service import Service
from emulator.engine.steps import run_steps
from emulator.engine.validate import validate
from emulator.engine.world import WorldState
from emulator.errors import ApiError
from emulator.faults import Fault
from emulator.faults.header import ASKED_BY as FAULTED_BY
from emulator.faults.header import asked_for
from emulator.http import BODILESS, Exchange, Reply, Request
from emulator.playbook import Operation, Playbook
from emulator.playbook.model import Rule
from emulator.playbook.service import Served
from emulator.store.masking import HeaderMasker, redact

ROUTES = 256  # paths that are remembered with where they lead
Continuation = Callable[[Connection, Receive, Send], Awaitable[None]]


class Decision(Struct):
    """One request with what is decided on it: the rule that answers, with its faults, or the reply that says no."""

    context: Context
    exchange: Exchange
    rule: Rule | None = None
    faults: Sequence[Fault] = ()
    reply: Reply | None = None


class Pipeline:
    """Answers requests by one playbook, in one world. A reload makes another pipeline over the same world."""

    def __init__(self, playbook: Playbook, served: Mapping[str, Served], state: WorldState, max_body: int) -> None:
        self.playbook = playbook
        self.state = state
        self.services = {name: Service(each, state) for name, each in served.items()}
        self._max_body = max_body
        self._masked = HeaderMasker(name for each in served.values() for name, _, _ in each.credentials).headers
        # Clients ask for the same few paths again and again.
        self._route = lru_cache(maxsize=ROUTES)(partial(route, playbook.router, self.services))
        self._turns = AdmissionQueue(state.clock)
        latency = playbook.latency
        self._paced = any((latency.reply, latency.first_token, latency.token))

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Answer one request, as an ASGI application does. Nothing that a client sends makes this raise."""
        request = open_request(scope)
        exchange = self._open(scope, request)
        try:
            try:
                request.raw = await read(request, receive, self._max_body)
                if self._paced:
                    await self._turns.take()
            except ApiError as error:
                reply = self._seal(refuse(error, self._nowhere(request), exchange), exchange)
            else:
                case = self._decide(request, exchange)
                await self._change(case)
                reply = self._conclude(case)
            self._enter(exchange)
            await deliver(reply, exchange, self.state.clock, scope, receive, send)
        except ClientLeft:
            exchange.outcome = "left"
        finally:
            self._close(exchange)

    def try_now(self, scope: Connection, request: Request, wire: FastPath) -> Continuation | None:
        """Answer a request that is there as a whole, without a task of its own.

        What takes time, because state changes in many steps or the answer is paced, is given back to be awaited.
        """
        if len(request.raw) > self._max_body or self._paced:
            return self
        if b"expect" in request.fields:  # it wants to hear first that it may go on
            return self
        exchange = self._open(scope, request)
        case = self._decide(request, exchange)
        if case.rule is not None and case.rule.steps:
            return partial(self._later, case)
        reply = self._conclude(case)
        if reply.delay or reply.frames is not None or reply.twists or not respond(reply, exchange, wire):
            return partial(self._deliver_later, reply, exchange)
        self._close(exchange)
        return None

    def close(self) -> None:
        """Another pipeline takes over: jobs that end from here on are its business."""
        for service in self.services.values():
            service.jobs.close()

    def _open(self, scope: Connection, request: Request) -> Exchange:
        state = self.state
        exchange = Exchange(state.next_number(), state.clock.now(), request.method, request.path, request.query)
        exchange.headers = self._masked(scope["headers"])
        exchange.peer, exchange.real = scope.get("client"), state.clock.real()
        return exchange

    def _decide(self, request: Request, exchange: Exchange) -> Decision:
        """Who asks for what, may they, and which rule answers; or the answer that says no."""
        context = None
        faults: Sequence[Fault] = ()
        try:
            service, operation, request.params = self._route(request.method, request.host, request.path)
            context = Context(service, request, operation)
            now = context["now"] = exchange.at
            context.number = exchange.number
            asked = asked_for(exchange.headers, service.api, operation) if FAULTED_BY in request.fields else ()
            if operation.auth:
                context.caller = authenticate(context)
            if validate(context, operation):
                context.allowance = charge(context, operation, now)
            choice = choose(operation, context, exchange)
            context.adopt(choice.rule)
            if not (choice.faults or asked or self.state.armed.orders):
                return Decision(context, exchange, choice.rule)
            faults = gather(choice, asked, context, exchange)
            refuse_by_fault(faults, context)
            return Decision(context, exchange, choice.rule, faults)
        except Exception as error:  # neither an ApiError nor a TemplateError is a mistake of ours, told likewise
            if context is None:
                context = self._nowhere(request)
            return Decision(context, exchange, None, faults, self._refuse(context, error, exchange))

    async def _change(self, case: Decision) -> None:
        """Do the steps of the rule, which change state."""
        if case.rule is None or not case.rule.steps:
            return
        try:
            await run_steps(case.rule.steps, case.context)
        except Exception as error:
            case.reply = self._refuse(case.context, error, case.exchange)
        if case.context.set_off:
            case.exchange.faults = tuple(dict.fromkeys((*case.exchange.faults, *case.context.set_off)))

    def _conclude(self, case: Decision) -> Reply:
        """The reply, with what it cost settled and its faults in it."""
        context, rule, reply, exchange = case.context, case.rule, case.reply, case.exchange
        operation = context.operation
        chance = self.state.chance(exchange.number) if self._paced or case.faults or (rule and rule.paced) else None
        if reply is None:
            assert rule is not None
            assert operation is not None
            try:
                reply = render(rule, context, chance)
                settle(context, operation, exchange.at)
            except Exception as error:
                reply = self._refuse(context, error, exchange)
        try:
            if operation is not None:
                self._finish(context, operation, rule, reply, exchange)
            if chance is not None:
                reply = apply_faults(reply, case.faults, context, chance)
        except Exception as error:
            reply = refuse(error, context, exchange)
        return self._seal(reply, exchange)

    def _refuse(self, context: Context, error: Exception, exchange: Exchange) -> Reply:
        refund(context, exchange.at)
        return refuse(error, context, exchange)

    def _finish(
        self, context: Context, operation: Operation, rule: Rule | None, reply: Reply, exchange: Exchange
    ) -> None:
        """What every answer of an operation gets: limit headers, provenance when asked for, its place in the usage."""
        caller, request = context.caller, context.request
        exchange.api, exchange.operation = operation.api, operation.name
        exchange.rule = rule.id if rule is not None else ""
        exchange.body, exchange.secrets = request.raw, operation.redact
        if caller is not None:
            exchange.caller, exchange.workspace = caller.masked, caller.workspace
            if operation.usage is not None:
                account(operation.usage, context, reply.status, exchange.at)
        if context.allowance is not None and context.allowance.limits:
            said = {name for name, _ in reply.headers} if rule is None else ()  # an error may tell the limits itself
            reply.headers += [line for line in context.service.api.limit_headers.lines(context) if line[0] not in said]
        if ASKED_BY in request.fields:
            reply.headers.append(provenance_line(context.service.api, operation, rule))

    def _seal(self, reply: Reply, exchange: Exchange) -> Reply:
        """The reply with its date, and noted in the exchange."""
        if reply.status in BODILESS:
            reply.body, reply.frames, reply.events = b"", None, 0
        reply.headers.append((b"date", http_date(exchange.at)))
        exchange.status, exchange.reply_headers = reply.status, reply.headers
        exchange.reply_body = reply.body if reply.frames is None else b"".join(frame.data for frame in reply.frames)
        return reply

    async def _later(self, case: Decision, scope: Connection, receive: Receive, send: Send) -> None:
        try:
            await self._change(case)
            reply = self._conclude(case)
            self._enter(case.exchange)
            await deliver(reply, case.exchange, self.state.clock, scope, receive, send)
        finally:
            self._close(case.exchange)

    async def _deliver_later(
        self, reply: Reply, exchange: Exchange, scope: Connection, receive: Receive, send: Send
    ) -> None:
        self._enter(exchange)
        try:
            await deliver(reply, exchange, self.state.clock, scope, receive, send)
        finally:
            self._close(exchange)

    def _nowhere(self, request: Request) -> Context:
        """The scope of a request that found no operation: the API is the one whose paths look most like it."""
        return Context(self.services[self.playbook.router.nearest_api(request.host, request.path)], request)

    def _enter(self, exchange: Exchange) -> None:
        """Let it stand in the journal while its answer is on the way."""
        if exchange.secrets:
            redact(exchange, exchange.secrets)
        self.state.journal.add(exchange)

    def _close(self, exchange: Exchange) -> None:
        exchange.took = self.state.clock.now() - exchange.at
        if exchange.held:
            self.state.journal.finish(exchange)
            return
        if exchange.secrets:
            redact(exchange, exchange.secrets)
        self.state.journal.add(exchange)
