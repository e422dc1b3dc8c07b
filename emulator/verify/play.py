"""Playing: an example becomes a request, and what comes back an answer that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson
from msgspec import Struct

from emulator.record.events import EventReader
from emulator.record.upstream import Upstreams
from emulator.scenario.dotted import step_into
from emulator.scenario.playbook import Api
from emulator.verify.examples import Example


class Answer(Struct, frozen=True):
    """A status, header lines by their names in lower case, and a body: JSON, text, or events (name and data)."""

    status: int
    headers: Mapping[str, str]
    body: Any = None
    events: tuple[tuple[str | None, Any], ...] | None = None


class Unplayable(Exception):
    """An example could not be played; the message says why."""


class Player:
    """Plays the examples of an API against whoever `client` reaches, with one key."""

    def __init__(
        self, api: Api, firsts: Mapping[str, Example], client: httpx.AsyncClient, upstreams: Upstreams, key: str | None
    ) -> None:
        self._api = api
        self._firsts = firsts
        self._client = client
        self._upstreams = upstreams
        self._key = key

    async def play(self, example: Example) -> Answer:
        """Raises Unplayable when nobody answers, or when an answer lacks what the path is made of."""
        operation, call = example.operation, example.call
        path = operation.path
        for name, value in call.path.items():
            text = value if isinstance(value, str) else await self._found(value.operation, value.at)
            path = path.replace(f"{{{name}}}", quote(text, safe="")).replace(f"{{{name}:path}}", quote(text))
        url = self._upstreams.url(operation.host, path.encode(), urlencode(call.query).encode())
        headers = {**self._credential(example), **call.headers}
        content = self._content(example, headers)
        try:
            return _read(await self._client.request(operation.method, url, headers=headers, content=content))
        except httpx.HTTPError as error:
            raise Unplayable(f"no answer: {str(error) or type(error).__name__}") from error

    async def _found(self, operation: str, at: str) -> str:
        """What the answer to the first example of another operation says."""
        value: Any = (await self.play(self._firsts[operation])).body
        for step in at.split("."):
            value = step_into(value, step) if isinstance(value, (dict, list)) else None
        if not isinstance(value, (str, int)):
            raise Unplayable(f"the answer to {operation} has no {at}, which the path is made of")
        return str(value)

    def _credential(self, example: Example) -> dict[str, str]:
        if self._key is None or not example.operation.auth or not self._api.credentials:
            return {}
        first = self._api.credentials[0]
        return {first.header: f"{first.scheme} {self._key}" if first.scheme else self._key}

    def _content(self, example: Example, headers: dict[str, str]) -> bytes | None:
        if example.call.body is None:
            return None
        if example.operation.accept == {"form"}:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return urlencode(example.call.body).encode()
        headers["Content-Type"] = "application/json"
        return orjson.dumps(example.call.body)


def _read(response: httpx.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if headers.get("content-type", "").startswith("text/event-stream"):
        reader = EventReader()
        reader.feed(response.content, 0.0)
        return Answer(
            response.status_code, headers, events=tuple((each.name, _json(each.data)) for each in reader.events)
        )
    return Answer(response.status_code, headers, _json(response.text))


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
