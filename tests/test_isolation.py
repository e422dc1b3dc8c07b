"""Isolation: forty worlds at once on one server, and each sees just what it sees alone."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests import loopback
from tests.apis.aiexport_calls import asking
from tests.running import Emulated
from tests.waiting import PATIENCE

WORLDS = 40
HAIKU = "apex-haiku-4-20250401"
CLIENT = {"client_id": "demo-enterprise", "client_secret": "demo-secret", "grant_type": "client_credentials"}


class Test:
    """What one of forty tests does in its world; the odd ones are led there by their key alone."""

    __test__ = False

    def __init__(self, number: int, client: httpx.AsyncClient) -> None:
        self.number = number
        self.name = f"w{number}"
        self.key = f"axp_live_{self.name}" if number % 2 else "axp_test_pro"
        self.inside = {"X-Emulator-World": self.name}
        self.headers = {"X-API-Key": self.key, **({} if number % 2 else self.inside)}
        self._client = client
        self.seen: list[Any] = []

    async def run(self) -> list[Any]:
        """Everything that the world answers."""
        await self._control("PUT", f"/worlds/{self.name}", {"seed": 1, "frozen": 1.8e9, "keys": self._keys()})
        if self.number % 3 == 0:
            fault = {"fault": "status", "params": {"status": 503}, "on": "models.list", "times": 1}
            await self._control("POST", "/faults", fault)
        for _ in range(1 + self.number % 5):
            await self._ask("POST", "/messages", asking(f"What does test {self.number % 4} see?", model=HAIKU))
        await self._ask("POST", "/batch", {"requests": [asking("Hi", model=HAIKU)] * 20})
        await self._control("POST", "/clock", {"advance": 1 + self.number / 1000})
        await self._ask("GET", "/batch")
        await self._ask("GET", "/models?limit=2")
        await self._ask("GET", "/models?limit=2")
        await self._stream()
        token = await self._client.post("/v2/oauth/token", data=CLIENT, headers=self.inside)
        bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
        self._note(await self._client.get("/v2/models?limit=1", headers=bearer))
        await self._control("POST", "/clock", {"advance": "1h"})
        self._note(await self._client.get("/v2/models?limit=1", headers=bearer))
        await self._ask("GET", "/batch")
        told = await self._control("GET", "/exchanges?last=100")
        self.seen.append([(each["at"], each["operation"], each["status"]) for each in told["exchanges"]])
        return self.seen

    def _keys(self) -> list[str]:
        return [self.key] if self.number % 2 else []

    async def _ask(self, method: str, path: str, body: Any = None) -> None:
        self._note(await self._client.request(method, f"/v2{path}", json=body, headers=self.headers))

    async def _stream(self) -> None:
        async with self._client.stream(
            "POST", "/v2/messages/stream", json=asking("Hi", model=HAIKU), headers=self.headers
        ) as answer:
            await answer.aread()
            self._note(answer)

    async def _control(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._client.request(method, f"/_emulator{path}", json=body, headers=self.inside)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def _note(self, answer: httpx.Response) -> None:
        self.seen.append((answer.status_code, sorted(answer.headers.items()), answer.text))


def client_of(emulator: Emulated) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=WORLDS)
    return loopback.AsyncClient(base_url=emulator.origin, timeout=PATIENCE, limits=limits)


async def alone(emulator: Emulated, numbers: range) -> dict[int, list[Any]]:
    """One test after the other, each with the server to itself."""
    seen = {}
    async with client_of(emulator) as client:
        for number in numbers:
            seen[number] = await Test(number, client).run()
            await client.delete(f"/_emulator/worlds/w{number}")
    return seen


async def together(emulator: Emulated, numbers: range) -> list[Any]:
    """All tests at once."""
    async with client_of(emulator) as client:
        return list(await asyncio.gather(*(Test(number, client).run() for number in numbers)))


@pytest.mark.slow
def test_forty_tests_at_once_see_what_each_sees_alone(emulator: Emulated) -> None:
    expected = asyncio.run(alone(emulator, range(0, WORLDS, 7)))
    found = asyncio.run(together(emulator, range(WORLDS)))
    assert len(emulator.app.worlds.names()) == WORLDS + 1
    for number, seen in expected.items():
        assert found[number] == seen, number
    assert len({text for seen in found for _, _, text in seen[:1]}) == WORLDS  # no two say the same
    assert len(emulator.app.state.journal) == 0
    statuses = [status for status, *_ in found[3][:-1]]
    assert statuses == [200, 200, 200, 200, 202, 200, 503, 200, 200, 200, 401, 200]
