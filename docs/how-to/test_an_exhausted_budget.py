"""Test an exhausted budget: the key's credits run out, the client stops, and continues when there are more.

Runs spend a budget, here aiXplain's `usedCredits`. When it is used up, whatever costs something gets a 402 before it is
processed. A scenario can give a budget to a key or a tier, as below, and a test can change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from emulator import Emulator

MODEL = "695fce4c27b4e3580e43d126"


# The client under test.
class OutOfCredits(Exception):
    """Nobody should try again before somebody has paid."""


class Client:
    def __init__(self, url: str, key: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"x-api-key": key})

    def ask_all(self, questions: list[str]) -> list[str]:
        """The answers to as many questions as can be paid. Raises OutOfCredits for the first one that can't."""
        answers: list[str] = []
        for question in questions:
            response = self.http.post(f"/api/v2/execute/{MODEL}", json={"text": question})
            if response.status_code == 402:
                raise OutOfCredits(f"{len(answers)} of {len(questions)} answered: {response.json()['message']}")
            answers.append(response.raise_for_status().json()["data"])
        return answers


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    client = Client(emulator.base_url("aixplain"), emulator.key("standard", api="aixplain"))
    yield client
    client.http.close()


def test_a_client_stops_when_nothing_is_left(emulator: Emulator, client: Client) -> None:
    key = emulator.key("standard", api="aixplain")
    emulator.set_budget(key, {"credits": 0.00001})

    with pytest.raises(OutOfCredits, match="3 of 5 answered: Nothing is left of the credits"):
        client.ask_all(["What is 2 + 2?"] * 5)

    assert len(emulator.requests("assets.execute", status=402)) == 1  # it did not try again
    assert emulator.limits(key)["limits"]["credits"]["remaining"] == 0

    emulator.set_budget(key, {"credits": 1})  # somebody has paid
    assert client.ask_all(["What is 2 + 2?"]) == ["2 + 2 = 4."]


SCENARIO = """\
scenario: broke
extends: default
apis:
  aixplain:
    keys: {aix_broke: {workspace: broke, tier: standard, budget: {credits: 0.00001}}}
  aiexport:
    tiers: {free: {budget: {USD: 0.00001}}}
"""


def test_a_scenario_gives_a_budget_to_a_key_or_a_tier(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "broke.yaml").write_text(SCENARIO)
    emulator.use(tmp_path / "broke.yaml")
    message = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}

    with httpx.Client(headers={"X-API-Key": emulator.key("free")}) as http:
        url = f"{emulator.base_url('aiexport')}/messages"
        statuses = [http.post(url, json=message).status_code for _ in range(3)]

    assert statuses == [200, 402, 402]
