"""Plays operations without a server: each example, each rule, and each operation with nothing optional, for every
tier. Reports templates that fail. Nothing leaves this process: faults, delays and webhooks are left out."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from msgspec import Struct
from msgspec.structs import replace
from starlette.types import Message

from emulator.app import LANGUAGE
from emulator.clock.world_clock import manual
from emulator.engine.pipeline import Pipeline
from emulator.engine.state import STORED_TYPES, WorldState
from emulator.errors import Diagnostic, EmulatorError, Location
from emulator.http.origins import OriginPolicy
from emulator.language.expressions.template import compile_tree
from emulator.language.schema.api import CallModel, TakenModel
from emulator.playbook.apis import Api, Operation, Playbook
from emulator.playbook.matching import FieldCheck, Matcher
from emulator.playbook.model import JobPlan, LatencyPlan, Rule
from emulator.playbook.paths import step_into
from emulator.playbook.routes import PARAMETER
from emulator.settings.options import Settings
from emulator.store.memory import MemoryBackend
from emulator.verify.run import smallest

SETTINGS = Settings(max_body=64 << 20)
DAYS_AFTER = 32 * 86_400.0  # seconds: by then jobs have ended, and limits have begun again
MAX_CHAIN = 8  # examples that take values from each other's responses
KEY = "check"  # of a tier that has no key of its own; also what a path gets that no example tells
_ERROR = re.compile(r"(.+?):(\d+):(\d+): (.*)", re.DOTALL)


class Play(Struct, frozen=True):
    """One call of an operation, what a diagnostic calls it, and the tier that it needs, if any."""

    operation: Operation
    call: CallModel
    title: str
    tier: str | None = None


class PlayedResponse(Struct, frozen=True):
    """What came back: the status, what the emulator says went wrong with a template, and the body if it is JSON."""

    status: int
    error: str | None
    body: Any


def play(playbook: Playbook) -> list[Diagnostic]:
    """Plays every operation of a playbook; returns what failed, each once."""
    with _no_log():
        return asyncio.run(_play(playbook))


async def _play(playbook: Playbook) -> list[Diagnostic]:
    player = OperationPlayer(playbook)
    asyncio.get_running_loop().set_exception_handler(player.report)
    found: dict[tuple[Location, str], Diagnostic] = {}
    for api in playbook.apis.values():
        async for diagnostic, cause in player.diagnostics(api):
            found.setdefault((diagnostic.place, cause), diagnostic)
    await player.state.close()
    return list(found.values())


@contextmanager
def _no_log() -> Iterator[None]:
    """Keeps what fails on purpose out of the log."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def quiet(playbook: Playbook) -> Playbook:
    """Returns a playbook that answers at once and sends nothing: no faults, no delays, no webhooks."""
    return replace(playbook, latency=LatencyPlan(), apis={name: _quiet(api) for name, api in playbook.apis.items()})


def _quiet(api: Api) -> Api:
    operations = {
        name: replace(operation, rules=operation.rules.replaced(_unhurried))
        for name, operation in api.operations.items()
    }
    return replace(api, operations=operations, jobs={name: _unwatched(kind) for name, kind in api.jobs.items()})


def _unhurried(rule: Rule) -> Rule:
    reply, replies = rule.reply, rule.replies
    if replies is not None:
        replies = replace(replies, rules=tuple(map(_unhurried, replies.rules)))
    if reply is not None and reply.events is not None:
        pace = None if reply.pace is None else replace(reply.pace, first=None, each=None)
        reply = replace(reply, pace=pace, events=tuple(replace(event, wait=None) for event in reply.events))
    return replace(rule, faults=(), reply=reply, replies=replies)


def _unwatched(kind: JobPlan) -> JobPlan:
    return replace(kind, webhook=None)


def plays(api: Api) -> Iterator[Play]:
    """Yields the calls of an API: its examples, each operation with nothing optional, and what rules ask for."""
    for operation in api.operations.values():
        part = api.file.operations[operation.name]
        for number, call in enumerate(part.examples, 1):
            yield Play(operation, call, f"example {number} of {operation.name}")
        least = _least(api, operation)
        yield Play(operation, least, f"{operation.name} with nothing optional")
        for rule in operation.rules.rules:
            if any(each.reply is not None for each in rule.each) and rule.matcher.checks:
                call = _shaped(least, rule.matcher)
                tier = next((each.values[0] for each in _compared(rule.matcher) if each.field == "caller.tier"), None)
                yield Play(operation, call, f"{operation.name} as the rule {rule.place} wants it", tier)


def _least(api: Api, operation: Operation) -> CallModel:
    """The call of an operation that has only what it must have, with the values of its first example."""
    part = api.file.operations[operation.name]
    shown = part.examples[0] if part.examples else CallModel()
    path = {name: shown.path.get(name, KEY) for name, *_ in PARAMETER.findall(operation.path)}
    query = {} if part.query is None else smallest({**part.query, "type": "object"}, api.file.schemas)
    body = None if part.request is None else smallest(part.request, api.file.schemas)
    if isinstance(body, dict) and isinstance(shown.body, dict):
        body = {name: shown.body.get(name, value) for name, value in body.items()}
    texts = {name: shown.query.get(name, _text(value)) for name, value in query.items()}
    return CallModel(path=path, query=texts, headers=shown.headers, body=body)


def _compared(matcher: Matcher) -> list[FieldCheck]:
    """The checks that name what a field may be."""
    checks = [check for check in matcher.checks if isinstance(check, FieldCheck) and check.query is None]
    return [check for check in checks if check.values]


def _shaped(call: CallModel, matcher: Matcher) -> CallModel:
    """The call with the values that a matcher compares with."""
    path, query, headers, body = {**call.path}, {**call.query}, {**call.headers}, deepcopy(call.body)
    for check in _compared(matcher):
        root, *steps = check.field.split(".")
        value = check.values[0]
        if root == "body" and steps:
            body = _set(body, steps, value)
        elif len(steps) == 1 and isinstance(value, str | int | float):
            targets: dict[str, dict[str, Any]] = {"path": path, "query": query, "header": headers}
            targets.get(root, {})[steps[0]] = _text(value)
    return CallModel(path=path, query=query, headers=headers, body=body)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _set(body: Any, steps: list[str], value: Any) -> Any:
    """The body with a value at a dotted path; what is missing on the way becomes mappings, and lists of one item."""
    key, *rest = steps
    if key == "last" or key.isdecimal():
        items = body if isinstance(body, list) and body else [{}]
        items[-1] = _set(items[-1], rest, value) if rest else value
        return items
    if not isinstance(body, dict):
        body = {}
    body[key] = _set(body.get(key, {}), rest, value) if rest else value
    return body


class OperationPlayer:
    """Answers calls in a world of its own, which begins anew with each of them."""

    def __init__(self, playbook: Playbook) -> None:
        self._original = playbook
        self.clock = manual()
        self.state = WorldState(KEY, 0, MemoryBackend(self.clock, types=STORED_TYPES))
        self._pipeline = Pipeline(quiet(playbook), self.state, SETTINGS, OriginPolicy(SETTINGS))
        self._reported: list[str] = []

    def report(self, loop: asyncio.AbstractEventLoop, problem: dict[str, Any]) -> None:
        """Notes what failed at the end of a job, as an exception handler of the loop."""
        self._reported.append(str(problem.get("exception", problem["message"])))

    async def diagnostics(self, api: Api) -> AsyncIterator[tuple[Diagnostic, str]]:
        """Yields what fails in an API, with what it is in the emulator's words."""
        calls = list(plays(self._pipeline.playbook.apis[api.name]))
        for at, tier in enumerate(api.tiers or (None,)):
            for each in calls:
                if (each.tier or tier) == tier or at == 0:
                    async for error in self._errors(api, each, each.tier if each.tier in api.tiers else tier):
                        whose = f" by a key of the tier {tier!r}" if at else ""
                        yield _diagnostic(error, each.operation, f"{each.title}{whose}"), error
        async for operation, title, error in self._refusals(api):
            yield _diagnostic(error, operation, title), error

    async def _errors(self, api: Api, each: Play, tier: str | None) -> AsyncIterator[str]:
        self.state.clear()
        for service in self._pipeline.services.values():
            service.callers.clear()
        response = await self._perform(api, each, self._key(api, tier), MAX_CHAIN)
        if response is not None and response.error is not None:
            yield response.error
        for error in self._webhooks(api):
            yield error
        await self.clock.advance(DAYS_AFTER)  # jobs end
        while self._reported:
            yield self._reported.pop()

    def _key(self, api: Api, tier: str | None) -> str:
        """A key of a tier: one of the API's own, or one that is made for it."""
        for name, key in api.keys.items():
            if key.tier == tier and key.status == "active":
                return name
        if tier is not None:
            record: dict[str, Any] = {
                "id": KEY,
                "workspace": KEY,
                "tier": tier,
                "name": None,
                "status": "active",
                "data": {},
            }
            self._pipeline.services[api.name].records["keys"].put(KEY, record)
        return KEY

    async def _perform(self, api: Api, each: Play, key: str, depth: int) -> PlayedResponse | None:
        """Performs a call, after those that its path takes values from; None when there is no such value."""
        path: dict[str, str] = {}
        for name, value in each.call.path.items():
            path[name] = value if isinstance(value, str) else await self._taken(api, value, key, depth) or ""
            if not path[name]:
                return None
        return await self._call(api, each, path, key)

    async def _taken(self, api: Api, taken: TakenModel, key: str, depth: int) -> str | None:
        operation = self._pipeline.playbook.apis[api.name].operations[taken.operation]
        examples = api.file.operations[taken.operation].examples
        call = examples[taken.example - 1] if examples else _least(api, operation)
        if depth == 0:
            return None
        response = await self._perform(api, Play(operation, call, ""), key, depth - 1)
        value = None if response is None else response.body
        for step in taken.at.split("."):
            value = step_into(value, step) if isinstance(value, dict | list) else None
        await self.clock.advance(DAYS_AFTER)
        return str(value) if isinstance(value, str | int) else None

    async def _call(self, api: Api, each: Play, path: Mapping[str, str], key: str) -> PlayedResponse:
        operation, call = each.operation, each.call
        target = _target(operation, path)
        headers = {"host": operation.host or "localhost", **self._credential(api, operation, key)}
        headers |= {name.lower(): value for name, value in call.headers.items()}
        content = self._content(each, headers)
        scope = _scope(operation.method, target, urlencode(call.query), headers)
        return await _exchange(self._pipeline, scope, content)

    async def _refusals(self, api: Api) -> AsyncIterator[tuple[Operation, str, str]]:
        """Makes the mistakes that any client may make; yields those that the API's errors can't answer."""
        operations = list(self._pipeline.playbook.apis[api.name].operations.values())
        guarded = next((each for each in operations if each.auth), operations[0])
        written = next((each for each in operations if each.request is not None), guarded)
        key = self._credential(api, written, self._key(api, next(iter(api.tiers), None)))
        for operation, path, headers, title in (
            (guarded, _target(guarded, {}), {}, "a request without a key"),
            (guarded, _target(guarded, {}), self._credential(api, guarded, "no-such-key"), "a request with a new key"),
            (guarded, f"{api.base}/{KEY}/no/such/path", {}, "a request for an unknown path"),
            (written, _target(written, {}), {**key, "content-type": "application/json"}, "a body that is no JSON"),
        ):
            hosted = {"host": operation.host or next(iter(api.hosts), "localhost"), **headers}
            scope = _scope(operation.method, path, "", hosted)
            response = await _exchange(self._pipeline, scope, b"{" if operation.request is not None else b"")
            if response.error is not None:
                yield operation, title, response.error

    def _credential(self, api: Api, operation: Operation, key: str) -> dict[str, str]:
        if not operation.auth or not api.credentials:
            return {}
        first = next((each for each in api.credentials if each.collection == "keys"), api.credentials[0])
        return {first.header.lower(): f"{first.scheme} {key}" if first.scheme else key}

    def _content(self, each: Play, headers: dict[str, str]) -> bytes:
        if each.call.body is None:
            return b""
        body = compile_tree(each.call.body, LANGUAGE, lambda _: Location("")).value({"now": self.clock.now()})
        if each.operation.accept == {"form"}:
            headers["content-type"] = "application/x-www-form-urlencoded"
            return urlencode(body).encode()
        headers["content-type"] = "application/json"
        return orjson.dumps(body)

    def _webhooks(self, api: Api) -> Iterator[str]:
        """Renders the webhooks of the jobs that were started; yields what fails."""
        service = self._pipeline.services[api.name]
        for job in service.jobs.all():
            webhook = self._original.apis[api.name].jobs[job.kind].webhook
            context = service.background(job=job.view(self.clock.now()))
            context.number = KEY
            for template in () if webhook is None else (webhook.url, webhook.secret, webhook.body):
                try:
                    template.value(context)
                except EmulatorError as error:
                    yield str(error)


def _target(operation: Operation, path: Mapping[str, str]) -> str:
    """The path of an operation with its parameters filled in."""
    target = operation.path
    for name, *_ in PARAMETER.findall(operation.path):
        text = path.get(name, KEY)
        target = target.replace(f"{{{name}}}", quote(text, safe="")).replace(f"{{{name}:path}}", quote(text))
    return target


def _scope(method: str, target: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """An ASGI connection scope."""
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }


async def _exchange(pipeline: Pipeline, scope: dict[str, Any], content: bytes) -> PlayedResponse:
    messages: list[Message] = []
    waiting: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()
        raise AssertionError("nobody leaves")

    async def send(message: Message) -> None:
        messages.append(message)

    await pipeline(scope, receive, send)
    (start,) = [message for message in messages if message["type"] == "http.response.start"]
    errors = [value.decode() for name, value in start["headers"] if name.lower() == b"x-emulator-error"]
    raw = b"".join(message.get("body", b"") for message in messages if message["type"] == "http.response.body")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    return PlayedResponse(start["status"], errors[0] if errors else None, body)


def _diagnostic(error: str, operation: Operation, title: str) -> Diagnostic:
    found = _ERROR.fullmatch(error)
    place = Location(found[1], int(found[2]), int(found[3])) if found else operation.place
    message = found[4] if found else error
    cure = ""
    if message.endswith("is absent"):
        name = message.removesuffix(" is absent").strip("`")
        cure = f"; if it may be missing, write `{name} | default(none)`"
    return Diagnostic(place, f"{message}{cure} (playing {title})")
