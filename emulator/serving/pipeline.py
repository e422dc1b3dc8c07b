"""The pipeline: what happens to a request, from its bytes to the bytes of its answer, in the order it happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache, partial

from msgspec import Struct
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.date import http_date
from emulator.errors import ApiError
from emulator.exchange import BODILESS, Exchange, Incoming, Reply
from emulator.scenario.plans import Rule
from emulator.scenario.playbook import Operation, Playbook
from emulator.serving.account import account, charge, refund, settle
from emulator.serving.authenticate import authenticate
from emulator.serving.body import ClientLeft, read
from emulator.serving.choose import choose
from emulator.serving.deliver import Wire, deliver, respond
from emulator.serving.fault import Fault
from emulator.serving.fault.header import ASKED_BY as FAULTED_BY
from emulator.serving.fault.header import asked_for
from emulator.serving.fault.play import gather, refuse_by, spoil
from emulator.serving.incoming import open_incoming
from emulator.serving.provenance import ASKED_BY, provenance_line
from emulator.serving.redact import Redactor, redact
from emulator.serving.refuse import refuse
from emulator.serving.render import render
from emulator.serving.route import route
from emulator.serving.scope import Scope
from emulator.serving.served import Served
from emulator.serving.site import Site
from emulator.serving.steps import take_steps
from emulator.serving.turns import Turns
from emulator.serving.validate import validate
from emulator.serving.world import World

ROUTES = 256  # paths that are remembered with where they lead
Later = Callable[[Connection, Receive, Send], Awaitable[None]]


class Case(Struct):
    """One request with what is decided on it: the rule that answers, with its faults, or the reply that says no."""

    scope: Scope
    exchange: Exchange
    rule: Rule | None = None
    faults: Sequence[Fault] = ()
    reply: Reply | None = None


class Pipeline:
    """Answers requests by one playbook, in one world. A reload makes another pipeline over the same world."""

    def __init__(self, playbook: Playbook, served: Mapping[str, Served], world: World, max_body: int) -> None:
        self.playbook = playbook
        self.world = world
        self.sites = {name: Site(each, world) for name, each in served.items()}
        self._max_body = max_body
        self._masked = Redactor(name for each in served.values() for name, _, _ in each.credentials).headers
        # Clients ask for the same few paths again and again.
        self._route = lru_cache(maxsize=ROUTES)(partial(route, playbook.router, self.sites))
        self._turns = Turns(world.clock)
        latency = playbook.latency
        self._paced = any((latency.reply, latency.first_token, latency.token))

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Answer one request, as an ASGI application does. Nothing that a client sends makes this raise."""
        incoming = open_incoming(connection)
        exchange = self._open(connection, incoming)
        try:
            try:
                incoming.raw = await read(incoming, receive, self._max_body)
                if self._paced:
                    await self._turns.take()
            except ApiError as error:
                reply = self._seal(refuse(error, self._nowhere(incoming), exchange), exchange)
            else:
                case = self._decide(incoming, exchange)
                await self._change(case)
                reply = self._conclude(case)
            self._enter(exchange)
            await deliver(reply, exchange, self.world.clock, connection, receive, send)
        except ClientLeft:
            exchange.outcome = "left"
        finally:
            self._close(exchange)

    def at_once(self, connection: Connection, incoming: Incoming, wire: Wire) -> Later | None:
        """Answer a request that is there as a whole, without a task of its own.

        What takes time, because state changes in many steps or the answer is paced, is given back to be awaited.
        """
        if len(incoming.raw) > self._max_body or self._paced:
            return self
        if b"expect" in incoming.fields:  # it wants to hear first that it may go on
            return self
        exchange = self._open(connection, incoming)
        case = self._decide(incoming, exchange)
        if case.rule is not None and case.rule.steps:
            return partial(self._later, case)
        reply = self._conclude(case)
        if reply.delay or reply.frames is not None or reply.twists or not respond(reply, exchange, wire):
            return partial(self._deliver_later, reply, exchange)
        self._close(exchange)
        return None

    def close(self) -> None:
        """Another pipeline takes over: jobs that end from here on are its business."""
        for site in self.sites.values():
            site.jobs.close()

    def _open(self, connection: Connection, incoming: Incoming) -> Exchange:
        world = self.world
        exchange = Exchange(world.next_number(), world.clock.now(), incoming.method, incoming.path, incoming.query)
        exchange.headers = self._masked(connection["headers"])
        exchange.peer, exchange.real = connection.get("client"), world.clock.real()
        return exchange

    def _decide(self, incoming: Incoming, exchange: Exchange) -> Case:
        """Who asks for what, may they, and which rule answers; or the answer that says no."""
        scope = None
        faults: Sequence[Fault] = ()
        try:
            site, operation, incoming.params = self._route(incoming.method, incoming.host, incoming.path)
            scope = Scope(site, incoming, operation)
            now = scope["now"] = exchange.at
            scope.number = exchange.number
            asked = asked_for(exchange.headers, site.api, operation) if FAULTED_BY in incoming.fields else ()
            if operation.auth:
                scope.caller = authenticate(scope)
            if validate(scope, operation):
                scope.allowance = charge(scope, operation, now)
            choice = choose(operation, scope, exchange)
            scope.adopt(choice.rule)
            if not (choice.faults or asked or self.world.armed.orders):
                return Case(scope, exchange, choice.rule)
            faults = gather(choice, asked, scope, exchange)
            refuse_by(faults, scope)
            return Case(scope, exchange, choice.rule, faults)
        except Exception as error:  # neither an ApiError nor a TemplateError is a mistake of ours, told likewise
            if scope is None:
                scope = self._nowhere(incoming)
            return Case(scope, exchange, None, faults, self._refuse(scope, error, exchange))

    async def _change(self, case: Case) -> None:
        """Do the steps of the rule, which change state."""
        if case.rule is None or not case.rule.steps:
            return
        try:
            await take_steps(case.rule.steps, case.scope)
        except Exception as error:
            case.reply = self._refuse(case.scope, error, case.exchange)
        if case.scope.set_off:
            case.exchange.faults = tuple(dict.fromkeys((*case.exchange.faults, *case.scope.set_off)))

    def _conclude(self, case: Case) -> Reply:
        """The reply, with what it cost settled and its faults in it."""
        scope, rule, reply, exchange = case.scope, case.rule, case.reply, case.exchange
        operation = scope.operation
        chance = self.world.chance(exchange.number) if self._paced or case.faults or (rule and rule.paced) else None
        if reply is None:
            assert rule is not None
            assert operation is not None
            try:
                reply = render(rule, scope, chance)
                settle(scope, operation, exchange.at)
            except Exception as error:
                reply = self._refuse(scope, error, exchange)
        try:
            if operation is not None:
                self._finish(scope, operation, rule, reply, exchange)
            if chance is not None:
                reply = spoil(reply, case.faults, scope, chance)
        except Exception as error:
            reply = refuse(error, scope, exchange)
        return self._seal(reply, exchange)

    def _refuse(self, scope: Scope, error: Exception, exchange: Exchange) -> Reply:
        refund(scope, exchange.at)
        return refuse(error, scope, exchange)

    def _finish(self, scope: Scope, operation: Operation, rule: Rule | None, reply: Reply, exchange: Exchange) -> None:
        """What every answer of an operation gets: limit headers, provenance when asked for, its place in the usage."""
        caller, incoming = scope.caller, scope.incoming
        exchange.api, exchange.operation = operation.api, operation.name
        exchange.rule = rule.id if rule is not None else ""
        exchange.body, exchange.secrets = incoming.raw, operation.redact
        if caller is not None:
            exchange.caller, exchange.workspace = caller.masked, caller.workspace
            if operation.usage is not None:
                account(operation.usage, scope, reply.status, exchange.at)
        if scope.allowance is not None and scope.allowance.limits:
            said = {name for name, _ in reply.headers} if rule is None else ()  # an error may tell the limits itself
            reply.headers += [line for line in scope.site.api.limit_headers.lines(scope) if line[0] not in said]
        if ASKED_BY in incoming.fields:
            reply.headers.append(provenance_line(scope.site.api, operation, rule))

    def _seal(self, reply: Reply, exchange: Exchange) -> Reply:
        """The reply with its date, and noted in the exchange."""
        if reply.status in BODILESS:
            reply.body, reply.frames, reply.events = b"", None, 0
        reply.headers.append((b"date", http_date(exchange.at)))
        exchange.status, exchange.reply_headers = reply.status, reply.headers
        exchange.reply_body = reply.body if reply.frames is None else b"".join(frame.data for frame in reply.frames)
        return reply

    async def _later(self, case: Case, connection: Connection, receive: Receive, send: Send) -> None:
        try:
            await self._change(case)
            reply = self._conclude(case)
            self._enter(case.exchange)
            await deliver(reply, case.exchange, self.world.clock, connection, receive, send)
        finally:
            self._close(case.exchange)

    async def _deliver_later(
        self, reply: Reply, exchange: Exchange, connection: Connection, receive: Receive, send: Send
    ) -> None:
        self._enter(exchange)
        try:
            await deliver(reply, exchange, self.world.clock, connection, receive, send)
        finally:
            self._close(exchange)

    def _nowhere(self, incoming: Incoming) -> Scope:
        """The scope of a request that found no operation: the API is the one whose paths look most like it."""
        return Scope(self.sites[self.playbook.router.nearest_api(incoming.host, incoming.path)], incoming)

    def _enter(self, exchange: Exchange) -> None:
        """Let it stand in the journal while its answer is on the way."""
        if exchange.secrets:
            redact(exchange, exchange.secrets)
        self.world.journal.add(exchange)

    def _close(self, exchange: Exchange) -> None:
        exchange.took = self.world.clock.now() - exchange.at
        if exchange.held:
            self.world.journal.finish(exchange)
            return
        if exchange.secrets:
            redact(exchange, exchange.secrets)
        self.world.journal.add(exchange)
