"""The pipeline: match → run_steps → build_reply → deliver, for every request of one world.

The first three are one unit of work, which the backend commits or does again (`_decide`): each attempt has a request,
a context and an exchange of its own. A backend that is `immediate` never does one again: there, `try_now` answers a
request where its bytes were read, by the same steps, and `Pending` says where it has stopped when something needs time
(a batch, a stream, a delay). `ExchangeLog` opens, fills and finishes the exchange, once, however the request ends.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from copy import copy
from functools import lru_cache, partial
from random import Random

from msgspec import Struct
from starlette.types import Message, Receive, Scope, Send

from emulator.clock.admission import AdmissionQueue
from emulator.clock.turns import in_turns
from emulator.dates import date_line, http_date
from emulator.engine.accounting import account, charge, recharge, settle, settle_refusal
from emulator.engine.answers import WorldAnswers
from emulator.engine.authenticate import authenticate, decide, route
from emulator.engine.body import BodyQuota, BodyShare, ClientLeft, QuotaExceeded, open_request, read, too_large
from emulator.engine.coding import HEADER as CODING_HEADER
from emulator.engine.context import Context, Service
from emulator.engine.deliver import Continuation, FastPath, Serve, answer_postponed, deliver, note_whole, respond
from emulator.engine.errors import Refusal, hint_line, ignored_line, refuse
from emulator.engine.exchange_log import ExchangeLog
from emulator.engine.faulting import (
    apply_faults,
    corrupt_answer,
    gather_faults,
    losing_faults,
    refuse_by_fault,
    unplayed_faults,
)
from emulator.engine.near_misses import no_rule
from emulator.engine.respond import add_headers, render
from emulator.engine.state import WorldState
from emulator.engine.steps import job_ended, run_steps
from emulator.engine.validate import prepare, validate
from emulator.errors import ApiError
from emulator.faults import Fault
from emulator.faults.header import HEADER as FAULT_HEADER
from emulator.faults.header import requested_faults
from emulator.http.exchange import Exchange
from emulator.http.headers import Header
from emulator.http.origins import FETCH_SITE, ORIGIN, OriginPolicy
from emulator.http.reply import Reply
from emulator.http.request import UNREAD, Request
from emulator.http.status import BODILESS
from emulator.playbook.apis import Operation, Playbook
from emulator.playbook.model import Rule
from emulator.playbook.routes import MethodsAsked, allowed
from emulator.settings.options import Settings
from emulator.store.masking import Masker

CACHED_ROUTES = 256  # paths whose routes are remembered: clients request the same few again and again


class Decision(Struct):
    """What was decided on a request: the rule that answers it and the faults that play, or the refusal.

    `chosen` is the rule that would have answered a request which is refused after it was chosen, as by a fault.
    """

    context: Context
    rule: Rule | None = None
    faults: Sequence[Fault] = ()
    refusal: Refusal | None = None
    requested: Sequence[Fault] = ()
    chosen: Rule | None = None
    lost: bool = False  # by a fault, before anything is done for it


class Pending(Struct):
    """A request that has stopped: between two `steps`, or, without any, before its reply is delivered."""

    exchange: Exchange
    decision: Decision
    steps: Iterator[None] | None = None
    reply: Reply | None = None


class Pipeline:
    """Answers requests by one playbook, in one world. A reload makes another pipeline over the same world."""

    def __init__(self, playbook: Playbook, state: WorldState, settings: Settings, origins: OriginPolicy) -> None:
        self.playbook = playbook
        self.state = state
        self.answers = WorldAnswers(state.store)
        self.services = {
            name: Service(api, playbook.latency, state, job_ended, self.answers) for name, api in playbook.apis.items()
        }
        self._max_body = settings.max_body
        self._settings = settings
        self._public_url = settings.public_url
        self.origins = origins
        self.bodies = BodyQuota(settings.max_body, [playbook])  # one for all worlds of a server
        masker = Masker(name for api in playbook.apis.values() for name, _, _ in api.credential_headers)
        self._exchanges = ExchangeLog(state, masker)
        self._route = lru_cache(maxsize=CACHED_ROUTES)(partial(route, playbook.router, self.services))
        self._admission = AdmissionQueue(state.clock)
        self._immediate = state.store.immediate
        self._count, self._armed = state.store.counters.increment, state.armed.waiting
        latency = playbook.latency
        self._paced = any((latency.reply, latency.first_token, latency.token))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, as an ASGI application does. Nothing that a client sends makes this raise."""
        request = open_request(scope, public_url=self._public_url)
        if request.method == "OPTIONS" and (headers := self._preflight(request)) is not None:
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        at, real = self.state.clock.read()
        with self.bodies.share() as share:
            try:
                await self._read(request, receive, share)
            except ClientLeft:
                return await self.state.store.transact(partial(self._leave, request, at, real))
            if self._paced:
                await self._admission.wait()
            came = self.state.clock.remember(at, real)
            reply, exchange = await self.state.store.transact(partial(self._decide, request, came))
            await self._deliver(reply, exchange, scope, receive, send)

    def try_now(self, request: Request, fast_path: FastPath, serve: Serve) -> Continuation | None:
        """Answers a request whose body is there, without a task; returns what goes on with it when it needs time, or
        lets `serve` do so later."""
        if self._paced or b"expect" in request.fields or CODING_HEADER in request.fields:
            return self
        if request.method == "OPTIONS":  # perhaps a preflight
            return self
        if not self._immediate:
            return None if self._postpone(request, fast_path, serve) else self
        at, real = self.state.clock.read()
        exchange = self._exchanges.open(request, at, real)
        decision = self._match(request, exchange)
        if decision.rule is not None and decision.rule.steps:
            steps = self._run_steps(decision)
            for _ in steps:  # it stops at once when nothing in it takes long
                return partial(self._proceed, Pending(exchange, decision, steps))
        reply = self._build_reply(decision, exchange)
        if reply.delay or reply.frames is not None or reply.wire_edits or not respond(reply, exchange, fast_path):
            return partial(self._proceed, Pending(exchange, decision, None, reply))
        self._exchanges.finish(exchange)
        return None

    def _postpone(self, request: Request, fast_path: FastPath, serve: Serve) -> bool:
        """Begins a request's unit of work, and has it answered when that is committed; False when that can't be."""
        then = partial(answer_postponed, self._exchanges, self._deliver, serve, fast_path)
        work = partial(self._decide, request, self.state.clock.read, None, whole=True)
        if not fast_path.can_postpone() or not self.state.store.begin(work, then):
            return False
        fast_path.postpone(request.raw)
        return True

    async def rehearse(self, request: Request, decided: Callable[[Decision], None]) -> tuple[Reply, Exchange]:
        """Answers a request whose body is there in a fork of the world, up to its delivery: nothing changes here.

        `decided` is called with what was decided, before the rule's steps are taken.
        """
        dry = Pipeline(self.playbook, self.state.fork(), self._settings, self.origins)
        receive, request.raw = partial(_body_of, request.raw), b""  # what is refused leaves none
        await dry._read(request, receive, dry.bodies.share())
        return await dry.state.store.transact(partial(dry._decide, request, dry.state.clock.read, decided))

    def close(self) -> None:
        """Stops watching jobs: another pipeline takes over."""
        for service in self.services.values():
            service.jobs.close()

    async def _proceed(self, pending: Pending, scope: Scope, receive: Receive, send: Send) -> None:
        """Goes on with a request from where it stopped, to its end."""
        exchange, reply = pending.exchange, pending.reply
        if reply is None:
            conclude = partial(self._conclude, pending.decision, exchange, pending.steps)
            reply = await self.state.store.transact(conclude)
        else:
            self._exchanges.enter(exchange)
        await self._deliver(reply, exchange, scope, receive, send)

    async def _deliver(self, reply: Reply, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await deliver(reply, exchange, self.state.clock, scope, receive, send)
        finally:
            self._exchanges.finish(exchange)

    async def _read(self, request: Request, receive: Receive, share: BodyShare) -> None:
        """Reads the body, up to what its operation takes. Raises ClientLeft."""
        operation, limit = self._destination(request)
        try:
            request.raw = await read(request, receive, limit, share)
            if operation is not None:
                await in_turns(prepare(request, operation, limit, share.grow), self.state.clock)
        except QuotaExceeded as error:
            request.raw, request.failure = b"", error.with_traceback(None)  # whose frames hold what was decoded
        except ApiError as error:
            request.failure = error
        share.hold(len(request.raw))

    def _destination(self, request: Request) -> tuple[Operation | None, int]:
        """Returns the operation that a request is for, as far as is known without its key, and how large its body may
        be."""
        try:
            _, operation, _, rival = self._route(request.method, request.host, request.path)
        except (ApiError, MethodsAsked):
            return None, self._settings.body_limit
        return operation, max(self._limit(operation), self._limit(operation if rival is None else rival[1]))

    def _limit(self, operation: Operation) -> int:
        return self._max_body or operation.max_body

    def _leave(self, request: Request, at: float, real: float) -> Generator[None, None, None]:
        """Adds to the journal that a client left before its request was complete: a unit of work."""
        exchange = self._exchanges.open(request, at, real)
        exchange.outcome, exchange.done = "left", False
        self._exchanges.finish(exchange)
        yield from ()

    def _decide(
        self,
        request: Request,
        came: Callable[[], tuple[float, float]],
        decided: Callable[[Decision], None] | None = None,
        whole: bool = False,
    ) -> Generator[None, None, tuple[Reply, Exchange]]:
        """Returns the reply to a request, and its exchange: a unit of work. `came` says when it did, as `Clock.read`.

        With `whole`, a reply that needs no time is sent in one write, so its exchange enters the journal ended.
        """
        original, request = request, copy(request)  # another attempt finds it as it came
        original.content = UNREAD  # but reads a long body again: this one fills in what it leaves out
        exchange = self._exchanges.open(request, *came())  # after what other processes have done to the clock
        decision = self._match(request, exchange)
        if decided is not None:
            decided(decision)
        reply = yield from self._conclude(decision, exchange, self._run_steps(decision), whole)
        return reply, exchange

    def _conclude(
        self, decision: Decision, exchange: Exchange, steps: Iterator[None] | None, whole: bool = False
    ) -> Generator[None, None, Reply]:
        """Takes the steps, and returns the reply: the rest of a unit of work."""
        yield from steps or ()
        reply = self._build_reply(decision, exchange)
        if exchange.method == "HEAD":
            exchange.reply_body = b""
        if whole and note_whole(reply, exchange):
            self._exchanges.enter_ended(exchange)
        else:
            self._exchanges.enter(exchange)
        return reply

    def _match(self, request: Request, exchange: Exchange) -> Decision:
        """Decides who asks for what, whether they may, and which rule answers."""
        context = choice = None
        faults: Sequence[Fault] = ()
        requested: tuple[Fault, ...] = ()
        try:
            if ORIGIN in request.fields or FETCH_SITE in request.fields:
                self.origins.check(request)
            service, operation, request.params, rival = self._route(request.method, request.host, request.path)
            if rival is not None:
                service, operation, request.params = decide((service, operation, request.params), rival, request)
            context = Context(service, request, operation)
            now = context["now"] = exchange.at
            context.number = exchange.number
            if FAULT_HEADER in request.fields:
                requested = requested_faults(exchange.headers, service.api, operation)
            if request.failure is not None or len(request.raw) > (self._max_body or operation.max_body):
                raise request.failure or too_large(self._limit(operation))
            if operation.auth:
                context.caller = caller = authenticate(context)
                if operation.name not in service.names.defining_caller:  # nearly every template names it
                    context["caller"] = caller.view
            valid, armed = validate(context, operation), self._armed
            if (armed or requested or operation.rules.loses) and (faults := losing_faults(requested, context)):
                return Decision(context, None, faults, None, requested, lost=True)
            if valid:
                context.allowance = charge(context, operation, now)
            choice = operation.rules.choose(context, self._count)
            if choice is None:
                raise no_rule(operation, context)
            rule = choice.rule
            if (rule.lets is not context.lets or rule.answer is not None) and context.adopt(rule):
                recharge(context, operation, now)
            if choice.faults or requested or armed:
                faults = gather_faults(choice, requested, context)
                refuse_by_fault(faults, context)
                if corrupt_answer(rule.reply, context):
                    recharge(context, operation, now)
            return Decision(context, rule, faults, None, requested)
        except MethodsAsked:
            return Decision(self._unrouted(request, exchange))
        except Exception as error:  # an ApiError, a TemplateError, or a mistake of ours: each becomes a reply
            context = context or self._unrouted(request, exchange)
            refusal = self._refuse(request.failure or error, context, now=exchange.at)
            return Decision(context, None, faults, refusal, (), None if choice is None else choice.rule)

    def _run_steps(self, decision: Decision) -> Iterator[None]:
        """Changes state as the rule says; yields whenever others should get a turn."""
        if decision.rule is None or not decision.rule.steps:
            return
        try:
            yield from run_steps(decision.rule.steps, decision.context)
        except Exception as error:
            decision.refusal = self._refuse(error, decision.context, now=decision.context["now"])

    def _build_reply(self, decision: Decision, exchange: Exchange) -> Reply:
        """Renders the reply, adds the headers, applies the faults, and lets the page that asked read it."""
        context, rule, faults, refusal = decision.context, decision.rule, decision.faults, decision.refusal
        operation, request = context.operation, context.request
        pace = None if rule is None or rule.reply is None else rule.reply.pace
        chance = self.state.chance(exchange.number) if self._paced or faults or pace is not None else None
        date = date_line(exchange.at // 1)  # int() would take three times as long
        if refusal is None:
            try:
                reply = self._render(decision, exchange, chance)
            except Exception as error:
                refusal = self._refuse(error, context, now=exchange.at)
        if refusal is not None:
            reply = refusal.reply
        try:
            add_headers(reply, context, rule, refusal, date)
            if chance is not None:
                reply = apply_faults(reply, faults, context, chance)
            if operation is not None and operation.usage is not None and not decision.lost:
                account(operation.usage, context, reply, exchange.at)
        except Exception as error:
            refusal = refuse(error, context)
            reply = refusal.reply
            reply.add_text(date)
        if reply.status in BODILESS:
            reply.body, reply.frames, reply.events = b"", None, 0
        if ORIGIN in request.fields:
            reply.add(self.origins.headers(request, reply.headers))
        self._exchanges.fill(exchange, context, rule, faults, refusal, reply)
        return reply

    def _render(self, decision: Decision, exchange: Exchange, chance: Random | None) -> Reply:
        """Renders the reply of the rule, with hints about what had no effect, and settles what it cost."""
        context, rule, operation = decision.context, decision.rule, decision.context.operation
        if rule is None or operation is None:
            return self._without_rule(decision, exchange)
        reply = render(rule, context, chance)
        context.corrupt = None  # what is generated from here on is not said
        if context.ignored:
            reply.add([ignored_line(context.ignored)])
        if decision.requested and (unplayed := unplayed_faults(decision.requested, decision.faults, context)):
            reply.add([hint_line(unplayed)])
        if context.allowance is not None:
            settle(context, operation, reply, exchange.at)
        return reply

    def _without_rule(self, decision: Decision, exchange: Exchange) -> Reply:
        """Returns the reply to a request that asks for methods, or to a lost one: nothing, which faults end."""
        if decision.lost:
            exchange.done = False
            return Reply(0, [], stated=frozenset((b"date",)))
        request = decision.context.request
        return Reply(204, [(b"Allow", allowed(self.playbook.router.methods(request.host, request.path)).encode())])

    def _preflight(self, request: Request) -> list[Header] | None:
        """Returns the headers of the response to a preflight of a page that may call; None for any other request.

        A preflight is no exchange: a browser sends it or not, as it remembers, and the ids of what follows must not
        depend on that. An operation whose route is OPTIONS takes precedence.
        """
        router = self.playbook.router
        if router.find("OPTIONS", request.host, request.path) is not None:
            return None
        headers = self.origins.preflight(request, router.methods(request.host, request.path))
        return headers and [*headers, (b"date", http_date(self.state.clock.now()))]

    def _refuse(self, error: Exception, context: Context, now: float) -> Refusal:
        return refuse(settle_refusal(error, context, now), context)

    def _unrouted(self, request: Request, exchange: Exchange) -> Context:
        """Returns the context of a request without an operation; its API is the one whose paths look most like it."""
        context = Context(self.services[self.playbook.router.nearest_api(request.host, request.path)], request)
        context.number = exchange.number
        return context


async def _body_of(raw: bytes) -> Message:
    return {"type": "http.request", "body": raw}
