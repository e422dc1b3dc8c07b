"""Test a row of replies: the first requests fail, each in its own way, and then one succeeds.

A rule gives its `replies` in order; `then` says what follows the last one.
"""

from __future__ import annotations

import httpx

from emulator import Emulator

SCENARIO = """
scenario: unsteady
about: Overloaded, then limited, then well.
extends: default
rules:
  - on: messages.create
    replies: [{error: overloaded}, {error: rate_limited}, {answer: Here at last.}]
"""
MESSAGE = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Are you there?"}]}


# The client under test. A real one waits between two tries.
def ask(http: httpx.Client, tries: int = 5) -> tuple[str, list[int]]:
    """What is answered at last, and the statuses on the way to it. Raises HTTPStatusError when nothing is."""
    met = []
    for _ in range(tries):
        answer = http.post("/messages", json=MESSAGE)
        met.append(answer.status_code)
        if answer.status_code not in (429, 503):
            break
    return answer.raise_for_status().json()["content"][0]["text"], met


def test_it_asks_again_until_it_is_answered(emulator: Emulator) -> None:
    emulator.put_scenario("unsteady", SCENARIO)
    emulator.use("unsteady")

    with httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")}) as http:
        assert ask(http) == ("Here at last.", [503, 429, 200])
        assert ask(http) == ("Here at last.", [200])
