"""The pipeline: what happens to a request, from its bytes to the bytes of its answer, in the order it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.date import http_date
from emulator.errors import TemplateError
from emulator.exchange import Exchange, Incoming, Reply
from emulator.scenario.plans import Rule
from emulator.scenario.playbook import Operation, Playbook
from emulator.serving.account import account, charge, refund, settle
from emulator.serving.authenticate import authenticate
from emulator.serving.body import ClientLeft, read
from emulator.serving.choose import choose
from emulator.serving.compose import header_lines
from emulator.serving.deliver import WIRE, deliver
from emulator.serving.fault import spoil
from emulator.serving.incoming import open_incoming
from emulator.serving.provenance import ASKED_BY, provenance_line
from emulator.serving.redact import Redactor, redact
from emulator.serving.refuse import refuse
from emulator.serving.render import render
from emulator.serving.route import route
from emulator.serving.scope import Scope
from emulator.serving.served import Served
from emulator.serving.site import Site
from emulator.serving.validate import validate
from emulator.serving.world import World

NO_EXTENSIONS: Mapping[str, Any] = {}


class Pipeline:
    """Answers requests by one playbook, in one world. A reload makes another pipeline over the same world."""

    def __init__(self, playbook: Playbook, served: Mapping[str, Served], world: World, max_body: int) -> None:
        self.playbook = playbook
        self.world = world
        self.sites = {name: Site(each, world) for name, each in served.items()}
        self._max_body = max_body
        self._redactor = Redactor(name for each in served.values() for name, _, _ in each.credentials)
        latency = playbook.latency
        self._paced = any((latency.reply, latency.first_token, latency.token))

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Answer one request. Nothing that a client sends makes this raise."""
        incoming = open_incoming(connection)
        exchange = self._open(connection, incoming)
        try:
            reply = await self._answer(incoming, exchange, receive)
            reply.headers.append((b"date", http_date(exchange.at)))
            exchange.status, exchange.reply_headers = reply.status, reply.headers
            wire = connection.get("extensions", NO_EXTENSIONS).get(WIRE, NO_EXTENSIONS).get("wire")
            await deliver(reply, exchange, self.world.clock, receive, send, wire)
            exchange.reply_body = reply.body if reply.frames is None else b"".join(frame.data for frame in reply.frames)
        except ClientLeft:
            exchange.outcome = "left"
        finally:
            self._close(exchange)

    def close(self) -> None:
        """Another pipeline takes over: jobs that end from here on are its business."""
        for site in self.sites.values():
            site.jobs.close()

    async def _answer(self, incoming: Incoming, exchange: Exchange, receive: Receive) -> Reply:
        scope: Scope | None = None
        rule: Rule | None = None
        try:
            incoming.raw = await read(incoming, receive, self._max_body)
            found = route(self.playbook.router, incoming)
            incoming.params = found.params
            site = self.sites[found.route.api]
            operation = site.api.operations[found.route.operation]
            scope = Scope(site, incoming, operation)
            scope["now"] = exchange.at
            if operation.auth:
                scope.caller = authenticate(scope)
            validate(scope, operation)
            scope.allowance = charge(scope, operation, exchange.at)
            choice = choose(operation, scope, exchange)
            rule = choice.rule
            chance = self.world.chance(exchange.number) if self._paced or choice.faults or rule.paced else None
            reply = await render(rule, scope, chance)
            settle(scope, operation, exchange.at)
            if choice.faults and chance is not None:
                reply = spoil(reply, choice.faults, chance)
        except ClientLeft:
            raise
        except (
            Exception
        ) as error:  # ApiError and TemplateError are expected; the rest are mistakes of ours, told likewise
            if scope is None:
                return refuse(error, self._nowhere(incoming), exchange)
            refund(scope, exchange.at)
            reply = refuse(error, scope, exchange)
        return self._finish(scope, operation, rule, reply, exchange)

    def _open(self, connection: Connection, incoming: Incoming) -> Exchange:
        world = self.world
        exchange = Exchange(world.next_number(), world.clock.now(), incoming.method, incoming.path, incoming.query)
        exchange.headers = self._redactor.headers(connection["headers"], incoming.fields)
        return exchange

    def _nowhere(self, incoming: Incoming) -> Scope:
        """The scope of a request that found no operation: the API is the one whose paths look most like it."""
        return Scope(self.sites[self.playbook.router.nearest_api(incoming.host, incoming.path)], incoming)

    def _finish(self, scope: Scope, operation: Operation, rule: Rule | None, reply: Reply, exchange: Exchange) -> Reply:
        """What every answer of an operation gets: limit headers, provenance when asked for, its place in the usage."""
        caller = scope.caller
        if scope.allowance is not None and scope.allowance.limits:
            try:
                reply.headers += header_lines(scope.site.api.limit_headers, scope, operation.place)
            except TemplateError as error:
                reply = refuse(error, scope, exchange)
        if ASKED_BY in scope.incoming.fields:
            reply.headers.append(provenance_line(scope.site.api, operation, rule))
        exchange.api, exchange.operation = operation.api, operation.name
        exchange.rule = rule.id if rule is not None else ""
        exchange.body, exchange.secrets = scope.incoming.raw, operation.redact
        if caller is not None:
            exchange.caller, exchange.workspace = caller.view["masked"], caller.workspace
            if operation.usage is not None:
                account(operation.usage, scope, reply.status, exchange.at)
        return reply

    def _close(self, exchange: Exchange) -> None:
        exchange.took = self.world.clock.now() - exchange.at
        if exchange.secrets:
            redact(exchange, exchange.secrets)
        self.world.journal.add(exchange)
