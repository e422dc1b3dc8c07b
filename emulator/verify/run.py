"""Player: sends each example as a request, and reads the response in a form that can be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson
from msgspec import Struct

from emulator.app import LANGUAGE
from emulator.clock.world_clock import Clock
from emulator.errors import EmulatorError, Location
from emulator.language.expressions.template import compile_tree
from emulator.language.schema.api import CallModel, TakenModel
from emulator.playbook.apis import Api, Operation
from emulator.playbook.paths import step_into
from emulator.playbook.routes import PARAMETER
from emulator.record.events import EventReader
from emulator.record.upstream import Upstreams, describe

TEXT = "Hello!"
MADE: Mapping[str, Any] = {"string": TEXT, "integer": 1, "number": 1, "boolean": False, "null": None}


class PlannedCall(Struct, frozen=True):
    """Request of one example, and the claims that it tests."""

    operation: Operation
    call: CallModel
    claims: tuple[str, ...]
    number: int

    @property
    def title(self) -> str:
        return f"{self.operation.name}, example {self.number}"


def examples(api: Api) -> Iterator[PlannedCall]:
    """Yields all examples in the order of the file.

    An operation without examples gets one, unless its path has parameters.
    """
    for operation in api.operations.values():
        part = api.file.operations[operation.name]
        calls = part.examples
        if not calls and not PARAMETER.search(operation.path):
            calls = [CallModel(body=None if part.request is None else smallest(part.request, api.file.schemas))]
        for number, call in enumerate(calls, 1):
            yield PlannedCall(operation, call, tuple(call.tries or operation.claims), number)


def smallest(schema: Mapping[str, Any], schemas: Mapping[str, Any], within: frozenset[str] = frozenset()) -> Any:
    """Returns the smallest value that a schema accepts, as far as its main keywords say.

    A schema that requires itself has none; null stands where it would begin again.
    """
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return None if name in within else smallest(schemas.get(name, {}), schemas, within | {name})
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    named = kinds[0] if isinstance(kinds, list) else kinds
    if named == "object":
        properties = schema.get("properties", {})
        return {name: smallest(properties.get(name, {}), schemas, within) for name in schema.get("required", [])}
    if named == "array":
        return [smallest(schema.get("items", {}), schemas, within)] * int(schema.get("minItems", 0))
    if named in ("integer", "number"):
        return schema.get("minimum", MADE[named])
    return MADE.get(str(named))


class VerifiedReply(Struct, frozen=True):
    """Response: status, headers with lower-case names, and a body: JSON, text, or events (name and data)."""

    status: int
    headers: Mapping[str, str]
    body: Any = None
    events: tuple[tuple[str | None, Any], ...] | None = None


def read(response: httpx.Response) -> VerifiedReply:
    """Reads a complete response."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    if headers.get("content-type", "").startswith("text/event-stream"):
        reader = EventReader()
        reader.feed(response.content, 0.0)
        events = tuple((each.name, _json(each.data)) for each in reader.events)
        return VerifiedReply(response.status_code, headers, events=events)
    return VerifiedReply(response.status_code, headers, _json(response.text))


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


FIRST_WAIT, MAX_WAIT = 0.1, 5.0  # seconds between two polls, doubled each time
MAX_JOB = MAX_REPLY = 120.0  # seconds
TOO_MANY = 429
MAX_PAUSE, MAX_PAUSES = 60.0, 3  # seconds that a target may ask for, and how often


class CreatedValues(Struct, frozen=True):
    """Object that an operation created, by its id."""

    operation: str
    at: str
    id: str


class CallFailed(Exception):
    """An example could not be run; the message says why."""


class NoReply(CallFailed):
    """No response came."""


class ExamplePlayer:
    """Runs the examples of an API through `client`, with one key; `clock` times its waits.

    `known` are all examples by operation and number; `created` are the objects created and not yet deleted.
    """

    def __init__(
        self,
        api: Api,
        known: Mapping[tuple[str, int], PlannedCall],
        client: httpx.AsyncClient,
        upstreams: Upstreams,
        key: str | None,
        clock: Clock,
    ) -> None:
        self.created: dict[CreatedValues, None] = {}
        self._api = api
        self._known = known
        self._client = client
        self._upstreams = upstreams
        self._key = key
        self._clock = clock
        self._removers = dict(_removers(known))

    async def play(self, example: PlannedCall) -> VerifiedReply:
        """Runs an example and returns the response; for a poll of a job, the one after its end.

        Raises CallFailed when no response comes, one lacks a value for the path, or a job does not end.
        """
        path: dict[str, str] = {}
        for name, value in example.call.path.items():
            path[name] = value if isinstance(value, str) else await self._value_from(value)
        reply = await self._send(example, path)
        if any(isinstance(value, TakenModel) for value in example.call.path.values()):
            reply = await self._poll_until_end(example, path, reply)
        self._track(example, path, reply)
        return reply

    async def clean(self) -> list[CreatedValues]:
        """Deletes what was created; returns what could not be deleted, except what is gone already."""
        left = []
        for created in list(self.created):
            example = self._removers[created.operation, created.at]
            name = next(name for name, value in example.call.path.items() if isinstance(value, TakenModel))
            try:
                reply = await self._send(example, {name: created.id})
            except CallFailed:
                left.append(created)
                continue
            if reply.status >= 400 and reply.status not in (404, 409, 410):
                left.append(created)
        return left

    async def _value_from(self, source: TakenModel) -> str:
        """Returns a value from the response to another operation's example."""
        value = _value_at((await self.play(self._known[source.operation, source.example])).body, source.at)
        if value is None:
            raise CallFailed(f"the response to {source.operation} has no {source.at}, which the path needs")
        return value

    async def _poll_until_end(
        self, example: PlannedCall, path: Mapping[str, str], reply: VerifiedReply
    ) -> VerifiedReply:
        """Polls until the job has ended; returns the response unchanged if it is not about a job."""
        kinds = [kind.polled for kind in self._api.jobs.values() if kind.polled is not None]
        ends = [polled.until for polled in kinds if polled.by == example.operation.name]
        wait, waited = FIRST_WAIT, 0.0
        while ends and reply.status < 400 and not any(_holds(until, reply.body) for until in ends):
            if waited >= MAX_JOB:
                raise CallFailed(f"what is polled for has not ended after {waited:.0f} s")
            await self._clock.sleep(wait)
            waited, wait = waited + wait, min(2 * wait, MAX_WAIT)
            reply = await self._send(example, path)
        return reply

    async def _send(self, example: PlannedCall, values: Mapping[str, str]) -> VerifiedReply:
        operation, call = example.operation, example.call
        path = operation.path
        for name, text in values.items():
            path = path.replace(f"{{{name}}}", quote(text, safe="")).replace(f"{{{name}:path}}", quote(text))
        url = self._upstreams.url(operation.host, path.encode(), urlencode(call.query).encode())
        headers = {**self._credential(example), **call.headers}
        content = self._content(example, headers)
        for pause in range(MAX_PAUSES + 1):
            try:
                async with asyncio.timeout(MAX_REPLY):
                    response = await self._client.request(operation.method, url, headers=headers, content=content)
            except TimeoutError as error:
                raise NoReply(f"no reply: it had not ended after {MAX_REPLY:g} s") from error
            except httpx.HTTPError as error:
                raise NoReply(f"no reply: {describe(error)}") from error
            pause_seconds = _pause(response)
            if pause_seconds is None or pause == MAX_PAUSES:
                break
            await self._clock.sleep(pause_seconds)
        return read(response)

    def _track(self, example: PlannedCall, path: Mapping[str, str], reply: VerifiedReply) -> None:
        if reply.status >= 300:
            return
        if example.operation.method == "DELETE":
            for created in [created for created in self.created if created.id in path.values()]:
                del self.created[created]
        for operation, at in self._removers:
            if operation == example.operation.name and (id := _value_at(reply.body, at)) is not None:
                self.created[CreatedValues(operation, at, id)] = None

    def _credential(self, example: PlannedCall) -> dict[str, str]:
        if self._key is None or not example.operation.auth or not self._api.credentials:
            return {}
        first = self._api.credentials[0]
        return {first.header: f"{first.scheme} {self._key}" if first.scheme else self._key}

    def _content(self, example: PlannedCall, headers: dict[str, str]) -> bytes | None:
        if example.call.body is None:
            return None
        body = compile_tree(example.call.body, LANGUAGE, lambda _: Location("")).value({"now": self._clock.now()})
        if example.operation.accept == {"form"}:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return urlencode(body).encode()
        headers["Content-Type"] = "application/json"
        return orjson.dumps(body)


def _removers(known: Mapping[tuple[str, int], PlannedCall]) -> dict[tuple[str, str], PlannedCall]:
    """Returns the example that deletes an object, by the operation that creates it and the path of its id."""
    return {
        (value.operation, value.at): example
        for example in known.values()
        if example.operation.method == "DELETE" and len(example.call.path) == 1
        for value in example.call.path.values()
        if isinstance(value, TakenModel)
    }


def _value_at(value: Any, path: str) -> str | None:
    """Returns the value at a dotted path, if it can be a segment of a URL's path."""
    for step in path.split("."):
        value = step_into(value, step) if isinstance(value, (dict, list)) else None
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _holds(until: Any, body: Any) -> bool:
    try:
        return isinstance(body, dict) and bool(until.matches(body))
    except EmulatorError:  # the reply lacks a value of the expression
        return False


def _pause(response: httpx.Response) -> float | None:
    """Returns how long a target asks to wait after too many requests, in seconds, or None."""
    pause_seconds = response.headers.get("retry-after", "")
    if response.status_code != TOO_MANY or not pause_seconds.isdigit() or float(pause_seconds) > MAX_PAUSE:
        return None
    return float(pause_seconds)
