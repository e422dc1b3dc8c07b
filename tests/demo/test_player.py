"""Playing a walkthrough: what is sent and received is printed, and what is not as expected ends it."""

from __future__ import annotations

import pytest

from emulator.demo.player import StepPlayer
from emulator.demo.receiver import Receiver
from emulator.demo.walkthrough import Walkthrough
from emulator.errors import EmulatorError
from emulator.language.document.reader import parse
from tests.apis.aiexport_calls import PRO
from tests.running import Emulated

HELLO = "body: {model: apex-haiku-4-20250401, messages: [{role: user, content: Hello!}]}"


def played(emulator: Emulated, steps: str) -> str:
    walkthrough = Walkthrough(parse(f"- scene: One\n  says: Something.\n  steps:\n{steps}", "walkthrough.yaml"))
    written: list[str] = []
    with Receiver() as receiver:
        StepPlayer(walkthrough, emulator.origin, receiver, written.append, lambda: written.append("[pause]")).play()
    return "".join(written)


def test_requests_and_responses_are_shown_plainly(emulator: Emulated) -> None:
    printed = played(
        emulator,
        f"    - says: Hello.\n      send: POST /v2/messages\n      headers: {{X-API-Key: {PRO}}}\n      {HELLO}\n"
        "      show: [header.x-ratelimit-remaining, body.content.0.text, body.usage, body.nothing.there]\n",
    )
    assert printed == (
        "\n1 of 1: One\n===========\n\nSomething.\n[pause]\nHello.\n"
        "> POST /v2/messages\n> X-API-Key: axp_test_pro\n"
        '> {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}\n'
        "< 200 OK\n< x-ratelimit-remaining: 599\n< content.0.text = Hello! How can I help you today?\n"
        '< usage = {"input_tokens": 2, "output_tokens": 8, "total_tokens": 10}\n< nothing.there = null\n'
    )


@pytest.mark.parametrize(
    ("fault", "cut", "end"),
    [("", "false", "complete: 12 events"), ("cut_after; events=4", "true", "the connection broke after 4 events")],
)
def test_a_stream_is_printed_with_its_end(emulator: Emulated, fault: str, cut: str, end: str) -> None:
    asks = f", X-Emulator-Fault: '{fault}'" if fault else ""
    printed = played(
        emulator,
        f"    - says: Hello.\n      send: POST /v2/messages/stream\n      headers: {{X-API-Key: {PRO}{asks}}}\n"
        f"      {HELLO}\n      typed: delta.text\n      cut: {cut}\n",
    )
    assert printed.endswith(f"({end})\n")
    assert ("< Hello! How can I help you today?\n" in printed) == (not fault)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("send: GET /v2/models", "expected 200 from GET /v2/models, and found 401"),
        (
            f"send: POST /v2/messages/stream, typed: delta.text, cut: true, headers: {{X-API-Key: {PRO}}}, {HELLO}",
            "True",
        ),
    ],
)
def test_another_response_than_the_walkthrough_expects_ends_it(emulator: Emulated, step: str, message: str) -> None:
    with pytest.raises(EmulatorError, match=message):
        played(emulator, f"    - {{says: Something., {step}}}\n")
