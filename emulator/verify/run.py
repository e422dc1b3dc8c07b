"""Playing: an example becomes a request, and what comes back an answer that can be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson
from msgspec import Struct

from emulator.app import LANGUAGE
from emulator.clock import Clock
from emulator.errors import EmulatorError, Location
from emulator.language.expressions.template import compile_tree
from emulator.language.schema.api import CallModel, TakenModel
from emulator.playbook import Api, Operation
from emulator.playbook.paths import step_into
from emulator.playbook.routes import PARAMETER
from emulator.record.events import EventReader
from emulator.record.upstream import Upstreams, describe

TEXT = "Hello!"
MADE: Mapping[str, Any] = {"string": TEXT, "integer": 1, "number": 1, "boolean": False, "null": None}


class PlannedCall(Struct, frozen=True):
    """One request of an operation, and the claims that it tries."""

    operation: Operation
    call: CallModel
    claims: tuple[str, ...]
    number: int

    @property
    def title(self) -> str:
        return f"{self.operation.name}, example {self.number}"


def examples(api: Api) -> Iterator[PlannedCall]:
    """All of them, in the order of the file. An operation whose path has parameters has none unless it shows some."""
    for operation in api.operations.values():
        part = api.file.operations[operation.name]
        calls = part.examples
        if not calls and not PARAMETER.search(operation.path):
            calls = [CallModel(body=None if part.request is None else smallest(part.request, api.file.schemas))]
        for number, call in enumerate(calls, 1):
            yield PlannedCall(operation, call, tuple(call.tries or operation.claims), number)


def smallest(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """The smallest value that a schema takes, as far as its first words say."""
    if "$ref" in schema:
        return smallest(schemas.get(str(schema["$ref"]).rpartition("/")[2], {}), schemas)
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    named = kinds[0] if isinstance(kinds, list) else kinds
    if named == "object":
        properties = schema.get("properties", {})
        return {name: smallest(properties.get(name, {}), schemas) for name in schema.get("required", [])}
    if named == "array":
        return [smallest(schema.get("items", {}), schemas)] * int(schema.get("minItems", 0))
    if named in ("integer", "number"):
        return schema.get("minimum", MADE[named])
    return MADE.get(str(named))


class VerifiedReply(Struct, frozen=True):
    """A status, header lines by their names in lower case, and a body: JSON, text, or events (name and data)."""

    status: int
    headers: Mapping[str, str]
    body: Any = None
    events: tuple[tuple[str | None, Any], ...] | None = None


def read(response: httpx.Response) -> VerifiedReply:
    """A response that has come whole."""
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


FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # seconds between two polls, doubled each time
LONGEST_JOB = LONGEST_ANSWER = 120.0  # seconds
TOO_MANY = 429
LONGEST_PAUSE, PAUSES = 60.0, 3  # seconds that a target may ask to wait, and how often


class CreatedValues(Struct, frozen=True):
    """What an operation gave an id to."""

    operation: str
    at: str
    id: str


class Unplayable(Exception):
    """An example could not be played; the message says why."""


class NoReply(Unplayable):
    """Nobody answered."""


class Player:
    """Plays the examples of an API against whoever `client` reaches, with one key, waiting by `clock`.

    `known` are all examples by operation and number. What was made and not removed again is in `made`.
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
        self.made: dict[CreatedValues, None] = {}
        self._api = api
        self._known = known
        self._client = client
        self._upstreams = upstreams
        self._key = key
        self._clock = clock
        self._removers = dict(_removers(known))

    async def play(self, example: PlannedCall) -> VerifiedReply:
        """The answer; to a poll for a job that was started, the one that tells its end.

        Raises Unplayable when nobody answers, an answer lacks what the path is made of, or a job does not end.
        """
        path: dict[str, str] = {}
        for name, value in example.call.path.items():
            path[name] = value if isinstance(value, str) else await self._taken(value)
        answer = await self._ask(example, path)
        if any(isinstance(value, TakenModel) for value in example.call.path.values()):
            answer = await self._ended(example, path, answer)
        self._note(example, path, answer)
        return answer

    async def clean(self) -> list[CreatedValues]:
        """Take away what was made; gives what could not be, an end that has come already not counted."""
        left = []
        for made in list(self.made):
            example = self._removers[made.operation, made.at]
            name = next(name for name, value in example.call.path.items() if isinstance(value, TakenModel))
            try:
                answer = await self._ask(example, {name: made.id})
            except Unplayable:
                left.append(made)
                continue
            if answer.status >= 400 and answer.status not in (404, 409, 410):
                left.append(made)
        return left

    async def _taken(self, wanted: TakenModel) -> str:
        """What the answer to another operation's example says."""
        value = _at((await self.play(self._known[wanted.operation, wanted.example])).body, wanted.at)
        if value is None:
            raise Unplayable(f"the answer to {wanted.operation} has no {wanted.at}, which the path is made of")
        return value

    async def _ended(self, example: PlannedCall, path: Mapping[str, str], answer: VerifiedReply) -> VerifiedReply:
        """Ask again and again until the job has ended; at once the answer if it is not about a job."""
        kinds = [kind.polled for kind in self._api.jobs.values() if kind.polled is not None]
        ends = [polled.until for polled in kinds if polled.by == example.operation.name]
        wait, waited = FIRST_WAIT, 0.0
        while ends and answer.status < 400 and not any(_holds(until, answer.body) for until in ends):
            if waited >= LONGEST_JOB:
                raise Unplayable(f"what is polled for has not ended after {waited:.0f} s")
            await self._clock.sleep(wait)
            waited, wait = waited + wait, min(2 * wait, LONGEST_WAIT)
            answer = await self._ask(example, path)
        return answer

    async def _ask(self, example: PlannedCall, values: Mapping[str, str]) -> VerifiedReply:
        operation, call = example.operation, example.call
        path = operation.path
        for name, text in values.items():
            path = path.replace(f"{{{name}}}", quote(text, safe="")).replace(f"{{{name}:path}}", quote(text))
        url = self._upstreams.url(operation.host, path.encode(), urlencode(call.query).encode())
        headers = {**self._credential(example), **call.headers}
        content = self._content(example, headers)
        for pause in range(PAUSES + 1):
            try:
                async with asyncio.timeout(LONGEST_ANSWER):
                    response = await self._client.request(operation.method, url, headers=headers, content=content)
            except TimeoutError as error:
                raise NoReply(f"no answer: it had not ended after {LONGEST_ANSWER:g} s") from error
            except httpx.HTTPError as error:
                raise NoReply(f"no answer: {describe(error)}") from error
            asked = _pause(response)
            if asked is None or pause == PAUSES:
                break
            await self._clock.sleep(asked)
        return read(response)

    def _note(self, example: PlannedCall, path: Mapping[str, str], answer: VerifiedReply) -> None:
        if answer.status >= 300:
            return
        if example.operation.method == "DELETE":
            for made in [made for made in self.made if made.id in path.values()]:
                del self.made[made]
        for operation, at in self._removers:
            if operation == example.operation.name and (id := _at(answer.body, at)) is not None:
                self.made[CreatedValues(operation, at, id)] = None

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
    """By the operation that makes something, and where its answer says the id: the example that takes it away."""
    return {
        (value.operation, value.at): example
        for example in known.values()
        if example.operation.method == "DELETE" and len(example.call.path) == 1
        for value in example.call.path.values()
        if isinstance(value, TakenModel)
    }


def _at(value: Any, path: str) -> str | None:
    """What stands at a dotted path, if it can be a part of a URL's path."""
    for step in path.split("."):
        value = step_into(value, step) if isinstance(value, (dict, list)) else None
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _holds(until: Any, body: Any) -> bool:
    try:
        return isinstance(body, dict) and bool(until.matches(body))
    except EmulatorError:  # an expression that this answer has nothing for
        return False


def _pause(response: httpx.Response) -> float | None:
    """For how long a target asks us to wait because there were too many requests."""
    asked = response.headers.get("retry-after", "")
    if response.status_code != TOO_MANY or not asked.isdigit() or float(asked) > LONGEST_PAUSE:
        return None
    return float(asked)
