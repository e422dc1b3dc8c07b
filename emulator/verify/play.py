"""Playing: an example becomes a request, and what comes back an answer that can be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson
from msgspec import Struct

from emulator.app import LANGUAGE
from emulator.clock import Clock
from emulator.errors import EmulatorError
from emulator.record.failure import said
from emulator.record.upstream import Upstreams
from emulator.scenario.dotted import step_into
from emulator.scenario.parts import Taken
from emulator.scenario.plans import NOWHERE
from emulator.scenario.playbook import Api
from emulator.scenario.template import compile_tree
from emulator.verify.answer import Answer, read
from emulator.verify.examples import Example

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # seconds between two polls, doubled each time
LONGEST_JOB = LONGEST_ANSWER = 120.0  # seconds
TOO_MANY = 429
LONGEST_PAUSE, PAUSES = 60.0, 3  # seconds that a target may ask to wait, and how often


class Made(Struct, frozen=True):
    """What an operation gave an id to."""

    operation: str
    at: str
    id: str


class Unplayable(Exception):
    """An example could not be played; the message says why."""


class NoAnswer(Unplayable):
    """Nobody answered."""


class Player:
    """Plays the examples of an API against whoever `client` reaches, with one key, waiting by `clock`.

    `known` are all examples by operation and number. What was made and not removed again is in `made`.
    """

    def __init__(
        self,
        api: Api,
        known: Mapping[tuple[str, int], Example],
        client: httpx.AsyncClient,
        upstreams: Upstreams,
        key: str | None,
        clock: Clock,
    ) -> None:
        self.made: dict[Made, None] = {}
        self._api = api
        self._known = known
        self._client = client
        self._upstreams = upstreams
        self._key = key
        self._clock = clock
        self._removers = dict(_removers(known))

    async def play(self, example: Example) -> Answer:
        """The answer; to a poll for a job that was started, the one that tells its end.

        Raises Unplayable when nobody answers, an answer lacks what the path is made of, or a job does not end.
        """
        path: dict[str, str] = {}
        for name, value in example.call.path.items():
            path[name] = value if isinstance(value, str) else await self._taken(value)
        answer = await self._ask(example, path)
        if any(isinstance(value, Taken) for value in example.call.path.values()):
            answer = await self._ended(example, path, answer)
        self._note(example, path, answer)
        return answer

    async def clean(self) -> list[Made]:
        """Take away what was made; gives what could not be, an end that has come already not counted."""
        left = []
        for made in list(self.made):
            example = self._removers[made.operation, made.at]
            name = next(name for name, value in example.call.path.items() if isinstance(value, Taken))
            try:
                answer = await self._ask(example, {name: made.id})
            except Unplayable:
                left.append(made)
                continue
            if answer.status >= 400 and answer.status not in (404, 409, 410):
                left.append(made)
        return left

    async def _taken(self, wanted: Taken) -> str:
        """What the answer to another operation's example says."""
        value = _at((await self.play(self._known[wanted.operation, wanted.example])).body, wanted.at)
        if value is None:
            raise Unplayable(f"the answer to {wanted.operation} has no {wanted.at}, which the path is made of")
        return value

    async def _ended(self, example: Example, path: Mapping[str, str], answer: Answer) -> Answer:
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

    async def _ask(self, example: Example, values: Mapping[str, str]) -> Answer:
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
                raise NoAnswer(f"no answer: it had not ended after {LONGEST_ANSWER:g} s") from error
            except httpx.HTTPError as error:
                raise NoAnswer(f"no answer: {said(error)}") from error
            asked = _pause(response)
            if asked is None or pause == PAUSES:
                break
            await self._clock.sleep(asked)
        return read(response)

    def _note(self, example: Example, path: Mapping[str, str], answer: Answer) -> None:
        if answer.status >= 300:
            return
        if example.operation.method == "DELETE":
            for made in [made for made in self.made if made.id in path.values()]:
                del self.made[made]
        for operation, at in self._removers:
            if operation == example.operation.name and (id := _at(answer.body, at)) is not None:
                self.made[Made(operation, at, id)] = None

    def _credential(self, example: Example) -> dict[str, str]:
        if self._key is None or not example.operation.auth or not self._api.credentials:
            return {}
        first = self._api.credentials[0]
        return {first.header: f"{first.scheme} {self._key}" if first.scheme else self._key}

    def _content(self, example: Example, headers: dict[str, str]) -> bytes | None:
        if example.call.body is None:
            return None
        body = compile_tree(example.call.body, LANGUAGE, lambda _: NOWHERE).value({"now": self._clock.now()})
        if example.operation.accept == {"form"}:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return urlencode(body).encode()
        headers["Content-Type"] = "application/json"
        return orjson.dumps(body)


def _removers(known: Mapping[tuple[str, int], Example]) -> dict[tuple[str, str], Example]:
    """By the operation that makes something, and where its answer says the id: the example that takes it away."""
    return {
        (value.operation, value.at): example
        for example in known.values()
        if example.operation.method == "DELETE" and len(example.call.path) == 1
        for value in example.call.path.values()
        if isinstance(value, Taken)
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
